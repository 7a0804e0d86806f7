//! Pools, sites and locations: which names go where, and what answers them.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use super::certificates;
use super::fields::{Placed, many, optional, or_default, required, scalar, switch};
use super::hosts::Hosts;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{Location, Pool, Redirect, Site, Target};
use crate::inventory::node::{Node, Value, printable};
use crate::inventory::raw::{RawLocation, RawPool, RawReturn, RawSite};
use crate::inventory::schema::{Reader, nearest};
use crate::inventory::types::{
    AbsolutePath, HostName, LocationMatch, LocationPath, PoolName, RedirectCode, RedirectUrl, ServerName,
};
use crate::source::Span;

/// A pool and where its name stands; the pool of all app servers has no place.
pub struct PlacedPool {
    /// The pool.
    pub pool: Pool,
    /// Its name in the inventory.
    pub span: Option<Span>,
}

/// A site and the places that later checks point to.
pub struct PlacedSite {
    /// The site.
    pub site: Site,
    /// A location with `grpc_pass`.
    pub grpc: Option<Span>,
    /// The paths of its certificate and key.
    pub files: [Span; 2],
}

/// Reads `pools`; without it there is one pool of all app servers.
pub fn read_pools(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<PlacedPool> {
    let Some(node) = node else {
        let members = (0..hosts.app_servers.len()).collect();
        return vec![PlacedPool { pool: Pool { name: PoolName::all(), members, sites: Vec::new() }, span: None }];
    };
    let nodes = reader.items(node, "pools").unwrap_or_default();
    if nodes.is_empty() {
        reader.report(
            Code::IN04,
            node.underline(),
            "`pools` is empty",
            "name a pool, or remove `pools` to serve every site from every app server",
        );
    }
    let mut pools: Vec<PlacedPool> = Vec::new();
    for raw in nodes {
        let Some(raw) = RawPool::read(reader, raw) else { continue };
        let name = required::<PoolName>(reader, raw.name, "name", "pools[]", raw.span);
        let members = match raw.app_servers {
            Some(list) => read_members(reader, list, hosts),
            None => {
                reader.missing(raw.span, "pools[]", "app_servers", "add `app_servers: [srv1, srv2]` to it");
                Vec::new()
            }
        };
        let Some(name) = name else { continue };
        let first = pools.iter().find(|p| p.pool.name == name.value).and_then(|p| p.span);
        if let Some(first) = first {
            let twice = Diagnostic::new(
                Code::IN12,
                name.span,
                format!("there are two pools `{}`", name.value),
                "give every pool a name of its own",
            );
            reader.diagnostics.push(twice.related(first, "the first one"));
        }
        pools.push(PlacedPool { pool: Pool { name: name.value, members, sites: Vec::new() }, span: Some(name.span) });
    }
    pools
}

fn read_members(reader: &mut Reader<'_>, list: &Node, hosts: &Hosts) -> Vec<usize> {
    let nodes = reader.items(list, "app_servers").unwrap_or_default();
    if nodes.is_empty() {
        reader.report(Code::IN04, list.underline(), "`app_servers` of a pool is empty", "name at least one app server");
    }
    let mut members = Vec::with_capacity(nodes.len());
    let mut seen = HashSet::new();
    for node in nodes {
        let Some(name) = scalar::<HostName>(reader, node, "app_servers") else { continue };
        let Some(index) = hosts.by_name.get(name.value.as_str()) else {
            // A host with an error of its own has been reported; its name is still no typo.
            let typo = hosts.all_named && !hosts.named(name.value.as_str());
            if typo || hosts.is_load_balancer(name.value.as_str()) {
                let names = hosts.by_name.keys().map(AsRef::as_ref);
                unknown(reader, name.span, "app server", name.value.as_str(), names);
            }
            continue;
        };
        if seen.insert(*index) {
            members.push(*index);
        } else {
            reader.report(
                Code::IN12,
                name.span,
                format!("`{}` is in this pool twice", name.value),
                "name every member once; `weight` gives it a larger share",
            );
        }
    }
    members
}

fn unknown<'n>(reader: &mut Reader<'_>, span: Span, what: &str, name: &str, names: impl Iterator<Item = &'n str>) {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("the inventory has no {what}: add one of this name, or remove it here"),
        None if names.len() <= 8 => format!("there are: {}", names.join(", ")),
        None => format!("the inventory has {} of them, none of this name", names.len()),
    };
    reader.report(Code::IN07, span, format!("there is no {what} `{}`", printable(name)), help);
}

/// Reads `sites` and enters each into its pool.
pub fn read_sites(
    reader: &mut Reader<'_>,
    nodes: &[Node],
    (written, pools): (Option<&Node>, &mut [PlacedPool]),
    now: SystemTime,
) -> Vec<PlacedSite> {
    let mut sites = Vec::with_capacity(nodes.len());
    let mut names: HashMap<ServerName, Span> = HashMap::new();
    // A pool without a name that could be read may be the one that a site means.
    let named = pools.iter().filter(|p| p.span.is_some()).count();
    let incomplete = written.is_some_and(|node| !matches!(&node.value, Value::List(list) if list.len() == named));
    for node in nodes {
        let Some(raw) = RawSite::read(reader, node) else { continue };
        let pool = read_pool(reader, &raw, pools, incomplete);
        if let Some(site) = read_site(reader, &raw, pool, &mut names, now) {
            if let Some(entry) = pools.get_mut(site.site.pool) {
                entry.pool.sites.push(sites.len());
            }
            sites.push(site);
        }
    }
    sites
}

fn read_pool(reader: &mut Reader<'_>, raw: &RawSite<'_>, pools: &[PlacedPool], incomplete: bool) -> Option<usize> {
    let Some(node) = raw.pool else {
        if pools.len() > 1 {
            reader.missing(
                raw.span,
                "sites[]",
                "pool",
                format!("add `pool: {}` or another pool to it", pools[0].pool.name),
            );
        }
        return (pools.len() == 1).then_some(0);
    };
    let name = scalar::<PoolName>(reader, node, "pool")?;
    let index = pools.iter().position(|p| p.span.is_some() && p.pool.name == name.value);
    if index.is_none() && !incomplete {
        let names = pools.iter().filter(|p| p.span.is_some()).map(|p| p.pool.name.as_str());
        unknown(reader, name.span, "pool", name.value.as_str(), names);
    }
    index
}

fn read_site(
    reader: &mut Reader<'_>,
    raw: &RawSite<'_>,
    pool: Option<usize>,
    names: &mut HashMap<ServerName, Span>,
    now: SystemTime,
) -> Option<PlacedSite> {
    let server_names = read_names(reader, raw, names);
    let root = optional::<AbsolutePath>(reader, raw.root, "root");
    let files = certificates::paths(reader, raw);
    let source = certificates::source(reader, raw, &server_names, now);
    let client_max_body_size = optional(reader, raw.client_max_body_size, "client_max_body_size");
    let mut grpc = None;
    let mut locations = Vec::new();
    if let Some(list) = raw.locations {
        let mut seen: HashMap<(LocationMatch, LocationPath), Span> = HashMap::new();
        for node in reader.items(list, "locations").unwrap_or_default() {
            let Some((location, span)) = read_location(reader, node, &mut seen) else { continue };
            if matches!(location.target, Target::Grpc(_)) {
                grpc.get_or_insert(span);
            }
            locations.push(location);
        }
    }
    if raw.root.is_none() && raw.locations.is_none() {
        reader.missing(
            raw.span,
            "sites[]",
            "root` or `locations",
            "say what answers: add `root: /path` or `locations:`",
        );
    } else if locations.is_empty() && raw.root.is_none() {
        reader.report(
            Code::IN04,
            raw.span,
            "this entry of `sites[]` has no location and no `root`",
            "say what answers: add `root: /path` or a location",
        );
    }
    let (ssl_certificate, ssl_certificate_key) = files?;
    let server_names: Vec<ServerName> = server_names.into_iter().map(|n| n.value).collect();
    let site = Site {
        server_names,
        pool: pool?,
        root,
        ssl_certificate,
        ssl_certificate_key,
        source,
        client_max_body_size,
        locations,
    };
    let files = [raw.ssl_certificate, raw.ssl_certificate_key].map(|node| node.map_or(raw.span, Node::underline));
    Some(PlacedSite { site, grpc, files })
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
            let twice = Diagnostic::new(
                Code::IN12,
                name.span,
                format!("the name `{}` is served twice", name.value),
                "keep it in one site: only the first would ever be served",
            );
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            names.insert(name.value.clone(), name.span);
        }
    }
    found
}

fn read_location(
    reader: &mut Reader<'_>,
    node: &Node,
    seen: &mut HashMap<(LocationMatch, LocationPath), Span>,
) -> Option<(Location, Span)> {
    let raw = RawLocation::read(reader, node)?;
    let path = required::<LocationPath>(reader, raw.path, "path", "sites[].locations[]", raw.span);
    let matching = or_default(reader, raw.r#match, "match", LocationMatch::Prefix);
    if let Some(path) = &path {
        let key = (matching, path.value.clone());
        if let Some(first) = seen.get(&key) {
            let twice = Diagnostic::new(
                Code::IN12,
                path.span,
                format!("the location `{}` is here twice", path.value.as_str()),
                "keep one of them: nginx refuses to start with both",
            );
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            seen.insert(key, path.span);
        }
    }
    let target = read_target(reader, &raw)?;
    Some((Location { path: path?.value, matching, target }, raw.span))
}

/// Exactly one key of a location says where its requests go.
fn read_target(reader: &mut Reader<'_>, raw: &RawLocation<'_>) -> Option<Target> {
    let keys = [
        ("uwsgi_pass", raw.uwsgi_pass),
        ("fastcgi_pass", raw.fastcgi_pass),
        ("proxy_pass", raw.proxy_pass),
        ("grpc_pass", raw.grpc_pass),
        ("root", raw.root),
        ("return", raw.r#return),
    ];
    let mut given = keys.iter().filter_map(|(key, node)| node.map(|node| (*key, node)));
    let Some((key, node)) = given.next() else {
        let all = keys.map(|(key, _)| key).join("`, `");
        reader.missing(
            raw.span,
            "sites[].locations[]",
            "a target",
            format!("say where its requests go with one of `{all}`"),
        );
        return None;
    };
    for (other, second) in given {
        let message = format!("the location has both `{key}` and `{other}`");
        let both = Diagnostic::new(
            Code::IN09,
            second.underline(),
            message,
            "keep one: a location sends its requests to one place",
        );
        reader.diagnostics.push(both.related(node.underline(), "the first one"));
    }
    match key {
        "uwsgi_pass" => optional(reader, Some(node), key).map(Target::Uwsgi),
        "fastcgi_pass" => optional(reader, Some(node), key).map(Target::Fastcgi),
        "proxy_pass" => optional(reader, Some(node), key).map(Target::Proxy),
        "grpc_pass" => optional(reader, Some(node), key).map(Target::Grpc),
        "root" => optional(reader, Some(node), key).map(Target::Root),
        _ => read_return(reader, node).map(Target::Redirect),
    }
}

fn read_return(reader: &mut Reader<'_>, node: &Node) -> Option<Redirect> {
    let raw = RawReturn::read(reader, node)?;
    let code = or_default(reader, raw.code, "code", RedirectCode::Permanent);
    let append_request_uri = switch(reader, raw.append_request_uri, "append_request_uri", false);
    let url = required::<RedirectUrl>(reader, raw.url, "url", "sites[].locations[].return", raw.span)?;
    if append_request_uri && url.value.has_path() {
        let help =
            "end `url` with the host, since a request's own path starts with `/`; or leave `append_request_uri` out";
        reader.report(
            Code::IN09,
            url.span,
            format!("`url` has a path and `append_request_uri` adds another: `{}`", url.value),
            help,
        );
        return None;
    }
    Some(Redirect { code, url: url.value, append_request_uri })
}

/// Every pool serves something and every app server is in a pool.
pub fn check_use(reader: &mut Reader<'_>, pools: &[PlacedPool], hosts: &Hosts) {
    // After any other error a pool may only seem unused.
    if !reader.diagnostics.is_empty() {
        return;
    }
    for pool in pools.iter().filter(|p| p.pool.sites.is_empty()) {
        let message = format!("the pool `{}` serves no site", pool.pool.name);
        reader.report(Code::IN08, pool.span.unwrap_or_default(), message, "name it as `pool` of a site, or remove it");
    }
    let used: HashSet<usize> = pools.iter().flat_map(|p| p.pool.members.iter().copied()).collect();
    for (index, (app, places)) in hosts.app_servers.iter().enumerate() {
        if !used.contains(&index) {
            let message = format!("the app server `{}` is in no pool", app.name);
            reader.report(Code::IN08, places.address, message, "add it to `app_servers` of a pool, or remove it");
        }
    }
}

/// gRPC runs over HTTP/2 alone.
pub fn check_grpc(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &[PlacedPool], hosts: &Hosts) {
    for (site, span) in sites.iter().filter_map(|s| s.grpc.map(|span| (s, span))) {
        let members = pools.get(site.site.pool).map_or(&[][..], |p| &p.pool.members);
        let without = members.iter().filter_map(|m| hosts.app_servers.get(*m)).find(|(app, _)| !app.nginx.http2);
        if let Some((app, places)) = without {
            let message = format!("`grpc_pass` needs HTTP/2, which is off on `{}`", app.name);
            let off = Diagnostic::new(
                Code::IN09,
                span,
                message,
                "set `http2: true` there, or serve the site from another pool",
            );
            reader.diagnostics.push(off.related(places.address, "this app server"));
        }
    }
}
