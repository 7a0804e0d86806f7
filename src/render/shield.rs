//! The data for the template about who may connect to a balancer at all, and how often.

use std::net::SocketAddr;

use serde::Serialize;

use super::http::lines;
use crate::inventory::Inventory;
use crate::inventory::model::{Haproxy, LimitReq, LoadBalancer};
use crate::inventory::types::HostName;

/// What haproxy does about a connection before it reads anything.
#[derive(Serialize)]
pub struct View {
    /// When the client's address is known: at once, or after a PROXY header. The sooner a connection is refused the less is
    /// left of it: before a header the client gets a reset.
    stage: &'static str,
    /// The addresses of all balancers, in lines.
    balancers: Vec<Vec<String>>,
    deny: Vec<Vec<String>>,
    allow: Vec<Vec<String>>,
    /// Whether clients are counted.
    limited: bool,
    /// Most connections of a client at a time; 0 without a limit.
    connections: u64,
    /// As many as there are connections: one that is open cannot be forgotten.
    table: u64,
    rate: Option<Window>,
}

/// How many new connections are too many.
#[derive(Serialize)]
pub struct Window {
    count: u64,
    /// In milliseconds.
    period: u64,
    /// How long a client is remembered, in seconds.
    expire: u64,
}

/// What balancers tell each other.
#[derive(Serialize)]
pub struct Peers {
    name: String,
    bind: String,
    others: Vec<Peer>,
    window: Window,
}

#[derive(Serialize)]
struct Peer {
    name: String,
    address: String,
}

/// What comes within so many milliseconds comes at once: haproxy's clock has no more than milliseconds.
const AT_ONCE: u64 = 10;
/// Windows are short: a client that is not seen for so many seconds is one that comes seldom.
const EXPIRE: u64 = 10;

impl Window {
    /// `burst` and one more at once, and in the long run as many as the rate: what haproxy lets through in a window is the
    /// rate's share of it. Refused connections do not count.
    fn of(limit: LimitReq) -> Self {
        let count = (limit.burst + 1).max(limit.rate.in_milliseconds(AT_ONCE));
        let period = limit.rate.milliseconds_for(count);
        // haproxy takes a single one in a window as one in the next window, too.
        let period = if count == 1 { (period / 2).max(1) } else { period };
        Self { count, period, expire: (2 * period).div_ceil(1_000).max(EXPIRE) }
    }
}

/// The data for a balancer with these settings, if it refuses somebody.
pub fn view(inventory: &Inventory, haproxy: &Haproxy) -> Option<View> {
    let limits = haproxy.limits;
    let limited = limits.req.is_some() || limits.conn.is_some();
    if haproxy.access.is_empty() && !limited {
        return None;
    }
    let balancers = inventory.load_balancers.iter().flat_map(|balancer| balancer.addresses.iter());
    let own = ["127.0.0.0/8", "::1"].map(str::to_owned).into_iter().chain(balancers.map(|it| it.to_string()));
    Some(View {
        stage: if haproxy.accept_proxy_from.is_empty() { "connection" } else { "session" },
        balancers: lines(own),
        deny: lines(haproxy.access.deny.iter().map(ToString::to_string)),
        allow: lines(haproxy.access.allow.iter().map(ToString::to_string)),
        limited,
        connections: limits.conn.unwrap_or_default(),
        table: haproxy.maxconn,
        rate: limits.req.map(Window::of),
    })
}

/// What the balancer of this name and others tell each other, if it counts new connections.
pub fn peers(inventory: &Inventory, name: &HostName) -> Option<Peers> {
    let balancer = inventory.load_balancers.iter().find(|it| it.name == *name)?;
    let window = Window::of(balancer.haproxy.limits.req?);
    let (own, others): (Vec<_>, Vec<_>) =
        inventory.peers(balancer).into_iter().partition(|(it, _)| it.name == balancer.name);
    let (_, bind): &(_, SocketAddr) = own.first()?;
    let peer =
        |(it, address): (&LoadBalancer, SocketAddr)| Peer { name: it.name.to_string(), address: address.to_string() };
    Some(Peers {
        name: balancer.name.to_string(),
        bind: bind.to_string(),
        others: others.into_iter().map(peer).collect(),
        window,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::types::{Rate, Scalar};

    #[test]
    fn a_window_lets_through_a_burst_at_once_and_the_rate_in_the_long_run() {
        let window = |rate: &str, burst| {
            let Window { count, period, expire } = Window::of(LimitReq { rate: Rate::parse(rate).unwrap(), burst });
            (count, period, expire)
        };
        assert_eq!(window("10r/s", 20), (21, 2_100, 10));
        assert_eq!(window("600r/m", 20), (21, 2_100, 10));
        assert_eq!(window("10r/s", 0), (1, 50, 10));
        assert_eq!(window("30r/m", 10), (11, 22_000, 44));
        assert_eq!(window("100000r/s", 0), (1_000, 10, 10));
    }
}
