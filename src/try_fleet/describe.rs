//! From an inventory and its rendered tree to the fleet to build: what each host needs apart from its
//! files, and which requests show that every site works. The files are those of the tree, unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use super::access;
use super::cdn;
use super::front;
use super::limits;
use super::metrics;
use super::others;
use super::probes;
use super::scripts::Scripts;
use super::shield;
use super::spec::{FileSpec, FleetSpec, HostSpec, PlainSpec, Role, UpstreamListen, UpstreamProtocol, UpstreamSpec};
use super::upstreams::{self, is_shared, is_taken, remote};
use crate::inventory::Inventory;
use crate::inventory::model::{AcmeChallenge, AppServer, HttpCheck, Location, Site, Target};
use crate::inventory::types::{LocationMatch, ProxyProtocol};
use crate::stand_ins::{CertificateSpec, authorities, hosts, revoked, ring, wanted};
use crate::tree::{Content, Tree};

/// Addresses reserved for documentation, for the clients; those that the fleet has are left out.
const CLIENTS: [&str; 6] =
    ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"];

/// The fleet of `inventory`, each host with its files of `tree`.
pub fn describe(inventory: &Inventory, tree: &Tree) -> FleetSpec {
    let mut contents = BTreeMap::new();
    let made = inventory.sites.iter().flat_map(|site| fallbacks(site).into_iter().chain(files(inventory, site)));
    let made = made.map(|(path, _)| path.to_string_lossy().into_owned()).collect();
    let scripts = Scripts::of(inventory, &made);
    let hosts = balancers(inventory, &scripts).into_iter().chain(app_servers(inventory, &scripts));
    let mut hosts: Vec<HostSpec> = hosts.map(|host| with_files(host, tree, &mut contents)).collect();
    let ring = ring(inventory);
    for host in hosts.iter_mut().filter(|host| host.role == Role::AppServer) {
        host.files.extend(ring.clone());
    }
    others::place(inventory, &mut hosts);
    let clients = clients(inventory, &hosts);
    for (host, balancer) in hosts.iter_mut().zip(&inventory.load_balancers) {
        host.header_from = clients.iter().copied().filter(|it| balancer.reads_header_from(*it)).collect();
    }
    metrics::admit(inventory, &mut hosts, &clients);
    shield::refuse(inventory, &mut hosts, &clients);
    let of_site = |site: &Site| {
        let mut specs = probes::of_site(inventory, &scripts, site);
        cdn::describe(inventory, site, &mut specs, &clients);
        access::refuse(site, &mut specs, &clients);
        limits::count(inventory, site, &mut specs);
        specs.extend(probes::uncertified(site, &specs));
        specs.extend(probes::unknown(inventory, site, &specs));
        specs
    };
    let sites = inventory.sites.iter().flat_map(of_site).collect();
    FleetSpec { hosts, sites, clients, others: others::pools(inventory) }
}

/// Clients connect to a balancer's addresses and to the virtual ones.
fn balancers(inventory: &Inventory, scripts: &Scripts) -> Vec<HostSpec> {
    let virtual_addresses: Vec<IpAddr> = inventory.virtual_addresses.iter().map(|address| address.0).collect();
    let sites: Vec<&Site> = inventory.sites.iter().collect();
    let apps = apps(inventory, &sites);
    let balancer = |(index, balancer): (usize, &crate::inventory::model::LoadBalancer)| {
        let addresses: Vec<IpAddr> = balancer.addresses.iter().map(|address| address.0).collect();
        let sources = balancer.haproxy.source.iter().map(|address| address.0);
        // A virtual address moves only to balancers that have an address of its family.
        let has = |address: &&IpAddr| addresses.iter().any(|o| o.is_ipv4() == address.is_ipv4());
        let bound = balancer.bound();
        let listed = bound.iter().map(|it| it.address).filter(|address| !address.is_loopback());
        let listed = listed.filter(|it| !addresses.contains(it) && !virtual_addresses.contains(it));
        let moving: Vec<IpAddr> = virtual_addresses.iter().copied().chain(listed).filter(|it| has(&it)).collect();
        let here = |app: &&App| upstreams::balancer(inventory, &app.0) == Some(index);
        let upstreams: Vec<UpstreamSpec> = apps.iter().filter(here).cloned().map(|app| spec(inventory, app)).collect();
        let script = |path: &String| (path.into(), made("a script"));
        let files = scripts.files().filter(|_| !upstreams.is_empty()).map(script).collect();
        let roots: Vec<&Site> = inventory.sites.iter().filter(|_| !upstreams.is_empty()).collect();
        HostSpec {
            checks: checks(inventory),
            certificates: of_apps(inventory, &sites).into_iter().filter(|_| !upstreams.is_empty()).collect(),
            upstreams,
            files,
            roots: roots.into_iter().flat_map(probes::roots).map(PathBuf::from).collect(),
            entries: addresses.iter().chain(&moving).filter(|it| balancer.listens_on(**it)).copied().collect(),
            extra_addresses: moving,
            unproven: unproven(inventory),
            keyless: probes::keyless(inventory),
            port: balancer.haproxy.port.0,
            public_port: Some(balancer.haproxy.public_port().0),
            hides_clients: balancer.haproxy.proxy_protocol == ProxyProtocol::Off,
            plain: inventory.http.as_ref().map(|http| PlainSpec {
                port: http.port.0,
                code: http.code.name().parse().unwrap_or_default(),
                tls_port: balancer.haproxy.public_port().0,
                thumbprint: match &http.acme_challenge {
                    Some(AcmeChallenge::Answered(thumbprint)) => Some(thumbprint.to_string()),
                    Some(AcmeChallenge::AppServers { .. } | AcmeChallenge::Redirect(_)) | None => None,
                },
            }),
            ..HostSpec::new(balancer.name.as_str(), Role::Balancer, addresses.into_iter().chain(sources).collect())
        }
    };
    inventory.load_balancers.iter().enumerate().map(balancer).collect()
}

/// An app: where it listens, and what it speaks.
type App = (UpstreamListen, UpstreamProtocol);

/// The apps of these sites that have a stand-in.
fn apps(inventory: &Inventory, sites: &[&Site]) -> BTreeSet<App> {
    let locations = sites.iter().flat_map(|site| site.locations.iter().map(move |location| (site, location)));
    let locations = locations.filter(|(site, location)| has_stand_in(inventory, site, location));
    locations.flat_map(|(_, location)| upstreams::upstreams(inventory, location)).collect()
}

fn spec(inventory: &Inventory, (listen, protocol): App) -> UpstreamSpec {
    let head = upstreams::head(inventory, &listen);
    UpstreamSpec { protocol, listen, head }
}

/// The certificate of the apps on a host, for the names that nginx asks for over TLS; none without such names.
fn of_apps(inventory: &Inventory, sites: &[&Site]) -> Option<CertificateSpec> {
    let names: BTreeSet<String> = sites.iter().flat_map(|site| upstreams::names_over_tls(inventory, site)).collect();
    let [certificate, key] = front::certificate();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then_some(CertificateSpec { certificate, key, names, source: None })
}

/// A status that every balancer's check accepts, by the name in the check; and one that every check of a path accepts, by
/// the name and the path.
fn checks(inventory: &Inventory) -> BTreeMap<String, u16> {
    let mut found = BTreeMap::new();
    for pool in &inventory.pools {
        let asked = inventory.load_balancers.iter().map(|balancer| &balancer.haproxy.check);
        let asked: Vec<HttpCheck> = asked.map(|check| pool.check.or(&check.http)).collect();
        let status = |asked: &[&HttpCheck]| {
            (200..600).find(|status| asked.iter().all(|it| it.expect().accepts(*status))).unwrap_or(200)
        };
        let first = inventory.sample_name(&inventory.sites[pool.sites[0]]);
        let host = |it: &HttpCheck| it.host.as_ref().map_or_else(|| first.clone(), ToString::to_string);
        let all: Vec<&HttpCheck> = asked.iter().collect();
        for it in &asked {
            let name = host(it).to_ascii_lowercase();
            let same: Vec<&HttpCheck> = asked.iter().filter(|other| other.path() == it.path()).collect();
            found.insert(format!("{name} {}", it.path()), status(&same));
            found.insert(name, status(&all));
        }
    }
    found
}

fn has_stand_in(inventory: &Inventory, site: &Site, location: &Location) -> bool {
    !is_taken(inventory, site, location) && !is_shared(inventory, site, location)
}

/// The pools with a site that has more than apps with stand-ins.
fn unproven(inventory: &Inventory) -> BTreeSet<String> {
    let answered = |location: &Location| match &location.target {
        Target::Uwsgi(_) | Target::Fastcgi(_) | Target::Proxy(_) | Target::Grpc(_) => true,
        Target::Redirect(_) | Target::Answer(_) => true,
        Target::Root(_) => false,
    };
    let proven = |site: &Site| {
        let everything = site
            .locations
            .iter()
            .any(|location| location.path.as_str() == "/" && location.matching != LocationMatch::Exact);
        everything && site.locations.iter().all(|it| answered(it) && has_stand_in(inventory, site, it))
    };
    let sites = inventory.sites.iter().filter(|site| !proven(site));
    sites.map(|site| inventory.pools[site.pool].name.to_string()).collect()
}

fn app_servers(inventory: &Inventory, scripts: &Scripts) -> Vec<HostSpec> {
    let checks = checks(inventory);
    let app_server = |(index, app): (usize, &crate::inventory::model::AppServer)| {
        let serves = |site: &&Site| inventory.pools[site.pool].members.contains(&index);
        let sites: Vec<&Site> = inventory.sites.iter().filter(serves).collect();
        let mut upstreams = apps(inventory, &sites);
        upstreams.retain(|(listen, _)| upstreams::balancer(inventory, listen).is_none());
        let addresses: Vec<IpAddr> = app.addresses.iter().map(|address| address.0).collect();
        let resolvers: Vec<SocketAddr> = resolvers(inventory, app);
        let resolvers_listen = resolvers.iter().map(|socket| UpstreamListen::Tcp(*socket));
        let listens: Vec<UpstreamListen> =
            upstreams.iter().map(|(listen, _)| listen.clone()).chain(resolvers_listen).collect();
        let mut remote: BTreeSet<IpAddr> = listens.iter().filter_map(|listen| remote(listen, &addresses)).collect();
        // Programs look for IPv4 addresses of names only where an interface has one.
        if !addresses.iter().any(IpAddr::is_ipv4) {
            remote.extend(hosts(inventory).map(|(_, address)| address));
        }
        HostSpec {
            extra_addresses: remote.into_iter().collect(),
            upstreams: upstreams.into_iter().map(|app| spec(inventory, app)).collect(),
            roots: sites
                .iter()
                .flat_map(|site| probes::roots(site))
                .map(PathBuf::from)
                .chain(challenges(inventory, index))
                .collect(),
            certificates: wanted(&sites).into_iter().chain(of_apps(inventory, &sites)).collect(),
            authorities: authorities(&sites),
            revoked: revoked(&sites),
            checks: checks.clone(),
            names: hosts(inventory).map(|(name, address)| (name.to_string(), address)).collect(),
            resolvers,
            files: sites
                .iter()
                .flat_map(|site| fallbacks(site).into_iter().chain(files(inventory, site)))
                .chain(scripts.files().map(|path| (path.into(), made("a script"))))
                .collect(),
            ..HostSpec::new(app.name.as_str(), Role::AppServer, addresses)
        }
    };
    inventory.app_servers.iter().enumerate().map(app_server).collect()
}

/// The DNS servers of an app server, which run on it. Of those on a balancer none is needed: `describe` gives it one.
fn resolvers(inventory: &Inventory, app: &AppServer) -> Vec<SocketAddr> {
    let named = inventory.upstreams.iter().any(|upstream| upstream.has_hosts());
    let all = app.nginx.resolver.iter().filter(|_| named).map(|resolver| resolver.0);
    all.filter(|socket| upstreams::balancer(inventory, &UpstreamListen::Tcp(*socket)).is_none()).collect()
}

/// The files and scripts that serve requests for which there is no file.
fn fallbacks(site: &Site) -> Vec<(PathBuf, FileSpec)> {
    let file = |location: &Location| {
        let root = match &location.target {
            Target::Root(root) => root,
            _ => site.root.as_ref()?,
        };
        let path = format!("{root}{}", location.fallback.as_ref()?.as_str());
        Some((path.into(), made("a fallback")))
    };
    site.locations.iter().filter_map(file).collect()
}

/// The files that exact locations serve.
fn files(inventory: &Inventory, site: &Site) -> Vec<(PathBuf, FileSpec)> {
    let files = site.locations.iter().filter_map(|location| probes::file(inventory, location));
    files.map(|path| (path.into(), made("a file"))).collect()
}

fn made(what: &str) -> FileSpec {
    FileSpec::new(format!("{what} of the try-out\n").into_bytes(), 0o644)
}

fn with_files(mut host: HostSpec, tree: &Tree, contents: &mut BTreeMap<String, Arc<[u8]>>) -> HostSpec {
    for entry in tree.host(&host.name).unwrap_or_default() {
        let content: &Content = &entry.content;
        let bytes = contents.entry(content.sha256.clone()).or_insert_with(|| content.bytes.as_slice().into());
        let path = PathBuf::from(&*entry.path);
        for program in &mut host.programs {
            let drop_ins = format!("/etc/systemd/system/{}.d", program.program.unit());
            if path.starts_with(drop_ins) {
                program.nofile = program.nofile.max(nofile(&content.bytes));
            }
        }
        host.files.insert(path, FileSpec { bytes: Arc::clone(bytes), mode: content.mode });
    }
    host
}

/// The soft limit on descriptors in a rendered drop-in of a service; 0 without one.
fn nofile(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let value = text.lines().find_map(|line| line.strip_prefix("LimitNOFILE="));
    let soft = value.and_then(|value| value.split(':').next());
    soft.and_then(|soft| soft.parse().ok()).unwrap_or_default()
}

/// Where nginx on this app server looks for the answers to challenges.
fn challenges(inventory: &Inventory, app: usize) -> Option<PathBuf> {
    match inventory.http.as_ref()?.acme_challenge.as_ref()? {
        AcmeChallenge::AppServers { members, root, .. } if members.contains(&app) => {
            root.as_ref().map(|root| root.as_str().into())
        }
        AcmeChallenge::AppServers { .. } | AcmeChallenge::Redirect(_) | AcmeChallenge::Answered(_) => None,
    }
}

/// A client address of each family that no host of the fleet has, and those that lists of clients are tried with.
fn clients(inventory: &Inventory, hosts: &[HostSpec]) -> Vec<IpAddr> {
    let taken: BTreeSet<IpAddr> =
        hosts.iter().flat_map(|host| host.addresses.iter().chain(&host.extra_addresses)).copied().collect();
    let free = || CLIENTS.iter().filter_map(|text| text.parse::<IpAddr>().ok()).filter(|a| !taken.contains(a));
    let mut clients: Vec<IpAddr> =
        free().find(IpAddr::is_ipv4).into_iter().chain(free().find(IpAddr::is_ipv6)).collect();
    shield::add_clients(inventory, &mut clients, &taken, || free().collect());
    access::add_clients(inventory, &mut clients, &taken);
    access::add_proxies(inventory, &mut clients, &taken);
    cdn::add_clients(inventory, &mut clients, &taken);
    access::add_collectors(inventory, &mut clients, &taken);
    clients
}
