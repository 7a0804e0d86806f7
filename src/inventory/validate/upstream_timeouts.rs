//! Reads the timeouts of upstreams, which have the same keys wherever they may be written.

use super::fields::duration_if_written;
use crate::diagnostic::Code;
use crate::inventory::form::{TIMEOUT, UPSTREAM_CONNECT};
use crate::inventory::model::{Target, UpstreamTimeouts};
use crate::inventory::node::Node;
use crate::inventory::schema::Reader;

/// The keys, in the order of the nodes that the functions below take.
const KEYS: [&str; 3] = ["upstream_connect_timeout", "upstream_read_timeout", "upstream_send_timeout"];

/// The timeouts of one section.
pub fn read(reader: &mut Reader<'_>, nodes: [Option<&Node>; 3]) -> UpstreamTimeouts {
    let [connect, read, send] = nodes;
    UpstreamTimeouts {
        connect: duration_if_written(reader, connect, KEYS[0], UPSTREAM_CONNECT),
        read: duration_if_written(reader, read, KEYS[1], TIMEOUT),
        send: duration_if_written(reader, send, KEYS[2], TIMEOUT),
    }
}

/// The timeouts of a location, which has to have an upstream.
pub fn of_location(reader: &mut Reader<'_>, nodes: [Option<&Node>; 3], target: &Target) -> UpstreamTimeouts {
    let timeouts = read(reader, nodes);
    if !target.passes() {
        for (key, node) in KEYS.iter().zip(nodes).filter_map(|(key, node)| Some((key, node?))) {
            let message = format!("`{key}` has no effect: the location has no upstream");
            reader.report(Code::IN09, node.underline(), message, "remove it, or write it where requests are passed on");
        }
    }
    timeouts
}
