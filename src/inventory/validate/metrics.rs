//! Reads `metrics` of haproxy and nginx: where they tell their numbers, and to whom.

use super::access;
use super::fields::or_default;
use super::settings::nginx_port;
use crate::inventory::model::Metrics;
use crate::inventory::node::Node;
use crate::inventory::raw::RawMetrics;
use crate::inventory::schema::Reader;
use crate::inventory::types::Port;
use crate::source::Span;

/// What to do about a list of everyone.
const EVERYONE: &str = "list the addresses of those who collect the numbers, such as Prometheus";

/// Reads the section of haproxy. It is one setting: a host has its own, or that of the fleet.
pub fn haproxy(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Metrics> {
    read(reader, node?, |reader, port| or_default(reader, port, "port", Metrics::PORT))
}

/// Reads the section of nginx, to which not every port is free.
pub fn nginx(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Metrics> {
    read(reader, node?, |reader, port| nginx_port(reader, port, Metrics::PORT))
}

fn read<'n>(
    reader: &mut Reader<'_>,
    node: &'n Node,
    port: impl FnOnce(&mut Reader<'_>, Option<&'n Node>) -> Port,
) -> Option<Metrics> {
    let raw = RawMetrics::read(reader, node)?;
    let port = port(reader, raw.port);
    Some(Metrics { port, allow: allow(reader, raw.allow, raw.span) })
}

fn allow(reader: &mut Reader<'_>, node: Option<&Node>, section: Span) -> Vec<ipnet::IpNet> {
    if let Some(node) = node {
        return access::at_most_64(reader, node, "allow", EVERYONE);
    }
    reader.missing(section, "metrics", "allow", "add `allow:` with the address of Prometheus, such as `[10.0.0.5/32]`");
    Vec::new()
}
