//! Reads how balancers answer plain HTTP, and where the challenges of a certificate authority go.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::fields::{or_default, scalar, switch};
use super::hosts::Hosts;
use super::pools::{Pools, unknown};
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{AcmeChallenge, Http, Location};
use crate::inventory::node::Node;
use crate::inventory::raw::{RawAcmeChallenge, RawHttp};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Directory, Endpoint, HostName, PoolName, Port, RedirectCode, RedirectUrl};
use crate::source::Span;

/// Reads `http`; `None` if it is switched off.
pub fn read(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    hosts: &Hosts,
    (pools, sites): (&Pools, &[PlacedSite]),
) -> Option<Http> {
    let default = Http { port: Port(80), code: RedirectCode::Permanent, acme_challenge: None };
    let Some(raw) = node.and_then(|node| RawHttp::read(reader, node)) else { return Some(default) };
    let http = Http {
        port: port(reader, raw.port, hosts, default.port),
        code: or_default(reader, raw.code, "code", default.code),
        acme_challenge: raw.acme_challenge.and_then(|node| acme_challenge(reader, node, hosts, (pools, sites))),
    };
    switch(reader, raw.enabled, "enabled", true).then_some(http)
}

/// A port takes either TLS or plain HTTP.
fn port(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts, default: Port) -> Port {
    let written = node.and_then(|node| scalar::<Port>(reader, node, "port"));
    let (port, span) = written.map_or((default, None), |placed| (placed.value, Some(placed.span)));
    if let Some((balancer, places)) = hosts.load_balancers.iter().find(|(it, _)| it.haproxy.port == port) {
        let message = format!("`{}` cannot take both TLS and plain HTTP on port {port}", balancer.name);
        let help = "change one of the ports, or write `http: { enabled: false }`";
        let both = Diagnostic::refusal(Code::IN09, span.unwrap_or(places.address), message, help);
        reader.diagnostics.push(both.related(places.address, "this balancer"));
    }
    port
}

fn acme_challenge(
    reader: &mut Reader<'_>,
    node: &Node,
    hosts: &Hosts,
    (pools, sites): (&Pools, &[PlacedSite]),
) -> Option<AcmeChallenge> {
    let raw = RawAcmeChallenge::read(reader, node)?;
    let targets = [("app_server", raw.app_server), ("pool", raw.pool), ("redirect", raw.redirect)];
    let mut written = targets.iter().filter_map(|(key, node)| Some((*key, (*node)?)));
    let Some((key, target)) = written.next() else {
        let help = "add `app_server: srv1`, `pool: web` or `redirect: http://acme.example.com`";
        reader.report(Code::IN04, raw.span, "`http.acme_challenge` does not say where challenges go", help);
        return None;
    };
    for (other, node) in written {
        let message = format!("`http.acme_challenge` has both `{key}` and `{other}`");
        let two =
            Diagnostic::refusal(Code::IN09, node.underline(), message, "keep one of them: challenges go to one place");
        reader.diagnostics.push(two.related(target.underline(), "the other one"));
    }
    let port = or_default(reader, raw.port, "port", Port(80));
    let root = raw.root.and_then(|node| scalar::<Directory>(reader, node, "root")).map(|placed| placed.value.0);
    let members = match key {
        "app_server" => vec![app_server(reader, target, hosts)?],
        "pool" => pool(reader, target, pools)?,
        _ => {
            for (key, node) in [("port", raw.port), ("root", raw.root)] {
                if let Some(node) = node {
                    let message = format!("`{key}` has no effect with `redirect`");
                    reader.report(Code::IN09, node.underline(), message, "remove it, or make it a part of the URL");
                }
            }
            return redirect(reader, target).map(AcmeChallenge::Redirect);
        }
    };
    let taken = Taken { port, span: raw.port.unwrap_or(target).underline() };
    taken.by_tls(reader, &members, hosts);
    if root.is_some() {
        taken.by_an_app(reader, &members, (hosts, pools, sites));
    }
    Some(AcmeChallenge::AppServers { members, port, root })
}

/// The port that challenges go to, which may be in use on the app server.
struct Taken {
    port: Port,
    span: Span,
}

impl Taken {
    /// A port takes either plain HTTP or TLS after a PROXY header.
    fn by_tls(&self, reader: &mut Reader<'_>, members: &[usize], hosts: &Hosts) {
        let apps = members.iter().filter_map(|index| hosts.app_servers.get(*index));
        let Some((app, places)) = apps.into_iter().find(|(app, _)| app.nginx.port == self.port) else { return };
        let message = format!("challenges cannot go to port {} of `{}`: nginx uses it for TLS", self.port, app.name);
        let taken = Diagnostic::refusal(Code::IN09, self.span, message, "write another `port`, such as 80 or 8888");
        reader.diagnostics.push(taken.related(places.address, "this app server"));
    }

    /// nginx does not start if an app on the same host listens on its port.
    fn by_an_app(&self, reader: &mut Reader<'_>, members: &[usize], fleet: (&Hosts, &Pools, &[PlacedSite])) {
        let (hosts, pools, sites) = fleet;
        // Few apps listen on that port, so look at the hosts for those only.
        let apps = sites.iter().flat_map(|site| {
            let sockets = site.site.locations.iter().filter_map(socket);
            sockets.filter(|socket| socket.port() == self.port.0).map(|socket| (site.site.pool, socket))
        });
        let apps: HashSet<(usize, SocketAddr)> = apps.collect();
        let members: HashSet<usize> = members.iter().copied().collect();
        let taken = apps.iter().find(|(pool, socket)| {
            let serving = pools.all.get(*pool).map_or(&[][..], |pool| &pool.pool.members);
            let here = serving.iter().filter(|index| members.contains(index));
            here.filter_map(|index| hosts.app_servers.get(*index))
                .any(|(app, _)| socket.ip().is_loopback() || app.addresses.iter().any(|it| it.0 == socket.ip()))
        });
        if let Some((_, socket)) = taken {
            let message = format!("nginx cannot take challenges on port {}: an app listens on `{socket}`", self.port);
            reader.report(Code::IN09, self.span, message, "write another `port`, such as 8888");
        }
    }
}

/// The TCP socket that the upstream of a location listens on.
fn socket(location: &Location) -> Option<SocketAddr> {
    match location.target.endpoint()? {
        Endpoint::Tcp(socket) => Some(*socket),
        Endpoint::Unix(_) => None,
    }
}

fn app_server(reader: &mut Reader<'_>, node: &Node, hosts: &Hosts) -> Option<usize> {
    let name = scalar::<HostName>(reader, node, "app_server")?;
    let found = hosts.by_name.get(name.value.as_str()).copied();
    // A host that has an error was reported already, and its name is not a typo.
    if found.is_none() && hosts.all_named && !hosts.named(name.value.as_str()) {
        unknown(reader, name.span, "app server", name.value.as_str(), hosts.app_server_names());
    }
    found
}

fn pool(reader: &mut Reader<'_>, node: &Node, pools: &Pools) -> Option<Vec<usize>> {
    let name = scalar::<PoolName>(reader, node, "pool")?;
    let Some(found) = pools.named(&name.value) else {
        unknown(reader, name.span, "pool", name.value.as_str(), pools.names());
        return None;
    };
    Some(pools.all[found].pool.members.clone()).filter(|members| !members.is_empty())
}

/// A URL without a path: the path of the challenge is appended.
fn redirect(reader: &mut Reader<'_>, node: &Node) -> Option<RedirectUrl> {
    let url = scalar::<RedirectUrl>(reader, node, "redirect")?;
    let text = url.value.to_string();
    let host = text.split_once("://").map_or("", |(_, host)| host);
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    if host.chars().all(plain) {
        return Some(url.value);
    }
    refuse(reader, url.span, &text);
    None
}

fn refuse(reader: &mut Reader<'_>, span: Span, text: &str) {
    let message = format!("`redirect` has more than a host: `{text}`");
    let help = "write `http://acme.example.com`: the path of the challenge is appended";
    reader.report(Code::IN06, span, message, help);
}
