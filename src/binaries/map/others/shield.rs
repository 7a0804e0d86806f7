//! The keys behind the lines about who may connect to a balancer.

use super::{Message, Statement, quoted};
use crate::inventory::document::Cursor;
use crate::lint::Fleet;

/// The key behind such a line: the network that the message quotes, or the list.
pub fn line<'f>(
    fleet: &'f Fleet<'f>,
    balancer: usize,
    message: &Message,
    statement: &Statement<'_>,
) -> Option<Cursor<'f>> {
    let has = |word: &str| statement.words.contains(&word);
    if let Some(place) = counted(fleet, balancer, statement) {
        return Some(place);
    }
    let key = match *statement.words {
        ["acl" | "tcp-request", ..] if has("is_denied") => "deny",
        ["acl" | "tcp-request", ..] if has("is_allowed") => "allow",
        _ => return None,
    };
    let list = fleet.haproxy_if_written(balancer, &[key])?;
    quoted(list, message).or_else(|| list.items().next())
}

/// The same for lines about how often clients connect.
fn counted<'f>(fleet: &'f Fleet<'f>, balancer: usize, statement: &Statement<'_>) -> Option<Cursor<'f>> {
    let has = |start: &str| statement.words.iter().any(|word| word.starts_with(start));
    let in_peers = statement.around.iter().any(|words| words.first() == Some(&"peers"));
    let key = match *statement.words {
        ["table", ..] if in_peers => "rate",
        ["peers" | "localpeer", ..] => "port",
        ["bind" | "server", ..] if in_peers => "port",
        ["stick-table", ..] => "connections",
        ["tcp-request", ..] if has("sc0_") || has("track-sc0") => "connections",
        ["tcp-request", _, "reject", ..] if has("sc1_") => "burst",
        ["tcp-request", ..] if has("track-sc1") || has("sc-inc-gpc0") => "rate",
        _ => return None,
    };
    let limit = fleet.haproxy_if_written(balancer, &["limit"])?;
    match key {
        "port" => fleet.haproxy_if_written(balancer, &["peers_port"]).or(Some(limit)),
        key => Some(limit.key(key).or(limit)),
    }
}
