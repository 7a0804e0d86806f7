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

const SERVER: &str = "servers: [\"10.0.5.1:993\"]";

#[test]
fn a_pool_of_other_servers_gets_connections_that_nothing_else_gets() {
    let two = |one: &str, other: &str| {
        with(&format!("other_pools: [{{ name: one, {one}, {SERVER} }}, {{ name: two, {other}, {SERVER} }}]\n"))
    };
    let reject = |keys: &str| pool(&format!("{keys}, {SERVER}")) + "haproxy: { unknown_names: reject }\n";
    assert_refused(&[
        ("nothing", pool(SERVER), &[("IN04", "name: mail")]),
        ("no servers", pool("takes: [not_tls]"), &[("IN04", "name: mail")]),
        ("a site's name", pool(&format!("server_name: a.example, {SERVER}")), &[("IN12", "a.example")]),
        ("a pool's name twice", two("server_name: b.example", "server_name: b.example"), &[("IN12", "b.example")]),
        ("what is not TLS twice", two("takes: [not_tls]", "takes: [unknown_names, not_tls]"), &[("IN12", "not_tls")]),
        ("unknown names twice", two("takes: [unknown_names]", "takes: [unknown_names]"), &[("IN12", "unknown_names")]),
        ("the same twice", pool(&format!("takes: [not_tls, not_tls], {SERVER}")), &[("IN12", "not_tls")]),
        ("an empty list", pool(&format!("takes: [], {SERVER}")), &[("IN04", "[")]),
        ("no list", pool(&format!("takes: not_tls, {SERVER}")), &[("IN03", "not_tls")]),
        ("names that are rejected", reject("takes: [unknown_names]"), &[("IN09", "unknown_names")]),
        (
            "unknown names beside a site that takes them",
            pool(&format!("takes: [unknown_names], {SERVER}"))
                .replace("a.example, root", "a.example, default: true, root"),
            &[("IN09", "true")],
        ),
        ("a check that fails", pool(&format!("takes: [not_tls], check: tls, {SERVER}")), &[("IN09", "tls")]),
    ]);
    let taken = |text: String, name: &str| {
        let text = text.replace("name: mail,", &format!("name: {name},"));
        assert_eq!(refusals(&text), [("IN12", name.to_owned())]);
    };
    taken(pool(&format!("takes: [not_tls], {SERVER}")), "https-servers");
    let pools = "pools: [{ name: api, app_servers: [srv1, srv2] }]\n";
    taken(pool(&format!("takes: [not_tls], {SERVER}")) + pools, "api");
    let found = accepted(&pool(&format!("server_name: [mail.example, \"*.a.example\"], takes: [not_tls], {SERVER}")));
    assert_eq!((found.pools.len(), found.other_pools.len(), found.names().count()), (1, 1, 3));
    accepted(&reject("takes: [not_tls]"));
}

#[test]
fn other_servers_are_reached_and_are_not_the_fleet() {
    let at = |address: &str| servers(&format!("\"{address}\""));
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
        ("twice", servers("\"10.0.5.1:22\", 10.0.5.1:22"), &[("IN12", "10.0.5.1:22")]),
        ("in both lists", servers("10.0.5.1:22], backup: [10.0.5.2:22, 10.0.5.1:22"), &[("IN12", "10.0.5.1:22")]),
        ("backups alone", pool("server_name: mail.example, backup: [10.0.5.1:22]"), &[("IN04", "name: mail")]),
        ("no backup", pool(&format!("server_name: mail.example, {SERVER}, backup: []")), &[("IN04", "[")]),
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

/// A server's name is its own: it stays where others come and go, and no other server or host can have it.
#[test]
fn other_servers_have_names_that_depend_on_nothing_else() {
    let names = |list: &str| {
        let text = servers(list).replace("10.0.0.10", "[10.0.0.10, \"fd00::10\"]");
        let found = accepted(&text);
        found.other_pools[0].servers.iter().map(|server| server.name()).collect::<Vec<_>>()
    };
    assert_eq!(names("10.0.5.1:22, \"[fd00:0::5]:22\""), ["10.0.5.1:22", "fd00::5:22"]);
    assert_eq!(names("\"[fd00::5:22]:2\", \"[fd00::5]:222\""), ["fd00::5:22:2", "fd00::5:222"]);
    assert_eq!(names("\"[FD00::5]:22\"], backup: [10.0.5.1:22"), ["fd00::5:22", "10.0.5.1:22"]);
}

/// Servers were mappings once, and are ones elsewhere.
#[test]
fn what_is_no_address_alone_says_how_to_write_it() {
    let help = |list: &str| {
        let found = check(&Source::new("t", servers(list)));
        let [found] = found.diagnostics.as_slice() else { panic!("{list}: {:#?}", found.diagnostics) };
        assert_eq!(found.code.id, "IN03", "{list}");
        (found.help.clone(), found.fix.is_some())
    };
    let alone = ("write the address alone: `\"10.0.5.1:22\"`".to_owned(), true);
    assert_eq!(help("{ name: a, address: \"10.0.5.1:22\" }"), alone);
    assert_eq!(help("{ address: 10.0.5.1:22, backup: false }"), alone);
    assert_eq!(help("10.0.5.2:22], backup: [{ address: 10.0.5.1:22, backup: true }"), alone);
    let backup = help("{ name: a, address: 10.0.5.1:22, backup: true }");
    assert_eq!(backup, ("write `\"10.0.5.1:22\"` in the list `backup`, beside `servers`".to_owned(), false));
    let blank = help("{ 10.0.5.1: 22 }");
    assert_eq!(blank, ("write `\"10.0.5.1:22\"`, without a blank after the colon".to_owned(), true));
    assert_eq!(help("{ name: a }").0, "write the address and port of each server alone, without keys");
}
