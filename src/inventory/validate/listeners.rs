//! What listens on the ports of each host. Any two listeners of a host are compared here, whatever keys
//! they come from: a port that two of them want is a refusal.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::hosts::{Hosts, Places};
use super::http::PlacedHttp;
use super::pools::Pools;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{AcmeChallenge, AppServer, Pool};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Address, HostName, Port};
use crate::source::Span;

/// Compares the listeners of every host.
pub fn check(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    (hosts, virtual_addresses): (&Hosts, &[Address]),
    (pools, sites): (&Pools, &[PlacedSite]),
) {
    if let Some(http) = http {
        balancers(reader, http, hosts);
    }
    metrics(reader, http, hosts);
    peers(reader, http, hosts);
    families(reader, hosts);
    loopback(reader, hosts);
    circles(reader, http, (hosts, virtual_addresses), sites);
    let challenges = http.and_then(Challenges::of);
    if let Some(challenges) = &challenges {
        challenges.against_tls(reader, hosts);
    }
    for pool in &pools.all {
        let apps = Apps::of(&pool.pool, sites);
        if apps.0.is_empty() {
            continue;
        }
        let members = || pool.pool.members.iter().filter_map(|it| Some((it, &hosts.app_servers.get(*it)?.0)));
        // One host is enough to show what has to change.
        let tls = members().find_map(|(_, host)| apps.on(host.nginx.port, host).map(|app| (host, app)));
        if let Some((host, (socket, span))) = tls {
            let message = format!("no app can listen on `{socket}`: nginx uses port {} for TLS", host.nginx.port);
            reader.report(Code::IN09, span, message, "write the port that the app listens on");
        }
        let of_metrics = |host: &AppServer| apps.on(host.nginx.metrics.as_ref()?.port, host);
        if let Some((host, (socket, span))) = members().find_map(|(_, host)| Some((host, of_metrics(host)?))) {
            let message = format!("no app can listen on `{socket}`: nginx on `{}` tells its numbers there", host.name);
            reader.report(
                Code::IN09,
                span,
                message,
                "write the port that the app listens on, or another into `metrics`",
            );
        }
        let Some(challenges) = challenges.as_ref().filter(|it| it.root) else { continue };
        let serving = members().filter(|(member, _)| challenges.members.contains(member));
        if let Some((socket, _)) = serving.into_iter().find_map(|(_, host)| apps.on(challenges.port, host)) {
            // nginx does not start then. Without `root`, the app may be what answers: DP03 warns.
            let message =
                format!("nginx cannot take challenges on port {}: an app listens on `{socket}`", challenges.port);
            reader.report(Code::IN09, challenges.span, message, challenges.other_port());
        }
    }
}

/// A balancer's port takes either TLS or plain HTTP.
fn balancers(reader: &mut Reader<'_>, http: &PlacedHttp, hosts: &Hosts) {
    let port = http.http.port;
    let Some((balancer, places)) = hosts.load_balancers.iter().find(|(it, _)| it.haproxy.port == port) else { return };
    let message = format!("`{}` cannot take both TLS and plain HTTP on port {port}", balancer.name);
    let help = "change one of the ports, or write `http: { enabled: false }`";
    let place = http.port.or(places.port).unwrap_or(places.name);
    let mut both = Diagnostic::refusal(Code::IN09, place, message, help);
    if let Some(other) = places.port.filter(|port| *port != place) {
        both = both.related(other, "the port for TLS");
    }
    reader.diagnostics.push(both.related(places.name, "this balancer"));
}

/// A port is for the numbers of a program, or for something else.
fn metrics(reader: &mut Reader<'_>, http: Option<&PlacedHttp>, hosts: &Hosts) {
    let mut taken = |port: Port, name: &HostName, places: &Places, other: &str| {
        let message = format!("`{name}` cannot tell its numbers on port {port}, which is for {other}");
        let place = places.metrics.unwrap_or(places.name);
        let both = Diagnostic::refusal(Code::IN09, place, message, "write another `port` into `metrics`, such as 8405");
        reader.diagnostics.push(both.related(places.name, "this host"));
    };
    for (balancer, places) in &hosts.load_balancers {
        let Some(metrics) = &balancer.haproxy.metrics else { continue };
        if metrics.port == balancer.haproxy.port {
            taken(metrics.port, &balancer.name, places, "TLS");
        } else if http.is_some_and(|http| http.http.port == metrics.port) {
            taken(metrics.port, &balancer.name, places, "plain HTTP");
        }
    }
    let challenges = http.and_then(Challenges::of);
    for (index, (app, places)) in hosts.app_servers.iter().enumerate() {
        let Some(metrics) = &app.nginx.metrics else { continue };
        let takes_challenges = |it: &Challenges| it.port == metrics.port && it.members.contains(&index);
        if metrics.port == app.nginx.port {
            taken(metrics.port, &app.name, places, "TLS");
        } else if challenges.as_ref().is_some_and(takes_challenges) {
            taken(metrics.port, &app.name, places, "challenges");
        }
    }
}

/// A port is for what balancers tell each other, or for something else.
fn peers(reader: &mut Reader<'_>, http: Option<&PlacedHttp>, hosts: &Hosts) {
    for (balancer, places) in &hosts.load_balancers {
        let (haproxy, port) = (&balancer.haproxy, balancer.haproxy.peers_port);
        let other = match () {
            () if haproxy.limits.req.is_none() => continue,
            () if port == haproxy.port => "TLS",
            () if http.is_some_and(|http| http.http.port == port) => "plain HTTP",
            () if haproxy.metrics.as_ref().is_some_and(|metrics| metrics.port == port) => "metrics",
            () => continue,
        };
        let message = format!(
            "`{}` cannot tell others on port {port} how often clients connect: it is for {other}",
            balancer.name
        );
        let place = places.peers.unwrap_or(places.name);
        let both = Diagnostic::refusal(Code::IN09, place, message, "write another `peers_port`, such as 10001");
        reader.diagnostics.push(both.related(places.name, "this balancer"));
    }
}

/// A balancer listens on an address of a family that it has, so that it can be tried out and observed.
fn families(reader: &mut Reader<'_>, hosts: &Hosts) {
    for (balancer, places) in &hosts.load_balancers {
        let (families, bind) = (balancer.addresses.families(), &balancer.haproxy.bind);
        let Some(span) = places.bind.filter(|_| !bind.is_empty() && !bind.iter().any(|it| families.has(it.0))) else {
            continue;
        };
        let (own, bound) = if families.v4 { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
        let message =
            format!("all addresses of `bind` are {bound}, and `{}` has an {own} address alone", balancer.name);
        let help = format!("add an {own} address to `bind`, or an {bound} address to `address`");
        let none = Diagnostic::refusal(Code::IN09, span, message, help);
        reader.diagnostics.push(none.related(places.address, "this balancer"));
    }
}

/// A balancer without an address of its own in `bind` is asked at its loopback address, where nobody sends a PROXY header.
fn loopback(reader: &mut Reader<'_>, hosts: &Hosts) {
    for (balancer, places) in &hosts.load_balancers {
        let own = balancer.own_entry();
        if !own.is_loopback() || !balancer.reads_header_from(own) {
            continue;
        }
        let message =
            format!("`accept_proxy_from` has `{own}`, where a deploy asks `{}` without a PROXY header", balancer.name);
        let help = "add an address of the balancer to `bind`, or remove the network";
        let asked = Diagnostic::refusal(Code::IN09, places.bind.unwrap_or(places.name), message, help);
        reader.diagnostics.push(asked.related(places.name, "this balancer"));
    }
}

/// Requests that are passed to a balancer come back to nginx, again and again.
fn circles(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    (hosts, virtual_addresses): (&Hosts, &[Address]),
    sites: &[PlacedSite],
) {
    let plain = http.map(|it| it.http.port);
    let mut own: HashMap<SocketAddr, (&str, Span)> = HashMap::new();
    for (balancer, places) in &hosts.load_balancers {
        let addresses = balancer.addresses.iter().chain(virtual_addresses.iter().copied());
        for address in addresses.filter(|address| balancer.listens_on(address.0)) {
            for port in plain.into_iter().chain([balancer.haproxy.port]) {
                own.entry((address.0, port.0).into()).or_insert((balancer.name.as_str(), places.address));
            }
        }
    }
    for (socket, _, span) in sites.iter().flat_map(|site| &site.upstreams) {
        let Some((name, address)) = socket.tcp().and_then(|socket| own.get(&socket)) else { continue };
        let message = format!("`{socket}` is the balancer `{name}`, which passes requests back to nginx");
        let circle = Diagnostic::refusal(Code::IN09, *span, message, "write the address and port of the app");
        reader.diagnostics.push(circle.related(*address, "this balancer"));
    }
}

/// Where nginx takes challenges as plain HTTP.
pub(super) struct Challenges {
    pub(super) port: Port,
    pub(super) span: Span,
    pub(super) members: HashSet<usize>,
    /// Whether nginx answers them itself; if not, another program listens there.
    root: bool,
}

impl Challenges {
    pub(super) fn of(http: &PlacedHttp) -> Option<Self> {
        let AcmeChallenge::AppServers { members, port, root } = http.http.acme_challenge.as_ref()? else { return None };
        let members = members.iter().copied().collect();
        Some(Self { port: *port, span: http.challenges?, members, root: root.is_some() })
    }

    /// Help that names another port.
    fn other_port(&self) -> &'static str {
        match self.port {
            Port(8888) => "write another `port`, such as 8889",
            _ => "write another `port`, such as 8888",
        }
    }

    /// A port takes either plain HTTP or TLS after a PROXY header.
    fn against_tls(&self, reader: &mut Reader<'_>, hosts: &Hosts) {
        let members = hosts.app_servers.iter().enumerate().filter(|(index, _)| self.members.contains(index));
        let Some((_, (app, places))) = members.into_iter().find(|(_, (app, _))| app.nginx.port == self.port) else {
            return;
        };
        let message = format!("challenges cannot go to port {} of `{}`: nginx uses it for TLS", self.port, app.name);
        let taken = Diagnostic::refusal(Code::IN09, self.span, message, self.other_port());
        let taken = match places.port {
            Some(port) => taken.related(port, "the port for TLS"),
            None => taken,
        };
        reader.diagnostics.push(taken.related(places.name, "this app server"));
    }
}

/// The TCP sockets that the apps of a pool listen on, each with the place of the first value that names it, by
/// address and port. All addresses of the host that every host has are one.
pub(super) struct Apps(HashMap<(IpAddr, u16), (SocketAddr, Span)>);

impl Apps {
    pub(super) fn of(pool: &Pool, sites: &[PlacedSite]) -> Self {
        let mut apps = HashMap::new();
        let upstreams = pool.sites.iter().filter_map(|site| sites.get(*site)).flat_map(|site| &site.upstreams);
        for (socket, span) in upstreams.filter_map(|(socket, _, span)| Some((socket.tcp()?, *span))) {
            let own = socket.ip().is_loopback() || socket.ip().is_unspecified();
            let address = if own { LOCALHOST } else { socket.ip() };
            apps.entry((address, socket.port())).or_insert((socket, span));
        }
        Self(apps)
    }

    /// One that listens on this port of this host.
    fn on(&self, port: Port, host: &AppServer) -> Option<(SocketAddr, Span)> {
        self.at(port, host, |_| true)
    }

    /// One that listens on this port of this host, at an address that something else takes too. The loopback addresses are
    /// `LOCALHOST`.
    pub(super) fn at(
        &self,
        port: Port,
        host: &AppServer,
        taken: impl Fn(IpAddr) -> bool,
    ) -> Option<(SocketAddr, Span)> {
        let addresses = std::iter::once(LOCALHOST).chain(host.addresses.iter().map(|it| it.0));
        addresses.filter(|it| taken(*it)).find_map(|address| self.0.get(&(address, port.0))).copied()
    }
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
