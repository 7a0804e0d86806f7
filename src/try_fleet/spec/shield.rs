//! Whose connections a balancer refuses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What keeps clients from a balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShieldSpec {
    /// The clients that get no connection at all.
    #[serde(default)]
    pub refused: BTreeSet<IpAddr>,
    /// Whether it counts the connections of the others.
    #[serde(default)]
    pub counts: bool,
    /// How many connections, one after the other, are certainly too many; `None` if that is more than a try-out makes.
    #[serde(default)]
    pub often: Option<u64>,
    /// How many at the same time.
    #[serde(default)]
    pub many: Option<u64>,
}
