//! The tables of OpenSSL's names against OpenSSL itself: the installed program, and through nginx those of
//! every release, which has no such program in its root.

use std::collections::BTreeSet;
use std::process::Command;

use sslscale::inventory::openssl::{Authentication, CIPHERS, Cipher, GROUPS, Group, KeyExchange, TLS13_SUITES};
use sslscale::inventory::types::{TlsProfile, TlsVersion, Version};

use crate::support::need;
use crate::support::release::{HERE, RELEASES, Release, Stock};

fn openssl(arguments: &[&str]) -> String {
    let said = Command::new("openssl").args(arguments).output().unwrap();
    assert!(said.status.success(), "{arguments:?}");
    String::from_utf8(said.stdout).unwrap()
}

/// As `openssl ciphers -V -stdname` writes a cipher.
fn described(cipher: &Cipher) -> [String; 5] {
    let (name, since) = (cipher.name.to_owned(), if cipher.since == TlsVersion::Tls12 { "TLSv1.2" } else { "older" });
    let exchange = match cipher.exchange {
        KeyExchange::Ecdhe => "ECDH",
        KeyExchange::Dhe => "DH",
        KeyExchange::Rsa => "RSA",
        KeyExchange::Secret => "secret",
    };
    let authentication = match cipher.authentication {
        Authentication::Rsa => "RSA",
        Authentication::Ecdsa => "ECDSA",
        Authentication::Dsa => "DSS",
        Authentication::Secret => "secret",
        Authentication::Nobody => "None",
    };
    [cipher.iana.to_owned(), name, since.to_owned(), exchange.to_owned(), authentication.to_owned()]
}

#[test]
fn the_installed_openssl_has_these_ciphers_and_no_others() {
    if !need::programs(&["openssl"]) {
        return;
    }
    let all = openssl(&["ciphers", "-v", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]);
    let read = |line: &str| -> [String; 5] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let part = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)).unwrap();
        let secret = part("Kx=").ends_with("PSK") || part("Kx=") == "SRP";
        let of = |key: &str| if secret { "secret" } else { part(key) };
        let since = if words[3] == "TLSv1.2" { "TLSv1.2" } else { "older" };
        [words[0], words[2], since, of("Kx="), of("Au=")].map(str::to_owned)
    };
    let (suites, real): (Vec<_>, Vec<_>) = all.lines().map(read).partition(|it| TLS13_SUITES.contains(&it[1].as_str()));
    let ours: BTreeSet<_> = CIPHERS.iter().map(described).collect();
    assert_eq!(ours.len(), CIPHERS.len(), "a cipher is listed twice");
    assert_eq!(ours, real.into_iter().collect());
    assert_eq!(suites.len(), TLS13_SUITES.len(), "OpenSSL offers other suites of TLS 1.3 than every profile has");
}

#[test]
fn the_dh_group_is_the_public_one() {
    if !need::programs(&["openssl"]) {
        return;
    }
    let public = openssl(&["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"]);
    assert_eq!(include_str!("../../templates/ffdhe2048.pem"), public);
}

/// One server for each value: `nginx -t` refuses the whole file for one that its OpenSSL does not know.
fn refused(release: &mut Release, directive: &str, values: &[&str]) -> Option<String> {
    let tree = tempfile::tempdir().unwrap();
    let conf = tree.path().join("etc/nginx/conf.d/sslscale.conf");
    let signed = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    std::fs::create_dir_all(conf.parent().unwrap()).unwrap();
    std::fs::write(tree.path().join("etc/nginx/c.crt"), signed.cert.pem()).unwrap();
    std::fs::write(tree.path().join("etc/nginx/c.key"), signed.signing_key.serialize_pem()).unwrap();
    let server = |(n, value): (usize, &&str)| {
        format!(
            "server {{ listen 9443 ssl; server_name s{n}.test; ssl_certificate /etc/nginx/c.crt; \
             ssl_certificate_key /etc/nginx/c.key; {directive} {value}; }}\n"
        )
    };
    std::fs::write(&conf, values.iter().enumerate().map(server).collect::<String>()).unwrap();
    let outcomes = release.check(Stock::NoDefaultSite, tree.path());
    let nginx = outcomes.into_iter().find(|outcome| outcome.program == "nginx").unwrap();
    (nginx.status != 0).then_some(nginx.output)
}

/// The OpenSSL of each release's nginx.
fn version(release: &Release) -> Version {
    match release.nginx() {
        (1, ..=18, _) => Version(1, 1, 1),
        (1, ..=24, _) => Version(3, 0, 0),
        _ => Version(3, 5, 0),
    }
}

#[test]
fn every_release_knows_these_names_and_no_sooner() {
    for mut release in RELEASES.into_iter().chain([HERE]).filter_map(Release::open) {
        let (name, target) = (release.name().to_owned(), Some(version(&release)));
        let ciphers: Vec<&str> = CIPHERS.iter().map(|cipher| cipher.name).collect();
        assert_eq!(refused(&mut release, "ssl_ciphers", &ciphers), None, "{name}");
        let (known, unknown): (Vec<&Group>, Vec<&Group>) = GROUPS.iter().partition(|group| group.is_in(target));
        let known: Vec<&str> = known.iter().map(|group| group.name).collect();
        assert_eq!(refused(&mut release, "ssl_ecdh_curve", &known), None, "{name}");
        for group in unknown {
            assert!(refused(&mut release, "ssl_ecdh_curve", &[group.name]).is_some(), "{name} has {}", group.name);
        }
        for none in ["DES-CBC3-SHA", "ECDHE-NOPE", "TLS_AES_128_GCM_SHA256"] {
            assert!(refused(&mut release, "ssl_ciphers", &[none]).is_some(), "{name} has {none}");
        }
    }
}

#[test]
fn names_of_the_guideline_are_names_of_openssl() {
    for profile in [TlsProfile::Modern, TlsProfile::Intermediate, TlsProfile::Old] {
        let guideline = profile.guideline();
        let unknown: Vec<_> = guideline.ciphers.iter().filter(|name| Cipher::named(name).is_none()).collect();
        // Built into no OpenSSL since 1.1.0 that was not asked for it.
        assert_eq!(unknown, if profile == TlsProfile::Old { vec![&"DES-CBC3-SHA"] } else { vec![] });
        assert!(guideline.groups.iter().all(|name| Group::named(name).is_some()));
    }
}
