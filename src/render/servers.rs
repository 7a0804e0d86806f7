//! The servers of a pool in haproxy: one for each app server and each address that it is connected from.

use std::net::SocketAddr;

use serde::Serialize;

use crate::inventory::model::{AppServer, Families, Haproxy, bracketed};
use crate::inventory::types::{Address, Balance};

#[derive(Serialize)]
pub struct Server {
    /// That of the app server; behind a colon the address that it is connected from, if that is not the balancer's own.
    name: String,
    /// The app server's name: its server is checked, and the others are as that is.
    app: String,
    address: String,
    weight: u16,
    backup: bool,
    maxconn: Option<u64>,
    /// Whether it is told the id of a connection.
    unique_id: bool,
    /// The address that it is connected from; empty for the balancer's own.
    source: String,
}

/// The servers of these app servers, which a balancer with addresses of these families connects to.
pub fn of_pool<'i>(members: impl Iterator<Item = &'i AppServer>, own: Families, haproxy: &Haproxy) -> Vec<Server> {
    let of_app = |app: &AppServer| -> Vec<Server> {
        let address = app.addresses.reached_from(own).expect("validation found a way to every app server");
        let besides = haproxy.source.iter().filter(|it| it.0.is_ipv4() == address.0.is_ipv4()).map(Some);
        // A server with `maxconn 0` would have no limit.
        let most = app.maxconn.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let sources: Vec<Option<&Address>> = std::iter::once(None).chain(besides).take(most).collect();
        let count = sources.len() as u64;
        let server = |(index, source): (usize, &Option<&Address>)| Server {
            name: source.map_or_else(|| app.name.to_string(), |source| format!("{}:{source}", app.name)),
            app: app.name.to_string(),
            address: SocketAddr::new(address.0, app.nginx.port.0).to_string(),
            weight: app.weight,
            backup: app.backup,
            unique_id: haproxy.sends_unique_id() && app.nginx.knows_unique_id(),
            // The first ones get what is left over.
            maxconn: app.maxconn.map(|most| most / count + u64::from((index as u64) < most % count)),
            // Without brackets, haproxy takes what is behind the last colon for a port.
            source: source.map(|it| bracketed(it.0)).unwrap_or_default(),
        };
        sources.iter().enumerate().map(server).collect()
    };
    let apps: Vec<Vec<Server>> = members.map(of_app).collect();
    if haproxy.balance == Balance::First {
        // It fills one server after the other.
        return apps.into_iter().flatten().collect();
    }
    // A connection that fails is tried again on the next server, which is another app server.
    let mut columns: Vec<Vec<Server>> = Vec::new();
    for servers in apps {
        for (index, server) in servers.into_iter().enumerate() {
            if columns.len() <= index {
                columns.push(Vec::new());
            }
            columns[index].push(server);
        }
    }
    columns.into_iter().flatten().collect()
}
