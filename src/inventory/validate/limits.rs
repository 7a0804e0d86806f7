//! Reads how much one client may ask: `limit_req` and `limit_conn` of a site or a location.

use super::fields::{count_if_written, required};
use crate::diagnostic::Code;
use crate::inventory::model::{LimitReq, Limits, Target};
use crate::inventory::node::Node;
use crate::inventory::raw::RawLimitReq;
use crate::inventory::schema::Reader;
use crate::inventory::types::Rate;

/// Reads both.
pub fn read(reader: &mut Reader<'_>, [req, conn]: [Option<&Node>; 2]) -> Limits {
    Limits {
        req: req.and_then(|node| requests(reader, node)),
        conn: count_if_written(reader, conn, "limit_conn", 1..=65_535),
    }
}

fn requests(reader: &mut Reader<'_>, node: &Node) -> Option<LimitReq> {
    let raw = RawLimitReq::read(reader, node)?;
    let rate = required::<Rate>(reader, raw.rate, "rate", "limit_req", raw.span);
    if raw.burst.is_none() {
        let help = "add `burst: 20`, or as many requests as a page of the site needs at once";
        reader.missing(raw.span, "limit_req", "burst", help);
    }
    let burst = count_if_written(reader, raw.burst, "burst", 0..=100_000);
    Some(LimitReq { rate: rate?.value, burst: burst? })
}

/// Reads those of a location, which have no effect if nginx answers by itself: it does so before it counts.
pub fn of_location(reader: &mut Reader<'_>, nodes: [Option<&Node>; 2], target: &Target) -> Limits {
    let limits = read(reader, nodes);
    if matches!(target, Target::Redirect(_) | Target::Answer(_)) {
        for (key, node) in ["limit_req", "limit_conn"].into_iter().zip(nodes) {
            if let Some(node) = node {
                let message = format!("`{key}` has no effect beside `return`: nginx answers before it counts");
                reader.report(Code::IN09, node.underline(), message, "remove it, or pass the requests to an app");
            }
        }
    }
    limits
}
