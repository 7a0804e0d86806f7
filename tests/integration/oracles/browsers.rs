//! A browser gets a page unless a rule has said that it does not: random lists of versions, ciphers, groups
//! and kinds of keys are served by the real nginx, as they are rendered, and asked by a client of OpenSSL that
//! has no more than Chromium. It knows nothing of the lint's tables.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use sslscale::diagnostic::Severity;
use sslscale::inventory::openssl::{Authentication, CIPHERS};
use sslscale::lint::{Settings, lint};
use sslscale::render::{DH_GROUP, NGINX_CONF, Templates, render};
use sslscale::source::Source;

use super::nginx::Nginx;
use super::{Numbers, text};
use crate::cases::{all_of, cases, first};
use crate::keys::pair;
use crate::support::need;

const COUNT: u32 = 100;
/// What Chromium offers.
const OFFER: [&str; 6] = [
    "-cipher",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
     ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA:\
     ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA",
    "-groups",
    "X25519:P-256:P-384",
    "-sigalgs",
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512",
];
const RULES: [&str; 3] = ["TL23", "TL24", "TL25"];
const KINDS: [&str; 8] = ["rsa", "rsa", "p256", "p256", "p256", "p384", "p521", "ed25519"];
const PROTOCOLS: [&str; 4] = ["[TLSv1.2]", "[TLSv1.2]", "[TLSv1.2, TLSv1.3]", "[TLSv1.3]"];
const GROUPS: [&str; 8] = ["", "", "", "[prime256v1]", "[P-521, X25519]", "[P-384]", "[P-521]", "[X448, P-521]"];

/// A random server, and what the lint says of it.
struct Case {
    yaml: String,
    /// Its `server` section of nginx.conf.
    server: String,
    /// Whether a rule says that browsers fail, and that those without TLS 1.3 do.
    foretold: [bool; 2],
    /// Whether it has TLS 1.2.
    tls12: bool,
    /// The rules that say something.
    codes: BTreeSet<&'static str>,
}

/// The inventory of a number, without what is refused.
fn inventory(number: u32) -> String {
    let mut numbers = Numbers::of(number);
    let protocols = PROTOCOLS[numbers.below(PROTOCOLS.len())];
    let kind = KINDS[numbers.below(KINDS.len())];
    let of_key = if kind == "rsa" { Authentication::Rsa } else { Authentication::Ecdsa };
    let useful = CIPHERS.iter().filter(|it| it.useless().is_none() && it.authentication == of_key);
    let mut useful: Vec<&str> = useful.map(|it| it.name).collect();
    // Half of the lists have only what browsers have, though some of that not with HTTP/2.
    if kind == "rsa" && numbers.below(2) == 0 {
        useful.retain(|name| OFFER[1].split(':').any(|it| it == *name));
    }
    let count = if protocols == "[TLSv1.3]" { 0 } else { numbers.below(4) };
    let mut ciphers: Vec<&str> = (0..count).map(|_| useful[numbers.below(useful.len())]).collect();
    ciphers.dedup();
    let list = |key: &str, value: &str| if value.is_empty() { String::new() } else { format!(", {key}: {value}") };
    let ciphers = if ciphers.is_empty() { String::new() } else { format!("[{}]", ciphers.join(", ")) };
    let (ciphers, groups) =
        (list("ssl_ciphers", &ciphers), list("ssl_ecdh_curve", GROUPS[numbers.below(GROUPS.len())]));
    let http2 = numbers.below(3) > 0;
    format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers: [{{ name: srv1, address: 10.0.0.11 }}]\n\
         nginx: {{ http2: {http2}, ssl_protocols: {protocols}{ciphers}{groups} }}\n\
         sites: [{{ server_name: a.example, root: /srv, ssl_certificate: /etc/a.crt, ssl_certificate_key: /etc/a.key, \
         ssl_certificate_source: {kind}.crt, ssl_certificate_key_source: {kind}.key }}]\n"
    )
}

impl Case {
    fn of(number: u32, dir: &Path) -> Option<Self> {
        let yaml = inventory(number);
        let linted = lint(&Source::new(dir.join("inventory.yaml").display().to_string(), &yaml), &Settings::default());
        let inventory = linted.inventory.as_ref()?;
        // What no client at all can use is found by other rules.
        if linted.findings.iter().any(|it| it.severity == Severity::Error && it.code.id != "TL23") {
            return None;
        }
        let (mut foretold, mut codes) = ([false; 2], BTreeSet::new());
        for finding in linted.findings.iter().filter(|it| RULES.contains(&it.code.id)) {
            codes.insert(finding.code.id);
            foretold[1] = true;
            // A list of ciphers says nothing about TLS 1.3.
            let milder = if finding.code.id == "TL23" { Severity::Warning } else { Severity::Info };
            foretold[0] |= finding.severity != milder;
        }
        let tree = render(inventory, &Templates::load(None).unwrap()).unwrap();
        let config = text(&tree, "srv1", NGINX_CONF);
        let group = dir.join("dhparam.pem");
        // Only some have it, and all have the same.
        if config.contains("ssl_dhparam") {
            fs::write(&group, text(&tree, "srv1", DH_GROUP)).unwrap();
        }
        let site = config.split("\nserver {").nth(2).unwrap();
        let kind = yaml.split("source: ").nth(1).unwrap().split('.').next().unwrap();
        let path = |end: &str| dir.join(format!("{kind}.{end}")).display().to_string();
        let mut server = String::new();
        for line in site.lines().map(str::trim).filter(|line| line.starts_with("ssl_")) {
            server += &match line.split(' ').next().unwrap() {
                "ssl_certificate" => format!("ssl_certificate {};", path("crt")),
                "ssl_certificate_key" => format!("ssl_certificate_key {};", path("key")),
                "ssl_dhparam" => format!("ssl_dhparam {};", group.display()),
                "ssl_session_cache" | "ssl_session_ticket_key" => continue,
                _ => line.to_owned(),
            };
            server.push('\n');
        }
        let http2 = if config.contains("ssl http2") { "http2" } else { "" };
        let socket = dir.join(format!("{number}.sock"));
        let server = format!("server {{\nlisten unix:{} ssl {http2};\n{server}return 204;\n}}\n", socket.display());
        let tls12 = yaml.contains("TLSv1.2");
        Some(Self { yaml, server, foretold, tls12, codes })
    }
}

/// Whether a browser fails at this socket: it gets no connection, or HTTP/2 with a cipher that it forbids.
fn fails(socket: &Path, tls13: bool) -> Option<String> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-alpn", "h2,http/1.1", "-servername", "a.example", "-unix"]).arg(socket).args(OFFER);
    command.args(if tls13 { &["-min_protocol", "TLSv1.2"][..] } else { &["-tls1_2"] });
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"Q\n");
    let done = child.wait_with_output().unwrap();
    let (shown, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let cipher = shown.split("Cipher is ").nth(1).map_or("(NONE)", |rest| rest.split_whitespace().next().unwrap());
    if cipher == "(NONE)" {
        return Some(errors.lines().find(|line| line.contains("error")).unwrap_or_default().to_owned());
    }
    let ephemeral = cipher.starts_with("ECDHE-") || cipher.starts_with("DHE-");
    let authenticated = ["-GCM-", "-CCM", "CHACHA20"].iter().any(|mode| cipher.contains(mode));
    let allowed = cipher.starts_with("TLS_") || ephemeral && authenticated;
    (shown.contains("ALPN protocol: h2") && !allowed).then(|| format!("HTTP/2 with {cipher}"))
}

#[test]
fn browsers_fail_where_a_rule_says_so_and_nowhere_else() {
    if !need::programs(&["nginx", "openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let (chain, key) = pair(kind, &["a.example".to_owned()]);
        fs::write(dir.path().join(format!("{kind}.crt")), chain).unwrap();
        let file = dir.path().join(format!("{kind}.key"));
        fs::write(&file, key).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let count = cases(COUNT);
    let all: Vec<(u32, Case)> =
        (first()..first() + count).filter_map(|number| Some((number, Case::of(number, dir.path())?))).collect();
    let servers: String = all.iter().map(|(_, case)| case.server.as_str()).collect();
    let _nginx = Nginx::start(dir.path(), &servers);
    let (mut wrong, mut failed) = (Vec::new(), 0);
    for (number, case) in &all {
        let socket = dir.path().join(format!("{number}.sock"));
        for (tls13, foretold) in [true, false].into_iter().zip(case.foretold) {
            if !tls13 && !case.tls12 {
                continue;
            }
            let found = fails(&socket, tls13);
            failed += usize::from(found.is_some());
            // What is said of groups is said of browsers, which have TLS 1.3 if the server does.
            let said = foretold && (tls13 || !case.yaml.contains("TLSv1.3"));
            if found.is_some() && !foretold || found.is_none() && said {
                let who = if tls13 { "a browser" } else { "a browser without TLS 1.3" };
                let says = if foretold { "says so" } else { "says nothing" };
                wrong.push(format!("{number}: {who} fails: {found:?}; the lint {says}\n{}", case.yaml));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    if all_of(COUNT, count) {
        assert!(failed > 15 && all.len() > 50, "{failed} failed of {}", all.len());
        for rule in RULES {
            let count = all.iter().filter(|(_, case)| case.codes.contains(rule)).count();
            assert!(count > 2, "{rule} {count} times");
        }
    }
}
