//! Which pool a TLS name goes to: the choice that nginx would make among all sites, told to haproxy
//! on lines of its own while names are few, and in files that it looks names up in beyond that.

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::types::UnknownNames;

/// More names than a reader wants on lines, or haproxy should compare one by one.
const INLINE: usize = 20;

/// What the template of a balancer sees of names.
#[derive(Serialize)]
pub struct Routes {
    /// Whether a connection waits for its name.
    inspected: bool,
    /// Whether connections with other names, or with none, are closed.
    reject: bool,
    /// Whether there are pools to choose from.
    choice: bool,
    /// Whether the names are in files of their own.
    mapped: bool,
    /// Names that are compared as a whole; the order is that of the inventory.
    exact: Vec<Route>,
    /// Endings of names, the longest first: the first that fits is nginx's choice.
    wildcards: Vec<Route>,
}

/// A name, or the end of names, and the backend of its connections.
#[derive(Serialize)]
struct Route {
    name: String,
    backend: String,
}

/// The names of a fleet; none where nothing depends on them.
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
    // Stable: equally long ones keep the order of the inventory.
    routes.wildcards.sort_by_key(|route| usize::MAX - route.name.len());
    routes.mapped = routes.exact.len() + routes.wildcards.len() > INLINE;
    routes
}

/// A file that haproxy looks names up in.
#[derive(Serialize)]
pub struct Map<'r> {
    wildcards: bool,
    routes: &'r [Route],
}

impl Routes {
    /// The file of exact names, if there is one, and that of wildcards.
    pub fn maps(&self) -> [Option<Map<'_>>; 2] {
        let map = |wildcards, routes| {
            let there = self.mapped && !<[Route]>::is_empty(routes);
            there.then_some(Map { wildcards, routes })
        };
        [map(false, &self.exact), map(true, &self.wildcards)]
    }
}
