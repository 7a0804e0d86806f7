//! Many networks as one set of addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// Every address that a list of networks contains.
#[derive(Debug, Clone)]
pub struct Networks {
    /// As few as there can be, sorted: no two have an address in common.
    networks: Vec<IpNet>,
}

impl Networks {
    /// The addresses of all of these.
    pub fn new(networks: &[IpNet]) -> Self {
        let mut networks = IpNet::aggregate(&networks.to_vec());
        networks.sort_unstable();
        Self { networks }
    }

    /// Whether one of the networks contains the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let after = self.networks.partition_point(|network| network.network() <= address);
        after.checked_sub(1).is_some_and(|nearest| self.networks[nearest].contains(&address))
    }

    /// Whether they contain every address of the network.
    pub fn covers(&self, network: &IpNet) -> bool {
        let after = self.networks.partition_point(|it| it.network() <= network.network());
        after.checked_sub(1).is_some_and(|nearest| self.networks[nearest].contains(network))
    }

    /// Whether they contain every address of a family.
    pub fn has_everything(&self) -> bool {
        self.networks.iter().any(|network| network.prefix_len() == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_set_if_it_is_in_one_of_the_networks() {
        let list = ["10.0.0.0/24", "10.0.0.10/32", "10.0.1.0/32", "fd00::/64", "192.168.0.0/31", "0.0.0.0/32"];
        let list: Vec<IpNet> = list.iter().map(|it| it.parse().unwrap()).collect();
        let set = Networks::new(&list);
        let probes = ["0.0.0.0", "0.0.0.1", "9.255.255.255", "10.0.0.0", "10.0.0.255", "10.0.1.0", "10.0.1.1"];
        let more = ["192.168.0.1", "192.168.0.2", "::", "fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00:0:0:1::"];
        for probe in probes.into_iter().chain(more) {
            let address: IpAddr = probe.parse().unwrap();
            assert_eq!(set.contains(address), list.iter().any(|it| it.contains(&address)), "{probe}");
        }
        for (network, covered) in [
            ("10.0.0.0/24", true),
            ("10.0.0.128/25", true),
            ("10.0.0.0/23", false),
            ("10.0.1.0/32", true),
            ("10.0.1.0/31", false),
            ("fd00::/65", true),
            ("fd00::/63", false),
            ("9.0.0.0/8", false),
        ] {
            assert_eq!(set.covers(&network.parse().unwrap()), covered, "{network}");
        }
        assert!(!Networks::new(&[]).contains(IpAddr::from([10, 0, 0, 1])));
        let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(|it| it.parse().unwrap());
        assert!(!set.has_everything() && Networks::new(&halves).has_everything());
    }
}
