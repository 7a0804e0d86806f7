//! Reads `servers` and `backup`, of pools of other servers and of upstreams: two lists in which no server is twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Display;
use std::hash::Hash;

use super::fields::{Placed, scalar};
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::inventory::document::spelled;
use crate::inventory::node::{Node, Value};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Scalar, guard};
use crate::source::Span;

/// A server, and whether it is a backup.
pub struct Server<T> {
    /// Where it listens.
    pub address: Placed<T>,
    /// Whether it is in `backup`.
    pub backup: bool,
}

/// A section with these lists.
pub struct Lists<'n> {
    /// Its path.
    pub section: &'static str,
    /// Its place.
    pub span: Span,
    /// The list `servers`, which is required.
    pub servers: Option<&'n Node>,
    /// The list `backup`.
    pub backup: Option<&'n Node>,
    /// A list of servers.
    pub example: &'static str,
}

/// Reads both lists; the backups come last.
pub fn read<T>(reader: &mut Reader<'_>, lists: &Lists<'_>) -> Vec<Server<T>>
where
    T: Scalar + Clone + Eq + Hash + Display,
{
    if lists.servers.is_none() {
        reader.missing(lists.span, lists.section, "servers", format!("add `servers: {}` to it", lists.example));
    }
    let mut seen: HashMap<T, Span> = HashMap::new();
    let mut found = Vec::new();
    for (key, list, backup) in [("servers", lists.servers, false), ("backup", lists.backup, true)] {
        let Some(list) = list else { continue };
        let Some(items) = reader.words(list, (key, lists.example), |word| T::parse(word).is_ok()) else { continue };
        if items.is_empty() {
            let help =
                if backup { "write at least one server, or remove the key" } else { "write at least one server" };
            reader.report(Code::IN04, list.underline(), format!("`{key}` is empty"), help);
        }
        for item in items {
            let Some(address) = server::<T>(reader, item, key) else { continue };
            match seen.entry(address.value.clone()) {
                Entry::Occupied(first) => {
                    let message = format!("`{}` is listed twice", address.value);
                    let twice = Diagnostic::refusal(Code::IN12, address.span, message, "write every server once");
                    reader.diagnostics.push(twice.related(*first.get(), "the first one"));
                }
                Entry::Vacant(free) => {
                    free.insert(address.span);
                    found.push(Server { address, backup });
                }
            }
        }
    }
    found
}

/// A server of the list `key`.
fn server<T: Scalar>(reader: &mut Reader<'_>, item: &Node, key: &str) -> Option<Placed<T>> {
    let Value::Map(entries) = &item.value else { return scalar(reader, item, key) };
    let source = reader.source;
    let fits = |text: &str| guard(text).is_ok() && T::parse(text).is_ok();
    let text =
        |name: &str| entries.iter().find(|(key, _)| key.text(source) == Some(name)).and_then(|it| it.1.text(source));
    let address = text("address").filter(|text| fits(text)).map(|text| spelled("", text));
    let is_backup = key == "backup" || text("backup").is_some_and(|it| it != "false");
    // YAML reads `unix: /run/app.sock` as a key and its value.
    let joined = match entries.as_slice() {
        [(name, value)] => name.text(source).zip(value.text(source)).map(|(name, value)| format!("{name}:{value}")),
        _ => None,
    };
    let joined = joined.filter(|text| fits(text)).map(|text| spelled("", &text));
    let (help, instead) = match (address, joined) {
        (Some(address), _) if is_backup && key != "backup" => {
            (format!("write `{address}` in the list `backup`, beside `servers`"), None)
        }
        (Some(address), _) => (format!("write the address alone: `{address}`"), Some(address)),
        (None, Some(joined)) => (format!("write `{joined}`, without a blank after the colon"), Some(joined)),
        (None, None) => ("write the address and port of each server alone, without keys".to_owned(), None),
    };
    let message = format!("a server of `{key}` must be a single value but is {}", item.kind());
    let mut found = Diagnostic::refusal(Code::IN03, item.underline(), message, help);
    let instead = instead.filter(|_| reader.on_one_line(item.span));
    found.fix = instead.map(|text| Fix::replace(Applicability::Unsafe, item.span, text));
    reader.diagnostics.push(found);
    None
}
