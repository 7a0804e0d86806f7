//! Reads which clients get an answer: `allow` and `deny` of a site or a location.

use std::collections::HashSet;

use ipnet::IpNet;

use super::fields::{Placed, at_most, scalar_with};
use crate::diagnostic::Code;
use crate::inventory::model::Access;
use crate::inventory::networks::Networks;
use crate::inventory::node::{Node, Value};
use crate::inventory::schema::Reader;
use crate::inventory::types::{Cidr, Flaw, Scalar, ValueError};

/// Reads both lists.
pub fn read(reader: &mut Reader<'_>, lists: [Option<&Node>; 2]) -> Access {
    over(reader, lists, Access::default())
}

/// The same; a list that is not written is as in `base`.
pub fn over(reader: &mut Reader<'_>, [allow, deny]: [Option<&Node>; 2], base: Access) -> Access {
    let Some(last) = deny.or(allow) else { return base };
    let values = |networks: Vec<Placed<IpNet>>| networks.into_iter().map(|it| it.value).collect::<Vec<IpNet>>();
    // In a list that is the fleet's, it is the host's own `deny` that leaves nobody.
    let inherited = |value: IpNet| Placed { value, span: last.underline() };
    let listed: Vec<Placed<IpNet>> = match allow {
        Some(_) => networks(reader, allow, "allow"),
        None => base.allow.into_iter().map(inherited).collect(),
    };
    let denied = deny.map_or(base.deny, |node| values(networks(reader, Some(node), "deny")));
    let covering = Networks::new(&denied);
    for network in listed.iter().filter(|it| covering.covers(&it.value)) {
        let message = format!("`allow` has `{}`, but nobody there gets an answer because of `deny`", network.value);
        let help = "remove the network here, or what contains it from `deny`, which counts where both have an address";
        reader.report(Code::IN09, network.span, message, help);
    }
    Access { allow: values(listed), deny: denied }
}

/// The networks of a list, without repetitions.
pub(super) fn networks(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Vec<Placed<IpNet>> {
    let everyone = match key {
        "networks" => "write the networks that the CDN publishes: anyone else could claim an address",
        "deny" => "write `allow` with those who get an answer: all others are refused then",
        _ => "remove it: without the key, everyone gets an answer",
    };
    listed(reader, node, key, everyone)
}

/// The same, with what to do about every address of a family.
fn listed(reader: &mut Reader<'_>, node: Option<&Node>, key: &str, everyone: &str) -> Vec<Placed<IpNet>> {
    let Some(node) = node else { return Vec::new() };
    let fits = |word: &str| Cidr::parse(word).is_ok();
    let Some(nodes) = reader.words(node, (key, "[192.0.2.0/24]"), fits) else { return Vec::new() };
    if nodes.is_empty() {
        reader.report(Code::IN04, node.underline(), format!("`{key}` is empty"), "write at least one network");
    }
    let mut seen = HashSet::new();
    let read =
        nodes.iter().filter_map(|node| scalar_with::<Cidr>(reader, node, key, |error| improved(error, everyone)));
    let read: Vec<Placed<Cidr>> = read.collect();
    let networks = read.into_iter().map(|it| Placed { value: it.value.0, span: it.span });
    networks.filter(|it| seen.insert(it.value)).collect()
}

/// The networks of a list that may have 64.
pub(super) fn at_most_64(reader: &mut Reader<'_>, node: &Node, key: &str, everyone: &str) -> Vec<IpNet> {
    if let Value::List(items) = &node.value
        && at_most(reader, node, items, (key, 64)).len() < items.len()
    {
        return Vec::new();
    }
    listed(reader, Some(node), key, everyone).into_iter().map(|it| it.value).collect()
}

/// What the advice about trusted proxies is not about.
fn improved(error: ValueError, everyone: &str) -> ValueError {
    match error.flaw {
        Flaw::EveryAddress => ValueError::new(Flaw::EveryAddress, "is every address of a family", everyone),
        _ => error,
    }
}
