//! Random pools of servers that are not app servers, where every balancer of the fleet reaches them.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::section;
use super::values::{Spoken, dns, duration, one_of, port_of};
use super::yaml::Yaml;

/// What does not depend on the fleet.
#[derive(Debug, Clone)]
pub struct Drawn {
    names: Vec<String>,
    /// What else it takes: nothing, what is not TLS, unknown names, or both.
    more: u8,
    keys: Yaml,
    /// Port, whether it is a backup, and where it is.
    servers: Vec<(u16, bool, u8)>,
}

/// Mostly none.
pub fn drawn() -> BoxedStrategy<Vec<Drawn>> {
    (0..8_usize).prop_flat_map(|mood| (0..mood.saturating_sub(4)).map(pool).collect::<Vec<_>>()).boxed()
}

fn pool(number: usize) -> BoxedStrategy<Drawn> {
    let name = move |index: usize| {
        (dns(format!("other{number}n{index}"), 251, false).prop_map(no_number), 0..4_u8).prop_map(|(name, mood)| {
            match mood {
                0 if name.contains('.') => format!("*.{name}"),
                _ => name,
            }
        })
    };
    let keys = section(vec![
        ("send_proxy", 0.6, one_of(&["v1", "v2", "off"])),
        ("check", 0.5, one_of(&["tcp", "tls"])),
        ("timeout_tunnel", 0.3, duration(1_000, 24 * 86_400_000)),
    ]);
    let servers = vec((port_of(Spoken::Tls), any::<bool>(), 0..6_u8), 1..4);
    (vec(Just(()), 0..3), select(&[0_u8, 0, 1, 2, 3][..]), keys, servers)
        .prop_flat_map(move |(count, more, keys, servers)| {
            let names: Vec<_> = (0..count.len()).map(name).collect();
            (names, Just(more), Just(keys), Just(servers))
        })
        .prop_map(|(names, more, keys, servers)| Drawn { names, more, keys, servers })
        .boxed()
}

/// A name that does not end in a number: the stand-ins' TLS would take it for an address.
fn no_number(name: String) -> String {
    match name.rsplit_once('.') {
        Some((rest, last)) if last.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{rest}.x{}", &last[1..])
        }
        _ => name,
    }
}

/// Whether one of these pools takes unknown names.
pub fn takes_unknown_names(pools: &Yaml) -> bool {
    let Yaml::List(pools) = pools else { return false };
    let unknown = Yaml::Scalar("unknown_names".to_owned());
    let takes =
        |(key, value): &(&str, Yaml)| *key == "takes" && matches!(value, Yaml::List(all) if all.contains(&unknown));
    pools.iter().any(|it| matches!(it, Yaml::Map(entries) if entries.iter().any(takes)))
}

/// Servers, and whether each is a backup, as two lists.
pub fn lists(servers: impl Iterator<Item = (Yaml, bool)>) -> Vec<(&'static str, Yaml)> {
    let (backups, servers): (Vec<_>, Vec<_>) = servers.partition(|it| it.1);
    let [servers, backups] = [servers, backups].map(|list| list.into_iter().map(|it| it.0).collect::<Vec<_>>());
    let backups = (!backups.is_empty()).then_some(("backup", Yaml::List(backups)));
    std::iter::once(("servers", Yaml::List(servers))).chain(backups).collect()
}

/// The pools, for balancers with these addresses, some of which may reject unknown names.
pub fn others(drawn: Vec<Drawn>, balancers: &[&[IpAddr]], rejects: bool) -> Option<Yaml> {
    let all = |v4: bool| balancers.iter().all(|own| own.iter().any(|it| it.is_ipv4() == v4));
    let (v4, v6) = (all(true), all(false));
    let text = |text: &str| Yaml::Scalar(text.to_owned());
    let (mut not_tls, mut unknown) = (false, rejects);
    let mut pools = Vec::new();
    for (number, drawn) in drawn.into_iter().enumerate() {
        let Yaml::Map(mut keys) = drawn.keys else { unreachable!("a section is a mapping") };
        let takes_not_tls = drawn.more & 1 != 0 && !not_tls;
        let takes_unknown = drawn.more & 2 != 0 && !unknown;
        (not_tls, unknown) = (not_tls || takes_not_tls, unknown || takes_unknown);
        let mut names = drawn.names;
        if names.is_empty() && !takes_unknown {
            // A check over TLS needs TLS, and a pool has to get something.
            keys.retain(|(key, _)| *key != "check");
            if !takes_not_tls {
                names.push(format!("other{number}.example.com"));
            }
        }
        let server = |(index, (port, backup, place)): (usize, (u16, bool, u8))| {
            let address = match place {
                0 => format!("127.0.0.{}", index + 1),
                _ if v4 && (place < 4 || !v6) => format!("10.255.254.{}", 10 * number + index + 1),
                _ if v6 => format!("[fd00:ffff::{}]", 10 * number + index + 1),
                _ => format!("127.0.1.{}", index + 1),
            };
            (text(&format!("{address}:{port}")), backup && index > 0)
        };
        keys.push(("name", text(&format!("o.{number}"))));
        keys.extend(lists(drawn.servers.into_iter().enumerate().map(server)));
        keys.extend(
            (!names.is_empty()).then(|| ("server_name", Yaml::List(names.iter().map(|it| text(it)).collect()))),
        );
        let takes = [(takes_unknown, "unknown_names"), (takes_not_tls, "not_tls")];
        let takes: Vec<_> = takes.into_iter().filter(|it| it.0).map(|it| text(it.1)).collect();
        keys.extend((!takes.is_empty()).then_some(("takes", Yaml::List(takes))));
        pools.push(Yaml::Map(keys));
    }
    (!pools.is_empty()).then_some(Yaml::List(pools))
}
