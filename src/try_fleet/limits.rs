//! Limits on what one client may ask: which requests count for them, and whether a refusal is one that they explain.
//! Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::spec::{LimitKey, LimitSpec, Probe, ProbeKind, SiteSpec};
use crate::inventory::Inventory;
use crate::inventory::model::{Limits, Site, TOO_MANY};
use crate::inventory::routing::as_nginx_reads;

/// How many requests a try-out sends at once.
const MOST: u64 = 120;
/// In a second; faster limits would have to be exceeded by more than one client program can.
const FASTEST: u64 = 20;
/// How many seconds it may take to send them.
const SECONDS: u64 = 2;
/// What is uploaded slowly, so that requests are there at the same time.
pub(super) const UPLOAD: usize = 8_000;

/// Writes which limits requests count for.
pub(super) fn count(inventory: &Inventory, site: &Site, specs: &mut [SiteSpec]) {
    for probe in specs.iter_mut().flat_map(|spec| &mut spec.probes) {
        let Some(path) = as_nginx_reads(&probe.path) else { continue };
        let limits = |at: Option<usize>| at.map_or(&site.limits, |index| &site.locations[index].limits);
        let req = site.counts(&path, |it| it.req.is_some()).and_then(|at| requests(inventory, site, (at, limits(at))));
        let conn = site.counts(&path, |it| it.conn.is_some()).and_then(|at| {
            let passes = probe.received.is_some() && probe.kind == ProbeKind::Get;
            connections(inventory, site, (at, limits(at)), passes)
        });
        probe.limits = req.into_iter().chain(conn).collect();
    }
}

fn requests(inventory: &Inventory, site: &Site, (at, limits): (Option<usize>, &Limits)) -> Option<LimitSpec> {
    let limit = limits.req?;
    let servers = inventory.pools[site.pool].members.len() as u64;
    let excess = servers * (limit.burst + 1 + limit.rate.in_seconds(SECONDS)) + 10;
    let fits = excess <= MOST && limit.rate.in_seconds(1) <= FASTEST && lets_through(inventory, site, excess);
    Some(LimitSpec {
        key: LimitKey::Rate,
        zone: site.zone(at),
        answered: limit.burst + 1,
        excess: Some(excess).filter(|_| fits),
    })
}

fn connections(
    inventory: &Inventory,
    site: &Site,
    (at, limits): (Option<usize>, &Limits),
    passes: bool,
) -> Option<LimitSpec> {
    let limit = limits.conn?;
    let members = &inventory.pools[site.pool].members;
    let excess = members.len() as u64 * limit + 1;
    // nginx reads what is uploaded only where it is for an app.
    let takes = members.iter().map(|index| &inventory.app_servers[*index]).all(|app| {
        let size = site.client_max_body_size.as_ref().unwrap_or(&app.nginx.client_max_body_size).bytes();
        size == 0 || size > UPLOAD as u64
    });
    let fits = excess <= MOST / 2 && passes && takes && lets_through(inventory, site, excess);
    Some(LimitSpec {
        key: LimitKey::Connections,
        zone: site.zone(at),
        // A try-out sends one request after the other, but nginx may still be at the end of the one before.
        answered: u64::MAX,
        excess: Some(excess).filter(|_| fits),
    })
}

/// Whether haproxy passes on as many connections at the same time.
fn lets_through(inventory: &Inventory, site: &Site, connections: u64) -> bool {
    let room = |maxconn: Option<u64>| maxconn.is_none_or(|maxconn| maxconn > connections);
    let members = &inventory.pools[site.pool].members;
    members.iter().all(|index| room(inventory.app_servers[*index].maxconn))
        && inventory.load_balancers.iter().all(|balancer| {
            let limits = balancer.haproxy.limits;
            room(Some(balancer.haproxy.maxconn)) && room(limits.conn) && room(limits.req.map(|limit| limit.burst))
        })
}

/// How many requests of each client each app server has answered, by limit.
#[derive(Default)]
pub(super) struct Counted {
    answered: BTreeMap<(String, IpAddr, String), u64>,
    /// Requests of a client that are in no log by their number.
    others: BTreeMap<IpAddr, u64>,
}

impl Counted {
    /// Counts a request that no log tells the number of.
    pub(super) fn other(&mut self, client: IpAddr) {
        *self.others.entry(client).or_default() += 1;
    }

    /// Whether this answer to a request is explained by a limit; every other answer is counted.
    pub(super) fn explains(&mut self, probe: &Probe, client: IpAddr, server: &str, status: Option<u16>) -> bool {
        let limits = probe.limits.iter().filter(|limit| limit.key == LimitKey::Rate);
        let refused = status == Some(TOO_MANY);
        let mut explained = false;
        for limit in limits {
            let answered = self.answered.entry((limit.zone.clone(), client, server.to_owned())).or_default();
            if refused {
                let others = self.others.get(&client).copied().unwrap_or_default();
                explained |= *answered + others >= limit.answered;
            } else if status.is_some() {
                *answered += 1;
            }
        }
        explained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_explained_only_after_as_many_answers_as_the_limit_has() {
        let limit = LimitSpec { key: LimitKey::Rate, zone: "a".to_owned(), answered: 2, excess: None };
        let probe = Probe { limits: vec![limit], ..Probe::new("/".to_owned()) };
        let clients: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let mut counted = Counted::default();
        let mut asked =
            |client: usize, server: &str, status: u16| counted.explains(&probe, clients[client], server, Some(status));
        assert!(!asked(0, "srv1", 429));
        assert!(!asked(0, "srv1", 200));
        assert!(!asked(0, "srv1", 404));
        assert!(asked(0, "srv1", 429));
        assert!(!asked(0, "srv2", 429) && !asked(1, "srv1", 429));
        counted.other(clients[1]);
        counted.other(clients[1]);
        assert!(counted.explains(&probe, clients[1], "srv1", Some(429)));
        assert!(!counted.explains(&Probe::new("/".to_owned()), clients[1], "srv1", Some(429)));
    }
}
