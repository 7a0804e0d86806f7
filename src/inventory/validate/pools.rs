//! Pools: which app servers serve the same sites.

use std::collections::HashSet;

use super::fields::{required, scalar};
use super::hosts::Hosts;
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::inventory::document::spelled;
use crate::inventory::model::Pool;
use crate::inventory::node::{Node, printable};
use crate::inventory::raw::RawPool;
use crate::inventory::schema::{Reader, nearest};
use crate::inventory::types::{HostName, PoolName};
use crate::source::Span;

/// A pool and where its name stands; the pool of all app servers has no place.
pub struct PlacedPool {
    /// The pool.
    pub pool: Pool,
    /// Its name in the inventory.
    pub span: Option<Span>,
}

/// Reads `pools`; without it there is one pool of all app servers.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Vec<PlacedPool> {
    let Some(node) = node else {
        let members = (0..hosts.app_servers.len()).collect();
        return vec![PlacedPool { pool: Pool { name: PoolName::all(), members, sites: Vec::new() }, span: None }];
    };
    let Some(nodes) = reader.items(node, "pools") else { return Vec::new() };
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
            let twice = Diagnostic::refusal(
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
    let Some(nodes) = reader.words(list, "app_servers") else { return Vec::new() };
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

/// Reports a name that nothing bears, with the nearest that something does.
pub fn unknown<'n>(reader: &mut Reader<'_>, span: Span, what: &str, name: &str, names: impl Iterator<Item = &'n str>) {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let near = nearest(name, names.iter().copied());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() && what == "pool" => {
            "the inventory has no `pools`: remove this key, and every app server serves the site".to_owned()
        }
        None if names.is_empty() => format!("the inventory has no {what}: add one of this name, or remove it here"),
        None if names.len() <= 8 => format!("there are: {}", names.join(", ")),
        None => format!("the inventory has {} of them, none of this name", names.len()),
    };
    let mut found = Diagnostic::refusal(Code::IN07, span, format!("there is no {what} `{}`", printable(name)), help);
    let written = reader.source.slice(span);
    // `srv3` is as near to `srv1` as to `srv2`.
    let alone = |near: &&str| nearest(name, names.iter().copied().filter(|other| other != near)).is_none();
    let near = near.filter(alone);
    found.fix = near
        .filter(|_| reader.on_one_line(span))
        .map(|near| Fix::replace(Applicability::Unsafe, span, spelled(written, near)));
    reader.diagnostics.push(found);
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
