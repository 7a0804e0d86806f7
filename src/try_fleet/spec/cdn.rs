//! A CDN in front of a site, as a try-out plays it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Clients that are the CDN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdnSpec {
    /// The header in which they say who the client is.
    pub header: String,
    /// Their addresses, and whom each speaks for.
    pub clients: BTreeMap<IpAddr, IpAddr>,
    /// Whether the log tells the address of a client that goes around the CDN.
    pub logs_others: bool,
}

impl CdnSpec {
    /// Whose address nginx and apps should see of a connection from this one.
    pub fn seen(cdn: Option<&Self>, client: IpAddr) -> IpAddr {
        cdn.and_then(|cdn| cdn.clients.get(&client)).copied().unwrap_or(client)
    }
}
