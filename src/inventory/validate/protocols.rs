//! What nginx and apps speak on the sockets that requests are passed to. An app speaks one protocol on a
//! socket, so two locations that lead to one socket in two protocols are a refusal.

use std::collections::{HashMap, HashSet};

use super::hosts::Hosts;
use super::pools::Pools;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::Protocol;
use crate::inventory::schema::Reader;
use crate::inventory::types::Endpoint;
use crate::source::Span;

/// Compares the protocols on every socket.
pub fn check(reader: &mut Reader<'_>, hosts: &Hosts, (pools, sites): (&Pools, &[PlacedSite])) {
    let mut reported = HashSet::new();
    // A Unix socket or a loopback address is another one on every host; hosts in the same pools have the same.
    let mut serving: Vec<Vec<usize>> = vec![Vec::new(); hosts.app_servers.len()];
    for (index, pool) in pools.all.iter().enumerate() {
        for member in &pool.pool.members {
            if let Some(pools) = serving.get_mut(*member) {
                pools.push(index);
            }
        }
    }
    let mut compared = HashSet::new();
    for ((host, _), pools) in hosts.app_servers.iter().zip(serving) {
        if compared.insert(pools.clone()) {
            let mine = sites.iter().filter(|site| pools.contains(&site.site.pool));
            compare(reader, mine, (Some(host.name.as_str()), &mut reported));
        }
    }
    compare(reader, sites.iter(), (None, &mut reported));
}

/// Compares the sockets of one host's apps, or without a host those that every host can reach.
fn compare<'s>(
    reader: &mut Reader<'_>,
    sites: impl Iterator<Item = &'s PlacedSite>,
    (host, reported): (Option<&str>, &mut HashSet<Span>),
) {
    let mut spoken: HashMap<&Endpoint, Vec<(Protocol, Span)>> = HashMap::new();
    let upstreams = sites.flat_map(|site| &site.upstreams);
    for (socket, protocol, span) in upstreams.filter(|(socket, ..)| socket.is_local() == host.is_some()) {
        let before = spoken.entry(socket).or_default();
        let other = before.iter().find(|(other, _)| !other.shares_socket_with(*protocol)).copied();
        if before.iter().all(|(known, _)| known != protocol) {
            before.push((*protocol, *span));
        }
        let Some((other, first)) = other.filter(|_| reported.insert(*span)) else { continue };
        let (this, other) = (protocol.name(), other.name());
        let on = host.map(|host| format!(" on `{host}`")).unwrap_or_default();
        let message = format!("`{socket}`{on} would have to take both {other} and {this}: an app speaks one of them");
        let both = Diagnostic::refusal(Code::IN09, *span, message, "write the socket of the app that is meant here");
        reader.diagnostics.push(both.related(first, format!("{other} on the same socket")));
    }
}
