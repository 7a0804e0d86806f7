//! Reads sites: their names, the pool that serves each, and its certificates.

use std::collections::HashMap;

use super::fields::{Placed, many, optional, scalar, switch};
use super::hosts::Hosts;
use super::locations::PlacedLocation;
use super::other_pools::PlacedOtherPool;
use super::owned::Use;
use super::pools::{Pools, unknown};
use super::upstreams::Upstreams;
use super::{
    access, cdn, certificates, client_certificates, limits, locations, maintenance, snippets, tls, upstream_timeouts,
    upstreams,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{LoadBalancer, Location, Protocol, Site, Target, UpstreamTls};
use crate::inventory::node::{Node, Value};
use crate::inventory::raw::RawSite;
use crate::inventory::schema::{Reader, SnippetKind};
use crate::inventory::types::{AbsolutePath, Directory, Endpoint, PoolName, ServerName, UnknownNames};
use crate::source::Span;

/// A site with the places that later checks point to.
pub struct PlacedSite {
    /// The site.
    pub site: Site,
    /// The place of `default: true`.
    pub default: Option<Span>,
    /// The value of a `grpc_pass`.
    pub grpc: Option<Span>,
    /// The places of its locations' targets, in their order.
    pub targets: Vec<Span>,
    /// The sockets that its apps listen on, what they speak there, and the places of the values.
    pub upstreams: Vec<(Endpoint, Protocol, Span)>,
    /// Its document roots and the Unix sockets of its apps.
    pub paths: Vec<(Use, AbsolutePath, Span)>,
    /// The places of its certificates and keys, in their order.
    pub files: Vec<[Span; 2]>,
}

/// Reads `sites` and adds each to its pool. `names` gets their names.
pub fn read_sites(
    reader: &mut Reader<'_>,
    nodes: &[Node],
    (written, pools): (Option<&Node>, &mut Pools),
    (hosts, upstreams): (&Hosts, &mut Upstreams),
    names: &mut HashMap<ServerName, Span>,
) -> Vec<PlacedSite> {
    let mut sites = Vec::with_capacity(nodes.len());
    // A pool whose name could not be read may be the one that a site means.
    let named = pools.named_count();
    let incomplete = written.is_some_and(|node| !matches!(&node.value, Value::List(list) if list.len() == named));
    for node in nodes {
        let Some(raw) = RawSite::read(reader, node) else { continue };
        let pool = read_pool(reader, &raw, pools, incomplete);
        if let Some(site) = read_site(reader, &raw, pool, (&mut *names, hosts, &mut *upstreams)) {
            if let Some(entry) = pools.all.get_mut(site.site.pool) {
                entry.pool.sites.push(sites.len());
            }
            sites.push(site);
        }
    }
    sites
}

fn read_pool(reader: &mut Reader<'_>, raw: &RawSite<'_>, pools: &Pools, incomplete: bool) -> Option<usize> {
    let Some(node) = raw.pool else {
        if pools.all.len() > 1 {
            let help = format!("add `pool: {}` or another pool to it", pools.all[0].pool.name);
            reader.missing(raw.span, "sites[]", "pool", help);
        }
        return (pools.all.len() == 1).then_some(0);
    };
    let name = scalar::<PoolName>(reader, node, "pool")?;
    let index = pools.named(&name.value);
    if index.is_none() && !incomplete {
        unknown(reader, name.span, "pool", name.value.as_str(), pools.names());
    }
    index
}

fn read_site(
    reader: &mut Reader<'_>,
    raw: &RawSite<'_>,
    pool: Option<usize>,
    (names, hosts, upstreams): (&mut HashMap<ServerName, Span>, &Hosts, &mut Upstreams),
) -> Option<PlacedSite> {
    let server_names = read_names(reader, raw, names);
    let default = switch(reader, raw.default, "default", false);
    let root = optional::<Directory>(reader, raw.root, "root").map(|directory| directory.0);
    let certificates = certificates::read(reader, raw, hosts);
    let hsts = tls::hsts(reader, raw.hsts);
    let client_max_body_size = optional(reader, raw.client_max_body_size, "client_max_body_size");
    let upstream_timeouts = upstream_timeouts::read(
        reader,
        [raw.upstream_connect_timeout, raw.upstream_read_timeout, raw.upstream_send_timeout],
    );
    let access = access::read(reader, [raw.allow, raw.deny]);
    let cdn = cdn::read(reader, raw.cdn);
    let (client_certificates, of_clients) = client_certificates::read(reader, raw.client_certificates);
    let limits = limits::read(reader, raw.limit);
    let maintenance = maintenance::read(reader, raw.maintenance);
    let placed = raw.locations.map(|list| locations::read(reader, list, upstreams)).unwrap_or_default();
    let is_grpc = |target: &Target| matches!(target, Target::Grpc(_));
    let grpc = placed.iter().find(|it| is_grpc(&it.location.target)).map(|it| it.target);
    let sockets = upstreams::sockets(upstreams, &placed);
    let of_site = root.iter().zip(raw.root).map(|(root, node)| (Use::Root, root.clone(), node.underline()));
    let of_servers = sockets.iter().filter_map(|(socket, _, span)| match socket {
        Endpoint::Unix(path) => Some((Use::AppSocket, path.clone(), *span)),
        Endpoint::Tcp(_) => None,
    });
    let paths = of_site
        .chain(placed.iter().filter_map(path_of))
        .chain(of_servers)
        .chain(placed.iter().filter_map(trusted))
        .chain(of_clients)
        .collect();
    check_answers(reader, raw, &placed);
    let include = snippets::read(reader, raw.include, SnippetKind::Nginx, Vec::new());
    let (targets, locations): (Vec<Span>, Vec<Location>) =
        placed.into_iter().map(|it| (it.target, it.location)).unzip();
    let (certificates, files) = certificates?.into_iter().unzip();
    let server_names: Vec<ServerName> = server_names.into_iter().map(|n| n.value).collect();
    let site = Site {
        server_names,
        pool: pool?,
        default,
        root,
        certificates,
        hsts,
        client_max_body_size,
        upstream_timeouts,
        cdn,
        access,
        client_certificates,
        limits,
        maintenance,
        locations,
        include,
    };
    let default = raw.default.map(Node::underline).filter(|_| default);
    Some(PlacedSite { site, default, grpc, targets, upstreams: sockets, paths, files })
}

/// The file with the authorities of a location's upstream, if it is written.
fn trusted(placed: &PlacedLocation) -> Option<(Use, AbsolutePath, Span)> {
    let tls = placed.location.upstream_tls.as_ref().filter(|tls| tls.authorities != UpstreamTls::of_system())?;
    Some((Use::Certificate, tls.file()?.clone(), placed.target))
}

/// The directory that a location serves.
fn path_of(PlacedLocation { location, target, .. }: &PlacedLocation) -> Option<(Use, AbsolutePath, Span)> {
    let Target::Root(root) = &location.target else { return None };
    Some((Use::Root, root.clone(), *target))
}

/// Checks that there is an answer to requests, and a directory of scripts for FastCGI.
fn check_answers(reader: &mut Reader<'_>, raw: &RawSite<'_>, placed: &[PlacedLocation]) {
    if raw.root.is_some() {
        return;
    }
    let help = "add `root: /path` or a location";
    match raw.locations.map(|node| &node.value) {
        None => reader.report(Code::IN04, raw.span, "this entry of `sites[]` has neither `root` nor `locations`", help),
        Some(Value::List(items)) if items.is_empty() => {
            reader.report(Code::IN04, raw.span, "this entry of `sites[]` has neither `root` nor `locations`", help);
        }
        Some(_) => {}
    }
    let scripts = placed.iter().find(|it| matches!(it.location.target, Target::Fastcgi(_)));
    if let Some(PlacedLocation { target, .. }) = scripts {
        let help = "add `root: /path` to the site, with the directory of its scripts";
        reader.report(Code::IN04, *target, "`fastcgi_pass` needs the `root` of its site", help);
    }
}

fn read_names(
    reader: &mut Reader<'_>,
    raw: &RawSite<'_>,
    names: &mut HashMap<ServerName, Span>,
) -> Vec<Placed<ServerName>> {
    let Some(node) = raw.server_name else {
        reader.missing(raw.span, "sites[]", "server_name", "add `server_name: example.com` to it");
        return Vec::new();
    };
    let found = many::<ServerName>(reader, node, "server_name");
    for name in &found {
        if let Some(first) = names.get(&name.value) {
            let twice = Diagnostic::refusal(
                Code::IN12,
                name.span,
                format!("the name `{}` is listed twice", name.value),
                "remove one of them: nginx would serve only the first",
            );
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            names.insert(name.value.clone(), name.span);
        }
    }
    found
}

/// Checks that at most one site is the default, and that balancers let unknown names through to it.
pub fn check_default(reader: &mut Reader<'_>, sites: &[PlacedSite], hosts: &Hosts, others: &[PlacedOtherPool]) {
    let mut places = sites.iter().filter_map(|site| site.default);
    let Some(first) = places.next() else { return };
    for place in places {
        let twice = Diagnostic::refusal(
            Code::IN12,
            place,
            "another site is the default already",
            "remove one of the keys: a connection without a name has one certificate",
        );
        reader.diagnostics.push(twice.related(first, "the first one"));
    }
    let rejects = |it: &&LoadBalancer| it.haproxy.unknown_names == UnknownNames::Reject;
    if let Some(balancer) = hosts.load_balancers.iter().map(|(host, _)| host).find(rejects) {
        let message = format!("`default` has no effect: `{}` closes connections with unknown names", balancer.name);
        let help = "remove it, or remove `unknown_names: reject`";
        reader.report(Code::IN09, first, message, help);
    }
    if let Some(other) = others.iter().map(|it| &it.pool).find(|it| it.unknown_names) {
        let message =
            format!("`default` has no effect: connections with unknown names go to the pool `{}`", other.name);
        reader.report(Code::IN09, first, message, "remove it, or remove `unknown_names` from the pool");
    }
}

/// Checks that HTTP/2 is on where gRPC needs it.
pub fn check_grpc(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &Pools, hosts: &Hosts) {
    for (site, span) in sites.iter().filter_map(|s| s.grpc.map(|span| (s, span))) {
        let members = pools.all.get(site.site.pool).map_or(&[][..], |p| &p.pool.members);
        let without = members.iter().filter_map(|m| hosts.app_servers.get(*m)).find(|(app, _)| !app.nginx.http2);
        if let Some((app, places)) = without {
            let message = format!("`grpc_pass` needs HTTP/2, which is off on `{}`", app.name);
            let off = Diagnostic::refusal(
                Code::IN09,
                span,
                message,
                "set `http2: true` there, or serve the site from another pool",
            );
            let off = match places.http2 {
                Some(http2) => off.related(http2, "HTTP/2 is off"),
                None => off,
            };
            reader.diagnostics.push(off.related(places.name, "this app server"));
        }
    }
}
