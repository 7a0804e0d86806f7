//! Rules that nothing sslscale renders can violate. Each is proved by a property of the rendered
//! files, which holds of every shipped inventory and of hundreds of random ones, and which a small
//! edit of those files breaks: a proof that cannot fail proves nothing.

mod haproxy;
mod hp;
mod nginx;
mod px;
mod rendered;
mod tl;
mod vocabulary;

use std::collections::BTreeSet;

use rendered::{Files, Rendered, files};
use sslscale::inventory::{Inventory, check};
use sslscale::lint::impossible;
use sslscale::render::{Templates, render};
use sslscale::source::Source;

use crate::cases::cases;
use crate::support::generate::{Generated, Versions};
use crate::support::shipped;

/// Nothing, or what is wrong and where.
type Held = Result<(), String>;

/// Random inventories, of which most are accepted.
const COUNT: u32 = 500;
/// The versions that they are for, in turns: before and after what is rendered differently.
const VERSIONS: [Versions; 3] = [
    Versions { haproxy: (2, 2, 9), nginx: (1, 18, 0) },
    Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) },
    Versions { haproxy: (3, 0, 11), nginx: (1, 26, 3) },
];

/// A rule, the property that proves it, and what breaks the property: on this host, every
/// occurrence of the first text replaced by the second.
struct Proof(&'static str, fn(&Rendered<'_>) -> Held, (&'static str, &'static str, &'static str));

const PROOFS: &[Proof] = &[
    Proof("AD06", px::sockets_are_bound_once, ("lb1", "bind *:443\n", "bind *:443\n    bind *:443\n")),
    Proof("AD07", px::families_are_apart, ("lb1", " v6only", " v4v6")),
    Proof("PX01", px::sent_is_expected, ("srv2", " http2 proxy_protocol", " http2")),
    Proof("PX02", px::expected_is_sent, ("lb2", " send-proxy", "")),
    Proof(
        "PX03",
        px::sockets_have_one_mind,
        ("srv1", " proxy_protocol;\n    server_name two", ";\n    server_name two"),
    ),
    Proof(
        "PX04",
        px::only_wildcards_listen,
        ("srv1", "listen 443 ssl http2 proxy_protocol;", "listen 10.0.0.11:443 ssl;"),
    ),
    Proof("PX08", px::real_ip_is_whole, ("srv1", "    real_ip_header proxy_protocol;\n", "")),
    Proof("PX09", px::real_ip_is_read, ("srv1", " proxy_protocol;\n    server_name two", ";\n    server_name two")),
    Proof("PX10", px::trust_is_said_in_servers, ("srv1", "# Revision", "set_real_ip_from 10.0.0.9/32;\n# Revision")),
    Proof("PX12", px::headers_are_alike, ("lb1", "10.0.0.12:443 send-proxy", "10.0.0.12:443 send-proxy-v2")),
    Proof("TL09", tl::tls13_is_said, ("srv1", "    ssl_protocols TLSv1.2 TLSv1.3;\n", "")),
    Proof(
        "TL11",
        tl::http2_is_everywhere_or_nowhere,
        ("srv1", " http2 proxy_protocol;\n    server_name two", " proxy_protocol;\n    server_name two"),
    ),
    Proof(
        "TL12",
        tl::protocols_are_alike,
        ("srv1", "two.key;\n    ssl_protocols TLSv1.2", "two.key;\n    ssl_protocols"),
    ),
    Proof("TL14", tl::nothing_is_stapled, ("srv1", "ssl_prefer_server_ciphers off;", "ssl_stapling on;")),
    Proof("TL15", tl::unknown_names_are_rejected, ("srv1", "    ssl_reject_handshake on;\n", "")),
    Proof(
        "TL17",
        vocabulary::directives_fit_the_version,
        ("srv1", "    server_name two", "    http2 on;\n    server_name two"),
    ),
    Proof(
        "RS02",
        tl::ticket_keys_are_the_sockets,
        ("srv1", "reject_handshake on;", "reject_handshake on; ssl_session_ticket_key /etc/nginx/k;"),
    ),
    Proof("RS03", tl::the_cache_has_its_size, ("srv1", "shared:sslscale:10m", "shared:sslscale:64k")),
    Proof("HP02", hp::checks_go_where_traffic_goes, ("lb1", " verify none", " verify none port 8443")),
    Proof("HP03", hp::checks_name_a_site, ("lb1", "check-sni one.example.com", "check-sni other.example.com")),
    Proof("HP05", hp::checks_speak_no_other_protocol, ("lb1", "option srvtcpka", "option httpchk")),
    Proof("HP06", hp::every_server_is_checked, ("lb1", "10.0.0.12:443 ", "10.0.0.12:443 no-check ")),
    Proof("HP11", hp::modes_are_alike, ("lb1", "frontend https-in\n    mode tcp", "frontend https-in\n    mode http")),
    Proof(
        "CP02",
        hp::no_limit_is_above_the_processs,
        ("lb1", "frontend https-in\n", "frontend https-in\n    maxconn 100000\n"),
    ),
    Proof("SE01", hp::the_admin_socket_is_roots, ("lb1", "mode 600 level admin", "mode 666 level admin")),
    Proof("SE02", hp::workers_are_nobody, ("lb1", "    user haproxy\n", "")),
];

/// What holds for all that is not the user's own text, for which there are rules.
const RENDERED: &[Proof] = &[
    Proof("TL16", tl::no_client_certificates, ("srv1", "ssl_prefer_server_ciphers off;", "ssl_verify_client on;")),
    Proof(
        "SE04",
        hp::headers_are_the_servers,
        ("srv1", "    location / {\n", "    location / {\n        add_header X-A b;\n"),
    ),
    Proof("SE06", vocabulary::every_word_is_known, ("srv1", "absolute_redirect off;", "include /etc/nginx/mine.conf;")),
];

/// What the proofs are broken on.
const FLEET: &str = r#"load_balancers:
  - { name: lb1, address: [10.0.0.10, "fd00::10"] }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: one.example.com
    root: /srv/one
    ssl_certificate: /etc/ssl/one.crt
    ssl_certificate_key: /etc/ssl/one.key
  - server_name: two.example.com
    ssl_certificate: /etc/ssl/two.crt
    ssl_certificate_key: /etc/ssl/two.key
    locations:
      - { path: /, proxy_pass: "http://127.0.0.1:8000" }
"#;

fn accepted(text: &str) -> Option<Inventory> {
    check(&Source::new("inventory.yaml", text)).inventory
}

fn texts(inventory: &Inventory, templates: &Templates) -> Files {
    files(&render(inventory, templates).unwrap())
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[test]
fn every_rule_that_is_impossible_is_proved() {
    let proved: BTreeSet<&str> = PROOFS.iter().map(|proof| proof.0).collect();
    assert_eq!(proved.len(), PROOFS.len(), "a rule is proved twice");
    assert_eq!(proved, impossible().map(|rule| rule.code.id).collect());
}

#[test]
fn nothing_that_is_rendered_violates_them() {
    let templates = Templates::load(None).unwrap();
    let shipped = shipped().into_iter().map(|(name, path)| (name, std::fs::read_to_string(path).unwrap()));
    let count = cases(COUNT);
    let random = (0..count).map(|number| {
        let versions = VERSIONS[number as usize % VERSIONS.len()];
        (format!("number {number}"), Generated::new(number, versions).yaml())
    });
    let fixed = [("what proofs are broken on".to_owned(), FLEET.to_owned())];
    let mut seen = 0;
    for (name, text) in shipped.chain(fixed).chain(random) {
        let Some(inventory) = accepted(&text) else { continue };
        let files = texts(&inventory, &templates);
        let rendered = Rendered::read(&inventory, &files);
        for Proof(code, property, _) in PROOFS.iter().chain(RENDERED) {
            property(&rendered).unwrap_or_else(|wrong| panic!("{code}: {name}: {wrong}\n{text}"));
        }
        seen += 1;
    }
    // As in `accepted`: fewer are by chance, as soon as a key is added.
    assert!(seen > count * 65 / 100, "only {seen} inventories were accepted");
}

#[test]
fn every_proof_can_fail() {
    let templates = Templates::load(None).unwrap();
    let inventory = accepted(FLEET).unwrap();
    for Proof(code, property, (host, old, new)) in PROOFS.iter().chain(RENDERED) {
        let mut files = texts(&inventory, &templates);
        property(&Rendered::read(&inventory, &files)).unwrap();
        let mut planted = 0;
        for ((_, _), text) in files.iter_mut().filter(|((name, _), _)| name == host) {
            planted += text.matches(old).count();
            *text = text.replace(old, new);
        }
        assert!(planted > 0, "{code}: `{old}` is nowhere on {host}");
        let wrong = property(&Rendered::read(&inventory, &files));
        assert!(wrong.is_err(), "{code}: `{new}` in the place of `{old}` on {host} goes unseen");
    }
}
