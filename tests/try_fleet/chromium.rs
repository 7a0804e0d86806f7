//! What the real Chromium refuses and curl takes, beside what it loads; and that `check` finds each of
//! them: TL23, TL24 and TL25.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use crate::beside;
use crate::browser::Browser;
use crate::run::Try;

/// A site on an app server of its own.
struct Case {
    /// The settings of its nginx.
    settings: &'static str,
    /// What `openssl genpkey` makes the keys of its certificates with.
    keys: &'static [&'static str],
    /// Chromium's names for the error, and the rule that finds it.
    refused: Refused,
}

const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const P521: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521";
const BRAINPOOL: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1";
const HTTP2: &[&str] = &["ERR_HTTP2_INADEQUATE_TRANSPORT_SECURITY"];
const MISMATCH: &[&str] = &["ERR_SSL_VERSION_OR_CIPHER_MISMATCH"];
/// OpenSSL 3.0 (bookworm) closes the connection, 3.5 (trixie) sends an alert first.
const CLOSED_OR_MISMATCH: &[&str] = &["ERR_CONNECTION_CLOSED", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"];

type Refused = Option<(&'static [&'static str], &'static str)>;

const fn case(settings: &'static str, keys: &'static [&'static str], refused: Refused) -> Case {
    Case { settings, keys, refused }
}

const ECDSA_AND_DHE: &str =
    "ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, DHE-RSA-AES128-GCM-SHA256]";

const CASES: &[Case] = &[
    case("", &[P256], None),
    case("ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES256-SHA]", &[RSA], Some((HTTP2, "TL23"))),
    case("ssl_protocols: [TLSv1.2], ssl_ciphers: [AES256-GCM-SHA384]", &[RSA], Some((HTTP2, "TL23"))),
    case(
        "ssl_protocols: [TLSv1.2], ssl_ciphers: [DHE-RSA-AES128-GCM-SHA256, AES128-SHA]",
        &[RSA],
        Some((HTTP2, "TL23")),
    ),
    case("http2: false, ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES256-SHA]", &[RSA], None),
    case("ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES256-SHA, ECDHE-RSA-AES128-GCM-SHA256]", &[RSA], None),
    case("ssl_protocols: [TLSv1.2], ssl_ciphers: [DHE-RSA-AES256-GCM-SHA384]", &[RSA], Some((MISMATCH, "TL24"))),
    case("ssl_protocols: [TLSv1.2, TLSv1.3], ssl_ciphers: [DHE-RSA-AES256-GCM-SHA384]", &[RSA], None),
    case(
        "http2: false, ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES256-SHA384]",
        &[RSA],
        Some((MISMATCH, "TL24")),
    ),
    case("ssl_ecdh_curve: [secp521r1]", &[P256], Some((MISMATCH, "TL24"))),
    case("ssl_ecdh_curve: [X448]", &[P256], Some((MISMATCH, "TL24"))),
    case("openssl: 3.0.17, ssl_protocols: [TLSv1.3], ssl_ecdh_curve: [ffdhe2048]", &[P256], Some((MISMATCH, "TL24"))),
    case("ssl_ecdh_curve: [secp521r1, X25519]", &[P256], None),
    case("ssl_ecdh_curve: [secp384r1]", &[P256], None),
    case("", &[P384], None),
    case("", &[P521], Some((MISMATCH, "TL25"))),
    case("", &[BRAINPOOL], Some((CLOSED_OR_MISMATCH, "TL25"))),
    case("", &["-algorithm ED25519"], Some((MISMATCH, "TL25"))),
    case("", &["-algorithm ED448"], Some((MISMATCH, "TL25"))),
    case("", &["-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"], Some((MISMATCH, "TL25"))),
    // nginx serves the last EC certificate.
    case("", &[P256, P521], Some((MISMATCH, "TL25"))),
    case("", &[P521, P256], None),
    case("", &[P521, RSA], None),
    // A cipher that browsers have is of no use with a key that they do not accept.
    case(ECDSA_AND_DHE, &[P521, RSA], Some((MISMATCH, "TL24"))),
    case(ECDSA_AND_DHE, &["-algorithm ED25519", RSA], Some((MISMATCH, "TL24"))),
    case(ECDSA_AND_DHE, &[P256, P521, RSA], Some((MISMATCH, "TL24"))),
    case(ECDSA_AND_DHE, &[P384, RSA], None),
    case(
        "ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-SHA]",
        &[P521, RSA],
        Some((HTTP2, "TL23")),
    ),
];

fn name(index: usize) -> String {
    format!("s{index}.example")
}

fn certificate(folder: &Path, index: usize, nth: usize, key: &str) {
    let (name, file) = (name(index), |what: &str| folder.join(format!("{index}.{nth}.{what}")).display().to_string());
    let openssl = |words: &str| {
        let done = Command::new("openssl").args(words.split_whitespace()).output().unwrap();
        assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    };
    openssl(&format!("genpkey {key} -out {}", file("key")));
    let request = format!("req -x509 -subj /CN={name} -days 90 -addext subjectAltName=DNS:{name}");
    openssl(&format!("{request} -key {} -out {}", file("key"), file("crt")));
}

/// The cases as pools of one fleet.
fn inventory(folder: &Path, cases: &[(usize, &Case)]) -> String {
    let mut text = "load_balancers:\n  - { name: lb1, address: 10.0.0.10 }\napp_servers:\n".to_owned();
    for (index, Case { settings, .. }) in cases {
        writeln!(text, "  - {{ name: srv{index}, address: 10.0.1.{index}, nginx: {{ {settings} }} }}").unwrap();
    }
    text.push_str("pools:\n");
    for (index, _) in cases {
        writeln!(text, "  - {{ name: pool{index}, app_servers: [srv{index}] }}").unwrap();
    }
    text.push_str("sites:\n");
    for (index, Case { keys, .. }) in cases {
        let list = |at: &str, what: &str| {
            let files: Vec<String> = (0..keys.len()).map(|nth| format!("{at}/{index}.{nth}.{what}")).collect();
            files.join(", ")
        };
        let at = folder.display().to_string();
        writeln!(
            text,
            "  - {{ server_name: {}, pool: pool{index}, root: /srv/app, ssl_certificate: [{}], \
             ssl_certificate_key: [{}], ssl_certificate_source: [{}], ssl_certificate_key_source: [{}], \
             locations: [{{ path: /, uwsgi_pass: \"unix:/run/app.sock\" }}] }}",
            name(*index),
            list("/etc/ssl", "crt"),
            list("/etc/ssl", "key"),
            list(&at, "crt"),
            list(&at, "key"),
        )
        .unwrap();
    }
    text
}

/// The rules among TL23 to TL25 with a finding above a note.
fn found(text: &str) -> Vec<&'static str> {
    let linted = lint(&Source::new("t", text.to_owned()), &Settings::default());
    let above = linted.findings.iter().filter(|it| it.severity != sslscale::diagnostic::Severity::Info);
    above.map(|it| it.code.id).filter(|id| ["TL23", "TL24", "TL25"].contains(id)).collect()
}

#[test]
fn what_chromium_refuses_is_found_and_nothing_else() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<(usize, &Case)> = CASES.iter().enumerate().map(|(index, case)| (index + 1, case)).collect();
    for (index, case) in &all {
        for (nth, key) in case.keys.iter().enumerate() {
            certificate(folder.path(), *index, nth, key);
        }
        let alone = inventory(folder.path(), &[(*index, case)]);
        let wanted: Vec<&str> = case.refused.iter().map(|(_, rule)| *rule).collect();
        assert_eq!(found(&alone), wanted, "{} {:?}", case.settings, case.keys);
    }
    // Errors keep `try` from starting: what is known here is ignored.
    let ignored = inventory(folder.path(), &all) + "lint: { allow: [TL23, TL24, TL25] }\n";
    let kept = Try::inventory(&ignored).keep();
    let names: Vec<String> = all.iter().map(|(index, _)| name(*index)).collect();
    let hosts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "10.0.0.10")).collect();
    let mut browser = Browser::start(&kept, &hosts, &[]);
    let mut wrong = Vec::new();
    for (name, (_, case)) in names.iter().zip(&all) {
        let refused = browser.refused(&format!("https://{name}/"));
        let seen = refused.as_deref().map(|error| error.trim_start_matches("net::"));
        let as_foretold = match (seen, case.refused) {
            (None, None) => true,
            (Some(error), Some((errors, _))) => errors.contains(&error),
            _ => false,
        };
        if !as_foretold {
            wrong.push(format!("{} {:?}: {refused:?}", case.settings, case.keys));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
