//! The addresses on which a balancer takes connections.

use std::net::{IpAddr, Ipv4Addr};

use super::LoadBalancer;

/// Where a balancer listens for the host itself, if it has no address of its own there.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An address on which a balancer listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bound {
    /// The address.
    pub address: IpAddr,
    /// Whether its host may be without it, as without a virtual address that is elsewhere.
    pub moves: bool,
}

impl LoadBalancer {
    /// The addresses of `bind`, and without one of the balancer's own among them the loopback address, at which a deploy
    /// finds out whether it serves. Empty if it listens on all addresses.
    pub fn bound(&self) -> Vec<Bound> {
        let listed = self.haproxy.bind.iter().map(|address| address.0);
        let bound = listed.map(|address| Bound { address, moves: !self.has(address) });
        let own = Bound { address: LOOPBACK, moves: false };
        let loopback = (!self.haproxy.bind.is_empty() && self.own_entry() == LOOPBACK).then_some(own);
        bound.chain(loopback).collect()
    }

    /// Whether it takes connections to this address, if its host has it.
    pub fn listens_on(&self, address: IpAddr) -> bool {
        self.haproxy.bind.is_empty() || self.haproxy.bind.iter().any(|it| it.0 == address)
    }

    /// Its own addresses within the networks from which connections begin with a PROXY header: its host connects to itself
    /// without one.
    pub fn without_header(&self) -> impl Iterator<Item = IpAddr> {
        let listed = |address: &IpAddr| self.haproxy.accept_proxy_from.iter().any(|network| network.contains(address));
        self.addresses.iter().map(|it| it.0).filter(move |address| listed(address))
    }

    /// Whether a connection from this address begins with a PROXY header.
    pub fn reads_header_from(&self, address: IpAddr) -> bool {
        let listed = self.haproxy.accept_proxy_from.iter().any(|network| network.contains(&address));
        listed && !self.has(address)
    }

    /// Where its host itself connects to it.
    pub fn own_entry(&self) -> IpAddr {
        self.addresses.iter().map(|it| it.0).find(|address| self.listens_on(*address)).unwrap_or(LOOPBACK)
    }

    /// Whether it is one of its own addresses.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|it| it.0 == address)
    }
}
