//! Reads `upstreams`: apps that run as several servers, and how locations refer to them.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::fields::{at_most, count, items, one_name, optional, or_default, required, scalar};
use super::hosts::Hosts;
use super::locations::PlacedLocation;
use super::pools::{Pools, sorted};
use super::servers::{self, Lists};
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{Protocol, RESOLVES, Target, Upstream, UpstreamServer, UpstreamTls};
use crate::inventory::node::{Node, Value};
use crate::inventory::raw::{RawLocation, RawUpstream};
use crate::inventory::schema::Reader;
use crate::inventory::types::{
    Authorities, Destination, Endpoint, Resolver, ServerAddress, UpstreamBalance, UpstreamName,
};
use crate::source::Span;

/// An upstream and the places of its keys.
pub struct PlacedUpstream {
    /// The upstream.
    pub upstream: Upstream,
    name: Span,
    /// The key `keepalive`, if it is written and not 0.
    keepalive: Option<Span>,
    used: bool,
}

/// All upstreams, and which one has which name.
#[derive(Default)]
pub struct Upstreams {
    /// In the order of the file.
    pub all: Vec<PlacedUpstream>,
    by_name: HashMap<UpstreamName, usize>,
    /// Whether every entry could be read.
    complete: bool,
    names: OnceCell<Vec<Box<str>>>,
}

/// Reads `upstreams`.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Upstreams {
    let mut upstreams = Upstreams { complete: true, ..Upstreams::default() };
    let Some(node) = node else { return upstreams };
    let nodes = reader.items(node, "upstreams").unwrap_or_default();
    for node in nodes {
        let Some((name, placed)) = read_upstream(reader, node) else { continue };
        let span = placed.name;
        match upstreams.by_name.get(&name) {
            Some(first) => {
                let message = format!("two upstreams have the name `{name}`");
                let twice = Diagnostic::refusal(Code::IN12, span, message, "give every upstream a different name");
                let first = upstreams.all[*first].name;
                reader.diagnostics.push(twice.related(first, "the first one"));
            }
            None => drop(upstreams.by_name.insert(name, upstreams.all.len())),
        }
        upstreams.all.push(placed);
    }
    upstreams.complete = matches!(node.value, Value::List(_)) && upstreams.by_name.len() == nodes.len();
    upstreams
}

fn read_upstream(reader: &mut Reader<'_>, node: &Node) -> Option<(UpstreamName, PlacedUpstream)> {
    let raw = RawUpstream::read(reader, node)?;
    let name = required::<UpstreamName>(reader, raw.name, "name", "upstreams[]", raw.span);
    let balance = or_default(reader, raw.balance, "balance", UpstreamBalance::RoundRobin);
    let keepalive = count(reader, raw.keepalive, "keepalive", 0..=10_000, 0);
    let max_fails = count(reader, raw.max_fails, "max_fails", 0..=1_000, 1);
    let lists = Lists {
        section: "upstreams[]",
        span: raw.span,
        servers: raw.servers,
        backup: raw.backup,
        example: "[\"10.0.5.11:8000\"]",
    };
    let found = servers::read::<ServerAddress>(reader, &lists).into_iter();
    let servers = found.map(|it| UpstreamServer { address: it.address.value, backup: it.backup }).collect();
    if let Some(list) = raw.backup.filter(|_| !balance.has_backups()) {
        let message = format!("nginx has no backups with `balance: {}`", balance.name());
        let help = "remove `backup`, or write `balance: round_robin` or `least_conn`";
        reader.report(Code::IN09, list.underline(), message, help);
    }
    let name = name?;
    let (span, name) = (name.span, name.value);
    let number = |value: u64| u16::try_from(value).unwrap_or_default();
    let (keeps, max_fails) = (number(keepalive), number(max_fails));
    let upstream = Upstream { name: name.clone(), servers, balance, max_fails, keepalive: keeps };
    let keepalive = raw.keepalive.filter(|_| keepalive > 0).map(Node::underline);
    Some((name, PlacedUpstream { upstream, name: span, keepalive, used: false }))
}

impl Upstreams {
    /// The index of the upstream that a location names; one that there is not is reported.
    pub fn of(&mut self, reader: &mut Reader<'_>, target: &Target, span: Span) -> Option<usize> {
        let Destination::Named(name) = target.destination()? else { return None };
        let Some(index) = self.by_name.get(name).copied() else {
            if self.complete {
                self.unknown(reader, name.as_str(), span);
            }
            return None;
        };
        let placed = &mut self.all[index];
        placed.used = true;
        let refused = placed.keepalive.filter(|_| matches!(target, Target::Uwsgi(_)));
        if let Some(keepalive) = refused {
            let message = format!("`keepalive` of `{name}` has no effect: nginx closes connections to uWSGI apps");
            let no_effect = Diagnostic::refusal(Code::IN09, keepalive, message, "remove the key");
            let no_effect = no_effect.related(span, "passed to a uWSGI app here");
            if !reader.diagnostics.contains(&no_effect) {
                reader.diagnostics.push(no_effect);
            }
        }
        Some(index)
    }

    fn unknown(&self, reader: &mut Reader<'_>, name: &str, span: Span) {
        let names = self.names.get_or_init(|| sorted(self.by_name.keys().map(UpstreamName::as_str)));
        let help = match reader.nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if !self.all.is_empty() => format!(
                "add an item such as `{{ name: {name}, servers: [\"{name}:8000\"] }}` to `upstreams`, or \
                 write an address such as `127.0.0.1:8000`"
            ),
            None => format!(
                "add `upstreams: [{{ name: {name}, servers: [\"{name}:8000\"] }}]`, or write an address \
                 such as `127.0.0.1:8000`"
            ),
        };
        reader.report(Code::IN07, span, format!("there is no upstream `{name}`"), help);
    }

    /// Checks that each is used.
    pub fn check_use(&self, reader: &mut Reader<'_>) {
        // After another error one may only seem unused.
        if !reader.diagnostics.is_empty() {
            return;
        }
        for PlacedUpstream { upstream, name, .. } in self.all.iter().filter(|it| !it.used) {
            let message = format!("no location passes requests to the upstream `{}`", upstream.name);
            let help = format!("write `proxy_pass: \"http://{}\"` in a location, or remove it", upstream.name);
            reader.report(Code::IN08, *name, message, help);
        }
    }
}

/// Checks that nginx of every app server can ask again for the names of servers: before 1.27.3 it does so for a variable
/// alone, which is one server, and has no place for a path.
pub fn check_names(
    reader: &mut Reader<'_>,
    upstreams: &Upstreams,
    hosts: &Hosts,
    (pools, sites): (&Pools, &[PlacedSite]),
) {
    let mut reported = HashSet::new();
    for PlacedSite { site, targets, .. } in sites {
        let members = pools.all.get(site.pool).map_or(&[][..], |pool| &pool.pool.members);
        let apps = || members.iter().filter_map(|member| hosts.app_servers.get(*member)).map(|(app, _)| app);
        for (location, place) in site.locations.iter().zip(targets) {
            let Some(named) = location.upstream.and_then(|index| upstreams.all.get(index)) else { continue };
            let Some(app) = apps().find(|app| named.upstream.is_variable(&app.nginx)) else { continue };
            let has_path = matches!(&location.target, Target::Proxy(upstream) if upstream.path().is_some());
            let (name, version) = (&named.upstream.name, app.nginx.version);
            let older = match version {
                Some(version) => format!("nginx {version} on `{}`", app.name),
                None => format!("nginx before {RESOLVES}"),
            };
            let help = format!("write `nginx: {{ version: {RESOLVES} }}` or the later version that the hosts have");
            if (named.upstream.servers.len() > 1 || named.upstream.keepalive > 0) && reported.insert(named.name) {
                let message = format!(
                    "{older} asks again only for the name of a single server without `keepalive`: `{name}` needs more"
                );
                let help = format!("{help}, give the addresses of all servers, or remove `nginx.resolver`");
                reader.report(Code::IN09, named.name, message, help);
            } else if has_path && reported.insert(*place) {
                let message =
                    format!("{older} cannot replace the path of requests to `{name}`, whose name it asks again");
                reader.report(Code::IN09, *place, message, format!("{help}, or write no path after `{name}`"));
            }
        }
    }
}

/// The DNS servers of which names are asked.
pub fn resolvers(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Vec<Resolver>> {
    let node = node?;
    let items = items(reader, node, "resolver");
    let mut found: Vec<Resolver> = Vec::new();
    for item in at_most(reader, node, items, ("resolver", 8)) {
        let Some(placed) = scalar::<Resolver>(reader, item, "resolver") else { continue };
        if found.contains(&placed.value) {
            let message = format!("`resolver` has `{}` twice", placed.value);
            reader.report(Code::IN12, placed.span, message, "remove one of them");
        } else {
            found.push(placed.value);
        }
    }
    Some(found).filter(|found| !found.is_empty())
}

/// How a location's upstream is verified; its keys have no effect without TLS.
pub fn tls(
    reader: &mut Reader<'_>,
    raw: &RawLocation<'_>,
    target: &Target,
    named: Option<&PlacedUpstream>,
) -> Option<UpstreamTls> {
    let keys = [
        ("upstream_ssl_name", raw.upstream_ssl_name),
        ("upstream_ssl_trusted_certificate", raw.upstream_ssl_trusted_certificate),
    ];
    let wildcard = (", but nginx asks for one name", "write a name that the wildcard matches");
    let name = keys[0].1.and_then(|node| one_name(reader, node, keys[0].0, wildcard));
    let authorities: Option<Authorities> = optional(reader, keys[1].1, keys[1].0);
    if !matches!(target.protocol(), Some(Protocol::Https | Protocol::Grpcs)) {
        for (key, node) in keys.iter().filter_map(|(key, node)| Some((key, (*node)?))) {
            let message = format!("`{key}` has no effect: the location passes nothing on over TLS");
            let help = "remove it, or write an upstream with `https://` or `grpcs://`";
            reader.report(Code::IN09, node.underline(), message, help);
        }
        return None;
    }
    let authorities = authorities.or_else(|| is_local(target, named).then_some(Authorities::Off));
    Some(UpstreamTls { name, authorities: authorities.unwrap_or_else(UpstreamTls::of_system) })
}

/// Whether an upstream is on the app server itself, where nobody is between nginx and it.
fn is_local(target: &Target, named: Option<&PlacedUpstream>) -> bool {
    match (target.destination(), named) {
        (Some(Destination::Socket(socket)), _) => socket.is_local(),
        (_, Some(named)) => {
            named.upstream.servers.iter().all(|server| server.address.socket().is_some_and(Endpoint::is_local))
        }
        _ => false,
    }
}

/// Every socket that these locations of a site pass requests to, with what is spoken there and where that is written;
/// those of a named upstream once for each protocol.
pub fn sockets(upstreams: &Upstreams, locations: &[PlacedLocation]) -> Vec<(Endpoint, Protocol, Span)> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for PlacedLocation { location, target } in locations {
        let Some(protocol) = location.target.protocol() else { continue };
        match (location.target.destination(), location.upstream.and_then(|index| upstreams.all.get(index))) {
            (Some(Destination::Socket(socket)), _) => found.push((socket.clone(), protocol, *target)),
            (Some(Destination::Named(name)), Some(named)) if seen.insert((name.clone(), protocol)) => {
                let sockets = named.upstream.servers.iter().filter_map(|server| server.address.socket());
                found.extend(sockets.map(|socket| (socket.clone(), protocol, *target)));
            }
            _ => {}
        }
    }
    found
}
