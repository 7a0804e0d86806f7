//! How long nginx waits for what it passes requests to: keys of the fleet, of an app server, of a
//! site and of a location, each of which overrides the one before it.

use super::{Inventory, LoadBalancer, Location, Nginx, Site};
use crate::inventory::types::Duration;

/// The timeouts that are written in one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamTimeouts {
    /// Until the upstream has accepted a connection.
    pub connect: Option<Duration>,
    /// Between two reads from it.
    pub read: Option<Duration>,
    /// Between two writes to it.
    pub send: Option<Duration>,
}

impl UpstreamTimeouts {
    /// These timeouts where they are written, else those of `outer`.
    #[must_use]
    pub fn or(self, outer: Self) -> Self {
        Self { connect: self.connect.or(outer.connect), read: self.read.or(outer.read), send: self.send.or(outer.send) }
    }
}

/// The timeouts that a location is served with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveTimeouts {
    /// Until the upstream has accepted a connection.
    pub connect: Duration,
    /// Between two reads from it.
    pub read: Duration,
    /// Between two writes to it.
    pub send: Duration,
}

impl Inventory {
    /// The balancer that closes a silent connection first, and after what time.
    pub fn idle_limit(&self) -> (&LoadBalancer, Duration) {
        let limits = self.load_balancers.iter().map(|it| (it, it.haproxy.timeouts.idle()));
        limits.min_by_key(|(_, limit)| *limit).expect("validation refuses a fleet without a balancer")
    }

    /// How long nginx waits for a silent upstream where no key says it: a little less than any
    /// balancer waits for nginx, so that a client gets an answer, 504, and not the end of its connection.
    pub fn upstream_idle_default(&self) -> Duration {
        let limit = self.idle_limit().1.milliseconds();
        Duration::milliseconds_of(limit - (limit / 10).min(5_000))
    }

    /// The timeouts of a location of `site`, or of the site itself, on an app server with these settings.
    pub fn upstream_timeouts(&self, nginx: &Nginx, site: &Site, location: Option<&Location>) -> EffectiveTimeouts {
        let outer = site.upstream_timeouts.or(nginx.upstream_timeouts);
        let written = location.map_or(outer, |location| location.upstream_timeouts.or(outer));
        let idle = self.upstream_idle_default();
        EffectiveTimeouts {
            connect: written.connect.unwrap_or(Duration::seconds(5)),
            read: written.read.unwrap_or(idle),
            send: written.send.unwrap_or(idle),
        }
    }
}
