//! The apps of an inventory: where their stand-ins listen, and which can have none. Pure.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::curl::EMPTY_MESSAGE;
use super::spec::{UpstreamListen, UpstreamProtocol};
use crate::inventory::Inventory;
use crate::inventory::model::{AcmeChallenge, AppServer, LoadBalancer, Location, Protocol, Site, Target};
use crate::inventory::types::{Endpoint, ServerAddress};
use crate::stand_ins::address_of;

/// The balancer on which an app runs, by its address.
pub(super) fn balancer(inventory: &Inventory, listen: &UpstreamListen) -> Option<usize> {
    let UpstreamListen::Tcp(socket) = listen else { return None };
    let has = |it: &LoadBalancer| it.addresses.iter().any(|address| address.0 == socket.ip());
    inventory.load_balancers.iter().position(has)
}

/// Whether the app has a port that nginx of its app server takes for itself, on all addresses, or haproxy on the same host. In
/// a try-out, apps outside the fleet are on the app server. No inventory is accepted with an app of a host on a port of
/// its haproxy.
pub(super) fn is_taken(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let on_balancer = |socket: &SocketAddr| balancer(inventory, &UpstreamListen::Tcp(*socket)).is_some();
    let ports: BTreeSet<u16> = listens(inventory, location)
        .filter_map(|listen| match listen {
            UpstreamListen::Tcp(socket) => Some(socket),
            UpstreamListen::Unix(_) => None,
        })
        .filter(|socket| !on_balancer(socket))
        .map(|socket| socket.port())
        .collect();
    let challenges = |index: &usize| match inventory.http.as_ref().and_then(|http| http.acme_challenge.as_ref()) {
        Some(AcmeChallenge::AppServers { members, port, root: Some(_) }) if members.contains(index) => Some(port.0),
        _ => None,
    };
    let port = |app: &AppServer| app.nginx.port.0;
    let of_haproxy = |app: &AppServer| {
        let balancer = inventory.balancer_beside(app)?;
        Some(inventory.ports_of_haproxy(balancer).chain([balancer.haproxy.peers_port.0]))
    };
    let others = inventory.other_pools.iter().flat_map(|pool| &pool.servers);
    let of_others: BTreeSet<SocketAddr> = others.map(|server| server.address).collect();
    let mut members = inventory.pools[site.pool].members.iter();
    members.any(|index| {
        let app = &inventory.app_servers[*index];
        let beside = of_haproxy(app).into_iter().flatten();
        // What haproxy passes to a loopback address ends at another stand-in.
        let is_other = |listen| matches!(listen, UpstreamListen::Tcp(socket) if of_others.contains(&socket));
        if inventory.balancer_beside(app).is_some() && listens(inventory, location).any(is_other) {
            return true;
        }
        [Some(port(app)), challenges(index)].into_iter().flatten().chain(beside).any(|port| ports.contains(&port))
    })
}

/// Whether a gRPC app shares its socket with an HTTP app on some host, which stand-ins cannot.
pub(super) fn is_shared(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let mut grpc = upstreams(inventory, location).into_iter().filter(|(_, protocol)| protocol.is_grpc());
    grpc.any(|app| shares(inventory, site, &app))
}

fn shares(inventory: &Inventory, site: &Site, (listen, protocol): &(UpstreamListen, UpstreamProtocol)) -> bool {
    let members = |site: &Site| &inventory.pools[site.pool].members;
    let remote = balancer(inventory, listen).is_some();
    let together = |other: &&Site| remote || members(other).iter().any(|member| members(site).contains(member));
    let mut others = inventory.sites.iter().filter(together).flat_map(|it| &it.locations);
    others.any(|it| upstreams(inventory, it).iter().any(|(other, spoken)| other == listen && spoken != protocol))
}

/// Whether nginx of some app server refuses even the shortest gRPC message as too large.
pub(super) fn is_too_small(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let refuses = |app: &AppServer| {
        let limit = site.client_max_body_size.as_ref().unwrap_or(&app.nginx.client_max_body_size).bytes();
        (1..EMPTY_MESSAGE.len() as u64).contains(&limit)
    };
    matches!(location.target, Target::Grpc(_)) && inventory.pools[site.pool].app_servers(inventory).any(refuses)
}

/// Where the apps of a location listen, and what they speak.
pub(super) fn upstreams(inventory: &Inventory, location: &Location) -> Vec<(UpstreamListen, UpstreamProtocol)> {
    let Some(protocol) = location.target.protocol() else { return Vec::new() };
    let protocol = match protocol {
        Protocol::Uwsgi => UpstreamProtocol::Uwsgi,
        Protocol::Fastcgi => UpstreamProtocol::FastCgi,
        Protocol::Http => UpstreamProtocol::Http,
        Protocol::Https => UpstreamProtocol::Https,
        Protocol::Grpc => UpstreamProtocol::Grpc,
        Protocol::Grpcs => UpstreamProtocol::Grpcs,
    };
    listens(inventory, location).map(|listen| (listen, protocol)).collect()
}

/// Where the apps of a location listen. A host's name leads to an address of its own on the app server itself.
fn listens<'i>(inventory: &'i Inventory, location: &'i Location) -> impl Iterator<Item = UpstreamListen> + 'i {
    let sockets = inventory.sockets(location).map(|socket| match socket {
        Endpoint::Unix(path) => UpstreamListen::Unix(path.as_str().into()),
        Endpoint::Tcp(socket) => UpstreamListen::Tcp(*socket),
    });
    let servers = inventory.upstream(location).into_iter().flat_map(|upstream| &upstream.servers);
    let named = servers.filter_map(|server| match &server.address {
        ServerAddress::Host(name, port) => Some(UpstreamListen::Tcp((address_of(inventory, name)?, *port).into())),
        ServerAddress::Socket(_) => None,
    });
    sockets.chain(named)
}

/// The shortest head of an answer that nginx takes everywhere from the app that listens there.
pub(super) fn head(inventory: &Inventory, listen: &UpstreamListen) -> u64 {
    let passed = inventory.sites.iter().flat_map(|site| {
        let here = site.locations.iter().filter(|location| listens(inventory, location).any(|it| it == *listen));
        here.flat_map(move |_| {
            let members = inventory.pools[site.pool].app_servers(inventory);
            members.map(move |app| app.nginx.upstream_buffer_size.bytes())
        })
    });
    passed.min().unwrap_or(4096)
}

/// The names that the certificates of a site's apps have to be for.
pub(super) fn names_over_tls(inventory: &Inventory, site: &Site) -> Vec<String> {
    let of_location = |location: &Location| match location.upstream_tls.as_ref()?.name.as_ref() {
        Some(name) => Some(vec![name.to_string()]),
        None => {
            let names = site.server_names.iter().map(ToString::to_string);
            Some(names.chain([inventory.sample_name(site)]).collect())
        }
    };
    site.locations.iter().filter_map(of_location).flatten().collect()
}

/// The address of an app outside the fleet: the app server is given it, and runs the stand-in itself.
pub(super) fn remote(listen: &UpstreamListen, addresses: &[IpAddr]) -> Option<IpAddr> {
    match listen {
        UpstreamListen::Tcp(socket) if !socket.ip().is_loopback() && !addresses.contains(&socket.ip()) => {
            Some(socket.ip())
        }
        UpstreamListen::Tcp(_) | UpstreamListen::Unix(_) => None,
    }
}
