//! Which pool the connections for a TLS name go to: the same choice that nginx would make. A few names
//! are lines of haproxy.cfg, many are in files in which haproxy looks them up.

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::model::OtherPool;
use crate::inventory::types::UnknownNames;

/// With more names, files are easier to read, and faster for haproxy.
const INLINE: usize = 20;

/// The names, for the template of a balancer.
#[derive(Serialize)]
pub struct Routes {
    /// Whether connections wait for the TLS name.
    inspected: bool,
    /// Whether connections with other names, or without one, are closed.
    reject: bool,
    /// Whether names lead to different pools.
    choice: bool,
    /// The backend of what is not TLS, if it is not the default one; else empty.
    not_tls: String,
    /// The backend of names that are not listed, and of connections without one, if no app server gets them; else empty.
    unknown: String,
    /// The backends that are not of app servers.
    others: Vec<String>,
    /// Whether the names are in files.
    mapped: bool,
    /// Names that are compared as a whole, in the order of the inventory.
    exact: Vec<Route>,
    /// Suffixes of names, the longest first: the first that matches is nginx's choice.
    wildcards: Vec<Route>,
}

/// A name, or a suffix of names, and the backend of its connections.
#[derive(Serialize)]
struct Route {
    name: String,
    backend: String,
    /// Whether the backend's servers are not app servers.
    other: bool,
}

/// The names of a fleet; none if nothing depends on them.
pub fn routes(inventory: &Inventory, unknown_names: UnknownNames) -> Routes {
    let others = &inventory.other_pools;
    let named = others.iter().any(|pool| pool.unknown_names || !pool.server_names.is_empty());
    let choice = inventory.pools.len() > 1 || named;
    let reject = unknown_names == UnknownNames::Reject;
    let of = |wanted: fn(&OtherPool) -> bool| others.iter().find(|pool| wanted(pool)).map(|pool| pool.name.to_string());
    let unknown = of(|pool| pool.unknown_names).unwrap_or_default();
    // nginx answers what is not TLS with an error, as long as nothing else takes it.
    let first = || (!unknown.is_empty()).then(|| inventory.pools[0].name.to_string());
    let not_tls = of(|pool| pool.not_tls).or_else(first).unwrap_or_default();
    let mut routes = Routes {
        inspected: choice || reject || !not_tls.is_empty(),
        reject,
        choice,
        not_tls,
        unknown,
        others: others.iter().map(|pool| pool.name.to_string()).collect(),
        mapped: false,
        exact: Vec::new(),
        wildcards: Vec::new(),
    };
    if !choice && !reject {
        return routes;
    }
    let of_sites = inventory.sites.iter().map(|site| (&inventory.pools[site.pool].name, &site.server_names, false));
    let of_others = others.iter().map(|pool| (&pool.name, &pool.server_names, true));
    for (backend, names, other) in of_sites.chain(of_others) {
        for name in names {
            let route = |name: String| Route { name, backend: backend.to_string(), other };
            match name.wildcard() {
                Some(parent) => routes.wildcards.push(route(format!(".{parent}"))),
                None => routes.exact.push(route(name.to_string())),
            }
        }
    }
    // A stable sort: suffixes of the same length keep the order of the inventory.
    routes.wildcards.sort_by_key(|route| usize::MAX - route.name.len());
    routes.mapped = routes.exact.len() + routes.wildcards.len() > INLINE;
    routes
}

/// A file in which haproxy looks names up.
#[derive(Serialize)]
pub struct Map<'r> {
    wildcards: bool,
    routes: &'r [Route],
}

impl Routes {
    /// Whether connections wait for the TLS name.
    pub fn inspected(&self) -> bool {
        self.inspected
    }

    /// The files of exact names and of wildcards, if there are any.
    pub fn maps(&self) -> [Option<Map<'_>>; 2] {
        let map = |wildcards, routes| {
            let there = self.mapped && !<[Route]>::is_empty(routes);
            there.then_some(Map { wildcards, routes })
        };
        [map(false, &self.exact), map(true, &self.wildcards)]
    }
}
