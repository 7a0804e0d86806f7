//! What `try` requests of each location, and what it foretells of the answers.

use sslscale::inventory::check;
use sslscale::inventory::routing::{as_nginx_reads, location_of};
use sslscale::inventory::types::LocationMatch;
use sslscale::render::{Templates, render};
use sslscale::source::Source;
use sslscale::try_fleet::describe;
use sslscale::try_fleet::spec::{Offered, Probe, SiteSpec};

use crate::cases::{all_of, cases};
use crate::support::generate::{Generated, Versions};

/// The sites of the blog's fleet with these TLS settings.
fn offered(nginx: &str) -> Vec<(Result<(), String>, Vec<String>)> {
    let blog = include_str!("../../inventories/blog.yaml");
    let yaml = format!("{blog}nginx: {{ {nginx} }}\n");
    let inventory = check(&Source::new("inventory.yaml", &yaml)).inventory.unwrap();
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let sites = describe(&inventory, &tree).sites.into_iter();
    let shown = |offer: Offered| format!("{:?} {}", offer.http2, offer.tls.unwrap_or_default());
    sites.map(|site| (site.driven, site.offers.into_iter().map(shown).collect())).collect()
}

// Stand-ins have ECDSA keys: a browser's handshake with TLS 1.2 would fail because of them.
#[test]
fn versions_that_need_an_rsa_key_are_not_asked_of_stand_ins() {
    let both = offered("ssl_ciphers: [ECDHE-RSA-AES128-GCM-SHA256]");
    assert_eq!(both[0].1, ["Some(true) 1.3", "Some(false) 1.3"]);
    let alone = offered("ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES128-GCM-SHA256], http2: false");
    assert!(alone[0].0.as_ref().is_err_and(|why| why.contains("ssl_certificate_source")), "{alone:?}");
    let ecdsa = offered("ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256], http2: false");
    assert_eq!(ecdsa[0], (Ok(()), vec!["Some(false) 1.2".to_owned()]));
}

/// The requests for a site with these locations, as `PATH STATUS [-> REDIRECT] [NAME=VALUE…]`.
fn probes(locations: &str) -> Vec<String> {
    let yaml = format!(
        "load_balancers: [ {{ name: lb1, address: 10.0.0.10 }} ]\n\
         app_servers: [ {{ name: srv1, address: 10.0.0.11 }} ]\nsites:\n  - server_name: example.com\n    \
         root: /srv\n    ssl_certificate: /etc/ssl/a.crt\n    ssl_certificate_key: /etc/ssl/a.key\n    \
         locations: [ {locations} ]\n"
    );
    let checked = check(&Source::new("inventory.yaml", &yaml));
    let inventory = checked.inventory.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let sites = describe(&inventory, &tree).sites;
    let shown = |probe: Probe| {
        let redirect = probe.redirect.map(|to| format!(" -> {to}")).unwrap_or_default();
        let received = probe.received.unwrap_or_default();
        let received: String = received.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{} {}{redirect}{received}", probe.path, probe.status)
    };
    sites.into_iter().flat_map(|site| site.probes).map(shown).collect()
}

#[test]
fn a_path_of_an_upstream_replaces_what_the_location_matched() {
    let shown = probes("{ path: /, return: { url: 'https://x.org' } }, { path: /a, proxy_pass: 'http://[::1]:1/b/' }");
    assert_eq!(
        shown[4..],
        [
            "/a 200 REQUEST_URI=/b/",
            "/a/a-path/x 200 REQUEST_URI=/b//a-path/x",
            "/a/a%20path/%C3%A9 200 REQUEST_URI=/b//a%20path/%C3%A9",
            "/a/a-path/x?a=%2F%20b&c 200 REQUEST_URI=/b//a-path/x?a=%2F%20b&c",
            // The one that opens a WebSocket.
            "/a 101 REQUEST_URI=/b/",
        ]
    );
}

#[test]
fn an_exact_location_is_requested_at_its_path_alone() {
    let shown = probes("{ path: /a, match: exact, proxy_pass: 'http://[::1]:1' }, { path: /a, uwsgi_pass: '[::1]:2' }");
    assert_eq!(shown[..2], ["/a 200 REQUEST_URI=/a", "/a 101 REQUEST_URI=/a"]);
    assert_eq!(shown[2], "/a/a-path/x 200 PATH_INFO=/a/a-path/x QUERY_STRING= REQUEST_URI=/a/a-path/x");
    assert!(shown[3].contains(" PATH_INFO=/a/a path/é "), "{}", shown[3]);
    // What is left over are files.
    assert_eq!(shown[5], "/ 200");
}

// No request was made to such a location: its file was not known to be one.
#[test]
fn the_file_of_an_exact_location_is_requested() {
    let exact = |path: &str| format!("{{ path: {path}, match: exact, root: /srv/static }}");
    assert_eq!(probes(&exact("/favicon.ico"))[0], "/favicon.ico 200");
    // The file cannot be a directory, too, and neither is one whose name starts with a dot served.
    let directory = format!("{}, {{ path: /docs/, root: /srv/static }}", exact("/docs"));
    assert_eq!(probes(&directory)[0], "/docs/ 200");
    assert_eq!(probes(&exact("/.env"))[0], "/ 200");
}

#[test]
fn redirects_keep_the_request_or_not() {
    let shown = probes(
        "{ path: /, return: { url: 'https://x.org', append_request_uri: true } }, \
         { path: /b, return: { code: 307, url: 'https://x.org/y' } }",
    );
    let query = "/a-path/x?a=%2F%20b&c";
    assert_eq!(shown[3], format!("{query} 308 -> https://x.org{query}"));
    assert_eq!(shown[7], format!("/b{query} 307 -> https://x.org/y"));
}

/// Random sites whose paths are checked.
const SITES: u32 = 300;

/// How many requests are made of every location, each of which nginx sends there.
fn asked(yaml: &str) -> Option<Vec<(bool, usize)>> {
    let inventory = check(&Source::new("inventory.yaml", yaml)).inventory?;
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let specs = describe(&inventory, &tree).sites.into_iter();
    // The default site's requests once more, with another name, and those of clients without a certificate.
    let asking = inventory.sites.iter().filter(|site| site.client_certificates.is_some());
    let asking: Vec<String> = asking.map(|site| inventory.sample_name(site)).collect();
    let again = |spec: &SiteSpec| spec.unknown || !spec.certified && asking.contains(&spec.name);
    let mut specs = specs.filter(|spec| !again(spec)).peekable();
    let mut counts = Vec::new();
    for site in &inventory.sites {
        for index in (0..site.locations.len()).map(Some).chain([None]) {
            let path = index.map_or("/", |index| site.locations[index].path.as_str());
            let Some(spec) = specs.next_if(|spec| spec.location == path && spec.name == inventory.sample_name(site))
            else {
                continue;
            };
            for probe in &spec.probes {
                let read = as_nginx_reads(&probe.path).unwrap();
                assert_eq!(location_of(site, &read), index, "{} is meant for {path}\n{yaml}", probe.path);
            }
            let exact = index.is_none_or(|it| site.locations[it].matching == LocationMatch::Exact);
            counts.extend(spec.driven.is_ok().then_some((exact, spec.probes.len())));
        }
    }
    assert_eq!(specs.next(), None, "{yaml}");
    Some(counts)
}

// A request that is meant for one location used to be sent to another whose path starts alike.
#[test]
fn every_request_is_for_its_location() {
    let (versions, count) = (Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) }, cases(SITES));
    let counts: Vec<_> = (0..count).filter_map(|it| asked(&Generated::small(it, versions).yaml())).flatten().collect();
    assert!(counts.iter().all(|(exact, asked)| *asked > if *exact { 0 } else { 1 }), "{counts:?}");
    assert!(!all_of(SITES, count) || counts.len() > 300, "{}", counts.len());
}

#[test]
fn a_location_without_a_free_name_is_asked_at_its_path() {
    let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let others: String = letters.map(|it| format!(", {{ path: /{it}, root: /srv }}")).collect();
    let shown = probes(&format!("{{ path: /, proxy_pass: 'http://[::1]:1' }}{others}"));
    assert_eq!(shown[..3], ["/ 200 REQUEST_URI=/", "/ 101 REQUEST_URI=/", "/a/ 200"]);
}

#[test]
fn where_nginx_goes_on_by_itself_is_foretold() {
    let page = |to: &str| probes(&format!("{{ path: /, root: /srv }}, {{ path: /index.html, match: exact, {to} }}"));
    let redirect = page("return: { url: 'https://x.org', append_request_uri: true }");
    assert_eq!(redirect[0], "/ 308 -> https://x.org/");
    assert_eq!(page("uwsgi_pass: '[::1]:2'")[0], "/ 200");
    // Whose file this is cannot be told.
    assert_eq!(page("root: /srv/other")[0], "/a-path/x/?a=%2F%20b&c 200");
}

/// The clients of a fleet whose site has this, and the statuses that each gets for `/` and `/a/` instead of others'.
fn refused(site: &str) -> Vec<(String, Option<u16>, Option<u16>)> {
    let yaml = format!(
        "load_balancers: [ {{ name: lb1, address: 10.0.0.10 }} ]\n\
         app_servers: [ {{ name: srv1, address: 10.0.0.11 }} ]\nsites:\n  - server_name: a.example\n    \
         ssl_certificate: /etc/a.crt\n    ssl_certificate_key: /etc/a.key\n    root: /srv\n{site}"
    );
    let checked = check(&Source::new("inventory.yaml", &yaml));
    let inventory = checked.inventory.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let fleet = describe(&inventory, &render(&inventory, &Templates::load(None).unwrap()).unwrap());
    let probes: Vec<&Probe> = fleet.sites.iter().flat_map(|site| &site.probes).collect();
    let status = |path: &str, client| {
        let probe = probes.iter().find(|probe| probe.path == path)?;
        Some(probe.instead.get(client)?.status)
    };
    let of_family = fleet.clients.iter().filter(|client| client.is_ipv4());
    of_family.map(|it| (it.to_string(), status("/", it), status("/a/", it))).collect()
}

#[test]
fn clients_come_from_the_lists_and_get_what_these_say() {
    let row = |client: &str, root: Option<u16>, below: Option<u16>| (client.to_owned(), root, below);
    assert_eq!(refused(""), [row("192.0.2.1", None, None)]);
    let below = "    locations: [ { path: /a/, root: /srv, allow: [10.0.0.10, 10.1.0.0/16] } ]\n";
    assert_eq!(refused(below), [row("192.0.2.1", None, Some(403)), row("10.1.0.2", None, None)]);
    let denied = refused(&format!("    deny: [203.0.113.7]\n{below}"));
    assert_eq!(denied[0], row("192.0.2.1", None, Some(403)));
    assert!(denied.contains(&row("203.0.113.7", Some(403), Some(403))), "{denied:?}");
    let closed = refused("    maintenance: { allow: [198.51.100.0/24] }\n");
    assert_eq!(closed, [row("192.0.2.1", Some(503), None), row("198.51.100.2", None, None)]);
}
