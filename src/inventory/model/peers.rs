//! Balancers that tell each other how often clients connect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Inventory, LoadBalancer};

impl Inventory {
    /// The balancers that count new connections as this one does, and where each of them listens for what the others count.
    /// They need addresses of one family. One that is alone listens for itself, on the loopback address: a worker of haproxy
    /// hands over what it counted to the one that replaces it. Empty without a limit.
    pub fn peers<'i>(&'i self, balancer: &'i LoadBalancer) -> Vec<(&'i LoadBalancer, SocketAddr)> {
        let Some(limit) = balancer.haproxy.limits.req else { return Vec::new() };
        let alike = || self.load_balancers.iter().filter(|it| it.haproxy.limits.req == Some(limit));
        let all = |v4: bool| alike().all(|it| address(it, v4).is_some());
        // Of balancers without a common family, those with IPv4 are peers, and those without it.
        let v4 = all(true) || (!all(false) && address(balancer, true).is_some());
        let mixed = !all(true) && !all(false);
        let here = alike().filter(|it| v4 || !mixed || address(it, true).is_none());
        let peers = here.filter_map(|it| Some((it, SocketAddr::new(address(it, v4)?, it.haproxy.peers_port.0))));
        let peers: Vec<_> = peers.collect();
        if peers.len() > 1 {
            return peers;
        }
        vec![(balancer, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), balancer.haproxy.peers_port.0))]
    }
}

fn address(balancer: &LoadBalancer, v4: bool) -> Option<IpAddr> {
    balancer.addresses.iter().map(|it| it.0).find(|it| it.is_ipv4() == v4)
}
