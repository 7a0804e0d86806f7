//! What single balancers of a random fleet have of their own, where it depends on the rest of the fleet.

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
