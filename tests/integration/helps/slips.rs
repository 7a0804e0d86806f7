//! What people write who know nginx and haproxy: the help that each gets stands in a snapshot, and what it proposes
//! is accepted without an error or a warning.

use std::fmt::Write as _;

use sslscale::diagnostic::{Diagnostic, Severity};
use sslscale::lint::{Linted, Settings, lint};
use sslscale::source::Source;

use super::edits;
use crate::support::pin;

const BLOG: &str = include_str!("../../../inventories/blog.yaml");
const TARGET: &str = "uwsgi_pass: \"unix:/run/app/app.sock\"";

/// A section, and what is wrong in it.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "haproxy",
        &[
            "{ timeouts: { client: 90 } }",
            "{ timeouts: { client: 300000 } }",
            "{ timeouts: { connect: 5000 } }",
            "{ timeouts: { connect: 0 } }",
            "{ timeouts: { server: 10m30s } }",
            "{ timeouts: { server: 1.5m } }",
            "{ timeouts: { server: \"5 m\" } }",
            "{ timeouts: { queue: 60sec } }",
            "{ timeouts: 90s }",
            "{ check: { inter: 2 } }",
            "{ check: { inter: 500 } }",
            "{ check: http }",
            "{ check: /healthz }",
            "443",
        ],
    ),
    (
        "nginx",
        &[
            "{ keepalive_timeout: \"65\" }",
            "{ worker_shutdown_timeout: 3600 }",
            "{ upstream_connect_timeout: 5000 }",
            "{ upstream_read_timeout: 24d }",
            "{ hsts: { max_age: 31536000 } }",
            "{ hsts: { max_age: 730 } }",
            "{ hsts: { max_age: 2y } }",
            "{ hsts: { max_age: max-age=31536000 } }",
            "{ hsts: true }",
            "{ hsts: 31536000 }",
            "{ hsts: \"max-age=31536000\" }",
            "{ client_max_body_size: 10 MB }",
            "{ client_max_body_size: 1.5g }",
            "{ client_max_body_size: 10 }",
            "{ ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA265] }",
            "{ ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES256-GCM-SHA348] }",
            "{ ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES129-GCM-SHA256] }",
            "{ ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-CHACHA20-POLY1350] }",
            "{ ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ecdhe-rsa-aes128-gcm-sha256] }",
            "{ ssl_ecdh_curve: [x25519] }",
            "{ ssl_ecdh_curve: [X25519, secp256R1] }",
            "{ ssl_ecdh_curve: [Curve25519] }",
            "{ ssl_protocols: [TLSv1.2, tls1.3] }",
            "{ ssl_protocols: [TLSv12] }",
            "{ ssl_protocols: [\"1.2\"] }",
            "{ ssl_protocols: [\"TLS 1.3\"] }",
            "{ tls_profile: Modern }",
        ],
    ),
    (
        "http",
        &[
            "false",
            "8080",
            "{ acme_challenge: { redirect: \"http://acme.example.net$request_uri\" } }",
            "{ acme_challenge: { redirect: \"http://acme.example.net/x\" } }",
            "{ acme_challenge: \"http://acme.example.net\" }",
            "{ acme_challenge: /var/www/acme }",
            "{ acme_challenge: LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ }",
            "{ acme_challenge: { account_thumbprint: \"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\" } }",
        ],
    ),
    ("high_availability", &["10.0.0.9", "[10.0.0.9]"]),
    ("ssh", &["deploy"]),
    ("lint", &["[CP07]"]),
];

/// The keys of a location.
const LOCATIONS: &[&str] = &[
    "path: /, return: { code: 301, url: \"https://www.example.com$request_uri\" }",
    "path: /, return: { code: 301, url: \"https://www.example.com/$uri$is_args$args\" }",
    "path: /, return: { code: 301, url: \"https://$host$request_uri\" }",
    "path: /, return: { code: 301, url: \"$scheme://$host$request_uri\" }",
    "path: /, return: { code: 301, url: \"$scheme://www.example.com$request_uri\" }",
    "path: /, return: { url: \"https://www.example.com/a#b\" }",
    "path: /, return: { url: \"https://www.example.com/{a}\" }",
    "path: /, return: { url: \"https://www.example.com/é\" }",
    "path: /, return: { url: www.example.com }",
    "path: /, return: { url: /login }",
    "path: /, return: \"https://www.example.com\"",
    "path: /, return: \"301 https://www.example.com$request_uri\"",
    "path: /, return: [302, \"https://www.example.com/a\"]",
    "path: /, return: 404",
    "path: /, TARGET, limit: 10r/s",
    "path: /, TARGET, limit: 50",
    "path: /, TARGET, limit: { rate: 600r/h, burst: 5 }",
    "path: /, TARGET, limit: { rate: 10r/s }",
    "path: /, proxy_pass: \"http://127.0.0.1:8000$request_uri\"",
    "path: /, proxy_pass: \"http://127.0.0.1:8000/$uri\"",
    "path: /, root: /srv/x, fallback: index.html",
    "path: /, root: /srv/x, fallback: /index.html/",
    "path: /, root: /srv/x, fallback: \"=404\"",
    "path: /, root: /srv/x, fallback: \"/index.html?$args\"",
    "path: /, root: /srv/x, fallback: \"@app\"",
    "path: /, fastcgi_pass: \"unix:/run/php.sock\", fallback: index.php",
    "path: /, fastcgi_pass: \"unix:/run/php.sock\", fallback: index.html",
    "path: /, fastcgi_pass: \"unix:/run/php.sock\", fallback: \"/index.php?$args\"",
    "path: /, fastcgi_pass: \"unix:/run/php.sock\", fallback: \"@wordpress\"",
    "path: \"= /x\", TARGET",
    "path: \"=/x\", TARGET",
    "path: \"^~ /x/\", TARGET",
    "path: \"~ \\\\.php$\", TARGET",
    "path: \"~* \\\\.(png|jpg)$\", TARGET",
    "path: \"~ ^/api/v[0-9]+/\", TARGET",
    "path: \"@name\", TARGET",
    "path: static, TARGET",
    "path: /x/*, TARGET",
    "path: \"*.php\", TARGET",
    "path: \"/(a|b)/\", TARGET",
];

fn slips() -> impl Iterator<Item = (String, String)> {
    let sections = SECTIONS.iter().flat_map(|(section, values)| values.iter().map(move |value| (section, value)));
    let sections = sections.map(|(section, value)| format!("{section}: {value}"));
    let locations = LOCATIONS.iter().map(|keys| format!("{{ {} }}", keys.replace("TARGET", TARGET)));
    let sections = sections.map(|written| (format!("{BLOG}{written}\n"), written));
    let locations = locations.map(|written| {
        let text = BLOG.replace(&format!("{{ path: /, {TARGET} }}"), &written);
        (text, written)
    });
    sections.chain(locations)
}

fn linted(text: &str) -> (Linted, Source) {
    let source = Source::new("t", text);
    (lint(&source, &Settings::default()), source)
}

/// The errors and warnings.
fn wrong(linted: &Linted) -> Vec<&Diagnostic> {
    linted.findings.iter().filter(|found| found.severity >= Severity::Warning).collect()
}

#[test]
fn what_people_write_from_habit_is_led_to_what_is_accepted() {
    let (mut shown, mut refused, mut silent) = (String::new(), Vec::new(), Vec::new());
    for (text, written) in slips() {
        let (before, source) = linted(&text);
        let found = wrong(&before);
        let [first, ..] = found[..] else {
            silent.push(written);
            continue;
        };
        writeln!(shown, "{written}\n  {}: {}\n  help: {}", first.code.id, first.message, first.help).unwrap();
        let proposed = edits(source.text(), first.span, &first.help);
        // `remove the key` leaves nothing to try.
        if proposed.is_empty() && !first.help.starts_with("remove the key") {
            refused.push(format!("{written}: no proposal in: {}", first.help));
        }
        for text in proposed {
            let (after, _) = linted(&text);
            let left: Vec<&str> = wrong(&after).iter().map(|it| it.message.as_str()).collect();
            if !left.is_empty() {
                refused.push(format!("{written}: {}: {left:?}", first.help));
            }
        }
        // What `--fix --unsafe-fixes` writes, too.
        if let Some(fix) = &first.fix {
            let mut text = text.clone();
            fix.edits.iter().for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
            let (after, _) = linted(&text);
            let left: Vec<&str> = wrong(&after).iter().map(|it| it.message.as_str()).collect();
            if !left.is_empty() {
                refused.push(format!("{written}: the fix: {left:?}"));
            }
        }
    }
    assert!(silent.is_empty(), "accepted in silence: {silent:#?}");
    assert!(refused.is_empty(), "{}: {refused:#?}", refused.len());
    pin("helps-slips", &shown);
}
