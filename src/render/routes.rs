//! Which pool the connections for a TLS name go to: the same choice that nginx would make. A few names
//! are lines of haproxy.cfg, many are in files in which haproxy looks them up.

use serde::Serialize;

use crate::inventory::Inventory;
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
    /// Whether there are several pools.
    choice: bool,
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
}

/// The names of a fleet; none if nothing depends on them.
pub fn routes(inventory: &Inventory, unknown_names: UnknownNames) -> Routes {
    let choice = inventory.pools.len() > 1;
    let reject = unknown_names == UnknownNames::Reject;
    let mut routes =
        Routes { inspected: choice || reject, reject, choice, mapped: false, exact: Vec::new(), wildcards: Vec::new() };
    if !routes.inspected {
        return routes;
    }
    for site in &inventory.sites {
        let backend = inventory.pools[site.pool].name.as_str();
        for name in &site.server_names {
            let route = |name: String| Route { name, backend: backend.to_owned() };
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
    /// The files of exact names and of wildcards, if there are any.
    pub fn maps(&self) -> [Option<Map<'_>>; 2] {
        let map = |wildcards, routes| {
            let there = self.mapped && !<[Route]>::is_empty(routes);
            there.then_some(Map { wildcards, routes })
        };
        [map(false, &self.exact), map(true, &self.wildcards)]
    }
}
