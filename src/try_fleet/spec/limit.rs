//! A limit on what one client may ask.

use serde::{Deserialize, Serialize};

/// A limit that a request counts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitSpec {
    /// The key of the inventory.
    pub key: LimitKey,
    /// What tells it from others with the same key.
    pub zone: String,
    /// How many requests of a client each app server answers before it may refuse one.
    pub answered: u64,
    /// How many requests at once are certainly too many; `None` if that is more than a try-out sends.
    pub excess: Option<u64>,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKey {
    /// Requests in a time.
    Rate,
    /// Requests at the same time.
    Connections,
}

impl LimitKey {
    /// Its name in the section `limit` of the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Connections => "connections",
        }
    }
}
