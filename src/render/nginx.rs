//! What the template of an app server sees.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::http::AcmeView;
use super::tls::{TlsView, hsts};
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Families, Location, Nginx, Site, SiteCertificate, Target};
use crate::inventory::types::{LocalPath, LocationMatch, ServerName, Tickets, Version};
use crate::tickets::{KEYS, RING};
use crate::tree::{Need, NeedKind, Needs};

/// From this version on `http2 on;` is a directive and the parameter of `listen` deprecated.
const HTTP2_DIRECTIVE: Version = Version(1, 25, 1);
/// From this version on a handshake can be rejected by name.
const REJECT_HANDSHAKE: Version = Version(1, 19, 4);

/// App servers that are alike in this get the same bytes.
#[derive(PartialEq, Eq, Hash)]
pub struct Shape<'i> {
    pools: &'i [usize],
    families: Families,
    nginx: &'i Nginx,
    acme: Option<AcmeView>,
}

impl<'i> Shape<'i> {
    /// The shape of one app server, which is a member of `pools` and answers challenges as `acme` says.
    pub fn of(pools: &'i [usize], app: &'i AppServer, acme: Option<AcmeView>) -> Self {
        Self { pools, families: app.addresses.families(), nginx: &app.nginx, acme }
    }
}

/// For each app server, the pools it is a member of, in the order of the inventory.
pub fn memberships(inventory: &Inventory) -> Vec<Vec<usize>> {
    let mut memberships = vec![Vec::new(); inventory.app_servers.len()];
    for (index, pool) in inventory.pools.iter().enumerate() {
        pool.members.iter().for_each(|member| memberships[*member].push(index));
    }
    memberships
}

/// What app servers of these pools need beside what is rendered.
pub fn needs(inventory: &Inventory, pools: &[usize]) -> Needs {
    let mut files: BTreeMap<String, Need> = BTreeMap::new();
    let mut need = |path: String, kind, source: Option<&LocalPath>| {
        let file = files.entry(path.clone()).or_insert(Need { path, kind, source: None });
        // One site may name the source of a file that several have.
        file.source = file.source.take().or(source.map(|source| source.as_str().to_owned()));
    };
    let sites = inventory.sites.iter().filter(|site| pools.contains(&site.pool));
    for pair in sites.flat_map(|site| &site.certificates) {
        let written = pair.source.as_ref().map(|source| &source.written);
        need(pair.ssl_certificate.to_string(), NeedKind::Certificate, written.map(|(certificate, _)| certificate));
        need(pair.ssl_certificate_key.to_string(), NeedKind::Key, written.and_then(|(_, key)| key.as_ref()));
    }
    ticket_keys(inventory).into_iter().for_each(|path| need(path, NeedKind::TicketKey, None));
    Needs { hosts: Vec::new(), files: files.into_values().collect() }
}

/// The files of the keys that app servers share, the one that encrypts first.
fn ticket_keys(inventory: &Inventory) -> Vec<String> {
    match inventory.tickets {
        Tickets::Shared => KEYS.iter().map(|key| format!("{RING}/{key}")).collect(),
        Tickets::PerHost | Tickets::Off => Vec::new(),
    }
}

#[derive(Serialize)]
pub struct View {
    names_hash: NamesHash,
    reject_handshake: bool,
    http2_directive: bool,
    ipv4: bool,
    ipv6: bool,
    listen: String,
    pub(super) tls: TlsView,
    /// Whether there are session tickets.
    tickets: bool,
    /// The files of the keys that app servers share, the one that encrypts first.
    ticket_keys: Vec<String>,
    trusted_proxies: Vec<String>,
    /// `combined`, `json` or `stock`; with the last, `access_log` means nothing.
    log_format: &'static str,
    access_log: String,
    misdirected: Vec<String>,
    keepalive_timeout: String,
    /// Where clients are: what apps must believe, whatever port nginx itself listens on.
    public_port: u16,
    proxies: bool,
    sites: Vec<SiteView>,
    acme: Option<AcmeView>,
}

/// nginx's defaults hold few and short names; more would only draw a warning.
#[derive(Serialize)]
struct NamesHash {
    needed: bool,
    bucket_size: usize,
    max_size: usize,
}

#[derive(Serialize)]
struct SiteView {
    server_names: Vec<String>,
    root: String,
    /// What answers where no location does: `files`, `nothing`, or empty for a location.
    rest: &'static str,
    certificates: Vec<CertificateView>,
    client_max_body_size: String,
    /// Empty where browsers are told nothing.
    hsts: String,
    locations: Vec<LocationView>,
}

#[derive(Serialize)]
struct CertificateView {
    ssl_certificate: String,
    ssl_certificate_key: String,
}

#[derive(Serialize)]
struct LocationView {
    exact: bool,
    path: String,
    kind: &'static str,
    to: String,
    tls: bool,
    code: &'static str,
    append_request_uri: bool,
}

/// What the template sees of app servers of this shape.
pub fn view(inventory: &Inventory, shape: &Shape<'_>) -> View {
    let at_least = |version: Version| shape.nginx.version.is_some_and(|v| v >= version);
    let http2_directive = shape.nginx.http2 && at_least(HTTP2_DIRECTIVE);
    let http2_parameter = if shape.nginx.http2 && !http2_directive { " http2" } else { "" };
    let sites = inventory.sites.iter().filter(|site| shape.pools.contains(&site.pool));
    let misdirected = misdirected(inventory, shape);
    // Balancers of one fleet answer on one port; with several, apps are told the first one's.
    let public_port = inventory.load_balancers[0].haproxy.port.0;
    View {
        names_hash: match &shape.acme {
            // There nginx has all names of the fleet, on a socket of their own.
            Some(_) => names_hash(inventory.sites.iter().flat_map(|site| &site.server_names)),
            None => names_hash(sites.clone().flat_map(|site| &site.server_names).chain(misdirected.iter().copied())),
        },
        reject_handshake: shape.nginx.version.is_none() || at_least(REJECT_HANDSHAKE),
        http2_directive,
        ipv4: shape.families.v4,
        ipv6: shape.families.v6,
        listen: format!("{} ssl{http2_parameter} proxy_protocol", shape.nginx.port),
        tls: TlsView::of(shape.nginx),
        tickets: inventory.tickets != Tickets::Off,
        ticket_keys: ticket_keys(inventory),
        trusted_proxies: inventory.trusted_proxies.iter().map(ToString::to_string).collect(),
        log_format: shape.nginx.log_format.name(),
        access_log: shape.nginx.access_log.to_string(),
        misdirected: misdirected.iter().map(ToString::to_string).collect(),
        keepalive_timeout: shape.nginx.keepalive_timeout.to_string(),
        public_port,
        proxies: sites.clone().flat_map(|site| &site.locations).any(|l| matches!(l.target, Target::Proxy(_))),
        sites: sites.map(|site| site_view(site, shape.nginx)).collect(),
        acme: shape.acme.clone(),
    }
}

/// Names that other pools serve but a wildcard of this host covers: a connection that a client
/// reuses for one of them would be answered by the wrong site.
fn misdirected<'i>(inventory: &'i Inventory, shape: &Shape<'_>) -> Vec<&'i ServerName> {
    let here = |site: &&Site| shape.pools.contains(&site.pool);
    let names = |site: &'i Site| &site.server_names;
    let wildcards: HashSet<&str> =
        inventory.sites.iter().filter(here).flat_map(names).filter_map(ServerName::wildcard).collect();
    // A wildcard covers what is below its parent, at any depth.
    let covered = |name: &&ServerName| {
        let name = name.wildcard().unwrap_or(name.as_str());
        name.match_indices('.').any(|(dot, _)| wildcards.contains(&name[dot + 1..]))
    };
    inventory.sites.iter().filter(|site| !here(site)).flat_map(names).filter(covered).collect()
}

fn names_hash<'i>(names: impl Iterator<Item = &'i ServerName>) -> NamesHash {
    let (count, longest) =
        names.fold((0_usize, 0_usize), |(count, longest), name| (count + 1, longest.max(name.as_str().len())));
    // A name in a bucket takes a pointer, two bytes of length and itself, in whole words.
    let entry = 8 + (longest + 2).next_multiple_of(8);
    NamesHash {
        // By default a bucket has room for one name of 32 bytes, and a table for 512 buckets:
        // of more than 32 names two are likely to meet whatever size of table nginx tries.
        needed: count > 32 || longest > 32,
        // In a table of eight buckets a name no nine names meet.
        bucket_size: (8 * entry + 8).next_power_of_two(),
        max_size: (8 * count).next_power_of_two().max(1024),
    }
}

fn site_view(site: &Site, nginx: &Nginx) -> SiteView {
    SiteView {
        server_names: site.server_names.iter().map(ToString::to_string).collect(),
        root: site.root.as_ref().map(ToString::to_string).unwrap_or_default(),
        rest: match (site.locations.iter().any(everything), &site.root) {
            (true, _) => "",
            (false, Some(_)) => "files",
            (false, None) => "nothing",
        },
        certificates: site.certificates.iter().map(certificate_view).collect(),
        client_max_body_size: site.client_max_body_size.as_ref().unwrap_or(&nginx.client_max_body_size).to_string(),
        hsts: site.hsts.as_ref().or(nginx.hsts.as_ref()).map(hsts).unwrap_or_default(),
        locations: site.locations.iter().map(location_view).collect(),
    }
}

fn certificate_view(certificate: &SiteCertificate) -> CertificateView {
    CertificateView {
        ssl_certificate: certificate.ssl_certificate.to_string(),
        ssl_certificate_key: certificate.ssl_certificate_key.to_string(),
    }
}

fn everything(location: &Location) -> bool {
    location.matching == LocationMatch::Prefix && location.path.as_str() == "/"
}

fn location_view(location: &Location) -> LocationView {
    let (kind, to, tls) = match &location.target {
        Target::Uwsgi(app) => ("uwsgi", app.to_string(), false),
        Target::Fastcgi(app) => ("fastcgi", app.to_string(), false),
        Target::Proxy(upstream) => ("proxy", upstream.to_string(), upstream.tls),
        Target::Grpc(upstream) => ("grpc", upstream.to_string(), upstream.tls),
        Target::Root(root) => ("root", root.to_string(), false),
        Target::Redirect(redirect) => ("return", redirect.url.to_string(), false),
    };
    let (code, append_request_uri) = match &location.target {
        Target::Redirect(redirect) => (redirect.code.name(), redirect.append_request_uri),
        _ => ("", false),
    };
    let exact = location.matching == LocationMatch::Exact;
    LocationView { exact, path: location.path.as_str().to_owned(), kind, to, tls, code, append_request_uri }
}
