//! The data of limits: a zone for each, in which nginx counts by the client's address, and where it applies.

use serde::Serialize;

use crate::inventory::model::{Limits, Site};

/// A zone.
#[derive(Serialize)]
pub struct ZoneView {
    /// What is counted: `req` or `conn`.
    kind: &'static str,
    /// The end of its name.
    name: String,
    /// The rate of requests; empty for those at the same time.
    rate: String,
}

/// What applies to a site or a location.
#[derive(Serialize)]
pub struct LimitsView {
    /// The end of the names of its zones.
    zone: String,
    /// Whether there is a limit of requests.
    req: bool,
    burst: u64,
    /// How many may be there at the same time; 0 without a limit.
    conn: u64,
}

/// The zones of these sites.
pub fn zones(sites: &[&Site]) -> Vec<ZoneView> {
    let all = sites.iter().flat_map(|site| site.limits().map(move |(at, limits)| (site.zone(at), limits)));
    let both = all.flat_map(|(name, limits)| {
        let req = limits.req.map(|it| ZoneView { kind: "req", name: name.clone(), rate: it.rate.to_string() });
        let conn = limits.conn.map(|_| ZoneView { kind: "conn", name, rate: String::new() });
        [req, conn]
    });
    both.flatten().collect()
}

impl LimitsView {
    /// What applies to the site, or to its location at this index.
    pub fn of(site: &Site, location: Option<usize>, limits: &Limits) -> Self {
        Self {
            zone: site.zone(location),
            req: limits.req.is_some(),
            burst: limits.req.map_or(0, |it| it.burst),
            conn: limits.conn.unwrap_or_default(),
        }
    }
}
