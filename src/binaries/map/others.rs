//! The keys behind the lines of servers that are not app servers, of what is before the balancers, and of metrics.

mod shield;

use super::{Message, Statement};
use crate::config::haproxy::app_server;
use crate::inventory::document::Cursor;
use crate::inventory::types::{Cidr, Scalar, Takes};
use crate::lint::Fleet;

/// The place of the address behind the colon of a server's name, if the message is about that.
pub fn source<'f>(fleet: &'f Fleet<'f>, (balancer, rest): (usize, &str), server: &str) -> Option<Cursor<'f>> {
    let address = app_server(server).1?;
    let list = fleet
        .haproxy_if_written(balancer, &["source"])
        .filter(|_| rest.contains("source") || rest.contains(address))?;
    let same =
        |item: &Cursor<'f>| item.text().and_then(|text| text.parse().ok()) == address.parse::<std::net::IpAddr>().ok();
    Some(list.items().find(same).unwrap_or(list))
}

/// The place of a line in the backend of such servers, or of one that leads there.
pub fn line<'f>(fleet: &'f Fleet<'f>, message: &Message, statement: &Statement<'_>) -> Option<Cursor<'f>> {
    let pools = &fleet.inventory.other_pools;
    let place = |index: usize| fleet.written.key("other_pools").item(index);
    let around = |name: &str| statement.around.iter().any(|words| matches!(words, ["backend", it, ..] if *it == name));
    let Some(index) = pools.iter().position(|pool| around(pool.name.as_str())) else {
        return leads(fleet, statement);
    };
    let pool = place(index);
    match *statement.words {
        ["timeout", "tunnel", ..] => Some(pool.key("timeout_tunnel")),
        ["server", name, ..] => {
            let at = pools[index].servers.iter().position(|server| server.name() == name)?;
            match message.text.contains("send-prox") {
                true => Some(pool.key("send_proxy")),
                false => Fleet::servers(pool).nth(at),
            }
        }
        ["default-server", ..] if message.text.contains("check-ssl") => Some(pool.key("check").or(pool.key("name"))),
        // How often checks are made is the balancer's setting.
        ["default-server" | "balance", ..] => None,
        _ => Some(pool.key("name")),
    }
}

/// The place of a rule that leads to such servers.
fn leads<'f>(fleet: &'f Fleet<'f>, statement: &Statement<'_>) -> Option<Cursor<'f>> {
    let [keyword, name, ref condition @ ..] = *statement.words else { return None };
    let kind = keyword.strip_suffix("_backend")?;
    let index = fleet.inventory.other_pools.iter().position(|pool| pool.name.as_str() == name)?;
    let pool = fleet.written.key("other_pools").item(index);
    if kind == "default" {
        return Some(takes(pool, Takes::UnknownNames));
    }
    if condition.first() == Some(&"unless") {
        return Some(takes(pool, Takes::NotTls));
    }
    let named = |item: &Cursor<'f>| {
        let text = item.text().unwrap_or_default().to_ascii_lowercase();
        condition.contains(&text.strip_prefix('*').unwrap_or(&text))
    };
    let names = pool.key("server_name");
    Some(names.items().find(named).unwrap_or(names))
}

/// What a pool takes, as it is written there.
fn takes(pool: Cursor<'_>, what: Takes) -> Cursor<'_> {
    let list = pool.key("takes");
    list.items().find(|item| item.text() == Some(what.name())).unwrap_or(list)
}

/// The network in a line about PROXY headers from what is before a balancer.
pub fn before<'f>(
    fleet: &'f Fleet<'f>,
    balancer: usize,
    message: &Message,
    statement: &Statement<'_>,
) -> Option<Cursor<'f>> {
    let (["acl", "has_header", ..] | ["tcp-request", "connection", "expect-proxy", ..]) = *statement.words else {
        return None;
    };
    let list = fleet.haproxy_if_written(balancer, &["accept_proxy_from"])?;
    let named = |item: &Cursor<'f>| message.quoted().any(|word| item.text() == Some(word));
    list.items().find(named).or_else(|| list.items().next())
}

/// The network of a list that the message quotes.
fn quoted<'f>(list: Cursor<'f>, message: &Message) -> Option<Cursor<'f>> {
    let is_quoted = |network: String| message.quoted().any(|word| word == network);
    list.items().find(|item| item.text().and_then(network).is_some_and(is_quoted))
}

/// The key behind a line about who may ask for numbers, or may connect at all.
pub fn of_everyone<'f>(
    fleet: &'f Fleet<'f>,
    balancer: usize,
    message: &Message,
    statement: &Statement<'_>,
) -> Option<Cursor<'f>> {
    metrics(fleet, balancer, message, statement).or_else(|| shield::line(fleet, balancer, message, statement))
}

/// The key behind a line of the frontend for Prometheus.
fn metrics<'f>(
    fleet: &'f Fleet<'f>,
    balancer: usize,
    message: &Message,
    statement: &Statement<'_>,
) -> Option<Cursor<'f>> {
    statement.around.iter().find(|words| matches!(***words, ["frontend", "metrics-in"]))?;
    let section = fleet.haproxy_if_written(balancer, &["metrics"])?;
    let (port, allow) = (section.key("port"), section.key("allow"));
    Some(match *statement.words {
        ["bind", ..] if port.is_written() => port,
        ["acl", "may_ask", ..] => quoted(allow, message).unwrap_or(allow),
        _ => section,
    })
}

/// The key behind a line of nginx's server for metrics.
pub fn nginx_metrics<'f>(fleet: &'f Fleet<'f>, app: usize, statement: &Statement<'_>) -> Option<Cursor<'f>> {
    let metrics = fleet.inventory.app_servers[app].nginx.metrics.as_ref()?;
    let section = fleet.nginx(app, &["metrics"]);
    let (port, allow) = (section.key("port"), section.key("allow"));
    match *statement.words {
        ["listen", socket, ..] => {
            let own = socket.rsplit(':').next().and_then(|port| port.parse().ok()) == Some(metrics.port.0);
            own.then_some(if port.is_written() { port } else { section })
        }
        ["allow", listed, ..] => {
            let named = |item: &Cursor<'f>| item.text().and_then(network).as_deref() == Some(listed);
            Some(allow.items().find(named).unwrap_or(allow))
        }
        ["stub_status", ..] => Some(section),
        _ => None,
    }
}

/// A network as it is rendered.
fn network(text: &str) -> Option<String> {
    Cidr::parse(text).ok().map(|network| network.0.to_string())
}
