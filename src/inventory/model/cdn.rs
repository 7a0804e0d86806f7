//! A CDN in front of a site.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Site;
use crate::inventory::types::HeaderName;

/// What connects to a site instead of clients.
#[derive(Debug, Clone)]
pub struct Cdn {
    /// Where its connections come from; not empty.
    pub networks: Vec<IpNet>,
    /// The header in which it says who the client is.
    pub header: HeaderName,
}

impl Site {
    /// Whether a connection from this address goes around the CDN that is in front of the site.
    pub fn is_passed_by(&self, client: IpAddr) -> bool {
        self.cdn.as_ref().is_some_and(|cdn| !cdn.networks.iter().any(|network| network.contains(&client)))
    }
}
