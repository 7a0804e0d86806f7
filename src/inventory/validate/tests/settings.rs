//! Settings, trust, challenges and rules.

use super::*;
use crate::inventory::model::AcmeChallenge;
use crate::inventory::types::Duration;

#[test]
fn settings_of_tls() {
    let nginx = |more: &str| with(&format!("nginx: {{ {more} }}\n"));
    assert_refused(&[
        ("a list that is empty", nginx("ssl_ciphers: []"), &[("IN04", "[")]),
        ("a cipher twice", nginx("ssl_ciphers: [AES256-SHA, AES256-SHA]"), &[("IN12", "AES256-SHA")]),
        ("a group twice", nginx("ssl_ecdh_curve: [P-256, prime256v1]"), &[("IN12", "prime256v1")]),
        ("a version twice", nginx("ssl_protocols: [TLSv1.2, TLSv1.2]"), &[("IN12", "TLSv1.2")]),
        (
            "a cipher for no version",
            nginx("ssl_protocols: [TLSv1.3], ssl_ciphers: [AES256-SHA]"),
            &[("IN09", "AES256-SHA")],
        ),
        ("no cipher for a version", nginx("ssl_protocols: [TLSv1.1]"), &[("IN09", "TLSv1.1")]),
        (
            "no cipher of a list",
            nginx("ssl_protocols: [TLSv1.1], ssl_ciphers: [AES256-GCM-SHA384]"),
            &[("IN09", "AES256-GCM-SHA384")],
        ),
        (
            "TLS 1.1 alone, which checks do not have",
            nginx("ssl_protocols: [TLSv1.1], ssl_ciphers: [ECDHE-RSA-AES128-SHA]"),
            &[("IN09", "TLSv1.1")],
        ),
        (
            "the same on one host",
            replaced("10.0.0.12", "10.0.0.12, nginx: { ssl_protocols: [TLSv1], ssl_ciphers: [ECDHE-RSA-AES128-SHA] }"),
            &[("IN09", "TLSv1")],
        ),
        ("old versions", nginx("version: 1.17.9"), &[("IN10", "1.17.9")]),
        ("old haproxy", with("haproxy: { version: 2.1.9 }\n"), &[("IN10", "2.1.9")]),
        ("old OpenSSL", nginx("openssl: 1.1.0"), &[("IN10", "1.1.0")]),
        ("no age", nginx("hsts: { preload: false }"), &[("IN04", "preload: false")]),
        ("preload without names below", nginx("hsts: { max_age: 365d, preload: true }"), &[("IN09", "true")]),
        (
            "preload for less than a year",
            nginx("hsts: { max_age: 364d, preload: true, include_subdomains: true }"),
            &[("IN09", "364d")],
        ),
        ("half a second", nginx("hsts: { max_age: 1500ms }"), &[("IN06", "1500ms")]),
        ("logs in /etc", nginx("access_log: /etc/a.log"), &[("IN06", "/etc/a.log")]),
    ]);
    let old = "nginx: { ssl_protocols: [TLSv1, TLSv1.1], ssl_ciphers: [ECDHE-RSA-AES128-SHA] }\n";
    accepted(&with(&format!("haproxy: {{ check: {{ type: tcp }} }}\n{old}")));
    accepted(&nginx("ssl_protocols: [TLSv1.1, TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES128-SHA]"));
    accepted(&nginx("hsts: { max_age: 365d, preload: true, include_subdomains: true }"));
    accepted(&nginx("version: 1.18.0, openssl: 1.1.1, access_log: /opt/etc/a.log"));
    accepted(&with("haproxy: { version: 2.2 }\n"));
    // What the fleet sets may have no effect on one host.
    let own = replaced("address: 10.0.0.12", "address: 10.0.0.12, nginx: { ssl_protocols: [TLSv1.3] }");
    accepted(&own.replace("sites:", "nginx: { ssl_ciphers: [ECDHE-RSA-AES256-GCM-SHA384] }\nsites:"));
}

#[test]
fn trust_and_virtual_addresses() {
    let virtual_ = |list: &str| with(&format!("high_availability: {{ virtual_addresses: {list} }}\n"));
    assert_refused(&[
        ("a host's", virtual_("[10.0.0.11]"), &[("AD05", "10.0.0.11")]),
        ("twice", virtual_("[10.0.0.1, 10.0.0.1]"), &[("AD05", "10.0.0.1")]),
        ("host bits", with("trusted_proxies: [10.0.0.10/24]\n"), &[("AD11", "10.0.0.10/24")]),
        ("everything", with("trusted_proxies: [0.0.0.0/0]\n"), &[("PX07", "0.0.0.0/0")]),
    ]);
    let found = accepted(&virtual_("[10.0.0.2, 10.0.0.1]")).virtual_addresses;
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.2", "10.0.0.1"]);
    let list = accepted(&with("trusted_proxies: [10.0.0.0/24, 10.0.0.10, 10.0.0.0/24]\n")).trusted_proxies;
    assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/24", "10.0.0.10/32"]);
    let fix = |text: &str| {
        let found = check(&Source::new("t", with(&format!("trusted_proxies: [{text}]\n")))).diagnostics.remove(0);
        (found.help, found.fix.map(|fix| fix.edits[0].text.clone()))
    };
    let (own, other) = (fix("10.0.0.10/24"), fix("10.0.0.13/24"));
    assert_eq!((own.1.as_deref(), other.1.as_deref()), (Some("10.0.0.10/32"), Some("10.0.0.0/24")));
    assert!(own.0.contains("the balancer's address") && !other.0.contains("balancer"), "{own:?} {other:?}");
}

#[test]
fn all_balancers_send_a_proxy_header_or_none_does() {
    let fleet = |first: &str, second: &str, more: &str| {
        let own =
            |it: &str| if it.is_empty() { String::new() } else { format!(", haproxy: {{ proxy_protocol: {it} }}") };
        let hosts = format!(
            "{{ name: lb1, address: 10.0.0.10{} }}, {{ name: lb2, address: 10.0.0.20{} }}",
            own(first),
            own(second)
        );
        replaced("{ name: lb1, address: 10.0.0.10 }", &hosts) + more
    };
    let off = "haproxy: { proxy_protocol: off }\n";
    assert_refused(&[
        ("one without", fleet("", "off", ""), &[("IN09", "off")]),
        ("the first without", fleet("\"off\"", "v2", ""), &[("IN09", "\"off\"")]),
        ("one with", fleet("v1", "", off), &[("IN09", "off")]),
        ("nobody to trust", fleet("", "", &format!("{off}trusted_proxies: [10.0.0.10]\n")), &[("IN09", "10.0.0.10")]),
        ("both", fleet("v1", "", &format!("{off}trusted_proxies: [10.0.0.10]\n")), &[("IN09", "off")]),
        ("false", with("haproxy: { proxy_protocol: false }\n"), &[("IN06", "false")]),
    ]);
    for (first, second, more, header) in [
        ("", "", "", true),
        ("v1", "v2", "", true),
        ("v1", "v2", off, true),
        ("off", "'off'", "", false),
        ("", "", off, false),
        ("", "", "haproxy: { proxy_protocol: 'off' }\n", false),
        ("off", "", off, false),
    ] {
        let inventory = accepted(&fleet(first, second, more));
        assert_eq!(inventory.has_proxy_header(), header, "{first} {second} {more}");
    }
    let found = check(&Source::new("t", with("haproxy: { proxy_protocol: none }\n"))).diagnostics.remove(0);
    assert_eq!(found.fix.map(|fix| fix.edits[0].text.clone()).as_deref(), Some("off"));
}

#[test]
fn challenges_of_certificate_authorities() {
    let acme = |more: &str| with(&format!("http: {{ acme_challenge: {{ {more} }} }}\n"));
    let pool = |more: &str| {
        acme(more).replace("http:", &format!("{POOLS}http:")).replace("root: /srv, ssl", "root: /srv, pool: web, ssl")
    };
    let app = |socket: &str| {
        acme("app_server: srv1, port: 8888, root: /srv/acme")
            .replace("root: /srv, ssl", &format!("locations: [{{ path: /, uwsgi_pass: \"{socket}\" }}], ssl"))
    };
    assert_refused(&[
        ("nowhere", acme("port: 80"), &[("IN04", "port: 80")]),
        ("two places", acme("app_server: srv1, redirect: \"http://a\""), &[("IN09", "\"http://a\"")]),
        ("no such host", acme("app_server: srv3"), &[("IN07", "srv3")]),
        ("no such pool", acme("pool: web"), &[("IN07", "web")]),
        ("a path", acme("redirect: \"http://a/b\""), &[("IN06", "\"http://a/b\"")]),
        ("no host", acme("redirect: \"http://]:[\""), &[("IN06", "\"http://]:[\"")]),
        ("a zone", acme("redirect: \"http://[fd00::5%3]\""), &[("IN06", "\"http://[fd00::5%3]\"")]),
        ("a port for a redirect", acme("redirect: \"http://a\", port: 81"), &[("IN09", "81")]),
        ("a root for a redirect", acme("redirect: \"http://a\", root: /srv"), &[("IN09", "/srv")]),
        ("a port for no host", acme(&format!("account_thumbprint: {THUMBPRINT}, port: 81")), &[("IN09", "81")]),
        ("a root for no host", acme(&format!("account_thumbprint: {THUMBPRINT}, root: /srv")), &[("IN09", "/srv")]),
        (
            "answered twice",
            acme(&format!("pool: web, account_thumbprint: {THUMBPRINT}")),
            &[("IN07", "web"), ("IN09", THUMBPRINT)],
        ),
        ("no thumbprint", acme("account_thumbprint: LPJNul"), &[("IN06", "LPJNul")]),
        ("a format of haproxy", acme("account_thumbprint: \"%[src]\""), &[("IN06", "\"%[src]\"")]),
        ("the port of TLS", acme("app_server: srv1, port: 443"), &[("IN09", "443")]),
        ("the port of an app", app("127.0.0.1:8888"), &[("IN09", "8888")]),
        ("the port of an app at its address", app("10.0.0.11:8888"), &[("IN09", "8888")]),
        ("one port for both", with("http: { port: 443 }\n"), &[("IN09", "443")]),
    ]);
    accepted(&app("127.0.0.1:8889"));
    accepted(&app("10.0.0.12:8888"));
    let members = |text: &str| match accepted(text).http.and_then(|http| http.acme_challenge) {
        Some(AcmeChallenge::AppServers { members, port, root }) => {
            format!("{members:?} {port} {:?}", root.map(|it| it.to_string()))
        }
        Some(AcmeChallenge::Redirect(url)) => url.to_string(),
        Some(AcmeChallenge::Answered(thumbprint)) => thumbprint.to_string(),
        None => "nowhere".to_owned(),
    };
    assert_eq!(members(&acme("app_server: srv2")), "[1] 80 None");
    assert_eq!(members(&acme("app_server: srv1, port: 81, root: /srv/acme/")), "[0] 81 Some(\"/srv/acme\")");
    assert_eq!(members(&acme("redirect: \"http://a.example:81\"")), "http://a.example:81");
    assert_eq!(members(&acme(&format!("account_thumbprint: {THUMBPRINT}"))), THUMBPRINT);
    let both = pool("pool: api").replace("sites: [", "sites: [{ server_name: b.example, pool: api, root: /srv, ssl_certificate: /etc/a.crt, ssl_certificate_key: /etc/a.key }, ");
    assert_eq!(members(&both), "[1] 80 None");
}

#[test]
fn rules_that_are_allowed_or_denied() {
    let lint = |more: &str| with(&format!("lint: {{ {more} }}\n"));
    assert_refused(&[
        ("both", lint("allow: [CP06], deny: [single-app-server]"), &[("IN09", "single-app-server")]),
        ("no rule", lint("allow: [CP6]"), &[("IN06", "CP6")]),
        ("nothing", lint("deny: []"), &[("IN04", "[")]),
    ]);
    let section =
        check(&Source::new("t", lint("allow: [CP06, CP06, CP07], deny: TL22, fail_on: info, certificate_days: 7")))
            .lint;
    let ids = |list: &[(&'static crate::diagnostic::Code, crate::source::Span)]| {
        list.iter().map(|it| it.0.id).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&section.allow), ids(&section.deny), section.certificate_days),
        (vec!["CP06", "CP07"], vec!["TL22"], Some(7))
    );
    assert_eq!(section.fail_on.map(|it| it.name()), Some("info"));
}

// `path` and `expect` were reported, too: as without effect in a check of type `tls`.
#[test]
fn a_misspelled_type_of_check_is_one_finding() {
    let of = |kind: &str| with(&format!("haproxy: {{ check: {{ type: {kind}, path: /health, expect: 200 }} }}\n"));
    assert_eq!(refusals(&of("httpchk")), [("IN06", "httpchk".to_owned())]);
    let without = [("IN09", "/health".to_owned()), ("IN09", "200".to_owned())];
    assert_eq!(refusals(&of("tls")), without);
}

/// An app server that is gone is found in about 6 seconds, and a client that meets it meanwhile waits for one.
#[test]
fn default_times_find_a_dead_app_server_soon() {
    let haproxy = crate::inventory::validate::settings::default_haproxy();
    let (check, timeouts) = (&haproxy.check, &haproxy.timeouts);
    let milliseconds = |it: Duration| it.milliseconds();
    // The first failure comes up to `inter` later; each takes as long as a connection may take to open.
    let failures = check.fall * milliseconds(timeouts.connect) + (check.fall - 1) * milliseconds(check.fastinter());
    assert!(milliseconds(check.inter) + failures <= 6_000);
    assert!(milliseconds(timeouts.connect) <= 1_000);
}
