//! The requests that each host of a fleet has to answer, from its inventory.

use std::net::SocketAddr;

use super::{Probe, ProxyHeader, ProxyVersion};
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Haproxy, LoadBalancer, Site, Target, UNAVAILABLE};
use crate::inventory::routing::location_of;
use crate::inventory::types::ProxyProtocol;

/// What is asked for.
const PATH: &str = "/";
/// The port that a PROXY header of ours gives the client.
const CLIENT_PORT: u16 = 50_000;

/// A request that a host has to answer.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The host that the connection comes from.
    pub via: String,
    /// Where it goes.
    pub to: SocketAddr,
    /// What is sent.
    pub probe: Probe,
    /// The certificates that the site may show, as paths on the app servers.
    pub certificates: Vec<String>,
    /// Where the host's app for the site is, as the inventory has it: `uwsgi_pass: unix:/run/app.sock`. `None` if no
    /// app answers, and of a balancer.
    pub app: Option<String>,
    /// Failures with which nginx is to answer by itself: of a site in maintenance, or one that always answers so.
    pub failures: Vec<u16>,
}

/// What a host of this name has to answer for each of its sites: an app server to a balancer, a balancer to a client,
/// which is itself. Without a balancer in `reached`, an app server has to answer itself.
pub fn expected<'i>(inventory: &'i Inventory, host: &str, reached: &[&str]) -> Box<dyn Iterator<Item = Expected> + 'i> {
    let balancer = inventory.load_balancers.iter().find(|it| it.name.as_str() == host);
    if let Some(balancer) = balancer {
        return Box::new(inventory.sites.iter().map(move |site| of_balancer(inventory, balancer, site)));
    }
    let Some(index) = inventory.app_servers.iter().position(|it| it.name.as_str() == host) else {
        return Box::new(std::iter::empty());
    };
    let app = &inventory.app_servers[index];
    let leads = |balancer: &&LoadBalancer| app.addresses.reached_from(balancer.addresses.families()).is_some();
    let is_reached = |balancer: &&LoadBalancer| reached.contains(&balancer.name.as_str());
    let (mut all, any) = (inventory.load_balancers.iter().filter(leads), inventory.load_balancers.iter().find(leads));
    let Some((via, balancer)) = all.find(is_reached).map(|it| (&it.name, it)).or_else(|| any.map(|it| (&app.name, it)))
    else {
        return Box::new(std::iter::empty());
    };
    let pools = inventory.pools.iter().filter(move |pool| pool.members.contains(&index));
    let sites = pools.flat_map(|pool| pool.sites.iter().map(|site| &inventory.sites[*site]));
    Box::new(sites.filter_map(move |site| of_app_server(inventory, app, (via.as_str(), balancer), site)))
}

fn of_balancer(inventory: &Inventory, balancer: &LoadBalancer, site: &Site) -> Expected {
    Expected {
        via: balancer.name.to_string(),
        to: SocketAddr::new(balancer.own_entry(), balancer.haproxy.port.0),
        probe: request(inventory, &balancer.haproxy, site, None),
        certificates: certificates(site),
        app: None,
        failures: failures(site),
    }
}

/// What `balancer` asks of an app server; the connection comes from the host `via`.
fn of_app_server(
    inventory: &Inventory,
    app: &AppServer,
    (via, balancer): (&str, &LoadBalancer),
    site: &Site,
) -> Option<Expected> {
    let address = app.addresses.reached_from(balancer.addresses.families())?.0;
    let source = balancer.addresses.iter().find(|it| it.0.is_ipv4() == address.is_ipv4())?.0;
    let version = match balancer.haproxy.proxy_protocol {
        ProxyProtocol::V1 => Some(ProxyVersion::V1),
        ProxyProtocol::V2 => Some(ProxyVersion::V2),
        ProxyProtocol::Off => None,
    };
    let header = version.map(|version| ProxyHeader {
        version,
        source: SocketAddr::new(source, CLIENT_PORT),
        destination: SocketAddr::new(source, balancer.haproxy.port.0),
    });
    Some(Expected {
        via: via.to_owned(),
        to: SocketAddr::new(address, app.nginx.port.0),
        probe: request(inventory, &balancer.haproxy, site, header),
        certificates: certificates(site),
        app: app_of(site),
        failures: failures(site),
    })
}

fn request(inventory: &Inventory, haproxy: &Haproxy, site: &Site, proxy: Option<ProxyHeader>) -> Probe {
    let name = inventory.sample_name(site);
    let port = haproxy.public_port().0;
    let host_header = if port == 443 { name.clone() } else { format!("{name}:{port}") };
    Probe { proxy, server_name: name, path: PATH.to_owned(), host_header }
}

/// What nginx answers by itself, if that is a failure.
fn failures(site: &Site) -> Vec<u16> {
    let closed = site.maintenance.as_ref().map(|_| UNAVAILABLE);
    let answer = location_of(site, PATH).and_then(|index| match &site.locations[index].target {
        Target::Answer(answer) if answer.status >= 500 => Some(answer.status),
        _ => None,
    });
    closed.into_iter().chain(answer).collect()
}

/// Where the app is that answers, as a line of the inventory.
fn app_of(site: &Site) -> Option<String> {
    let target = &site.locations[location_of(site, PATH)?].target;
    Some(format!("{}_pass: {}", target.kind(), target.destination()?))
}

fn certificates(site: &Site) -> Vec<String> {
    site.certificates.iter().map(|pair| pair.ssl_certificate.to_string()).collect()
}
