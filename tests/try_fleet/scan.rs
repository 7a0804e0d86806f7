//! What a running fleet offers over TLS, asked handshake by handshake through the balancer: every cipher
//! that OpenSSL has, every suite, version and group, each alone. What is taken must be exactly what
//! Mozilla's guideline lists. And what browsers are told of HTTPS, on every kind of answer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use sslscale::inventory::openssl::{CIPHERS, GROUPS, Group, TLS13_SUITES};
use sslscale::inventory::types::{TlsProfile, TlsVersion, Version};

use crate::beside;
use crate::run::{Kept, Try};

/// One line for each handshake that succeeds: what was asked for. Arguments: ciphers, groups.
const SCAN: &str = r#"
taken() { # NAME OPTIONS...
    name=$1; shift
    # s_client fails where the handshake does; what it prints differs between versions.
    ! openssl s_client -connect 10.0.0.10:443 -servername example.com "$@" </dev/null >/dev/null 2>&1 || echo "$name"
}
ciphers() { for c in $1; do taken "cipher $c" -no_tls1_3 -cipher "$c:@SECLEVEL=0"; done; }
groups() {
    for g in $1; do
        taken "group12 $g" -no_tls1_3 -groups "$g" -cipher kEECDH+aRSA:@SECLEVEL=0
        taken "group13 $g" -tls1_3 -groups "$g"
    done
    for s in $2; do taken "suite $s" -tls1_3 -ciphersuites "$s"; done
    for v in tls1 tls1_1 tls1_2 tls1_3; do taken "version $v" "-$v" -cipher ALL:@SECLEVEL=0; done
}
ciphers "$1" &
groups "$2" "$3"
wait
"#;

/// The suites of TLS 1.3 that OpenSSL has at all.
const SUITES: [&str; 5] =
    [TLS13_SUITES[0], TLS13_SUITES[1], TLS13_SUITES[2], "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"];

/// The OpenSSL of this machine's nginx, which the inventory tells.
fn installed() -> Version {
    let output = Command::new("nginx").arg("-V").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    // `OpenSSL 1.1.1w  11 Sep 2023`: that it was built with and, where that differs, that it runs with.
    let number =
        text.rsplit_once("OpenSSL ").unwrap().1.split(|c: char| c != '.' && !c.is_ascii_digit()).next().unwrap();
    let parts: Vec<u32> = number.split('.').map(|part| part.parse().unwrap()).collect();
    Version(parts[0], parts[1], parts[2])
}

fn make(folder: &Path, name: &str, options: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=example.com", "-newkey"]).args(options);
    openssl.args(["-addext", "subjectAltName=DNS:example.com"]);
    let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
    let done = openssl.arg("-keyout").arg(key).arg("-out").arg(certificate).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// A fleet of one app server with an RSA and an ECDSA certificate, left running.
fn fleet(settings: &str, folder: &Path) -> Kept {
    make(folder, "rsa", &["rsa:2048"]);
    make(folder, "ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let at = folder.display();
    let text = format!(
        "load_balancers:
  - {{ name: lb1, address: 10.0.0.10 }}
app_servers:
  - {{ name: srv1, address: 10.0.0.11 }}
nginx:
{settings}sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: [/etc/ssl/rsa.crt, /etc/ssl/ec.crt]
    ssl_certificate_key: [/etc/ssl/rsa.key, /etc/ssl/ec.key]
    ssl_certificate_source: [{at}/rsa.crt, {at}/ec.crt]
    ssl_certificate_key_source: [{at}/rsa.key, {at}/ec.key]
    locations:
      - {{ path: /old, return: {{ code: 301, url: \"https://example.com/\" }} }}
"
    );
    Try::inventory(&text).keep()
}

type Set = BTreeSet<String>;

/// Everything that is taken.
fn scan(kept: &Kept, folder: &Path) -> Set {
    let script = folder.join("scan.sh");
    fs::write(&script, SCAN).unwrap();
    let ciphers = CIPHERS.iter().map(|cipher| cipher.name).collect::<Vec<_>>().join(" ");
    let groups = distinct().map(|group| group.name).collect::<Vec<_>>().join(" ");
    let script = format!("/.machine{}", script.display());
    let done = kept.inside("clients", &["sh", &script, &ciphers, &groups, &SUITES.join(" ")]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    text.lines().map(str::to_owned).collect()
}

/// Every group that this OpenSSL can ask for, by one name.
fn distinct() -> impl Iterator<Item = &'static Group> {
    let again = |name: &str| name.contains("-") || ["secp256r1", "secp192r1", "x25519", "x448"].contains(&name);
    let here = installed();
    GROUPS.iter().filter(move |group| group.is_in(Some(here)) && !again(group.name))
}

/// What is to be taken.
fn wanted(versions: &[TlsVersion], ciphers: &[&str], groups: &[&str]) -> Set {
    let mut set = Set::new();
    let (old, new) = (versions.iter().any(|it| *it < TlsVersion::Tls13), versions.contains(&TlsVersion::Tls13));
    set.extend(
        versions.iter().map(|it| format!("version {}", it.name().to_lowercase().replace('v', "").replace('.', "_"))),
    );
    set.extend(ciphers.iter().map(|name| format!("cipher {name}")));
    set.extend(TLS13_SUITES.iter().filter(|_| new).map(|name| format!("suite {name}")));
    for group in distinct().filter(|group| groups.contains(&group.name)) {
        set.extend((old && group.tls12).then(|| format!("group12 {}", group.name)));
        set.extend((new && group.tls13).then(|| format!("group13 {}", group.name)));
    }
    set
}

fn compare(name: &str, found: &Set, wanted: &Set) {
    let more: Vec<_> = found.difference(wanted).collect();
    let less: Vec<_> = wanted.difference(found).collect();
    eprintln!("{name}: {} taken", found.len());
    assert!(more.is_empty() && less.is_empty(), "{name}: taken and not listed {more:?}, listed and not taken {less:?}");
}

#[test]
fn each_profile_offers_what_the_guideline_lists() {
    let _beside = beside();
    let target = installed();
    for profile in [TlsProfile::Modern, TlsProfile::Intermediate, TlsProfile::Old] {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("  openssl: {target}\n  tls_profile: {}\n", profile.name());
        let kept = fleet(&settings, folder.path());
        let list = profile.guideline();
        // Debian builds OpenSSL without 3DES, the last of `old`.
        let ciphers: Vec<&str> = list.ciphers.iter().copied().filter(|name| *name != "DES-CBC3-SHA").collect();
        assert_eq!(ciphers.len(), [0, 6, 25][profile as usize]);
        compare(profile.name(), &scan(&kept, folder.path()), &wanted(list.protocols, &ciphers, list.groups));
    }
}

#[test]
fn lists_of_the_inventory_are_offered_to_the_letter() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    let settings = "  ssl_protocols: [TLSv1.2]
  ssl_ciphers: [ECDHE-ECDSA-CHACHA20-POLY1305, ECDHE-RSA-AES128-SHA256, DHE-RSA-AES128-CCM, CAMELLIA256-SHA]
  ssl_ecdh_curve: [secp521r1, X448]
";
    let kept = fleet(settings, folder.path());
    let ciphers = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-CCM", "CAMELLIA256-SHA"];
    let wanted = wanted(&[TlsVersion::Tls12], &ciphers, &["secp521r1", "X448"]);
    compare("lists of the inventory", &scan(&kept, folder.path()), &wanted);
}

#[test]
fn every_answer_of_a_site_tells_browsers_to_come_back_over_https() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    let settings = "  hsts: { max_age: 730d, include_subdomains: true, preload: true }\n";
    let kept = fleet(settings, folder.path());
    let expected = "strict-transport-security: max-age=63072000; includeSubDomains; preload";
    let post = ["-X", "PUT"];
    for (path, options, status, tells) in [
        ("/", &[][..], 200, true),
        ("/nothing", &[], 404, true),
        ("/old", &[], 301, true),
        ("/.git/config", &[], 404, true),
        ("/", &post, 405, true),
        ("/", &["-H", "Host: nobody.test"], 421, false),
    ] {
        let url = format!("https://example.com{path}");
        let fixed = ["curl", "-sk", "--resolve", "example.com:443:10.0.0.10", "-o", "/dev/null", "-D", "-"];
        let version = ["-w", "%{http_version} %{http_code}"];
        let done = kept.inside("clients", &[&fixed[..], &version, options, &[url.as_str()]].concat());
        let text = String::from_utf8(done.stdout).unwrap().to_lowercase();
        assert!(text.ends_with(&format!("2 {status}")), "{path} {options:?}: {text}");
        let count = text.matches("strict-transport-security").count();
        assert_eq!((count, text.contains(&expected.to_lowercase())), (usize::from(tells), tells), "{path}: {text}");
    }
}
