//! Reads `metrics` of haproxy and nginx: where they tell their numbers, and to whom.

use super::access;
use super::fields::or_default;
use super::settings::nginx_port;
use crate::inventory::model::Metrics;
use crate::inventory::node::Node;
use crate::inventory::raw::{RawHaproxyMetrics, RawNginxMetrics};
use crate::inventory::schema::Reader;
use crate::source::Span;

/// What to do about a list of everyone.
const EVERYONE: &str = "list the addresses of those who collect the numbers, such as Prometheus";

/// Reads the section of haproxy. It is one setting: a host has its own, or that of the fleet.
pub fn haproxy(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Metrics> {
    let raw = RawHaproxyMetrics::read(reader, node?)?;
    let port = or_default(reader, raw.port, "port", Metrics::PORT);
    Some(Metrics { port, allow: allow(reader, raw.allow, raw.span) })
}

/// Reads the section of nginx.
pub fn nginx(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Metrics> {
    let raw = RawNginxMetrics::read(reader, node?)?;
    let port = nginx_port(reader, raw.port, Metrics::PORT);
    Some(Metrics { port, allow: allow(reader, raw.allow, raw.span) })
}

fn allow(reader: &mut Reader<'_>, node: Option<&Node>, section: Span) -> Vec<ipnet::IpNet> {
    if let Some(node) = node {
        return access::at_most_64(reader, node, "allow", EVERYONE);
    }
    reader.missing(section, "metrics", "allow", "add `allow:` with the address of Prometheus, such as `[10.0.0.5/32]`");
    Vec::new()
}
