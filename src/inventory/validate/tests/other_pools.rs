//! Servers that are not app servers, and which connections go to them.

use super::*;

/// One pool with these keys.
fn pool(keys: &str) -> String {
    with(&format!("other_pools: [{{ name: mail, {keys} }}]\n"))
}

/// One pool for a name with these servers.
fn servers(servers: &str) -> String {
    pool(&format!("server_name: mail.example, servers: [{servers}]"))
}

const SERVER: &str = "servers: [{ name: mail1, address: \"10.0.5.1:993\" }]";

#[test]
fn a_pool_of_other_servers_gets_connections_that_nothing_else_gets() {
    let two = |one: &str, other: &str| {
        with(&format!("other_pools: [{{ name: one, {one}, {SERVER} }}, {{ name: two, {other}, {SERVER} }}]\n"))
    };
    let reject = |keys: &str| pool(&format!("{keys}, {SERVER}")) + "haproxy: { unknown_names: reject }\n";
    assert_refused(&[
        ("nothing", pool(SERVER), &[("IN04", "name: mail")]),
        ("no servers", pool("not_tls: true"), &[("IN04", "name: mail")]),
        ("a site's name", pool(&format!("server_name: a.example, {SERVER}")), &[("IN12", "a.example")]),
        ("a pool's name twice", two("server_name: b.example", "server_name: b.example"), &[("IN12", "b.example")]),
        ("what is not TLS twice", two("not_tls: true", "not_tls: true"), &[("IN12", "true")]),
        ("unknown names twice", two("unknown_names: true", "unknown_names: true"), &[("IN12", "true")]),
        ("names that are rejected", reject("unknown_names: true"), &[("IN09", "true")]),
        (
            "unknown names beside a site that takes them",
            pool(&format!("unknown_names: true, {SERVER}"))
                .replace("a.example, root", "a.example, default: true, root"),
            &[("IN09", "true")],
        ),
        ("a check that fails", pool(&format!("not_tls: true, check: tls, {SERVER}")), &[("IN09", "tls")]),
    ]);
    let taken = |text: String, name: &str| {
        let text = text.replace("name: mail,", &format!("name: {name},"));
        assert_eq!(refusals(&text), [("IN12", name.to_owned())]);
    };
    taken(pool(&format!("not_tls: true, {SERVER}")), "https-servers");
    let pools = "pools: [{ name: api, app_servers: [srv1, srv2] }]\n";
    taken(pool(&format!("not_tls: true, {SERVER}")) + pools, "api");
    let found = accepted(&pool(&format!("server_name: [mail.example, \"*.a.example\"], not_tls: true, {SERVER}")));
    assert_eq!((found.pools.len(), found.other_pools.len(), found.names().count()), (1, 1, 3));
    accepted(&reject("not_tls: true"));
}

#[test]
fn other_servers_are_reached_and_are_not_the_fleet() {
    let at = |address: &str| servers(&format!("{{ name: mail1, address: \"{address}\" }}"));
    let refused = |text: String, code: &'static str, address: &str| {
        assert_eq!(refusals(&text), [(code, format!("\"{address}\""))], "{text}");
    };
    for address in ["10.0.0.10:443", "10.0.0.10:80", "127.0.0.1:443", "10.0.0.11:443"] {
        refused(at(address), "IN09", address);
    }
    refused(at("[fd00::1]:993"), "IN11", "[fd00::1]:993");
    let moving = "high_availability: { virtual_addresses: [10.0.0.100] }\n";
    refused(at("10.0.0.100:443") + moving, "IN09", "10.0.0.100:443");
    for address in ["10.0.0.11:22", "10.0.0.10:22", "127.0.0.1:22", "[::1]:22"] {
        accepted(&at(address));
    }
    accepted(&(at("127.0.0.1:443") + "haproxy: { bind: [10.0.0.10] }\n"));
    assert_refused(&[
        ("a name of a host", servers("{ name: srv1, address: \"10.0.5.1:22\" }"), &[("IN12", "srv1")]),
        (
            "twice",
            servers("{ name: a, address: \"10.0.5.1:22\" }, { name: a, address: \"10.0.5.1:22\" }"),
            &[("IN12", "a"), ("IN12", "\"10.0.5.1:22\"")],
        ),
        ("backups alone", servers("{ name: a, address: \"10.0.5.1:22\", backup: true }"), &[("IN09", "name: a")]),
        ("nothing", servers(""), &[("IN04", "[")]),
    ]);
    // A server takes a header or does not.
    let both = |other: &str| {
        with(&format!(
            "other_pools: [{{ name: one, server_name: b.example, {SERVER} }}, {{ name: two, server_name: c.example, \
             send_proxy: {other}, {SERVER} }}]\n"
        ))
    };
    accepted(&both("\"off\""));
    refused(both("v1"), "IN09", "10.0.5.1:993");
}
