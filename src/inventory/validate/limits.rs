//! Reads how much one client may ask: `limit` of a site, a location or a balancer.

use super::fields::{count_if_written, optional};
use crate::diagnostic::Code;
use crate::inventory::model::{LimitReq, Limits, Target};
use crate::inventory::node::Node;
use crate::inventory::raw::RawLimit;
use crate::inventory::schema::Reader;
use crate::inventory::types::Rate;

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Limits {
    let raw = node.and_then(|node| RawLimit::read(reader, node));
    raw.map_or_else(Limits::default, |raw| section(reader, &raw))
}

fn section(reader: &mut Reader<'_>, raw: &RawLimit<'_>) -> Limits {
    match (raw.rate, raw.burst, raw.connections) {
        (Some(_), None, _) => {
            let help = "add `burst: 20`, or as many requests as a page of the site needs at once";
            reader.missing(raw.span, "limit", "burst", help);
        }
        (None, Some(burst), _) => {
            let message = "`burst` has no effect without `rate`";
            reader.report(Code::IN09, burst.underline(), message, "remove it, or add `rate: 10r/s`");
        }
        (None, None, None) => {
            reader.missing(raw.span, "limit", "connections", "add `connections: 50`, or `rate` and `burst`");
        }
        _ => {}
    }
    let rate = optional::<Rate>(reader, raw.rate, "rate");
    let burst = count_if_written(reader, raw.burst, "burst", 0..=100_000);
    let conn = count_if_written(reader, raw.connections, "connections", 1..=65_535);
    Limits { req: rate.zip(burst).map(|(rate, burst)| LimitReq { rate, burst }), conn }
}

/// haproxy counts in windows of this many milliseconds at most: it has to remember for as long whom it has seen.
const LONGEST: u64 = 24 * 60 * 60 * 1_000;

/// Reads that of a balancer. It is one setting: a balancer has its own, or that of the fleet.
pub fn of_balancer(reader: &mut Reader<'_>, node: Option<&Node>, base: Limits) -> Limits {
    let Some(raw) = node.and_then(|node| RawLimit::read(reader, node)) else { return base };
    let limits = section(reader, &raw);
    if let (Some(burst), Some(LimitReq { rate, burst: more })) = (raw.burst, limits.req)
        && rate.milliseconds_for(more + 1) > LONGEST
    {
        let message = format!("`burst` is more than `{rate}` allows in a day");
        let most = rate.in_milliseconds(LONGEST) - 1;
        reader.report(Code::IN09, burst.underline(), message, format!("write {most} or less, or a higher `rate`"));
    }
    limits
}

/// Reads that of a location, which has no effect if nginx answers by itself: it does so before it counts.
pub fn of_location(reader: &mut Reader<'_>, node: Option<&Node>, target: &Target) -> Limits {
    let limits = read(reader, node);
    if let (Some(node), Target::Redirect(_) | Target::Answer(_)) = (node, target) {
        let message = "`limit` has no effect beside `return`: nginx answers before it counts";
        reader.report(Code::IN09, node.underline(), message, "remove it, or pass the requests to an app");
    }
    limits
}
