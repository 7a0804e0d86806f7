//! The data for the template of an app server.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::access::{GeoView, Geos};
use super::cdn::{self, CdnView};
use super::client_certificates::{ClientsView, variable};
use super::http::AcmeView;
use super::limits::{LimitsView, ZoneView, zones};
use super::locations::{LocationView, Shared, TimeoutsView, location_view};
use super::maintenance::MaintenanceView;
use super::metrics;
use super::ports::Ports;
use super::snippets::{self, IncludeView};
use super::tls::{TlsView, hsts};
use super::upgrade::{ProtocolView, UpgradeView, Upgrades};
use super::upstreams::{BuffersView, UpstreamView, mixed, upstreams};
use crate::inventory::model::{AppServer, Families, Location, Nginx, Site, SiteCertificate};
use crate::inventory::types::{AccessLog, Body, LocationMatch, REVISION_NAME, ServerName, Tickets, Version};
use crate::inventory::{Inventory, headers};
use crate::tickets::{KEYS, RING};

/// The first version with the directive `http2 on;`, which deprecates the parameter of `listen`.
const HTTP2_DIRECTIVE: Version = Version(1, 25, 1);
/// The first version that can reject a handshake by name.
const REJECT_HANDSHAKE: Version = Version(1, 19, 4);

/// The first version that takes the longest line of an HTTP/2 request from the same directive as of HTTP/1.
const ONE_HEADER_LIMIT: Version = Version(1, 19, 7);

/// App servers with the same shape get the same bytes.
#[derive(PartialEq, Eq, Hash)]
pub struct Shape<'i> {
    pub(super) pools: &'i [usize],
    families: Families,
    pub(super) nginx: &'i Nginx,
    acme: bool,
    /// Whether a balancer is the same host.
    beside: bool,
}

impl<'i> Shape<'i> {
    /// The shape of one app server, which is a member of `pools` and may answer challenges.
    pub fn of(inventory: &Inventory, pools: &'i [usize], app: &'i AppServer, acme: bool) -> Self {
        let beside = inventory.balancer_beside(app).is_some();
        Self { pools, families: app.addresses.families(), nginx: &app.nginx, acme, beside }
    }
}

/// The pools of each app server, in the order of the inventory.
pub fn memberships(inventory: &Inventory) -> Vec<Vec<usize>> {
    let mut memberships = vec![Vec::new(); inventory.app_servers.len()];
    for (index, pool) in inventory.pools.iter().enumerate() {
        pool.members.iter().for_each(|member| memberships[*member].push(index));
    }
    memberships
}

/// The sites of these pools, in the order of the inventory.
pub(super) fn sites<'i>(inventory: &'i Inventory, pools: &[usize]) -> Vec<&'i Site> {
    let mut indices: Vec<usize> = pools.iter().flat_map(|pool| &inventory.pools[*pool].sites).copied().collect();
    indices.sort_unstable();
    indices.into_iter().map(|index| &inventory.sites[index]).collect()
}

/// The files of the ticket ring, the key that encrypts first.
pub(super) fn ticket_keys(inventory: &Inventory) -> Vec<String> {
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
    /// The files of the ticket ring, the key that encrypts first.
    ticket_keys: Vec<String>,
    /// Empty without PROXY headers: nginx knows no other client than the balancer.
    trusted_proxies: Vec<String>,
    /// `combined`, `json` or `stock`; with `stock`, `access_log` is not used.
    log_format: &'static str,
    /// Whether requests are not logged, whatever the format.
    log_off: bool,
    access_log: String,
    /// Whether the log has ids of connections.
    unique_id: bool,
    misdirected: Vec<String>,
    /// Whether a site takes clients with no name or an unknown one.
    default_site: bool,
    keepalive_timeout: String,
    /// Empty without one, and where nginx may not have it.
    keepalive_time: String,
    worker_shutdown_timeout: String,
    /// The port that clients connect to, which upstreams are told instead of nginx's.
    ports: Ports,
    /// Whether any site has one.
    upstreams: bool,
    /// The protocols of locations that pass on others than WebSockets.
    upgrades: Vec<UpgradeView>,
    /// All of them without those of WebSockets.
    upgraded: Vec<ProtocolView>,
    /// Whether a text of an answer has a dollar sign.
    dollar: bool,
    /// What tells the clients that sites and locations refuse.
    geos: Vec<GeoView>,
    /// Sites behind a CDN.
    cdns: Vec<CdnView>,
    /// Where requests of clients are counted.
    zones: Vec<ZoneView>,
    /// The upstreams that have a name.
    named: Vec<UpstreamView>,
    /// The DNS servers.
    resolver: Vec<String>,
    /// The longest line of a request's head.
    header_size: String,
    /// The longest line and the whole of a head over HTTP/2; empty where nginx has no limits of its own for it.
    http2_header_sizes: Vec<String>,
    /// Headers of clients that upstreams do not get.
    removed_headers: Vec<RemovedHeader>,
    sites: Vec<SiteView>,
    /// The name by which the host asks for the revision that its nginx runs.
    revision_name: &'static str,
    /// Whether a balancer is the same host, and connects from its address.
    beside: bool,
    acme: Option<AcmeView>,
    metrics: Option<metrics::View>,
    /// The user's own files for the http block.
    include: Vec<IncludeView>,
}

/// A header of clients that upstreams do not get.
#[derive(Serialize)]
struct RemovedHeader {
    name: &'static str,
    /// The parameter that uWSGI and FastCGI get it as.
    parameter: String,
    /// What it is set to where nginx verifies certificates of clients; empty if it is removed there, too.
    verified: &'static str,
}

impl RemovedHeader {
    fn of(name: &'static str) -> Self {
        Self {
            name,
            parameter: format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")),
            verified: variable(name),
        }
    }
}

/// Sizes of nginx's hash of names, whose defaults are for few and short names.
#[derive(Serialize)]
struct NamesHash {
    needed: bool,
    bucket_size: usize,
    max_size: usize,
}

#[derive(Serialize)]
struct SiteView {
    /// Whether it takes clients with no name or an unknown one.
    default: bool,
    server_names: Vec<String>,
    root: String,
    /// What answers requests without a location: `files` or `nothing`; empty if a location takes all.
    rest: &'static str,
    certificates: Vec<CertificateView>,
    client_max_body_size: String,
    /// Empty without HSTS.
    hsts: String,
    /// The kinds of its upstreams, as directives' names begin: `proxy`, `uwsgi`, `fastcgi`, `grpc`.
    upstreams: BTreeSet<&'static str>,
    timeouts: TimeoutsView,
    buffers: BuffersView,
    /// Whether PHP runs here: then its scripts are never served as text.
    php: bool,
    /// The variable that is true for clients who get no answer; empty without one.
    denied: String,
    cdn: Option<CdnView>,
    /// Certificates of clients.
    clients: Option<ClientsView>,
    /// The header with the client's address; empty without a CDN.
    client_header: String,
    limits: LimitsView,
    /// Whether it or a location has a limit of requests, and of those at the same time.
    limits_req: bool,
    limits_conn: bool,
    maintenance: Option<MaintenanceView>,
    locations: Vec<LocationView>,
    include: Vec<IncludeView>,
}

#[derive(Serialize)]
struct CertificateView {
    ssl_certificate: String,
    ssl_certificate_key: String,
}

/// The data for app servers of this shape.
pub fn view(inventory: &Inventory, shape: &Shape<'_>, acme: Option<&AcmeView>) -> View {
    let at_least = |version: Version| shape.nginx.version.is_some_and(|v| v >= version);
    let http2_directive = shape.nginx.http2 && at_least(HTTP2_DIRECTIVE);
    let http2_parameter = if shape.nginx.http2 && !http2_directive { " http2" } else { "" };
    let has_header = inventory.has_proxy_header();
    let proxy_parameter = if has_header { " proxy_protocol" } else { "" };
    let trusted = inventory.trusted_proxies.iter().filter(|_| has_header);
    let sites = sites(inventory, shape.pools);
    let names = || sites.iter().flat_map(|site| &site.server_names);
    let misdirected = misdirected(inventory, shape, names());
    let shared =
        Shared { nginx: shape.nginx, mixed: mixed(&sites), upgrades: Upgrades::of(&sites), geos: Geos::of(&sites) };
    let view = |(index, site): (usize, &&Site)| site_view(inventory, (site, index + 1), &shared);
    let views: Vec<SiteView> = sites.iter().enumerate().map(view).collect();
    View {
        names_hash: match acme {
            // The server for challenges has all names of the fleet.
            Some(_) => names_hash(inventory.names().map(ServerName::as_str)),
            None => names_hash(names().chain(misdirected.iter().copied()).map(ServerName::as_str)),
        },
        reject_handshake: shape.nginx.version.is_none() || at_least(REJECT_HANDSHAKE),
        http2_directive,
        ipv4: shape.families.v4,
        ipv6: shape.families.v6,
        listen: format!("{} ssl{http2_parameter}{proxy_parameter}", shape.nginx.port),
        tls: TlsView::of(shape.nginx),
        tickets: inventory.tickets != Tickets::Off,
        ticket_keys: ticket_keys(inventory),
        trusted_proxies: trusted.map(ToString::to_string).collect(),
        log_format: shape.nginx.log_format.name(),
        log_off: shape.nginx.access_log == AccessLog::Off,
        access_log: shape.nginx.access_log.to_string(),
        unique_id: shape.nginx.knows_unique_id() && inventory.has_unique_id(),
        misdirected: misdirected.iter().map(ToString::to_string).collect(),
        default_site: sites.iter().any(|site| site.default),
        keepalive_timeout: shape.nginx.keepalive_timeout.to_string(),
        keepalive_time: match &shape.nginx.keepalive_time {
            Some(time) if shape.nginx.knows_keepalive_time() => time.to_string(),
            Some(_) | None => String::new(),
        },
        worker_shutdown_timeout: shape.nginx.worker_shutdown_timeout.to_string(),
        ports: Ports::of(inventory),
        dollar: sites.iter().flat_map(|site| site.texts()).any(Body::has_dollar),
        upgrades: shared.upgrades.views(),
        upgraded: shared.upgrades.answers(),
        geos: shared.geos.views(),
        cdns: cdn::views(inventory, &sites),
        zones: zones(&sites),
        named: upstreams(inventory, &sites, shape.nginx),
        resolver: shape.nginx.resolver.iter().map(ToString::to_string).collect(),
        header_size: shape.nginx.large_client_header_buffers.to_string(),
        http2_header_sizes: http2_header_sizes(shape.nginx),
        upstreams: views.iter().any(|site| !site.upstreams.is_empty()),
        removed_headers: headers::removed().map(RemovedHeader::of).collect(),
        sites: views,
        revision_name: REVISION_NAME,
        beside: shape.beside,
        acme: acme.cloned(),
        metrics: shape.nginx.metrics.as_ref().map(|it| metrics::view(it, u64::MAX)),
        include: snippets::views(&shape.nginx.include),
    }
}

/// nginx before 1.19.7 has limits of its own for HTTP/2, of 4 and 16 kilobytes.
fn http2_header_sizes(nginx: &Nginx) -> Vec<String> {
    let own = nginx.http2 && nginx.version.is_some_and(|version| version < ONE_HEADER_LIMIT);
    let size = nginx.large_client_header_buffers.bytes();
    [size, 4 * size].iter().filter(|_| own).map(ToString::to_string).collect()
}

/// Names that other pools serve and that a wildcard of this host matches, or all of them if a site takes unknown names.
/// If a client reuses a connection for one of them, the wrong site would answer.
fn misdirected<'i>(
    inventory: &'i Inventory,
    shape: &Shape<'_>,
    here: impl Iterator<Item = &'i ServerName>,
) -> Vec<&'i ServerName> {
    let all = inventory.default_site().is_some_and(|(_, site)| shape.pools.contains(&site.pool));
    let wildcards: HashSet<&str> = here.filter_map(ServerName::wildcard).collect();
    if wildcards.is_empty() && !all {
        return Vec::new();
    }
    // nginx matches a wildcard at any depth.
    let covered = |name: &&ServerName| {
        let name = name.wildcard().unwrap_or(name.as_str());
        all || name.match_indices('.').any(|(dot, _)| wildcards.contains(&name[dot + 1..]))
    };
    let elsewhere = inventory.sites.iter().filter(|site| !shape.pools.contains(&site.pool));
    let others = inventory.other_pools.iter().flat_map(|pool| &pool.server_names);
    elsewhere.flat_map(|site| &site.server_names).chain(others).filter(covered).collect()
}

fn names_hash<'i>(names: impl Iterator<Item = &'i str>) -> NamesHash {
    let all = names.chain([REVISION_NAME]);
    let (count, longest) = all.fold((0_usize, 0_usize), |(count, longest), name| (count + 1, longest.max(name.len())));
    // An entry is a pointer, a length of two bytes, and the name, in whole words.
    let entry = 8 + (longest + 2).next_multiple_of(8);
    NamesHash {
        // By default a bucket has room for one name of 32 bytes, and a table has up to 512 buckets:
        // with more than 32 names, two are likely to share a bucket whatever size nginx tries.
        needed: count > 32 || longest > 32,
        // With eight buckets per name, nine names do not share one.
        bucket_size: (8 * entry + 8).next_power_of_two(),
        max_size: (8 * count).next_power_of_two().max(1024),
    }
}

fn site_view(inventory: &Inventory, (site, number): (&Site, usize), shared: &Shared<'_>) -> SiteView {
    let nginx = shared.nginx;
    let timeouts = TimeoutsView::of(inventory.upstream_timeouts(nginx, site, None));
    let buffers = BuffersView::of(&nginx.upstream_buffer_size);
    let location = |index: usize| location_view(inventory, (shared, site, index), &timeouts);
    let locations: Vec<LocationView> = (0..site.locations.len()).map(location).collect();
    let upstreams = site.locations.iter().zip(&locations).filter(|(it, _)| it.target.passes());
    SiteView {
        default: site.default,
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
        upstreams: upstreams.map(|(_, view)| view.kind).collect(),
        timeouts,
        buffers,
        php: site.runs_scripts(),
        denied: shared.geos.variable(&site.access),
        cdn: cdn::view(inventory, site, number),
        clients: ClientsView::of(site),
        client_header: site.cdn.as_ref().map(|cdn| cdn.header.to_string()).unwrap_or_default(),
        limits: LimitsView::of(site, None, &site.limits),
        limits_req: site.limits().any(|(_, it)| it.req.is_some()),
        limits_conn: site.limits().any(|(_, it)| it.conn.is_some()),
        maintenance: site.maintenance.as_ref().map(|it| MaintenanceView::of(it, &shared.geos)),
        locations,
        include: snippets::views(&site.include),
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
