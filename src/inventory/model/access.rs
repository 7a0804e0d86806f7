//! Which clients get an answer.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Location, Site};

/// Networks of clients. Where nothing is written everyone gets an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// Who gets an answer; empty for everyone. No network of it is as a whole in `deny`.
    pub allow: Vec<IpNet>,
    /// Who gets none, even if they are in `allow`.
    pub deny: Vec<IpNet>,
}

impl Access {
    /// Whether it refuses nobody.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Whether a client with this address gets an answer.
    pub fn admits(&self, client: IpAddr) -> bool {
        let has = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&client));
        (self.allow.is_empty() || has(&self.allow)) && !has(&self.deny)
    }
}

/// The lists of these sites and their locations, each once, in their order.
pub fn lists<'i>(sites: impl IntoIterator<Item = &'i Site>) -> Vec<&'i Access> {
    let mut seen = HashSet::new();
    sites.into_iter().flat_map(Site::accesses).filter(|access| seen.insert(*access)).collect()
}

impl Site {
    /// The lists of the site and of its locations that refuse somebody.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        let of_locations = self.locations.iter().map(|location: &Location| &location.access);
        let admitted = self.maintenance.as_ref().map(|it| &it.admitted);
        let all = std::iter::once(&self.access).chain(admitted).chain(of_locations);
        all.filter(|access| !access.is_empty())
    }
}
