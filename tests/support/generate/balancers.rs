//! What single balancers of a random fleet have of their own, where it depends on the rest of the fleet.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::yaml::Yaml;

/// The settings of a fleet and of its balancers, with no PROXY header.
pub fn without_header(mut fleet: Yaml, mut balancers: Vec<Option<Yaml>>) -> (Yaml, Vec<Option<Yaml>>) {
    let off = || Yaml::Scalar("off".to_owned());
    fleet.put("proxy_protocol", off());
    for balancer in balancers.iter_mut().flatten() {
        let written = matches!(&*balancer, Yaml::Map(keys) if keys.iter().any(|(key, _)| *key == "proxy_protocol"));
        if written {
            balancer.put("proxy_protocol", off());
        }
    }
    (fleet, balancers)
}

/// Balancers that listen on some addresses alone: their own, virtual ones, and ones that nobody else knows.
pub fn bound(
    hosts: &[&[IpAddr]],
    virtual_addresses: Option<&Yaml>,
    mood: u8,
    mut balancers: Vec<Option<Yaml>>,
) -> Vec<Option<Yaml>> {
    let moving: Vec<Yaml> = match virtual_addresses {
        Some(Yaml::List(list)) => list.clone(),
        _ => Vec::new(),
    };
    let is_v4 = |yaml: &Yaml| matches!(yaml, Yaml::Scalar(text) if !text.contains(':'));
    for (addresses, haproxy) in hosts.iter().zip(&mut balancers) {
        let own: Vec<Yaml> = addresses.iter().map(|address| Yaml::Scalar(address.to_string())).collect();
        let reachable = moving.iter().any(|it| addresses.iter().any(|own| own.is_ipv4() == is_v4(it)));
        let list: Vec<Yaml> = match mood {
            0 => own.into_iter().chain(moving.clone()).collect(),
            1 if reachable => moving.clone(),
            2 => own.into_iter().take(1).collect(),
            3 => own.into_iter().chain([Yaml::Scalar("10.9.9.9".to_owned())]).collect(),
            _ => continue,
        };
        haproxy.get_or_insert_with(|| Yaml::Map(Vec::new())).put("bind", Yaml::List(list));
    }
    balancers
}

/// Balancers that connect from further addresses as well, as many of each family over which they reach an app server.
pub fn sources(
    hosts: &[&[IpAddr]],
    apps: &[&[IpAddr]],
    mood: u8,
    mut balancers: Vec<Option<Yaml>>,
) -> Vec<Option<Yaml>> {
    let count = match mood {
        0 => 1,
        1 => 3,
        _ => return balancers,
    };
    for (number, (addresses, haproxy)) in hosts.iter().zip(&mut balancers).enumerate() {
        let own = |it: &IpAddr| addresses.iter().any(|own| own.is_ipv4() == it.is_ipv4());
        let reached = apps.iter().filter_map(|app| app.iter().copied().find(own));
        let used: BTreeSet<bool> = reached.map(|it| it.is_ipv4()).collect();
        let of = |at: usize| {
            used.iter().map(move |is_v4| match is_v4 {
                true => format!("10.77.{number}.{}", at + 1),
                false => format!("fd00:77:{number}::{}", at + 1),
            })
        };
        let list = (0..count).flat_map(of).map(Yaml::Scalar).collect();
        haproxy.get_or_insert_with(|| Yaml::Map(Vec::new())).put("source", Yaml::List(list));
    }
    balancers
}
