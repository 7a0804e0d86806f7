//! Clients whose connections the balancers refuse before anything is read.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use super::access::usable;
use super::beside::request;
use super::browser::Client;
use super::curl::{self, Fetch};
use super::drive::Drive;
use super::plain;
use super::spec::{HostSpec, Offered, Probe, ProbeKind, Role, ShieldSpec, SiteSpec};
use super::wire::{Answer, Order};
use crate::event::{Event, Request, Verdict};
use crate::inventory::Inventory;
use crate::inventory::model::{Access, Limits};

/// Of longer lists, the first are enough for one client.
const MOST: usize = 64;
/// How many connections a try-out makes to exceed a limit, and how many seconds they may take.
const EXCESS: u64 = 60;
const SECONDS: u64 = 2;

/// Writes which of the clients each balancer refuses.
pub(super) fn refuse(inventory: &Inventory, hosts: &mut [HostSpec], clients: &[IpAddr]) {
    for (host, balancer) in hosts.iter_mut().zip(&inventory.load_balancers) {
        let (access, limits) = (&balancer.haproxy.access, balancer.haproxy.limits);
        let refused = clients.iter().copied().filter(|client| !access.admits(*client)).collect();
        let often = limits.req.map(|limit| limit.burst + 1 + limit.rate.in_seconds(SECONDS) + 10);
        let fits = |excess: &u64| *excess <= EXCESS;
        let many = limits.conn.map(|most| most + 5).filter(fits).filter(|many| *many < balancer.haproxy.maxconn);
        let counts = limits != Limits::default();
        host.shield = ShieldSpec { refused, counts, often: often.filter(fits), many };
    }
}

/// Adds, for each family of the clients, one that all balancers take, and one that some refuse. Where balancers count clients
/// it takes two: one that comes too often, and another.
pub(super) fn add_clients(
    inventory: &Inventory,
    clients: &mut Vec<IpAddr>,
    taken: &BTreeSet<IpAddr>,
    free_ones: impl Fn() -> Vec<IpAddr>,
) {
    let counts = inventory.load_balancers.iter().any(|it| it.haproxy.limits != Limits::default());
    let lists = || inventory.load_balancers.iter().map(|balancer| &balancer.haproxy.access);
    let admitted = |client: &IpAddr| lists().all(|list| list.admits(*client));
    let first = |list: fn(&Access) -> &Vec<ipnet::IpNet>| lists().flat_map(move |it| list(it).iter().take(MOST));
    for is_ipv4 in [true, false] {
        let of_family = |it: &IpAddr| it.is_ipv4() == is_ipv4;
        if !clients.iter().any(of_family) {
            continue;
        }
        let free = |it: &IpAddr| of_family(it) && !taken.contains(it);
        if !clients.iter().any(|it| of_family(it) && admitted(it)) {
            clients.extend(first(|it| &it.allow).filter_map(usable).filter(free).find(&admitted));
        }
        if counts && clients.iter().filter(|it| of_family(it) && admitted(it)).count() == 1 {
            let other = free_ones().into_iter().find(|it| of_family(it) && admitted(it) && !clients.contains(it));
            clients.extend(other);
        }
        if !clients.iter().any(|it| of_family(it) && !admitted(it)) {
            clients.extend(first(|it| &it.deny).filter_map(usable).filter(free).find(|it| !admitted(it)));
        }
    }
}

/// What is wrong where a connection should have been refused.
fn judge(status: Option<u16>, error: Option<&str>) -> Verdict {
    match (status, error) {
        (Some(status), _) => Verdict::Wrong(vec![format!("status {status}, not a closed connection")]),
        // Nobody waits for a refusal.
        (None, Some(error)) if error.starts_with("(28)") => Verdict::Wrong(vec![format!("curl: {error}")]),
        (None, Some(_)) => Verdict::Ok,
        (None, None) => Verdict::Wrong(vec!["an answer without a status, not a closed connection".to_owned()]),
    }
}

impl Drive<'_> {
    /// Connects once from every client that a balancer refuses, over TLS and plain HTTP.
    ///
    /// # Errors
    /// A host's process is gone.
    pub(super) fn refused_clients(&mut self) -> io::Result<()> {
        let plan = self.plan;
        // A site that everyone else can ask for.
        let Some(site) = plan.spec.sites.iter().find(|site| site.driven.is_ok() && !site.unknown) else {
            return Ok(());
        };
        for balancer in plan.spec.hosts.iter().filter(|host| host.role == Role::Balancer) {
            // A virtual address may be another balancer's now.
            for entry in balancer.entries().iter().filter(|entry| balancer.addresses.contains(entry)) {
                for client in balancer.shield.refused.iter().filter(|it| it.is_ipv4() == entry.is_ipv4()) {
                    self.refused_client(balancer, &site.name, (*client, *entry))?;
                }
            }
        }
        Ok(())
    }

    fn refused_client(&mut self, balancer: &HostSpec, name: &str, (client, entry): (IpAddr, IpAddr)) -> io::Result<()> {
        let fetch = Fetch::of(balancer, (client, entry), (name, "/"));
        let any = Offered { http2: None, tls: None };
        let (code, stdout, stderr) = self.ran(curl::command(&fetch, 0, Client::Lenient, &any))?;
        let reply = curl::parse(code, &stdout, &stderr);
        let verdict = judge(reply.status, reply.error.as_deref());
        self.told(Request { status: reply.status, ..request(balancer, &fetch, verdict) })?;
        let Some(plain) = &balancer.plain else { return Ok(()) };
        let fetch = fetch.on(plain.port);
        let judged = |answer: &plain::Answer| judge(answer.status, answer.error.as_deref());
        self.over_plain(balancer, &fetch, (format!("http://{name}"), "/"), judged)
    }

    /// Makes balancers forget how many connections clients made.
    ///
    /// # Errors
    /// A host's process is gone.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        let spec = &self.plan.spec;
        let counts = |name: &str| spec.hosts.iter().any(|host| host.name == name && host.shield.counts);
        for host in self.hosts.iter_mut().filter(|host| host.role == Some(Role::Balancer) && counts(&host.name)) {
            if let Answer::Failed { what, .. } = host.order(&Order::Forget)? {
                return Err(io::Error::other(format!("`{}`: {what}", host.name)));
            }
        }
        Ok(())
    }

    /// Connects too often from one client to each balancer that counts, and then from another.
    ///
    /// # Errors
    /// A host's process is gone.
    pub(super) fn too_often(&mut self) -> io::Result<()> {
        let plan = self.plan;
        let mut left = false;
        for balancer in plan.spec.hosts.iter().filter(|host| host.shield.counts) {
            let ShieldSpec { often, many, .. } = balancer.shield;
            let app =
                |probe: &&Probe| probe.received.is_some() && probe.kind == ProbeKind::Get && probe.limits.is_empty();
            let asked = |site: &&SiteSpec| site.driven.is_ok() && !site.unknown && site.cdn.is_none();
            let sites = || plan.spec.sites.iter().filter(asked);
            let held = sites().find_map(|site| Some((site, site.probes.iter().find(app)?)));
            let any = sites().find_map(|site| Some((site, site.probes.first()?)));
            let ways = [(many, held, true), (often, any, false)];
            let mut ways = ways.into_iter().filter_map(|(excess, way, held)| Some((excess?, way?, held)));
            let entry = balancer.entries().iter().find(|entry| balancer.addresses.contains(entry)).copied();
            let (Some((excess, way, held)), Some(entry)) = (ways.next(), entry) else {
                left = true;
                continue;
            };
            // Who sends a PROXY header is not counted.
            let clients = balancer.takes(&plan.spec.clients, entry).filter(|it| !balancer.header_from.contains(*it));
            let clients: Vec<IpAddr> = clients.copied().collect();
            match clients[..] {
                [one, other, ..] => self.exceeded(balancer, way, (excess, held), (entry, [one, other]))?,
                _ => left = true,
            }
        }
        if left {
            let words = "a limit of `haproxy.limit` is not exceeded: that takes more connections than a try-out makes, or no \
                         site and no two clients are there for it";
            (self.tell)(&Event::Note(words.to_owned()))?;
        }
        Ok(())
    }

    fn exceeded(
        &mut self,
        balancer: &HostSpec,
        (site, probe): (&SiteSpec, &Probe),
        (excess, held): (u64, bool),
        (entry, [one, other]): (IpAddr, [IpAddr; 2]),
    ) -> io::Result<()> {
        let fetch = Fetch { certified: site.certified, ..Fetch::of(balancer, (one, entry), (&site.name, &probe.path)) };
        let (_, stdout, _) = self.ran(curl::flood(&fetch, excess, held))?;
        // curl writes 000 where there is no answer.
        let refused = stdout.lines().filter(|line| *line == "000").count();
        let verdict = match refused {
            0 => Verdict::Wrong(vec![format!("`limit` of the balancer refuses none of {excess} connections")]),
            _ => Verdict::Ok,
        };
        self.told(request(balancer, &fetch, verdict))?;
        let fetch = Fetch { client: other, ..fetch };
        let any = Offered { http2: None, tls: None };
        let (code, stdout, stderr) = self.ran_again(curl::command(&fetch, 0, Client::Lenient, &any))?;
        let reply = curl::parse(code, &stdout, &stderr);
        let verdict = match (reply.status, reply.error) {
            (Some(_), _) => Verdict::Ok,
            (None, error) => Verdict::Wrong(vec![format!("curl: {}", error.unwrap_or_default())]),
        };
        self.told(Request { status: reply.status, ..request(balancer, &fetch, verdict) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_client_gets_no_answer_and_does_not_wait() {
        let judged = |status, error| judge(status, error).to_string();
        assert_eq!(judged(None, Some("(35) Recv failure: Connection reset by peer")), "ok");
        assert_eq!(judged(Some(200), None), "status 200, not a closed connection");
        assert_eq!(judged(None, Some("(28) timed out")), "curl: (28) timed out");
        assert_eq!(judged(None, None), "an answer without a status, not a closed connection");
    }
}
