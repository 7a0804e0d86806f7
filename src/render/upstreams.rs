//! The data of upstreams: their servers, the buffers for their answers, and how their certificates are verified.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::model::{Location, Nginx, Site, Target, Upstream, UpstreamServer};
use crate::inventory::types::{AbsolutePath, BufferSize, Destination};

/// A named upstream.
#[derive(Serialize)]
pub struct UpstreamView {
    name: String,
    /// Empty for each server in turn.
    balance: &'static str,
    servers: Vec<ServerView>,
    /// 0 for none.
    keepalive: u16,
    /// Whether names are asked of the resolvers again and again.
    resolves: bool,
}

#[derive(Serialize)]
struct ServerView {
    address: String,
    /// What follows the address, each with a space before it.
    parameters: String,
}

/// The named upstreams that these sites pass requests to, in the order of the inventory, except those whose only
/// server nginx finds by a variable.
pub fn upstreams(inventory: &Inventory, sites: &[&Site], nginx: &Nginx) -> Vec<UpstreamView> {
    let mut used: Vec<usize> =
        sites.iter().flat_map(|site| &site.locations).filter_map(|location| location.upstream).collect();
    used.sort_unstable();
    used.dedup();
    let used = used.into_iter().map(|index| &inventory.upstreams[index]);
    used.filter(|upstream| !upstream.is_variable(nginx)).map(|upstream| upstream_view(upstream, nginx)).collect()
}

fn upstream_view(upstream: &Upstream, nginx: &Nginx) -> UpstreamView {
    let resolves = upstream.has_hosts() && !nginx.resolver.is_empty();
    UpstreamView {
        name: upstream.name.to_string(),
        balance: upstream.balance.directive().unwrap_or_default(),
        servers: upstream.servers.iter().map(|server| server_view(server, upstream.max_fails, resolves)).collect(),
        keepalive: upstream.keepalive,
        resolves,
    }
}

fn server_view(server: &UpstreamServer, max_fails: u16, resolves: bool) -> ServerView {
    let mut parameters = String::new();
    let mut add = |wanted: bool, text: String| {
        if wanted {
            parameters.push(' ');
            parameters.push_str(&text);
        }
    };
    add(max_fails != 1, format!("max_fails={max_fails}"));
    add(server.backup, "backup".to_owned());
    add(resolves && server.address.host().is_some(), "resolve".to_owned());
    ServerView { address: server.address.to_string(), parameters }
}

/// Buffers for the answers of upstreams.
#[derive(Serialize)]
pub struct BuffersView {
    /// For the head.
    head: String,
    /// The size of each of eight for the rest.
    body: String,
}

impl BuffersView {
    /// nginx refuses buffers whose sum is less than what may be on its way to the client, which is twice the head's.
    pub fn of(head: &BufferSize) -> Self {
        let body = (head.bytes() / 2).max(4096);
        let body = if body.is_multiple_of(1024) { format!("{}k", body / 1024) } else { body.to_string() };
        Self { head: head.to_string(), body }
    }
}

/// TLS to an upstream; all empty without it.
#[derive(Default, Serialize)]
pub struct UpstreamTlsView {
    /// The name that is asked for and verified.
    name: String,
    /// The authorities; empty if the certificate is not verified.
    authorities: String,
    /// Whether each connection has a handshake of its own.
    fresh: bool,
}

/// What locations of these sites connect to over TLS and verify in different ways. nginx keeps TLS sessions for what it
/// connects to, whichever location it was, and does not verify again what it resumes.
pub fn mixed<'i>(sites: &[&'i Site]) -> HashSet<&'i Destination> {
    let mut known: HashMap<&Destination, Option<&AbsolutePath>> = HashMap::new();
    let mut mixed = HashSet::new();
    for location in sites.iter().flat_map(|site| &site.locations) {
        let (Some(tls), Some(to)) = (&location.upstream_tls, location.target.destination()) else { continue };
        let authorities = tls.file();
        if *known.entry(to).or_insert(authorities) != authorities {
            mixed.insert(to);
        }
    }
    mixed
}

impl UpstreamTlsView {
    /// How the upstream of a location is verified.
    pub fn of(location: &Location, mixed: &HashSet<&Destination>) -> Self {
        let Some(tls) = &location.upstream_tls else { return Self::default() };
        Self {
            name: tls.name.as_ref().map_or_else(|| "$host".to_owned(), ToString::to_string),
            authorities: tls.file().map(ToString::to_string).unwrap_or_default(),
            fresh: location.target.destination().is_some_and(|to| mixed.contains(to)),
        }
    }
}

/// The server that a variable has to be set to, and the upstream with that variable in it: how nginx before 1.27.3
/// asks for a name again.
pub fn variable(inventory: &Inventory, location: &Location, nginx: &Nginx) -> Option<(String, String)> {
    let upstream = inventory.upstream(location).filter(|upstream| upstream.is_variable(nginx))?;
    let server = upstream.servers.first()?.address.to_string();
    let scheme = match (&location.target, location.target.is_tls()) {
        (Target::Proxy(_), false) => "http://",
        (Target::Proxy(_), true) => "https://",
        (Target::Grpc(_), false) => "grpc://",
        (Target::Grpc(_), true) => "grpcs://",
        _ => "",
    };
    Some((server, format!("{scheme}$sslscale_server")))
}
