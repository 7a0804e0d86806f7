//! The addresses of a host and their families.

use std::net::IpAddr;

use super::types::Address;

/// The addresses of a host, the preferred one first; at most one per family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addresses {
    /// The preferred one.
    pub first: Address,
    /// One of the other family.
    pub second: Option<Address>,
}

impl Addresses {
    /// All of them, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = Address> {
        std::iter::once(self.first).chain(self.second)
    }

    /// Which families there are.
    pub fn families(&self) -> Families {
        self.iter().fold(Families::default(), |f, a| f.with(a.0))
    }

    /// The preferred address of those families that `peer` has as well.
    pub fn reached_from(&self, peer: Families) -> Option<Address> {
        self.iter().find(|a| peer.has(a.0))
    }
}

/// An address as URLs have it, and everything else where a port may follow.
pub fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// Address families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Families {
    /// These and the family of `address`.
    #[must_use]
    pub fn with(self, address: IpAddr) -> Self {
        Self { v4: self.v4 || address.is_ipv4(), v6: self.v6 || address.is_ipv6() }
    }

    /// Those of them over which a host that has them reaches the others.
    #[must_use]
    pub fn used(self, others: impl Iterator<Item = Addresses>) -> Self {
        let reached = others.filter_map(|addresses| addresses.reached_from(self));
        reached.fold(Self::default(), |families, address| families.with(address.0))
    }

    /// Whether the family of `address` is among them.
    pub fn has(self, address: IpAddr) -> bool {
        if address.is_ipv4() { self.v4 } else { self.v6 }
    }
}
