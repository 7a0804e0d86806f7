//! Reads `maintenance` of a site.

use super::access::networks;
use super::fields::{duration, optional, or_default, switch};
use super::returns::lonely_type;
use crate::diagnostic::Code;
use crate::inventory::form::RETRY_AFTER;
use crate::inventory::model::Maintenance;
use crate::inventory::node::Node;
use crate::inventory::raw::RawMaintenance;
use crate::inventory::schema::Reader;
use crate::inventory::types::{Body, Duration, MediaType};

/// Reads the section; `None` if it is off.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Maintenance> {
    let raw = RawMaintenance::read(reader, node?)?;
    let enabled = switch(reader, raw.enabled, "enabled", true);
    let retry_after = duration(reader, raw.retry_after, "retry_after", RETRY_AFTER, Duration::minutes(5));
    if let Some(node) = raw.retry_after.filter(|_| !retry_after.milliseconds().is_multiple_of(1_000)) {
        let message = format!("`retry_after` must be a whole number of seconds: `{retry_after}`");
        reader.report(Code::HP08, node.span, message, "write a value such as `10m`");
    }
    let networks = networks(reader, raw.allow, "allow").into_iter().map(|it| it.value).collect();
    let body: Option<Body> = optional(reader, raw.body, "body");
    let media_type = or_default(reader, raw.r#type, "type", MediaType::plain());
    lonely_type(reader, raw.r#type, raw.body);
    let admitted = Maintenance::admitting(networks);
    let maintenance = Maintenance { retry_after, admitted, body: body.map(|body| (body, media_type)) };
    enabled.then_some(maintenance)
}
