//! Reads `maintenance` of a site.

use super::access::networks;
use super::fields::optional;
use crate::inventory::model::Maintenance;
use crate::inventory::node::Node;
use crate::inventory::raw::RawMaintenance;
use crate::inventory::schema::Reader;
use crate::inventory::types::Body;

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Maintenance> {
    let raw = RawMaintenance::read(reader, node?)?;
    let networks = networks(reader, raw.allow, "allow").into_iter().map(|it| it.value).collect();
    let body: Option<Body> = optional(reader, raw.body, "body");
    Some(Maintenance { admitted: Maintenance::admitting(networks), body })
}
