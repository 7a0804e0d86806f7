//! The port that a client used, as apps are told it. nginx knows only the port that balancers connect
//! to. A PROXY header has the one that the balancer accepted the connection on, and something in front of
//! the balancer may map another port to that; without a header, the balancer's address tells.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use crate::inventory::Inventory;

/// The default port of HTTPS, which URLs and `Host` do not have.
const HTTPS: u16 = 443;

/// The data for templates.
#[derive(Serialize)]
pub struct Ports {
    /// The port, or the variable that has it.
    value: String,
    /// What the variable depends on, if it is one.
    by: &'static str,
    /// The port without an entry.
    default: u16,
    entries: Vec<Entry>,
    /// The ports that `Host` keeps, with `|` between them.
    kept: String,
}

#[derive(Serialize)]
struct Entry {
    key: String,
    port: u16,
}

impl Ports {
    /// The ports of every balancer.
    pub fn of(inventory: &Inventory) -> Self {
        let public = || inventory.load_balancers.iter().map(|it| it.haproxy.public_port().0);
        let all: BTreeSet<u16> = public().collect();
        let default = public().next().expect("validation refuses a fleet without a balancer");
        let kept = all.iter().filter(|port| **port != HTTPS).map(ToString::to_string).collect::<Vec<_>>().join("|");
        if all.len() == 1 {
            return Self { value: default.to_string(), by: "", default, entries: Vec::new(), kept };
        }
        let has_header = inventory.has_proxy_header();
        let (by, entries) = match by_port(inventory).filter(|_| has_header) {
            Some(entries) => ("$proxy_protocol_server_port", entries),
            None => ("$realip_remote_addr", by_balancer(inventory)),
        };
        // While a deploy turns the header on or off, a file has servers with it and servers without it, and both maps.
        let value = if has_header { "$sslscale_port" } else { "$sslscale_balancer_port" }.to_owned();
        let entries = entries.into_iter().map(|(key, port)| Entry { key, port }).collect();
        Self { value, by, default, entries, kept }
    }
}

/// By the port that a balancer accepted the connection on; `None` if two balancers differ only in what
/// is in front of them. A balancer whose own kernel maps the port says the public one.
fn by_port(inventory: &Inventory) -> Option<BTreeMap<String, u16>> {
    let mut ports = BTreeMap::new();
    for haproxy in inventory.load_balancers.iter().map(|it| &it.haproxy) {
        let public = haproxy.public_port().0;
        if *ports.entry(haproxy.port.to_string()).or_insert(public) != public {
            return None;
        }
    }
    for haproxy in inventory.load_balancers.iter().map(|it| &it.haproxy) {
        let public = haproxy.public_port().0;
        ports.entry(public.to_string()).or_insert(public);
    }
    Some(ports)
}

/// An address as nginx writes it in variables: it takes those that begin with 96 zero bits for IPv4 ones in a
/// form that is out of use, unless few bits follow.
fn as_nginx_writes(address: IpAddr) -> String {
    let IpAddr::V6(v6) = address else { return address.to_string() };
    let [a, b, c, d] = [12, 13, 14, 15].map(|at| v6.octets()[at]);
    let dotted = match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, _] => c != 0 && d != 1,
        [0, 0, 0, 0, 0, 0, ..] => true,
        _ => false,
    };
    if dotted { format!("::{a}.{b}.{c}.{d}") } else { v6.to_string() }
}

/// By the address that a balancer connects from.
fn by_balancer(inventory: &Inventory) -> BTreeMap<String, u16> {
    let balancers = inventory.load_balancers.iter();
    balancers.flat_map(|it| it.addresses.iter().map(|at| (as_nginx_writes(at.0), it.haproxy.public_port().0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelled_as_nginx_spells_them() {
        for (address, text) in [
            ("10.0.0.10", "10.0.0.10"),
            ("fd00:0:0:1::20", "fd00:0:0:1::20"),
            ("::1:2", "::0.1.0.2"),
            ("::1:0", "::0.1.0.0"),
            ("::102:304", "::1.2.3.4"),
            ("::100", "::0.0.1.0"),
            ("::5", "::5"),
            ("::101", "::101"),
            ("1::", "1::"),
            ("0:1::2", "0:1::2"),
        ] {
            assert_eq!(as_nginx_writes(address.parse().unwrap()), text);
        }
    }
}
