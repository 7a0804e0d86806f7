//! The apps of an inventory: where their stand-ins listen, and which can have none. Pure.

use std::net::IpAddr;

use super::curl::EMPTY_MESSAGE;
use super::spec::{UpstreamListen, UpstreamProtocol};
use crate::inventory::Inventory;
use crate::inventory::model::{AcmeChallenge, AppServer, LoadBalancer, Location, Protocol, Site, Target};
use crate::inventory::types::Endpoint;

/// The balancer on which an app runs, by its address.
pub(super) fn balancer(inventory: &Inventory, listen: &UpstreamListen) -> Option<usize> {
    let UpstreamListen::Tcp(socket) = listen else { return None };
    let has = |it: &LoadBalancer| it.addresses.iter().any(|address| address.0 == socket.ip());
    inventory.load_balancers.iter().position(has)
}

/// Whether the app has a port that nginx of its app server takes for itself, on all addresses. In a try-out,
/// apps outside the fleet are on the app server. No inventory is accepted with an app on a port of haproxy.
pub(super) fn is_taken(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let Some(Endpoint::Tcp(socket)) = location.target.endpoint() else { return false };
    if balancer(inventory, &UpstreamListen::Tcp(*socket)).is_some() {
        return false;
    }
    let challenges = |index: &usize| match inventory.http.as_ref().and_then(|http| http.acme_challenge.as_ref()) {
        Some(AcmeChallenge::AppServers { members, port, root: Some(_) }) if members.contains(index) => Some(port.0),
        _ => None,
    };
    let port = |app: &AppServer| app.nginx.port.0;
    let mut members = inventory.pools[site.pool].members.iter();
    members
        .any(|index| port(&inventory.app_servers[*index]) == socket.port() || challenges(index) == Some(socket.port()))
}

/// Whether a gRPC app shares its socket with an HTTP app on some host, which stand-ins cannot.
pub(super) fn is_shared(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let Some((listen, protocol)) = upstream(location).filter(|(_, protocol)| protocol.is_grpc()) else { return false };
    let members = |site: &Site| &inventory.pools[site.pool].members;
    let remote = balancer(inventory, &listen).is_some();
    let together = |other: &&Site| remote || members(other).iter().any(|member| members(site).contains(member));
    let mut others = inventory.sites.iter().filter(together).flat_map(|it| &it.locations).filter_map(upstream);
    others.any(|(other, spoken)| other == listen && spoken != protocol)
}

/// Whether nginx of some app server refuses even the shortest gRPC message as too large.
pub(super) fn is_too_small(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    let refuses = |app: &AppServer| {
        let limit = site.client_max_body_size.as_ref().unwrap_or(&app.nginx.client_max_body_size).bytes();
        (1..EMPTY_MESSAGE.len() as u64).contains(&limit)
    };
    matches!(location.target, Target::Grpc(_)) && inventory.pools[site.pool].app_servers(inventory).any(refuses)
}

/// Where the app of a location listens, and what it speaks.
pub(super) fn upstream(location: &Location) -> Option<(UpstreamListen, UpstreamProtocol)> {
    let protocol = match location.target.protocol()? {
        Protocol::Uwsgi => UpstreamProtocol::Uwsgi,
        Protocol::Fastcgi => UpstreamProtocol::FastCgi,
        Protocol::Http => UpstreamProtocol::Http,
        Protocol::Https => UpstreamProtocol::Https,
        Protocol::Grpc => UpstreamProtocol::Grpc,
        Protocol::Grpcs => UpstreamProtocol::Grpcs,
    };
    let listen = match location.target.endpoint()? {
        Endpoint::Unix(path) => UpstreamListen::Unix(path.as_str().into()),
        Endpoint::Tcp(socket) => UpstreamListen::Tcp(*socket),
    };
    Some((listen, protocol))
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
