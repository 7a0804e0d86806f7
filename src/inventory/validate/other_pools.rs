//! Reads `other_pools`: servers that are not app servers, and which connections go to them.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::fields::{Placed, Words, distinct_placed, duration_if_written, many, or_default, required};
use super::hosts::Hosts;
use super::http::PlacedHttp;
use super::pools::Pools;
use super::servers::{self, Lists, Server};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::form::TIMEOUT;
use crate::inventory::model::{AppServer, LoadBalancer, OtherPool, OtherServer};
use crate::inventory::node::Node;
use crate::inventory::raw::RawOtherPool;
use crate::inventory::schema::Reader;
use crate::inventory::types::{
    Address, OtherCheck, PoolName, ProxyProtocol, ServerName, ServerSocket, Takes, UnknownNames,
};
use crate::source::Span;

/// A pool and the places of its servers' addresses, in their order.
pub struct PlacedOtherPool {
    /// The pool.
    pub pool: OtherPool,
    addresses: Vec<Span>,
}

/// What is taken already: names of pools, names of connections, and the connections that only one pool can take.
struct Taken<'t> {
    pools: HashMap<PoolName, Span>,
    names: &'t mut HashMap<ServerName, Span>,
    others: HashMap<Takes, Span>,
}

const TAKES: Words = Words { key: "takes", most: 2, example: "[not_tls]", known: |_| true };

/// Reads `other_pools`. `names` are those of the sites.
pub fn read(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    (hosts, pools): (&Hosts, &Pools),
    names: &mut HashMap<ServerName, Span>,
) -> Vec<PlacedOtherPool> {
    let Some(node) = node else { return Vec::new() };
    let known = pools.all.iter().map(|it| (it.pool.name.clone(), it.span.unwrap_or_default()));
    let mut taken = Taken { pools: known.collect(), names, others: HashMap::new() };
    let nodes = reader.items(node, "other_pools").unwrap_or_default();
    nodes.iter().filter_map(|node| read_pool(reader, node, hosts, &mut taken)).collect()
}

fn read_pool(reader: &mut Reader<'_>, node: &Node, hosts: &Hosts, taken: &mut Taken<'_>) -> Option<PlacedOtherPool> {
    let raw = RawOtherPool::read(reader, node)?;
    let name = required::<PoolName>(reader, raw.name, "name", "other_pools[]", raw.span);
    if let Some(name) = &name {
        taken.pool(reader, name);
    }
    let server_names = raw.server_name.map(|node| many::<ServerName>(reader, node, "server_name")).unwrap_or_default();
    for name in &server_names {
        taken.name(reader, name);
    }
    let takes = raw.takes.and_then(|node| distinct_placed::<Takes, _>(reader, node, TAKES, |it| *it));
    let takes = takes.unwrap_or_default();
    for one in &takes {
        taken.other(reader, one);
    }
    if raw.server_name.is_none() && raw.takes.is_none() {
        let help = "add `server_name: mail.example.com`, `takes: [not_tls]` or `takes: [unknown_names]`";
        reader.report(Code::IN04, raw.span, "this entry of `other_pools[]` gets no connections", help);
    }
    let place_of = |wanted: Takes| takes.iter().find(|it| it.value == wanted).map(|it| it.span);
    let (not_tls, unknown_names) = (place_of(Takes::NotTls).is_some(), place_of(Takes::UnknownNames));
    closed(reader, unknown_names, hosts);
    let check = or_default(reader, raw.check, "check", OtherCheck::Tcp);
    let not_tls_alone = not_tls && unknown_names.is_none() && raw.server_name.is_none();
    if let Some(node) = raw.check.filter(|_| check == OtherCheck::Tls && not_tls_alone) {
        let message = "`check: tls` fails where servers get only what is not TLS";
        reader.report(Code::IN09, node.underline(), message, "write `check: tcp`");
    }
    let lists = Lists {
        section: "other_pools[]",
        span: raw.span,
        servers: raw.servers,
        backup: raw.backup,
        example: "[\"10.0.0.50:8443\"]",
    };
    let found = servers::read::<ServerSocket>(reader, &lists).into_iter();
    let server =
        |it: Server<ServerSocket>| (OtherServer { address: it.address.value.0, backup: it.backup }, it.address.span);
    let (servers, addresses) = found.map(server).unzip();
    let pool = OtherPool {
        name: name?.value,
        server_names: server_names.into_iter().map(|name| name.value).collect(),
        not_tls,
        unknown_names: unknown_names.is_some(),
        servers,
        send_proxy: or_default(reader, raw.send_proxy, "send_proxy", ProxyProtocol::Off),
        check,
        tunnel: duration_if_written(reader, raw.timeout_tunnel, "timeout_tunnel", TIMEOUT),
    };
    Some(PlacedOtherPool { pool, addresses })
}

impl Taken<'_> {
    fn pool(&mut self, reader: &mut Reader<'_>, name: &Placed<PoolName>) {
        if let Some(first) = self.pools.get(&name.value) {
            let message = format!("two pools have the name `{}`", name.value);
            let twice = Diagnostic::refusal(Code::IN12, name.span, message, "give every pool a different name");
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            self.pools.insert(name.value.clone(), name.span);
        }
    }

    fn name(&mut self, reader: &mut Reader<'_>, name: &Placed<ServerName>) {
        if let Some(first) = self.names.get(&name.value) {
            let message = format!("the name `{}` is listed twice", name.value);
            let help = "remove one of them: connections for it go to one place";
            let twice = Diagnostic::refusal(Code::IN12, name.span, message, help);
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            self.names.insert(name.value.clone(), name.span);
        }
    }

    /// Reports the second pool that wants all of these connections.
    fn other(&mut self, reader: &mut Reader<'_>, takes: &Placed<Takes>) {
        if let Some(first) = self.others.get(&takes.value) {
            let what = match takes.value {
                Takes::NotTls => "what is not TLS",
                Takes::UnknownNames => "unknown names",
            };
            let message = format!("two pools take {what}");
            let help = format!("remove `{}` from one of them", takes.value.name());
            let twice = Diagnostic::refusal(Code::IN12, takes.span, message, help);
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            self.others.insert(takes.value, takes.span);
        }
    }
}

/// Reports a pool for names that a balancer rejects.
fn closed(reader: &mut Reader<'_>, place: Option<Span>, hosts: &Hosts) {
    let Some(place) = place else { return };
    let rejects = |it: &LoadBalancer| it.haproxy.unknown_names == UnknownNames::Reject;
    if let Some((balancer, places)) = hosts.load_balancers.iter().find(|(it, _)| rejects(it)) {
        let message = format!("no unknown name gets here from `{}`, which rejects them", balancer.name);
        let help = "remove it here, or remove `unknown_names: reject` from `haproxy`";
        let closed = Diagnostic::refusal(Code::IN09, place, message, help);
        reader.diagnostics.push(closed.related(places.name, "this balancer"));
    }
}

/// Checks that every balancer reaches these servers, and that none of them is the fleet itself.
pub fn check(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    (hosts, virtual_addresses): (&Hosts, &[Address]),
    others: &[PlacedOtherPool],
) {
    let servers = |it: &PlacedOtherPool| {
        it.pool.servers.iter().zip(&it.addresses).map(|(it, at)| (it.address, *at)).collect::<Vec<_>>()
    };
    let mut headers: HashMap<SocketAddr, (bool, Span)> = HashMap::new();
    for placed in others {
        let sends = placed.pool.send_proxy != ProxyProtocol::Off;
        for (address, span) in servers(placed) {
            let (before, first) = *headers.entry(address).or_insert((sends, span));
            if before != sends {
                let message = format!("`{address}` gets a PROXY header in one pool and none in another");
                let help =
                    "write the same `send_proxy` in both: a server takes connections with a header or without one";
                let differ = Diagnostic::refusal(Code::IN09, span, message, help);
                reader.diagnostics.push(differ.related(first, "the other one"));
            }
            reached(reader, hosts, address, span);
            circle(reader, http, (hosts, virtual_addresses), (address, span));
        }
    }
}

fn reached(reader: &mut Reader<'_>, hosts: &Hosts, address: SocketAddr, span: Span) {
    let lost = |it: &LoadBalancer| !it.addresses.families().has(address.ip()) && !address.ip().is_loopback();
    if let Some((balancer, places)) = hosts.load_balancers.iter().find(|(it, _)| lost(it)) {
        let message = format!("`{}` cannot reach `{address}`: it has no address of that family", balancer.name);
        let help =
            "write an address of the other family, or give the balancer one: `address: [10.0.0.10, \"fd00::10\"]`";
        let missing = Diagnostic::refusal(Code::IN11, span, message, help);
        reader.diagnostics.push(missing.related(places.address, "the balancer's address"));
    }
}

/// Connections that come back to a balancer, and those that nginx takes and app servers are known by.
fn circle(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    (hosts, virtual_addresses): (&Hosts, &[Address]),
    (address, span): (SocketAddr, Span),
) {
    let ip = address.ip();
    let plain = http.map(|it| it.http.port.0);
    let own = |it: &LoadBalancer| {
        let bound = it.bound();
        let local = ip.is_loopback() && (bound.is_empty() || bound.iter().any(|it| it.address == ip));
        let here = it.addresses.iter().map(|it| it.0).chain(virtual_addresses.iter().map(|it| it.0)).any(|it| it == ip);
        let is_port = address.port() == it.haproxy.port.0 || Some(address.port()) == plain;
        is_port && (local || here && it.listens_on(ip))
    };
    let balancer = hosts.load_balancers.iter().find(|(it, _)| own(it));
    let beside = |app: &AppServer| ip.is_loopback() && hosts.load_balancers.iter().any(|(it, _)| it.is_host_of(app));
    let app = hosts.app_servers.iter().find(|(app, _)| {
        app.nginx.port.0 == address.port() && (app.addresses.iter().any(|it| it.0 == ip) || beside(app))
    });
    let (message, help, place, label) = match (balancer, app) {
        (Some((balancer, places)), _) => (
            format!("`{address}` is the balancer `{}` itself", balancer.name),
            "write the address and port of the server that connections go to",
            places.address,
            "this balancer",
        ),
        (None, Some((app, places))) => (
            format!("`{address}` is nginx of the app server `{}`", app.name),
            "write another port, or put the app server into a pool of `pools`",
            places.address,
            "this app server",
        ),
        (None, None) => return,
    };
    reader.diagnostics.push(Diagnostic::refusal(Code::IN09, span, message, help).related(place, label));
}
