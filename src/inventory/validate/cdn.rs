//! Reads `cdn` of a site.

use super::access::networks;
use super::fields::required;
use crate::inventory::model::Cdn;
use crate::inventory::node::Node;
use crate::inventory::raw::RawCdn;
use crate::inventory::schema::Reader;
use crate::inventory::types::HeaderName;

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Cdn> {
    let raw = RawCdn::read(reader, node?)?;
    if raw.networks.is_none() {
        let help = "add `networks:` with those that the CDN says its connections come from";
        reader.missing(raw.span, "sites[].cdn", "networks", help);
    }
    let networks = networks(reader, raw.networks, "networks").into_iter().map(|it| it.value).collect();
    let header = required::<HeaderName>(reader, raw.header, "header", "sites[].cdn", raw.span)?.value;
    Some(Cdn { networks, header })
}
