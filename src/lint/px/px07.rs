//! PX07: `trusted_proxies` trusts more than the balancers.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::diagnostic::{Code, Severity};
use crate::inventory::document::Cursor;
use crate::inventory::model::LoadBalancer;
use crate::inventory::networks::Networks;
use crate::inventory::types::{Cidr, Scalar};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// An entry of this size around the balancers is accepted, whatever else is in it.
const NETWORK_V4: u8 = 24;
/// The same for IPv6.
const NETWORK_V6: u8 = 64;
/// A network broader than this is too wide, however far apart the balancers are.
const BROADEST_V4: u8 = 16;
/// The same for IPv6.
const BROADEST_V6: u8 = 48;
/// A help text lists at most this many addresses.
const MANY: usize = 4;

pub const RULE: Rule = Rule {
    code: Code::PX07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An entry of `trusted_proxies` covers more than balancers: an app server of this inventory, or a \
               network larger than the smallest one that contains all balancers. That smallest network is taken to \
               be no smaller than a /24 (/64 for IPv6) and no larger than a /16 (/48). An entry that contains no balancer and no virtual address \
               at all is a warning. `/0`, and entries that add up to it, trust everybody.",
        why: "Anybody who connects from a trusted address can claim any client address, and every allow list, rate \
              limit and log line believes it. A single application that can open a connection from an app server, or \
              any machine in a wide network, is enough.",
        evidence: "With `set_real_ip_from 0.0.0.0/0`, `allow 203.0.113.7` and `deny all`, a connection from 127.0.0.1 \
                   that begins with the line `PROXY TCP4 203.0.113.7 …` is answered with 200, and nginx logs \
                   203.0.113.7. With the list narrowed to another host, the same bytes are answered with 403. `nginx \
                   -t` accepts both without a warning.",
        fix: "List the balancers' own addresses as /32 and /128, or remove the key: by default exactly the balancers \
              are trusted. If balancers come and go, give them their own subnet and list that.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
    },
    examples: examples!("PX07"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let list = fleet.written.key("trusted_proxies");
    if !list.is_written() {
        return;
    }
    if Networks::new(&fleet.inventory.trusted_proxies).has_everything() {
        let message = "`trusted_proxies` covers every address";
        let help =
            "list only the balancers' own addresses: as it is, anybody who reaches nginx can claim any client address";
        reporter.report(list.span(), message, help);
        return;
    }
    let inventory = fleet.inventory;
    let (apps, balancers) = (&inventory.app_servers, &inventory.load_balancers);
    // Balancers have to be trusted, also where an app server is the same host.
    let shared: HashSet<IpAddr> = balancers.iter().flat_map(|it| it.addresses.iter().map(|it| it.0)).collect();
    let addresses = apps.iter().enumerate().flat_map(|(it, app)| app.addresses.iter().map(move |a| (a.0, it)));
    let apps = Hosts::new(addresses.filter(|(address, _)| !shared.contains(address)));
    let own = balancers.iter().flat_map(LoadBalancer::connects_from);
    let balancers = Hosts::new(own.chain(inventory.virtual_addresses.iter().copied()).map(|address| (address.0, 0)));
    let (around, help) = (Around::of(fleet), advice(fleet));
    for entry in list.items() {
        let Some(Cidr(net)) = entry.text().and_then(|text| Cidr::parse(text).ok()) else { continue };
        if let Some(finding) = with_app_servers(fleet, apps.within(net), (entry, &help)) {
            reporter.push(finding);
        } else if let Some(reason) = around.too_broad(net) {
            let message = format!("`trusted_proxies` trusts all of `{net}`, {reason}");
            reporter.push(Finding::new(entry.span(), message, help.clone()));
        } else if balancers.within(net).is_empty() {
            let message = format!("`trusted_proxies` trusts `{net}`, which contains no balancer of this inventory");
            reporter.push(Finding::new(entry.span(), message, help.clone()).with_severity(Severity::Warning));
        }
    }
}

/// Addresses of hosts, sorted, so that those in a network are one slice.
struct Hosts(Vec<(IpAddr, usize)>);

impl Hosts {
    fn new(addresses: impl Iterator<Item = (IpAddr, usize)>) -> Self {
        let mut all: Vec<_> = addresses.collect();
        all.sort_unstable();
        Self(all)
    }

    fn within(&self, net: IpNet) -> &[(IpAddr, usize)] {
        let start = self.0.partition_point(|(address, _)| *address < net.network());
        let end = self.0.partition_point(|(address, _)| *address <= net.broadcast());
        &self.0[start..end]
    }
}

fn with_app_servers(
    fleet: &Fleet<'_>,
    within: &[(IpAddr, usize)],
    (entry, help): (Cursor<'_>, &str),
) -> Option<Finding> {
    let (address, index) = within.first()?;
    let name = &fleet.inventory.app_servers[*index].name;
    let who = match within.len() - 1 {
        0 => format!("the app server `{name}` ({address})"),
        1 => format!("the app server `{name}` ({address}) and 1 more app server address"),
        more => format!("the app server `{name}` ({address}) and {more} more app server addresses"),
    };
    let message = format!("`trusted_proxies` trusts {who}");
    let place = fleet.written.key("app_servers").item(*index).key("address").span();
    Some(Finding::new(entry.span(), message, help).related(place, "it could claim any client address"))
}

/// The smallest networks around the balancers, for IPv4 and IPv6.
struct Around {
    v4: Option<IpNet>,
    v6: Option<IpNet>,
}

impl Around {
    fn of(fleet: &Fleet<'_>) -> Self {
        let balancers = &fleet.inventory.load_balancers;
        let network = |v4: bool, widest: u8| {
            let addresses = balancers.iter().flat_map(LoadBalancer::connects_from);
            let addresses = addresses.map(|address| address.0).filter(|address| address.is_ipv4() == v4);
            addresses.filter_map(|address| IpNet::new(address, widest).ok()).reduce(around)
        };
        Self { v4: network(true, NETWORK_V4), v6: network(false, NETWORK_V6) }
    }

    /// In what way a network is too broad, if it is.
    fn too_broad(&self, net: IpNet) -> Option<String> {
        let v4 = net.addr().is_ipv4();
        let (widest, broadest) = if v4 { (NETWORK_V4, BROADEST_V4) } else { (NETWORK_V6, BROADEST_V6) };
        let around = if v4 { self.v4 } else { self.v6 };
        if net.prefix_len() >= around.map_or(widest, |around| around.prefix_len().max(broadest)) {
            return None;
        }
        Some(match around {
            Some(around) if around.prefix_len() < broadest => format!("which is broader than a /{broadest}"),
            Some(around) => format!("but all balancers are in `{}`", around.trunc()),
            None => format!("but no balancer has an {} address", super::family(v4)),
        })
    }
}

/// The smallest network that contains both, which are of one family.
fn around(a: IpNet, b: IpNet) -> IpNet {
    let mut wide = a;
    while !wide.contains(&b) {
        match wide.supernet() {
            Some(wider) => wide = wider,
            None => break,
        }
    }
    wide
}

fn advice(fleet: &Fleet<'_>) -> String {
    let sources = fleet.inventory.sources().take(MANY + 1);
    let entries: Vec<String> = sources.map(|(_, _, from)| format!("`{}`", IpNet::from(from.0))).collect();
    if entries.len() > MANY {
        return "list the balancers' own addresses, or remove `trusted_proxies` to trust exactly those".to_owned();
    }
    format!("list only {}, or remove `trusted_proxies` to trust exactly the balancers", entries.join(" and "))
}
