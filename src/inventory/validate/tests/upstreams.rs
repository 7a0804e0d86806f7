//! Servers of upstreams.

use super::{HOSTS, accepted, assert_refused};

/// An upstream with these keys, to which a location passes requests.
fn upstream(keys: &str) -> String {
    let site = "sites: [{ server_name: a.example, ssl_certificate: /etc/a, ssl_certificate_key: /etc/b, \
                locations: [{ path: /, proxy_pass: \"http://app\" }] }]\n";
    format!("{HOSTS}upstreams: [{{ name: app, {keys} }}]\n{site}")
}

#[test]
fn servers_and_backups_are_lists_without_repetition() {
    let both = "servers: [10.0.5.1:80, \"unix:/run/a.sock\", a.internal:80], backup: [10.0.5.2:80]";
    let backups = |balance: &str| upstream(&format!("{both}, balance: {balance}"));
    let found = accepted(&backups("least_conn"));
    let shown: Vec<_> = found.upstreams[0].servers.iter().map(|it| (it.address.to_string(), it.backup)).collect();
    let wanted = [("10.0.5.1:80", false), ("unix:/run/a.sock", false), ("a.internal:80", false), ("10.0.5.2:80", true)];
    assert_eq!(shown, wanted.map(|(address, backup)| (address.to_owned(), backup)));
    assert_refused(&[
        ("twice", upstream("servers: [a.internal:80, A.internal:80]"), &[("IN12", "A.internal:80")]),
        ("in both lists", upstream("servers: [10.0.5.1:80], backup: [10.0.5.1:80]"), &[("IN12", "10.0.5.1:80")]),
        ("backups alone", upstream("backup: [10.0.5.1:80]"), &[("IN04", "name: app")]),
        ("no list", upstream("servers: 10.0.5.1:80"), &[("IN03", "10.0.5.1:80")]),
        ("mappings", upstream("servers: [{ address: 10.0.5.1:80 }]"), &[("IN03", "address: 10.0.5.1:80")]),
        ("a balance without backups", backups("ip_hash"), &[("IN09", "10.0.5.2:80")]),
    ]);
}
