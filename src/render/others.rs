//! The data for the backends of servers that are not app servers.

use std::collections::HashSet;

use serde::Serialize;

use super::haproxy::send_proxy;
use crate::inventory::Inventory;
use crate::inventory::model::OtherPool;
use crate::inventory::types::{Duration, OtherCheck, ServerName};

/// A pool of other servers.
#[derive(Serialize)]
pub struct OtherBackend {
    name: String,
    /// Empty without a PROXY header.
    send_proxy: &'static str,
    check_tls: bool,
    /// Empty if no name leads to them.
    check_sni: String,
    /// Empty where the balancer's settings hold.
    tunnel: String,
    all_backups: bool,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    name: String,
    address: String,
    backup: bool,
}

/// All of them, in the order of the inventory.
pub fn others(inventory: &Inventory) -> Vec<OtherBackend> {
    let names: HashSet<&str> = match inventory.other_pools.is_empty() {
        true => HashSet::new(),
        false => inventory.names().map(ServerName::as_str).collect(),
    };
    let sample = |name: &ServerName| name.concrete(|name| names.contains(name));
    let text = |duration: &Option<Duration>| duration.as_ref().map(ToString::to_string).unwrap_or_default();
    let backend = |pool: &OtherPool| OtherBackend {
        name: pool.name.to_string(),
        send_proxy: send_proxy(pool.send_proxy),
        check_tls: pool.check == OtherCheck::Tls,
        check_sni: pool.server_names.first().map(sample).unwrap_or_default(),
        tunnel: text(&pool.tunnel),
        all_backups: pool.has_backups(),
        servers: pool
            .servers
            .iter()
            .map(|server| Server { name: server.name(), address: server.address.to_string(), backup: server.backup })
            .collect(),
    };
    inventory.other_pools.iter().map(backend).collect()
}
