//! Reads `other_pools`: servers that are not app servers, and which connections go to them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use super::fields::{Placed, duration_if_written, many, or_default, required, scalar, switch};
use super::hosts::Hosts;
use super::http::PlacedHttp;
use super::pools::Pools;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::form::{SHORT, TIMEOUT};
use crate::inventory::model::{LoadBalancer, OtherPool, OtherServer};
use crate::inventory::node::Node;
use crate::inventory::raw::{RawOtherPool, RawOtherServer, RawOtherTimeouts};
use crate::inventory::schema::Reader;
use crate::inventory::types::{
    Address, HostName, OtherCheck, PoolName, ProxyProtocol, ServerName, ServerSocket, UnknownNames,
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
    not_tls: Option<Span>,
    unknown_names: Option<Span>,
}

/// Reads `other_pools`. `names` are those of the sites.
pub fn read(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    (hosts, pools): (&Hosts, &Pools),
    names: &mut HashMap<ServerName, Span>,
) -> Vec<PlacedOtherPool> {
    let Some(node) = node else { return Vec::new() };
    let known = pools.all.iter().map(|it| (it.pool.name.clone(), it.span.unwrap_or_default()));
    let mut taken = Taken { pools: known.collect(), names, not_tls: None, unknown_names: None };
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
    let not_tls = switch(reader, raw.not_tls, "not_tls", false);
    let unknown_names = switch(reader, raw.unknown_names, "unknown_names", false);
    let only = [(raw.not_tls, not_tls, "what is not TLS"), (raw.unknown_names, unknown_names, "unknown names")];
    let firsts = [&mut taken.not_tls, &mut taken.unknown_names];
    for ((node, is_on, what), first) in only.into_iter().zip(firsts) {
        once(reader, node.filter(|_| is_on), what, first);
    }
    let written = raw.server_name.or(raw.not_tls.filter(|_| not_tls)).or(raw.unknown_names.filter(|_| unknown_names));
    if written.is_none() {
        let help = "add `server_name: mail.example.com`, `not_tls: true` or `unknown_names: true`";
        reader.report(Code::IN04, raw.span, "this entry of `other_pools[]` gets no connections", help);
    }
    closed(reader, raw.unknown_names.filter(|_| unknown_names), hosts);
    let check = or_default(reader, raw.check, "check", OtherCheck::Tcp);
    let not_tls_alone = not_tls && !unknown_names && raw.server_name.is_none();
    if let Some(node) = raw.check.filter(|_| check == OtherCheck::Tls && not_tls_alone) {
        let message = "`check: tls` fails where servers get only what is not TLS";
        reader.report(Code::IN09, node.underline(), message, "write `check: tcp`");
    }
    let (servers, addresses) = match raw.servers {
        Some(list) => read_servers(reader, list, hosts),
        None => {
            let help = "add `servers:` with items such as `- { name: mail1, address: \"10.0.0.50:8443\" }`";
            reader.missing(raw.span, "other_pools[]", "servers", help);
            Default::default()
        }
    };
    let timeouts = raw.timeouts.and_then(|node| RawOtherTimeouts::read(reader, node)).unwrap_or_default();
    let pool = OtherPool {
        name: name?.value,
        server_names: server_names.into_iter().map(|name| name.value).collect(),
        not_tls,
        unknown_names,
        servers,
        send_proxy: or_default(reader, raw.send_proxy, "send_proxy", ProxyProtocol::Off),
        check,
        connect: duration_if_written(reader, timeouts.connect, "connect", SHORT),
        tunnel: duration_if_written(reader, timeouts.tunnel, "tunnel", TIMEOUT),
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
}

/// Reports the second pool that wants all of these connections.
fn once(reader: &mut Reader<'_>, node: Option<&Node>, what: &str, first: &mut Option<Span>) {
    let Some(span) = node.map(Node::underline) else { return };
    match first {
        Some(first) => {
            let message = format!("two pools take {what}");
            let twice = Diagnostic::refusal(Code::IN12, span, message, "remove one of the keys");
            reader.diagnostics.push(twice.related(*first, "the first one"));
        }
        None => *first = Some(span),
    }
}

/// Reports a pool for names that a balancer rejects.
fn closed(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) {
    let Some(node) = node else { return };
    let rejects = |it: &LoadBalancer| it.haproxy.unknown_names == UnknownNames::Reject;
    if let Some((balancer, places)) = hosts.load_balancers.iter().find(|(it, _)| rejects(it)) {
        let message = format!("no unknown name gets here from `{}`, which rejects them", balancer.name);
        let help = "remove this key, or remove `unknown_names: reject` from `haproxy`";
        let closed = Diagnostic::refusal(Code::IN09, node.underline(), message, help);
        reader.diagnostics.push(closed.related(places.name, "this balancer"));
    }
}

fn read_servers(reader: &mut Reader<'_>, list: &Node, hosts: &Hosts) -> (Vec<OtherServer>, Vec<Span>) {
    let Some(nodes) = reader.items(list, "servers") else { return Default::default() };
    if nodes.is_empty() {
        reader.report(Code::IN04, list.underline(), "`servers` is empty", "write at least one server");
    }
    let (mut names, mut sockets): (HashMap<String, Span>, HashMap<SocketAddr, Span>) = Default::default();
    let hosts: HashSet<String> = hosts.names().iter().map(|name| name.to_ascii_lowercase()).collect();
    let mut found = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(raw) = RawOtherServer::read(reader, node) else { continue };
        let section = "other_pools[].servers[]";
        let name = required::<HostName>(reader, raw.name, "name", section, raw.span);
        let address = match raw.address {
            Some(node) => scalar::<ServerSocket>(reader, node, "address"),
            None => {
                reader.missing(raw.span, section, "address", "add `address: \"10.0.0.50:8443\"` to it");
                None
            }
        };
        let backup = switch(reader, raw.backup, "backup", false);
        let (Some(name), Some(address)) = (name, address) else { continue };
        let key = name.value.as_str().to_ascii_lowercase();
        if hosts.contains(&key) {
            let message = format!("a host has the name `{}`", name.value);
            let help = format!("write another name, such as `{}-other`: this server is not an app server", name.value);
            reader.report(Code::IN12, name.span, message, help);
        }
        let twice = [
            names.insert(key, name.span).map(|first| (first, name.span, name.value.to_string())),
            sockets.insert(address.value.0, address.span).map(|it| (it, address.span, address.value.to_string())),
        ];
        for (first, span, what) in twice.into_iter().flatten() {
            let message = format!("`{what}` is in this pool twice");
            let twice = Diagnostic::refusal(Code::IN12, span, message, "write every server once");
            reader.diagnostics.push(twice.related(first, "the first one"));
        }
        found.push((OtherServer { name: name.value, address: address.value.0, backup }, address.span));
    }
    if found.len() == nodes.len() && !found.is_empty() && found.iter().all(|(server, _)| server.backup) {
        let message = "every server of this pool is a backup";
        reader.report(Code::IN09, list.underline(), message, "remove `backup` from at least one of them");
    }
    found.into_iter().unzip()
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
    let app = hosts
        .app_servers
        .iter()
        .find(|(app, _)| app.nginx.port.0 == address.port() && app.addresses.iter().any(|it| it.0 == ip));
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
