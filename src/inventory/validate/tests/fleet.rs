//! Hosts, pools and the names that lead to them.

use std::collections::BTreeMap;

use super::*;
use crate::inventory::types::{Port, Tickets};

#[test]
fn a_list_or_host_that_lacks_something() {
    let one = |from: &str, to: &str| replaced(from, to);
    assert_refused(&[
        ("no sites", HOSTS.to_owned(), &[("IN04", "load_balancers: [{ name: lb1")]),
        ("no site", format!("{HOSTS}sites: []\n"), &[("IN04", "[")]),
        ("a word for sites", format!("{HOSTS}sites: x\n"), &[("IN03", "x")]),
        ("no name", one("name: lb1, ", ""), &[("IN04", "address: 10.0.0.10")]),
        ("no address", one(", address: 10.0.0.10", ""), &[("IN04", "name: lb1")]),
        ("the same name", one("srv2", "SRV1"), &[("AD05", "SRV1")]),
        ("a balancer's name", one("srv2", "lb1"), &[("AD05", "lb1")]),
        ("the same address", one("10.0.0.12", "10.0.0.11"), &[("AD05", "10.0.0.11")]),
        ("two of a family", one("10.0.0.12", "[10.0.0.12, 10.0.0.13]"), &[("IN09", "10.0.0.13")]),
        ("three", one("10.0.0.12", "[10.0.0.12, \"fd00::1\", \"fd00::2\"]"), &[("IN09", "\"fd00::2\"")]),
        ("no family in common", one("10.0.0.12", "\"fd00::12\""), &[("IN11", "\"fd00::12\"")]),
        ("one of two is wrong", one("10.0.0.12", "[10.0.0.12, \"fd00::1g\"]"), &[("IN06", "\"fd00::1g\"")]),
        ("no address at all", one("10.0.0.12", "[]"), &[("IN04", "[")]),
    ]);
    let both = accepted(&replaced("10.0.0.12", "[\"fd00::12\", 10.0.0.12]"));
    assert_eq!(
        both.app_servers[1].addresses.iter().map(|it| it.to_string()).collect::<Vec<_>>(),
        ["fd00::12", "10.0.0.12"]
    );
    let two = "{ name: lb1, address: 10.0.0.10 }, { name: lb2, address: 10.0.0.10 }";
    assert_eq!(refusals(&replaced("{ name: lb1, address: 10.0.0.10 }", two)), [("AD05", "10.0.0.10".to_owned())]);
}

#[test]
fn defaults_depend_on_the_fleet() {
    let two = accepted(&with(""));
    assert_eq!(
        (two.tickets, two.app_servers.len(), two.pools.len(), two.pools[0].members.as_slice()),
        (Tickets::Shared, 2, 1, &[0, 1][..])
    );
    assert_eq!(two.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.10/32"]);
    assert_eq!(two.http.as_ref().map(|http| (http.port, http.code.name())), Some((Port(80), "308")));
    let one = accepted(&replaced(", { name: srv2, address: 10.0.0.12 }", ""));
    assert_eq!(one.tickets, Tickets::PerHost);
    assert!(accepted(&with("http: { enabled: false }\n")).http.is_none());
}

#[test]
fn pools_and_their_names() {
    let site = |pool: &str| with(POOLS).replace("root: /srv", &format!("root: /srv{pool}"));
    let pools = |pools: &str| with(&format!("pools: [{pools}]\n")).replace("root: /srv", "root: /srv, pool: web");
    assert_refused(&[
        ("no pool", site(""), &[("IN04", "server_name: a.example")]),
        ("another pool", site(", pool: wob"), &[("IN07", "wob")]),
        ("a pool without sites", site(", pool: web"), &[("IN08", "api")]),
        ("no pools", replaced("root: /srv", "root: /srv, pool: web"), &[("IN07", "web")]),
        ("empty", with("pools: []\n"), &[("IN04", "[")]),
        ("no members", pools("{ name: web }"), &[("IN04", "name: web")]),
        ("empty members", pools("{ name: web, app_servers: [] }"), &[("IN04", "[")]),
        ("no such member", pools("{ name: web, app_servers: [srv1, srv2, srv3] }"), &[("IN07", "srv3")]),
        ("a balancer", pools("{ name: web, app_servers: [srv1, srv2, lb1] }"), &[("IN07", "lb1")]),
        ("a member twice", pools("{ name: web, app_servers: [srv1, srv2, srv1] }"), &[("IN12", "srv1")]),
        ("left out", pools("{ name: web, app_servers: [srv1] }"), &[("IN08", "srv2")]),
        (
            "a pool twice",
            pools("{ name: web, app_servers: [srv1] }, { name: web, app_servers: [srv2] }"),
            &[("IN12", "web")],
        ),
        ("a pool's wrong name", pools("{ name: w/b, app_servers: [srv1, srv2] }"), &[("IN06", "w/b")]),
    ]);
    // A member with an error of its own is not unknown as well.
    let broken = pools("{ name: web, app_servers: [srv1, srv2] }").replace("10.0.0.12", "10.0.0.300");
    assert_eq!(refusals(&broken), [("IN06", "10.0.0.300".to_owned())]);
    let unnamed = pools("{ name: web, app_servers: [srv1, srv2] }").replace("name: srv2", "name: s/2");
    assert_eq!(refusals(&unnamed), [("IN06", "s/2".to_owned())]);
    let two = accepted(&format!(
        "{HOSTS}{POOLS}{}",
        sites(&[
            ("a.example", "/etc/a.crt", "/etc/a.key", ", pool: api"),
            ("b.example", "/etc/b.crt", "/etc/b.key", ", pool: web"),
            ("c.example", "/etc/b.crt", "/etc/b.key", ", pool: api"),
        ])
    ));
    let pools: BTreeMap<&str, _> =
        two.pools.iter().map(|it| (it.name.as_str(), (&it.members[..], &it.sites[..]))).collect();
    assert_eq!(pools, BTreeMap::from([("api", (&[1][..], &[0, 2][..])), ("web", (&[0][..], &[1][..]))]));
    assert_eq!(two.sites.iter().map(|site| site.pool).collect::<Vec<_>>(), [1, 0, 1]);
}

#[test]
fn advice_on_unknown_names() {
    let help = |names: usize, text: &str| {
        let pools: String =
            (1..=names).map(|it| format!("{{ name: pool{it}, app_servers: [srv1, srv2] }}, ")).collect();
        let text = with(&format!("pools: [{pools}]\n")).replace("root: /srv", &format!("root: /srv, pool: {text}"));
        let found = check(&Source::new("t", text)).diagnostics;
        let unknown = found.into_iter().find(|it| it.code.id == "IN07").unwrap();
        (unknown.help, unknown.fix.map(|fix| fix.edits[0].text.clone()))
    };
    assert_eq!(help(1, "pol1"), ("did you mean `pool1`?".to_owned(), Some("pool1".to_owned())));
    // Another number is another pool.
    assert_eq!(help(3, "pool4"), ("write one of: pool1, pool2, pool3".to_owned(), None));
    // Two are as near, so that neither is a fix.
    assert_eq!(help(3, "pool"), ("did you mean `pool1`?".to_owned(), None));
    assert_eq!(help(2, "zebra").0, "write one of: pool1, pool2");
    assert!(help(8, "zebra").0.ends_with("pool8"), "{:?}", help(8, "zebra"));
    assert_eq!(help(9, "zebra").0, "write the name of one of the 9 that the inventory has");
}

/// HTTP/3 is not a misspelt HTTP/2.
#[test]
fn keys_that_a_tcp_balancer_cannot_have() {
    let own = |key: &str| replaced("address: 10.0.0.12", &format!("address: 10.0.0.12, nginx: {{ {key}: true }}"));
    for key in ["http3", "quic"] {
        for text in [with(&format!("nginx: {{ {key}: true }}\n")), own(key)] {
            let found = check(&Source::new("t", text)).diagnostics.remove(0);
            assert_eq!((found.code.id, &found.fix), ("AD03", &None), "{key}");
            assert!(found.help.contains("UDP") && !found.help.contains("http2"), "{}", found.help);
        }
    }
}

#[test]
fn names_of_directives_that_are_keys_here() {
    let site = |more: &str| replaced("root: /srv", &format!("root: /srv, {more}"));
    let location =
        |more: &str| site(&format!("locations: [{{ path: /, proxy_pass: \"http://127.0.0.1:1\", {more} }}]"));
    for (written, key) in [("proxy_read", "read"), ("uwsgi_send", "send"), ("grpc_connect", "connect")] {
        let entry = format!("{written}_timeout: 9s");
        for text in [with(&format!("nginx: {{ {entry} }}\n")), site(&entry), location(&entry)] {
            let found = check(&Source::new("t", text)).diagnostics;
            let fix = found[0].fix.as_ref().unwrap();
            assert_eq!((found.len(), found[0].code.id), (1, "AD03"), "{found:?}");
            assert_eq!(fix.edits[0].text, format!("upstream_{key}_timeout"));
        }
    }
    let help = |text: String| check(&Source::new("t", text)).diagnostics.pop().unwrap().help;
    assert_eq!(help(location("websocket: true")), "remove it: WebSockets work without a key");
    assert!(help(site("locations: [{ path: /a/, alias: /srv/b }]")).contains("`root`"));
    assert!(help(location("proxy_buffering: off")).contains("X-Accel-Buffering"));
    assert!(help(site("listen: 8443")).contains("`haproxy.port`"));
}
