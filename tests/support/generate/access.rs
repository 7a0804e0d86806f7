//! Random lists of clients that get an answer.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::section;
use super::values::{Part, body, one_of};
use super::yaml::Yaml;

const ALLOW: &[&str] =
    &["10.0.0.0/8", "fd00::/8", "192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "2001:DB8:1:0::1", "198.51.100.0/25"];
/// None of them has all of a network in `allow`, but some have a part.
const DENY: &[&str] = &[
    "10.99.0.0/16",
    "10.99.0.0/16",
    "203.0.113.0/24",
    "192.0.2.128/25",
    "2001:db8:2::/48",
    "192.0.2.200/32",
    "::5/128",
];

fn list(of: &'static [&'static str]) -> Part {
    let items = subsequence(of, 1..=of.len());
    items.prop_map(|items| Yaml::List(items.into_iter().map(|it| Yaml::Scalar(it.to_owned())).collect())).boxed()
}

/// Who may connect to a balancer: always somebody whom sites may answer, so that there is something to try.
pub fn allowed() -> Part {
    let items = subsequence(ALLOW, 0..=ALLOW.len());
    let all = items.prop_map(|items| ["192.0.2.0/24", "2001:db8:1::/48"].into_iter().chain(items).collect::<Vec<_>>());
    all.prop_map(|items| Yaml::List(items.into_iter().map(|it| Yaml::Scalar(it.to_owned())).collect())).boxed()
}

/// Who may not.
pub fn denied() -> Part {
    list(DENY)
}

/// How often a client may connect to a balancer, and how many connections it may have.
pub fn connecting() -> Part {
    let most = section(vec![("connections", 1.0, one_of(&["1", "2", "20", "100", "65535"]))]);
    let rate = |connections: f64| {
        section(vec![
            ("rate", 1.0, one_of(&["1r/m", "30r/m", "5r/s", "20r/s", "1000r/s", "100000r/s"])),
            ("burst", 1.0, one_of(&["0", "1", "5", "20", "500", "1439"])),
            ("connections", connections, one_of(&["1", "5", "20", "65535"])),
        ])
    };
    prop_oneof![most, rate(0.5)].boxed()
}

/// The keys `allow` and `deny`, which few sites and locations have.
pub fn lists() -> BoxedStrategy<Vec<(&'static str, Yaml)>> {
    let keys = prop_oneof![
        12 => Just([false, false]), 1 => Just([true, false]), 1 => Just([false, true]), 1 => Just([true, true]),
    ];
    (keys, list(ALLOW), list(DENY))
        .prop_map(|([allows, denies], allow, deny)| {
            let allow = allows.then_some(("allow", allow));
            allow.into_iter().chain(denies.then_some(("deny", deny))).collect()
        })
        .boxed()
}

/// The key `cdn`, which few sites have.
pub fn cdn() -> Part {
    section(vec![
        ("networks", 1.0, list(ALLOW)),
        ("header", 1.0, one_of(&["CF-Connecting-IP", "X-Forwarded-For", "True-Client-IP", "x-cdn-client", "A-"])),
    ])
}

/// The key `client_certificates`, which few sites have.
pub fn client_certificates() -> Part {
    section(vec![
        ("ssl_client_certificate", 1.0, one_of(&["/etc/ssl/clients/ca.crt", "/etc/ssl/own/ca.pem"])),
        ("ssl_verify_client", 0.6, one_of(&["on", "optional"])),
        ("ssl_crl", 0.3, one_of(&["/etc/ssl/clients/revoked.pem"])),
    ])
}

/// The key `limit`, which few sites and locations have.
pub fn limit() -> Part {
    const RATES: &[&str] = &["1r/m", "30r/m", "1r/s", "5r/s", "20r/s", "1000r/s", "100000r/s", "100000r/m"];
    let rate = || vec![("rate", 1.0, one_of(RATES)), ("burst", 1.0, one_of(&["0", "1", "5", "20", "500", "100000"]))];
    let connections = || vec![("connections", 1.0, one_of(&["1", "2", "5", "20", "65535"]))];
    let both = rate().into_iter().chain(connections()).collect();
    prop_oneof![section(rate()), section(connections()), section(both)].boxed()
}

/// The key `maintenance`, which hardly any site has: nothing else of it is served then.
pub fn maintenance() -> Part {
    let page = "<p>Back soon.</p>";
    let body = prop_oneof![3 => body(), 1 => Just(Yaml::Scalar(page.to_owned()))].boxed();
    section(vec![("allow", 0.6, list(ALLOW)), ("body", 0.5, body)])
}
