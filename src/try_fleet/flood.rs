//! Clients that ask too much: as many requests at once as a limit certainly refuses some of.

use std::collections::BTreeSet;
use std::io;

use super::beside::request;
use super::cdn::claims;
use super::curl::{self, Fetch};
use super::drive::Drive;
use super::spec::{HostSpec, LimitKey, LimitSpec, Probe, ProbeKind, SiteSpec};
use crate::event::{Event, Request, Verdict};
use crate::inventory::model::TOO_MANY;

impl Drive<'_> {
    /// Exceeds each limit once, through the first balancer; after all other requests, for which nothing would be left.
    pub(super) fn flood(&mut self) -> io::Result<()> {
        let spec = &self.plan.spec;
        let balancer = spec.hosts.iter().find(|host| host.role == super::spec::Role::Balancer);
        let mut seen = BTreeSet::new();
        let Some(balancer) = balancer else { return Ok(()) };
        for site in spec.sites.iter().filter(|site| site.driven.is_ok() && !site.unknown) {
            for probe in site.probes.iter().filter(|probe| probe.kind == ProbeKind::Get) {
                for limit in probe.limits.iter().filter(|limit| limit.excess.is_some()) {
                    if !seen.contains(&(limit.key, &limit.zone)) && self.exceed(balancer, site, (probe, limit))? {
                        seen.insert((limit.key, &limit.zone));
                    }
                }
            }
        }
        let all = spec.sites.iter().flat_map(|site| &site.probes).flat_map(|probe| &probe.limits);
        let left: BTreeSet<_> = all.filter(|it| !seen.contains(&(it.key, &it.zone))).map(|it| it.key).collect();
        for key in left {
            let key = key.name();
            (self.tell)(&Event::Note(format!(
                "a limit of `{key}` is not exceeded: that takes more requests than a try-out sends, or no app and no \
                 client are there for it"
            )))?;
        }
        Ok(())
    }

    /// Exceeds a limit, unless no client gets an answer there.
    fn exceed(
        &mut self,
        balancer: &HostSpec,
        site: &SiteSpec,
        (probe, limit): (&Probe, &LimitSpec),
    ) -> io::Result<bool> {
        let spec = &self.plan.spec;
        let fits = |entry: &&std::net::IpAddr| balancer.addresses.contains(entry);
        let Some(entry) = balancer.entries().iter().find(fits).copied() else { return Ok(false) };
        let Some(client) =
            balancer.takes(&spec.clients, entry).copied().find(|client| !probe.instead.contains_key(client))
        else {
            return Ok(false);
        };
        let fetch = Fetch {
            claims: claims(site, client),
            certified: site.certified,
            ..Fetch::of(balancer, (client, entry), (&site.name, &probe.path))
        };
        let excess = limit.excess.unwrap_or_default();
        let (_, stdout, _) = self.ran(curl::flood(&fetch, excess, limit.key == LimitKey::Connections))?;
        let refused = stdout.lines().filter(|line| line.parse() == Ok(TOO_MANY)).count();
        let key = limit.key.name();
        let verdict = match refused {
            0 => Verdict::Wrong(vec![format!("`{key}` of `limit` refuses none of {excess} requests at once")]),
            _ => Verdict::Ok,
        };
        self.told(Request {
            location: site.location.clone(),
            status: (refused > 0).then_some(TOO_MANY),
            ..request(balancer, &fetch, verdict)
        })?;
        Ok(true)
    }
}
