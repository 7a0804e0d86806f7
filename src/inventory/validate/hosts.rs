//! Reads balancers and app servers. No two hosts have the same name or address, except that a balancer and an app server
//! may be one host, and every balancer reaches every app server.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use super::fields::{Placed, count, count_if_written, many, place_of, required, switch};
use super::pools::sorted;
use super::{settings, ssh};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{Addresses, AppServer, Families, Haproxy, LoadBalancer, Nginx, Ssh};
use crate::inventory::node::Node;
use crate::inventory::raw::{RawAppServer, RawLoadBalancer};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Address, HostName};
use crate::source::Span;

/// The places of a host's settings in the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The value of `name`.
    pub name: Span,
    /// The value of `address`.
    pub address: Span,
    /// The value of `port` of haproxy or nginx, of the host or of the fleet; `None` if it is the default.
    pub port: Option<Span>,
    /// The value of `bind` of haproxy, of the host or of the fleet; `None` if it is the default.
    pub bind: Option<Span>,
    /// The same for `source`.
    pub source: Option<Span>,
    /// The same for `proxy_protocol`.
    pub proxy_protocol: Option<Span>,
    /// The same for `http2`.
    pub http2: Option<Span>,
    /// The value of `access_log`, of the host or of the fleet; `None` if it is the default.
    pub access_log: Option<Span>,
    /// The same for `ssl_protocols`.
    pub ssl_protocols: Option<Span>,
    /// The same for `metrics`.
    pub metrics: Option<Span>,
    /// The value of `peers_port`, else that of `limit`.
    pub peers: Option<Span>,
}

/// The places of the settings of haproxy or nginx that are compared with others.
#[derive(Debug, Clone, Copy, Default)]
pub struct SettingPlaces {
    port: Option<Span>,
    bind: Option<Span>,
    source: Option<Span>,
    proxy_protocol: Option<Span>,
    http2: Option<Span>,
    access_log: Option<Span>,
    ssl_protocols: Option<Span>,
    metrics: Option<Span>,
    peers: Option<Span>,
}

impl SettingPlaces {
    /// The places in this section, else those in `base`.
    pub fn of(reader: &Reader<'_>, section: Option<&Node>, base: Self) -> Self {
        let place = |key, base: Option<Span>| place_of(reader, section, key).or(base);
        Self {
            port: place("port", base.port),
            bind: place("bind", base.bind),
            source: place("source", base.source),
            proxy_protocol: place("proxy_protocol", base.proxy_protocol),
            http2: place("http2", base.http2),
            access_log: place("access_log", base.access_log),
            ssl_protocols: place("ssl_protocols", base.ssl_protocols),
            metrics: place("metrics", base.metrics),
            peers: place("peers_port", place("limit", base.peers)),
        }
    }

    /// The places of a host with these settings.
    fn with(self, host: Places) -> Places {
        let Self { port, bind, source, proxy_protocol, http2, access_log, ssl_protocols, metrics, peers } = self;
        Places { port, bind, source, proxy_protocol, http2, access_log, ssl_protocols, metrics, peers, ..host }
    }
}

/// All hosts read so far, and the names and addresses in use.
#[derive(Default)]
pub struct Hosts {
    /// Balancers in the order of the file.
    pub load_balancers: Vec<(LoadBalancer, Places)>,
    /// App servers in the order of the file.
    pub app_servers: Vec<(AppServer, Places)>,
    /// App servers by name.
    pub by_name: HashMap<Box<str>, usize>,
    /// Whether the names of all app servers could be read.
    pub all_named: bool,
    /// Whether an app server has an address of a balancer.
    pub shared: bool,
    app_server_names: OnceCell<Vec<Box<str>>>,
    named: usize,
    names: HashMap<Box<str>, Taken>,
    addresses: HashMap<IpAddr, Taken>,
}

struct Taken {
    span: Span,
    by: Owner,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Balancer,
    /// It is in `source` of a balancer.
    Source,
    AppServer,
}

impl Owner {
    fn of(section: &str) -> Self {
        if section.starts_with("load") { Self::Balancer } else { Self::AppServer }
    }
}

impl Hosts {
    /// Reads `load_balancers`.
    pub fn read_load_balancers(
        &mut self,
        reader: &mut Reader<'_>,
        nodes: &[Node],
        (haproxy, fleet): (&Haproxy, SettingPlaces),
        ssh: &Arc<Ssh>,
    ) {
        for node in nodes {
            let Some(raw) = RawLoadBalancer::read(reader, node) else { continue };
            let host = self.identity(reader, raw.span, "load_balancers[]", raw.name, raw.address);
            let haproxy = settings::haproxy(reader, raw.haproxy, haproxy.clone());
            let ssh = ssh::read(reader, raw.ssh, ssh);
            if let Some((name, addresses, places)) = host {
                let places = SettingPlaces::of(reader, raw.haproxy, fleet).with(places);
                haproxy.source.iter().for_each(|address| self.take_source(reader, *address, &places));
                self.load_balancers.push((LoadBalancer { name, addresses, haproxy, ssh }, places));
            }
        }
    }

    /// Reads `app_servers`.
    pub fn read_app_servers(
        &mut self,
        reader: &mut Reader<'_>,
        nodes: &[Node],
        (nginx, fleet): (&Arc<Nginx>, SettingPlaces),
        ssh: &Arc<Ssh>,
    ) {
        self.app_servers.reserve(nodes.len());
        self.by_name.reserve(nodes.len());
        self.names.reserve(nodes.len());
        self.addresses.reserve(nodes.len());
        let before = self.named;
        for node in nodes {
            let Some(raw) = RawAppServer::read(reader, node) else { continue };
            let host = self.identity(reader, raw.span, "app_servers[]", raw.name, raw.address);
            let weight = u16::try_from(count(reader, raw.weight, "weight", 0..=256, 100)).unwrap_or(100);
            let backup = switch(reader, raw.backup, "backup", false);
            let maxconn = count_if_written(reader, raw.maxconn, "maxconn", 1..=settings::MAXCONN_LIMIT);
            let nginx = match raw.nginx {
                Some(own) => Arc::new(settings::nginx(reader, Some(own), Nginx::clone(nginx))),
                None => Arc::clone(nginx),
            };
            let ssh = ssh::read(reader, raw.ssh, ssh);
            if let Some((name, addresses, places)) = host {
                let places = SettingPlaces::of(reader, raw.nginx, fleet).with(places);
                self.by_name.insert(name.as_str().into(), self.app_servers.len());
                self.app_servers.push((AppServer { name, addresses, weight, backup, maxconn, nginx, ssh }, places));
            }
        }
        self.all_named = !nodes.is_empty() && self.named - before == nodes.len();
    }

    /// A host's name and addresses, which no other host may have.
    fn identity(
        &mut self,
        reader: &mut Reader<'_>,
        at: Span,
        section: &str,
        name: Option<&Node>,
        address: Option<&Node>,
    ) -> Option<(HostName, Addresses, Places)> {
        let name = required::<HostName>(reader, name, "name", section, at);
        if let Some(name) = &name {
            self.take_name(reader, name, Owner::of(section));
        }
        let Some(node) = address else {
            let help = if section.starts_with("load") {
                "add its own address, such as `address: 10.0.0.10`, from which it connects to the app servers"
            } else {
                "add its own address, such as `address: 10.0.0.11`, to which the balancers connect"
            };
            reader.missing(at, section, "address", help);
            return None;
        };
        let addresses = many::<Address>(reader, node, "address");
        for address in &addresses {
            self.take_address(reader, address, Owner::of(section));
        }
        // Without an address that could not be read, the host would seem to lack a family.
        if addresses.len() < reader.one_or_many(node).len() {
            return None;
        }
        let pair = pair(reader, &addresses)?;
        let name = name?;
        let places = Places {
            name: name.span,
            address: node.underline(),
            port: None,
            bind: None,
            source: None,
            proxy_protocol: None,
            http2: None,
            access_log: None,
            ssl_protocols: None,
            metrics: None,
            peers: None,
        };
        Some((name.value, pair, places))
    }

    fn take_name(&mut self, reader: &mut Reader<'_>, name: &Placed<HostName>, by: Owner) {
        self.named += 1;
        // On some file systems directories that differ only in case are the same.
        let key = name.value.as_str().to_ascii_lowercase().into_boxed_str();
        match self.names.entry(key) {
            Entry::Occupied(first) => {
                let message = format!("two hosts have the name `{}`", name.value);
                let twice = Diagnostic::refusal(Code::AD05, name.span, message, "give every host a different name");
                reader.diagnostics.push(twice.related(first.get().span, "the first host with this name"));
            }
            Entry::Vacant(free) => drop(free.insert(Taken { span: name.span, by })),
        }
    }

    fn take_address(&mut self, reader: &mut Reader<'_>, address: &Placed<Address>, by: Owner) {
        let mine = Taken { span: address.span, by };
        let first = match self.addresses.entry(address.value.0) {
            Entry::Occupied(mut first) if first.get().by == Owner::Balancer && by == Owner::AppServer => {
                // One host with both roles. Nothing else has its address.
                first.insert(mine);
                self.shared = true;
                return;
            }
            Entry::Occupied(first) => first,
            Entry::Vacant(free) => {
                free.insert(mine);
                return;
            }
        };
        let message = format!("two hosts have the address `{}`", address.value);
        let help = "give every host a different address";
        let twice = Diagnostic::refusal(Code::AD05, address.span, message, help);
        reader.diagnostics.push(twice.related(first.get().span, "the first host with this address"));
    }

    /// A further address of a balancer, which no other host may have.
    fn take_source(&mut self, reader: &mut Reader<'_>, address: Address, places: &Places) {
        let span = places.source.unwrap_or(places.name);
        match self.addresses.entry(address.0) {
            Entry::Vacant(free) => {
                free.insert(Taken { span, by: Owner::Source });
            }
            Entry::Occupied(first) => {
                let message = format!("`source` has `{address}`, which is already in use");
                let help = "write addresses that only this balancer has, besides its `address`; with several balancers, \
                            each takes its own list in its entry: `haproxy: { source: […] }`";
                let twice = Diagnostic::refusal(Code::AD05, span, message, help);
                reader.diagnostics.push(twice.related(first.get().span, "it is in use here"));
            }
        }
    }

    /// Whether a host with an error has this name.
    pub fn has_error(&self, name: &str) -> bool {
        let valid = || {
            let balancers = self.load_balancers.iter().map(|(host, _)| host.name.as_str());
            balancers.chain(self.by_name.keys().map(AsRef::as_ref)).any(|it| it.eq_ignore_ascii_case(name))
        };
        self.names.contains_key(name.to_ascii_lowercase().as_str()) && !valid()
    }

    /// Whether a balancer has this name.
    pub fn is_load_balancer(&self, name: &str) -> bool {
        self.names.get(name.to_ascii_lowercase().as_str()).is_some_and(|taken| taken.by == Owner::Balancer)
    }

    /// The names of all hosts, sorted.
    pub fn names(&self) -> Vec<Box<str>> {
        let balancers = self.load_balancers.iter().map(|(host, _)| host.name.as_str());
        sorted(balancers.chain(self.by_name.keys().map(AsRef::as_ref)))
    }

    /// The names of the app servers, sorted.
    pub fn app_server_names(&self) -> &[Box<str>] {
        self.app_server_names.get_or_init(|| sorted(self.by_name.keys().map(AsRef::as_ref)))
    }

    /// The place of the host that has this address, if any.
    pub fn owner(&self, address: IpAddr) -> Option<Span> {
        self.addresses.get(&address).map(|taken| taken.span)
    }

    /// Checks that every balancer reaches every app server.
    pub fn check_families(&self, reader: &mut Reader<'_>) {
        let mut known: Vec<Families> = Vec::new();
        for (balancer, places) in &self.load_balancers {
            let own = balancer.addresses.families();
            if known.contains(&own) {
                continue;
            }
            known.push(own);
            for (app, at) in &self.app_servers {
                if app.addresses.reached_from(own).is_none() {
                    let message = format!(
                        "`{}` cannot reach `{}`: they have no address family in common",
                        balancer.name, app.name
                    );
                    let help = "give one of them an address of the other family as well: `address: [10.0.0.11, \"fd00:0:0:1::11\"]`";
                    let missing = Diagnostic::refusal(Code::IN11, at.address, message, help);
                    reader.diagnostics.push(missing.related(places.address, "the balancer's address"));
                }
            }
        }
    }
}

/// At most one address of each family.
fn pair(reader: &mut Reader<'_>, addresses: &[Placed<Address>]) -> Option<Addresses> {
    let (first, rest) = addresses.split_first()?;
    let second = rest.first();
    let same_family = |a: &Placed<Address>| a.value.0.is_ipv4() == first.value.0.is_ipv4();
    if let Some(extra) = rest.iter().find(|a| same_family(a)).or(rest.get(1)) {
        let message = format!("`address` has two addresses of the same family: `{}`", extra.value);
        let help = "keep one IPv4 and one IPv6 address";
        reader.report(Code::IN09, extra.span, message, help);
        return None;
    }
    Some(Addresses { first: first.value, second: second.map(|a| a.value) })
}
