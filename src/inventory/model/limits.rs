//! How much one client may ask.

use super::Site;
use crate::inventory::types::Rate;

/// The status of an answer to a client that asks too much.
pub const TOO_MANY: u16 = 429;

/// Limits for each client address. In a location, what is not there is as in its site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    /// How many requests.
    pub req: Option<LimitReq>,
    /// How many at the same time.
    pub conn: Option<u64>,
}

/// How many requests one client gets an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitReq {
    /// In the long run.
    pub rate: Rate,
    /// How many more at once.
    pub burst: u64,
}

impl Site {
    /// The end of the names of zones in which nginx counts requests to the site, or to the location at this index. A zone
    /// outlives a reload, so that a name stays when other sites come and go.
    pub fn zone(&self, location: Option<usize>) -> String {
        let name = self.server_names[0].as_str();
        location.map_or_else(|| name.to_owned(), |index| format!("{name}_{}", index + 1))
    }

    /// The limits of the site and of its locations, each with the index of its location.
    pub fn limits(&self) -> impl Iterator<Item = (Option<usize>, &Limits)> {
        let of_locations = self.locations.iter().enumerate().map(|(index, it)| (Some(index), &it.limits));
        std::iter::once((None, &self.limits)).chain(of_locations)
    }
}
