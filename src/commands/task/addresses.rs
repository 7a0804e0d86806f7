//! Addresses and ports that hosts had with the release that a rollback goes to, and have no more. Before a deploy, rules
//! find that.

use std::net::IpAddr;

use super::Task;
use crate::deploy::{self, Asked, Facts, Problem, Role, is_nginx_conf};
use crate::render::HAPROXY_CFG;
use crate::report::Planned;
use crate::rollout::Unreachable;
use crate::transport::Host;
use crate::tree::Entry;

impl Task<'_> {
    /// Adds what keeps a rollback from beginning: a balancer would connect from an address that it has no more, or its
    /// kernel from one that app servers do not believe any more, or another program has a port of nginx.
    pub(super) fn require_addresses(&self, seen: &mut [Result<Planned, Unreachable>]) {
        if !self.back {
            return;
        }
        for index in 0..self.wanted.len() {
            let (_, role, entries) = self.wanted[index];
            let (Ok(planned), Some(host)) = (&seen[index], self.hosts.get(index)) else { continue };
            let problem = match role {
                Role::Balancer => self.of_balancer(*host, (entries, planned), seen),
                Role::AppServer => of_app_server(*host, entries, planned),
            };
            if let (Some(problem), Ok(planned)) = (problem, &mut seen[index]) {
                planned.plan.problems.push(problem);
            }
        }
    }

    fn of_balancer(
        &self,
        host: &dyn Host,
        (entries, planned): (&[Entry], &Planned),
        seen: &[Result<Planned, Unreachable>],
    ) -> Option<Problem> {
        let config = &*entries.iter().find(|entry| *entry.path == *HAPROXY_CFG)?.content.bytes;
        let now = planned.contents.get(HAPROXY_CFG).map_or(config, Vec::as_slice);
        let before = deploy::sources(now);
        let mut new = deploy::sources(config);
        new.retain(|source| !before.contains(source));
        if new.is_empty() && seen.iter().flatten().all(|planned| planned.kept.trusted.is_empty()) {
            return None;
        }
        let servers = deploy::server_addresses(config).into_values().collect();
        // One that does not answer any more is found by what follows.
        let facts = deploy::facts(host, Role::Balancer, &Asked { servers, ..Asked::default() }).ok()??;
        let missing = new.into_iter().find(|source| !facts.addresses.contains(source)).map(Problem::NoAddress);
        missing.or_else(|| self.unbelieved(&facts, seen))
    }

    /// Of a balancer that app servers believe now.
    fn unbelieved(&self, facts: &Facts, seen: &[Result<Planned, Unreachable>]) -> Option<Problem> {
        let confs = self.wanted.iter().flat_map(|(.., entries)| *entries).filter(|entry| is_nginx_conf(&entry.path));
        let confs: Vec<_> = confs.map(|entry| String::from_utf8_lossy(&entry.content.bytes)).collect();
        let is_believed = |address: IpAddr| confs.iter().all(|conf| deploy::believes(conf, address));
        let ended = |address: IpAddr| {
            let ends = |planned: &Planned| planned.kept.trusted.iter().any(|network| network.contains(&address));
            !is_believed(address) && seen.iter().flatten().any(ends)
        };
        let from = facts.sources.iter().map(|(from, _)| *from).find(|from| ended(*from))?;
        // Without one of its own that is believed, the network translates what it connects from.
        let mut addresses = facts.addresses.iter().copied();
        let own = addresses.find(|it| it.is_ipv4() == from.is_ipv4() && is_believed(*it))?;
        Some(Problem::Unbelieved { from, own })
    }
}

fn of_app_server(host: &dyn Host, entries: &[Entry], planned: &Planned) -> Option<Problem> {
    let ports = deploy::opened_ports(entries, &planned.contents);
    if ports.is_empty() {
        return None;
    }
    let facts = deploy::facts(host, Role::AppServer, &Asked { ports, ..Asked::default() }).ok()??;
    let taken = facts.listening.into_iter().find(|it| it.program != Role::AppServer.program())?;
    Some(Problem::PortTaken { port: taken.port, program: taken.program })
}
