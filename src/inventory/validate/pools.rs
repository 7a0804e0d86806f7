//! Reads pools: which app servers serve the same sites.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::checks;
use super::fields::{Placed, required, scalar};
use super::hosts::Hosts;
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::inventory::document::spelled;
use crate::inventory::model::{HttpCheck, Pool};
use crate::inventory::node::{Node, printable};
use crate::inventory::raw::RawPool;
use crate::inventory::schema::Reader;
use crate::inventory::types::{HostName, PoolName, Scalar};
use crate::source::Span;

/// A pool and the place of its name; the pool of all app servers has none.
pub struct PlacedPool {
    /// The pool.
    pub pool: Pool,
    /// Its name in the inventory.
    pub span: Option<Span>,
    /// Its section `check`.
    pub check: Option<Span>,
}

/// All pools, and which one has which name.
#[derive(Default)]
pub struct Pools {
    /// In the order of the file.
    pub all: Vec<PlacedPool>,
    by_name: HashMap<PoolName, usize>,
    names: OnceCell<Vec<Box<str>>>,
}

impl Pools {
    /// The first pool that the inventory gives this name.
    pub fn named(&self, name: &PoolName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Every name that the inventory gives a pool, sorted.
    pub fn names(&self) -> &[Box<str>] {
        self.names.get_or_init(|| sorted(self.by_name.keys().map(PoolName::as_str)))
    }

    /// How many pools have a name that could be read.
    pub fn named_count(&self) -> usize {
        self.all.iter().filter(|pool| pool.span.is_some()).count()
    }

    fn add(&mut self, reader: &mut Reader<'_>, name: Placed<PoolName>, members: Vec<usize>, check: Option<&Node>) {
        match self.by_name.entry(name.value.clone()) {
            Entry::Occupied(first) => {
                let message = format!("two pools have the name `{}`", name.value);
                let twice = Diagnostic::refusal(Code::IN12, name.span, message, "give every pool a different name");
                let first = self.all[*first.get()].span.unwrap_or_default();
                reader.diagnostics.push(twice.related(first, "the first one"));
            }
            Entry::Vacant(free) => drop(free.insert(self.all.len())),
        }
        let asked = check.map(|node| checks::of_pool(reader, node)).unwrap_or_default();
        let pool = Pool { name: name.value, members, sites: Vec::new(), check: asked };
        self.all.push(PlacedPool { pool, span: Some(name.span), check: check.map(Node::underline) });
    }
}

/// Reads `pools`; without it there is one pool of all app servers.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts) -> Pools {
    let mut pools = Pools::default();
    let Some(node) = node else {
        let members = (0..hosts.app_servers.len()).collect();
        let pool = Pool { name: PoolName::all(), members, sites: Vec::new(), check: HttpCheck::default() };
        pools.all.push(PlacedPool { pool, span: None, check: None });
        return pools;
    };
    let Some(nodes) = reader.items(node, "pools") else { return pools };
    if nodes.is_empty() {
        let help = "name a pool, or remove `pools` to serve every site from every app server";
        reader.report(Code::IN04, node.underline(), "`pools` is empty", help);
    }
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
        if let Some(name) = name {
            pools.add(reader, name, members, raw.check);
        }
    }
    pools
}

/// The names in their order, so that advice is the same in every run.
pub fn sorted<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = names.map(Box::from).collect();
    names.sort_unstable();
    names
}

fn read_members(reader: &mut Reader<'_>, list: &Node, hosts: &Hosts) -> Vec<usize> {
    let Some(nodes) = reader.words(list, ("app_servers", "[srv1, srv2]"), |word| HostName::parse(word).is_ok()) else {
        return Vec::new();
    };
    if nodes.is_empty() {
        reader.report(
            Code::IN04,
            list.underline(),
            "`app_servers` of a pool is empty",
            "write the name of at least one app server",
        );
    }
    let mut members = Vec::with_capacity(nodes.len());
    let mut seen = HashSet::new();
    for node in nodes {
        let Some(name) = scalar::<HostName>(reader, node, "app_servers") else { continue };
        let Some(index) = app_server(reader, hosts, &name) else { continue };
        if seen.insert(index) {
            members.push(index);
        } else {
            reader.report(
                Code::IN12,
                name.span,
                format!("`{}` is in this pool twice", name.value),
                "write every name once; to give an app server a larger share, set its `weight`",
            );
        }
    }
    members
}

/// The app server of this name; one that there is not is reported.
pub fn app_server(reader: &mut Reader<'_>, hosts: &Hosts, name: &Placed<HostName>) -> Option<usize> {
    let text = name.value.as_str();
    let found = hosts.by_name.get(text).copied();
    // An app server that has an error was reported already, and its name is not a typo.
    if found.is_none() && (hosts.is_load_balancer(text) || (hosts.all_named && !hosts.has_error(text))) {
        unknown(reader, name.span, "app server", text, hosts.app_server_names());
    }
    found
}

/// Reports a name that nothing has, with the nearest of `names`, which are sorted.
pub fn unknown(reader: &mut Reader<'_>, span: Span, what: &str, name: &str, names: &[Box<str>]) {
    let near = reader.nearest(name, names);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() && what == "pool" => {
            "remove this key: without `pools`, every app server serves every site".to_owned()
        }
        None if names.is_empty() => format!("add one with this name, or remove it here: the inventory has no {what}"),
        None if names.len() <= 8 => format!("write one of: {}", names.join(", ")),
        None => format!("write the name of one of the {} that the inventory has", names.len()),
    };
    let message = format!("there is no {what} `{}`", printable(name));
    let mut found = Diagnostic::refusal(Code::IN07, span, message, help);
    // `srv3` is as near to `srv1` as to `srv2`.
    let alone = |reader: &mut Reader<'_>, near: &str| {
        let others: Vec<&str> = names.iter().map(AsRef::as_ref).filter(|other| *other != near).collect();
        reader.nearest(name, &others).is_none()
    };
    if let Some(near) = near.filter(|near| reader.on_one_line(span) && alone(reader, near)) {
        let text = spelled(reader.source.slice(span), near);
        found.fix = Some(Fix::replace(Applicability::Unsafe, span, text));
    }
    reader.diagnostics.push(found);
}

/// Checks that every pool serves a site and every app server is in a pool.
pub fn check_use(reader: &mut Reader<'_>, pools: &[PlacedPool], hosts: &Hosts) {
    // After another error a pool may only seem unused.
    if !reader.diagnostics.is_empty() {
        return;
    }
    for pool in pools.iter().filter(|p| p.pool.sites.is_empty()) {
        let message = format!("the pool `{}` serves no site", pool.pool.name);
        reader.report(
            Code::IN08,
            pool.span.unwrap_or_default(),
            message,
            "write it as the `pool` of a site, or remove it",
        );
    }
    let used: HashSet<usize> = pools.iter().flat_map(|p| p.pool.members.iter().copied()).collect();
    for (index, (app, places)) in hosts.app_servers.iter().enumerate() {
        if !used.contains(&index) {
            let message = format!("the app server `{}` is in no pool", app.name);
            reader.report(Code::IN08, places.name, message, "add it to `app_servers` of a pool, or remove it");
        }
    }
}
