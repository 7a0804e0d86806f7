//! Random named upstreams: locations refer to one for each kind of app, and what they refer to is added.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::others::lists;
use super::section;
use super::values::{Part, Spoken, app_socket, number, one_of, port_of, request_path, scalar};
use super::yaml::Yaml;

/// The names, by what their servers speak. The second of a kind has servers with names.
const NAMES: [(&str, &str, Spoken); 4] = [
    ("uwsgi-app", "uwsgi_dns", Spoken::Uwsgi),
    ("fastcgi-app", "fastcgi_dns", Spoken::Fastcgi),
    ("a", "plain-dns", Spoken::Http),
    ("tls-app", "tls-dns", Spoken::Tls),
];

fn name(kind: Spoken) -> BoxedStrategy<String> {
    let (sockets, hosts, _) = NAMES[kind as usize];
    select(vec![sockets, sockets, hosts]).prop_map(str::to_owned).boxed()
}

/// A target by name: what a key takes, after this scheme, with a path after it where it can have one.
pub fn by_name(scheme: &'static str, kind: Spoken, with_path: bool) -> Part {
    let path = prop_oneof![3 => Just(String::new()), 1 => request_path(String::new())];
    scalar((name(kind), path).prop_map(move |(name, path)| {
        // nginx before 1.27.3 cannot replace paths where it asks for a name again.
        let path = if with_path && !name.ends_with("dns") { path } else { String::new() };
        format!("{scheme}{name}{path}")
    }))
}

/// Keys of locations with TLS to an upstream.
pub fn tls() -> BoxedStrategy<Vec<(&'static str, Yaml)>> {
    let verified = section(vec![("upstream_ssl_name", 0.4, one_of(&["app.internal", "a", "x.example.com"]))]);
    let own = section(vec![(
        "upstream_ssl_trusted_certificate",
        1.0,
        one_of(&["/etc/ssl/own/ca.pem", "/etc/ssl/certs/own.crt", "/etc/ssl/certs/ca-certificates.crt"]),
    )]);
    let not = section(vec![("upstream_ssl_trusted_certificate", 1.0, one_of(&["off"]))]);
    prop_oneof![6 => verified, 2 => own, 1 => not]
        .prop_map(|keys| if let Yaml::Map(entries) = keys { entries } else { Vec::new() })
        .boxed()
}

/// An upstream of each name.
pub fn all(version: (u32, u32, u32)) -> BoxedStrategy<Vec<(String, Yaml)>> {
    let each = NAMES.map(|(sockets, hosts, kind)| {
        let named = |name: &'static str, part: Part| part.prop_map(move |part| (name.to_owned(), part));
        (
            named(sockets, upstream(sockets, kind, false, true)),
            named(hosts, upstream(hosts, kind, true, version >= (1, 27, 3))),
        )
    });
    let each: Vec<_> = each.into_iter().flat_map(|(one, other)| [one.boxed(), other.boxed()]).collect();
    each.boxed()
}

/// `several` is whether it may have more than one server and keep connections.
fn upstream(name: &'static str, kind: Spoken, hosts: bool, several: bool) -> Part {
    let balance =
        select(&["", "round_robin", "least_conn", "ip_hash", "hash_remote_addr", "hash_request_uri", "random_two"][..]);
    let keepalive = if several && !matches!(kind, Spoken::Uwsgi) { number(0, 10_000) } else { one_of(&["0"]) };
    let most = if several { 6_usize } else { 1 };
    let servers = vec((server(kind, hosts), any::<bool>()), 1..=most);
    let counts = [keepalive, number(0, 1_000)].map(|part| proptest::option::weighted(0.4, part));
    (servers, balance, counts)
        .prop_map(move |(servers, balance, [keepalive, max_fails])| {
            let backups = ["", "round_robin", "least_conn"].contains(&balance);
            let mut found: Vec<(Yaml, bool)> = Vec::new();
            for (server, backup) in servers {
                if !found.iter().any(|(other, _)| *other == server) {
                    // The first is none, so that there is one that is not.
                    found.push((server, backup && backups && !found.is_empty()));
                }
            }
            let mut entries = vec![("name", Yaml::Scalar(name.to_owned()))];
            entries.extend(lists(found.into_iter()));
            entries.extend(max_fails.map(|max_fails| ("max_fails", max_fails)));
            entries.extend((!balance.is_empty()).then(|| ("balance", Yaml::Scalar(balance.to_owned()))));
            entries.extend(keepalive.map(|keepalive| ("keepalive", keepalive)));
            Yaml::Map(entries)
        })
        .boxed()
}

fn server(kind: Spoken, hosts: bool) -> Part {
    let host = select(&["app.internal", "a", "x-1.example.com", "APP2.internal"][..]);
    let named = scalar((host, port_of(kind)).prop_map(|(host, port)| format!("{host}:{port}")));
    if hosts { prop_oneof![4 => named, 1 => app_socket(kind)].boxed() } else { app_socket(kind) }
}

/// Those that the sites refer to.
pub fn used(all: Vec<(String, Yaml)>, sites: &[Yaml]) -> Option<Yaml> {
    let mut words = Vec::new();
    sites.iter().for_each(|site| collect(site, &mut words));
    let is_used = |name: &str| {
        words.iter().any(|word| word.rsplit("://").next().and_then(|rest| rest.split('/').next()) == Some(name))
    };
    let used: Vec<Yaml> = all.into_iter().filter(|(name, _)| is_used(name)).map(|(_, upstream)| upstream).collect();
    (!used.is_empty()).then_some(Yaml::List(used))
}

/// The values of the keys that name upstreams.
fn collect(yaml: &Yaml, words: &mut Vec<String>) {
    match yaml {
        Yaml::Map(entries) => entries.iter().for_each(|(key, value)| match value {
            Yaml::Scalar(text) if key.ends_with("_pass") => words.push(text.clone()),
            _ => collect(value, words),
        }),
        Yaml::List(items) => items.iter().for_each(|item| collect(item, words)),
        Yaml::Scalar(_) => {}
    }
}
