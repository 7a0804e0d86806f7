//! The data for the templates of a balancer.

use std::cell::LazyCell;
use std::collections::HashSet;
use std::net::IpAddr;

use serde::Serialize;

use super::others::{OtherBackend, others};
use super::routes::{Map, Routes, routes};
use super::snippets::HaproxyView;
use super::{HAPROXY_STATE, HAPROXY_STATE_SCRIPT, http, metrics, servers, shield};
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Bound, Families, Haproxy, LoadBalancer, Pool, bracketed};
use crate::inventory::types::{CheckType, Duration, HostName, LogTarget, OnMarkedDown, ProxyProtocol, ServerName};

/// The hard limit on descriptors that systemd gives every service. A lower one would be in the way of
/// a larger `maxconn` until haproxy is restarted: a reload cannot raise it.
const STOCK_HARD_LIMIT: u64 = 524_288;

/// Balancers with the same shape get the same bytes.
#[derive(PartialEq, Eq, Hash)]
pub struct Shape<'i> {
    haproxy: &'i Haproxy,
    own: Families,
    bound: Families,
    listed: Vec<Bound>,
    without_header: Vec<IpAddr>,
    /// The balancer's name, if it has to have one among others.
    peer: Option<&'i HostName>,
    /// The same, if it is in the ids of connections.
    id: Option<&'i HostName>,
}

impl<'i> Shape<'i> {
    /// The shape of one balancer.
    pub fn of(inventory: &Inventory, balancer: &'i LoadBalancer) -> Self {
        let own = balancer.addresses.families();
        let bound = inventory.virtual_addresses.iter().fold(own, |families, address| families.with(address.0));
        let listed = balancer.bound();
        let bound = if listed.is_empty() { bound } else { Families::default() };
        let without_header = balancer.without_header().collect();
        let peer = balancer.haproxy.limits.req.map(|_| &balancer.name);
        let reads = |pool: &Pool| pool.app_servers(inventory).any(|app| app.nginx.knows_unique_id());
        let id = (balancer.haproxy.sends_unique_id() && inventory.pools.iter().any(reads)).then_some(&balancer.name);
        Self { haproxy: &balancer.haproxy, own, bound, listed, without_header, peer, id }
    }
}

#[derive(Serialize)]
pub struct View {
    log: String,
    /// Empty if haproxy's unit already makes the socket visible, or if there is none.
    log_socket: String,
    maxconn: u64,
    nofile: u64,
    nofile_hard: u64,
    hard_stop_after: String,
    mworker_max_reloads: u64,
    retries: u64,
    redispatch: bool,
    timeouts: Timeouts,
    check: Check,
    /// Whether all addresses of the family are bound.
    ipv4: bool,
    ipv6: bool,
    /// The addresses that are bound, if not all are.
    binds: Vec<Bind>,
    /// The networks from which connections begin with a PROXY header, in lines, and the addresses there that send none.
    accepts: Vec<Vec<String>>,
    accepts_not: Vec<String>,
    shield: Option<shield::View>,
    peers: Option<shield::Peers>,
    port: u16,
    balance: &'static str,
    /// Empty without a PROXY header.
    send_proxy: &'static str,
    names: Routes,
    log_format: LogFormat,
    /// Where connections with no name or an unknown one go.
    unknown_backend: String,
    /// Whether it connects from other addresses than its own as well.
    sources: bool,
    backends: Vec<Backend>,
    others: Vec<OtherBackend>,
    http: Option<http::View>,
    metrics: Option<metrics::View>,
    state_file: &'static str,
    state_script: &'static str,
    include: HaproxyView,
}

/// What the log has besides what haproxy has in it for TCP.
#[derive(Serialize)]
struct LogFormat {
    /// Whether there is anything, and a format for it.
    more: bool,
    /// The balancer's name, with which ids of connections begin; empty without ids.
    id: String,
    /// Whether TLS names are logged.
    names: bool,
}

#[derive(Serialize)]
struct Bind {
    host: String,
    /// Whether the address is elsewhere at times.
    moves: bool,
}

#[derive(Serialize)]
struct Timeouts {
    connect: String,
    client: String,
    server: String,
    client_fin: String,
    queue: String,
    check: String,
    client_hello: String,
}

#[derive(Serialize)]
struct Check {
    tls: bool,
    http: bool,
    inter: String,
    fastinter: String,
    /// Empty if it is `inter`.
    downinter: String,
    on_marked_down: String,
    /// Empty without one.
    slowstart: String,
    fall: u64,
    rise: u64,
}

#[derive(Serialize)]
struct Backend {
    name: String,
    check_sni: String,
    /// With HTTP checks, what they ask for.
    check_path: String,
    check_expect: String,
    weighted: bool,
    /// Whether several backups wait for app servers that are not backups.
    all_backups: bool,
    servers: Vec<servers::Server>,
}

impl View {
    /// The files of names, if there are any.
    pub fn maps(&self) -> [Option<Map<'_>>; 2] {
        self.names.maps()
    }
}

/// The data for balancers of this shape.
pub fn view(inventory: &Inventory, shape: &Shape<'_>) -> View {
    let Haproxy { timeouts, check, .. } = shape.haproxy;
    let text = |duration: &Duration| duration.to_string();
    let names = routes(inventory, shape.haproxy.unknown_names);
    let nofile = shape.haproxy.nofile.unwrap_or_else(|| inventory.nofile(shape.haproxy));
    View {
        log: shape.haproxy.log.to_string(),
        log_socket: match &shape.haproxy.log {
            LogTarget::Socket(path) if path.as_str() != "/dev/log" => path.to_string(),
            LogTarget::Socket(_) | LogTarget::Server(_) => String::new(),
        },
        maxconn: shape.haproxy.maxconn,
        nofile,
        nofile_hard: nofile.max(STOCK_HARD_LIMIT),
        hard_stop_after: text(&shape.haproxy.hard_stop_after),
        mworker_max_reloads: shape.haproxy.mworker_max_reloads,
        retries: shape.haproxy.retries,
        redispatch: shape.haproxy.redispatch,
        timeouts: Timeouts {
            connect: text(&timeouts.connect),
            client: text(&timeouts.client),
            server: text(&timeouts.server),
            client_fin: text(&timeouts.client_fin),
            queue: text(&timeouts.queue),
            check: text(&timeouts.check),
            client_hello: text(&timeouts.client_hello),
        },
        check: Check {
            tls: check.kind != CheckType::Tcp,
            http: check.kind == CheckType::Http,
            inter: text(&check.inter),
            fastinter: text(&check.fastinter()),
            downinter: if check.downinter() == check.inter { String::new() } else { text(&check.downinter()) },
            slowstart: check.slowstart.as_ref().map(text).unwrap_or_default(),
            on_marked_down: match check.on_marked_down {
                OnMarkedDown::None => String::new(),
                closed => closed.name().to_owned(),
            },
            fall: check.fall,
            rise: check.rise,
        },
        ipv4: shape.bound.v4,
        ipv6: shape.bound.v6,
        binds: shape.listed.iter().map(bind).collect(),
        accepts: http::lines(shape.haproxy.accept_proxy_from.iter().map(ToString::to_string)),
        accepts_not: shape.without_header.iter().map(ToString::to_string).collect(),
        shield: shield::view(inventory, shape.haproxy),
        peers: shape.peer.and_then(|name| shield::peers(inventory, name)),
        port: shape.haproxy.port.0,
        balance: shape.haproxy.balance.name(),
        send_proxy: send_proxy(shape.haproxy.proxy_protocol),
        log_format: log_format(shape, &names),
        names,
        unknown_backend: inventory.default_pool().name.to_string(),
        sources: !shape.haproxy.source.is_empty(),
        backends: backends(inventory, shape),
        others: others(inventory),
        http: http::view(inventory, shape.haproxy, shape.own),
        metrics: shape.haproxy.metrics.as_ref().map(|it| metrics::view(it, shape.haproxy.maxconn)),
        state_file: HAPROXY_STATE,
        state_script: HAPROXY_STATE_SCRIPT,
        include: HaproxyView::of(&shape.haproxy.include),
    }
}

/// The word of a server that gets this PROXY header.
pub(super) fn send_proxy(header: ProxyProtocol) -> &'static str {
    match header {
        ProxyProtocol::V1 => "send-proxy",
        ProxyProtocol::V2 => "send-proxy-v2",
        ProxyProtocol::Off => "",
    }
}

/// A format of the user's own stays, and can have all of it.
fn log_format(shape: &Shape<'_>, names: &Routes) -> LogFormat {
    let own = shape.haproxy.include.sets_log_format();
    let (id, names) = (shape.id.map(ToString::to_string).unwrap_or_default(), names.inspected());
    LogFormat { more: !own && (names || !id.is_empty()), id, names }
}

fn bind(bound: &Bound) -> Bind {
    Bind { host: bracketed(bound.address), moves: bound.moves }
}

fn backends(inventory: &Inventory, shape: &Shape<'_>) -> Vec<Backend> {
    let http = &shape.haproxy.check.http;
    let names = LazyCell::new(|| inventory.names().map(ServerName::as_str).collect::<HashSet<&str>>());
    let backend = |pool: &Pool| {
        let members = || pool.app_servers(inventory);
        let sources = &shape.haproxy.source;
        let first_weight = members().next().map(|app| app.weight);
        let asked = pool.check.or(http);
        let first_name = || inventory.sites[pool.sites[0]].sample_name(|name| names.contains(name));
        Backend {
            name: pool.name.to_string(),
            check_sni: asked.host.as_ref().map_or_else(first_name, ToString::to_string),
            check_path: asked.path().to_string(),
            check_expect: asked.expect().to_string(),
            // Without weights haproxy gives every server the same one, which is not 0.
            weighted: members().any(|app| app.weight == 0 || Some(app.weight) != first_weight),
            all_backups: members().any(AppServer::is_active)
                && members().filter(|app| app.backup && app.weight > 0).count() > usize::from(sources.is_empty()),
            servers: servers::of_pool(members(), shape.own, shape.haproxy),
        }
    };
    inventory.pools.iter().map(backend).collect()
}
