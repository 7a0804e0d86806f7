//! A site that answers nobody for a while.

use ipnet::IpNet;

use super::{Access, Location, Site, Target};
use crate::inventory::types::Body;

/// The status of every answer.
pub const UNAVAILABLE: u16 = 503;

/// After how many seconds clients should ask again. Browsers do not look at it; search engines come back later anyway.
pub const RETRY_AFTER: u64 = 300;

/// What a site answers during maintenance.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// Who gets the site all the same: a list with `allow` alone, or an empty one, which is for nobody.
    pub admitted: Access,
    /// The text, if there is one.
    pub body: Option<Body>,
}

impl Maintenance {
    /// For the clients in these networks nothing changes.
    pub fn admitting(networks: Vec<IpNet>) -> Access {
        Access { allow: networks, deny: Vec::new() }
    }
}

impl Site {
    /// The texts with which nginx answers by itself.
    pub fn texts(&self) -> impl Iterator<Item = &Body> {
        let of_site = self.maintenance.as_ref().and_then(|it| it.body.as_ref());
        self.locations.iter().filter_map(Location::text).chain(of_site)
    }

    /// Whether this client gets 503 because of maintenance.
    pub fn is_closed_to(&self, client: std::net::IpAddr) -> bool {
        self.maintenance.as_ref().is_some_and(|it| it.admitted.is_empty() || !it.admitted.admits(client))
    }
}

impl Location {
    /// The text with which nginx answers by itself, if there is one.
    fn text(&self) -> Option<&Body> {
        match &self.target {
            Target::Answer(answer) => answer.body.as_ref(),
            _ => None,
        }
    }
}
