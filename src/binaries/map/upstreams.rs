//! From a line about an upstream to the key that it was rendered from: the blocks of named upstreams, and what
//! locations and sites say about theirs.

use super::{Map, Message, Statement};
use crate::inventory::document::Cursor;
use crate::inventory::model::Upstream;
use crate::lint::Fleet;

impl<'f> Map<'f> {
    /// The place of a statement in the block of a named upstream, or of the block itself.
    pub(super) fn upstream(&self, app: usize, message: &Message, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let block = |words: &[&str]| match *words {
            ["upstream", name] => Some(name.to_owned()),
            _ => None,
        };
        let around = statement.around.iter().find_map(|words| block(words));
        let name = around.or_else(|| block(statement.words))?;
        let upstreams = &self.fleet.inventory.upstreams;
        let index = upstreams.iter().position(|upstream| upstream.name.as_str() == name)?;
        let place = self.fleet.written.key("upstreams").item(index);
        let written = |key: &str| Some(place.key(key)).filter(|place| place.is_written());
        Some(match *statement.words {
            ["server", address, ..] => server(&upstreams[index], place, message, address)?,
            ["keepalive", ..] => written("keepalive").unwrap_or(place.key("name")),
            ["resolver" | "resolver_timeout", ..] => self.offered(app, "resolver", message),
            ["least_conn" | "ip_hash" | "hash" | "random", ..] => written("balance").unwrap_or(place.key("name")),
            _ => place.key("name"),
        })
    }
}

fn server<'f>(upstream: &Upstream, place: Cursor<'f>, message: &Message, address: &str) -> Option<Cursor<'f>> {
    let at = upstream.servers.iter().position(|server| server.address.to_string() == address)?;
    let max_fails = Some(place.key("max_fails")).filter(|it| it.is_written() && message.text.contains("max_fails"));
    max_fails.or(Fleet::servers(place).nth(at))
}
