//! What a deploy leaves behind: names that app servers serve no more, and servers of other names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::look::Contents;
use super::order::Risk;
use super::plan::HostPlan;
use super::ports::CONFIG;
use super::revision::NGINX_CONF;
use super::trust::network;
use crate::config::{haproxy, nginx};
use crate::tree::Entry;

/// A file that this plan replaces, by the end of its path: what it has now, and what it will have.
fn replaced<'b>(
    path: &str,
    plan: &HostPlan,
    wanted: &'b [Entry],
    contents: &'b Contents,
) -> Option<(&'b [u8], &'b [u8])> {
    let change = plan.changes.iter().find(|change| change.path.ends_with(path))?;
    let new = wanted.iter().find(|entry| *entry.path == *change.path)?;
    Some((contents.get(&change.path)?, &new.content.bytes))
}

/// Names that an app server serves now and no longer after this plan, if it still serves others.
pub fn unserved(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Option<Risk> {
    let (old, new) = replaced(NGINX_CONF, plan, wanted, contents)?;
    let (old, new) = (names(old), names(new));
    let gone: Vec<String> = old.difference(&new).cloned().collect();
    (!gone.is_empty()).then_some(Risk::NamesGo(gone))
}

/// What keeps clients of a site out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restriction {
    /// They need a certificate.
    Certificate,
    /// They have to come through the CDN.
    Cdn,
    /// Its lists of networks.
    Networks,
    /// It is closed for maintenance.
    Maintenance,
}

/// Names that an app server serves with a restriction after this plan, and without it now.
pub fn restricted(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Vec<Risk> {
    let Some((old, new)) = replaced(NGINX_CONF, plan, wanted, contents) else { return Vec::new() };
    let (served, before) = (names(old), restrictions(old));
    let added = restrictions(new).into_iter().filter_map(|(what, names)| {
        let was = before.get(&what);
        let names = names.into_iter().filter(|name| served.contains(name) && was.is_none_or(|was| !was.contains(name)));
        Some((what, names.collect::<Vec<_>>())).filter(|(_, names)| !names.is_empty())
    });
    added.map(|(what, names)| Risk::Restricted(what, names)).collect()
}

fn restrictions(config: &[u8]) -> BTreeMap<Restriction, BTreeSet<String>> {
    let text = String::from_utf8_lossy(config);
    let (file, _) = nginx::File::read_until_error(&text);
    let mut found: BTreeMap<Restriction, BTreeSet<String>> = BTreeMap::new();
    for server in file.statements.iter().filter(|it| it.name() == "server") {
        let names = || server.values("server_name").filter(|name| name.contains('.')).map(str::to_owned);
        for statement in server.statements() {
            let first = statement.arguments().first().map_or("", |word| &*word.value);
            let what = match (statement.name(), first) {
                ("ssl_verify_client", "on") => Restriction::Certificate,
                ("if", it) if it.contains("$sslscale_around_") => Restriction::Cdn,
                ("if", it) if it.contains("$sslscale_denied_") => Restriction::Networks,
                ("set", "$sslscale_retry_after") => Restriction::Maintenance,
                _ => continue,
            };
            found.entry(what).or_default().extend(names());
        }
    }
    found
}

fn names(config: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(config);
    let (file, _) = nginx::File::read_until_error(&text);
    let mut found = BTreeSet::new();
    file.visit(|_, statement| {
        if statement.name() == "server_name" {
            found.extend(statement.arguments().iter().map(|name| name.value.to_string()).filter(|it| it.contains('.')));
        }
    });
    found
}

/// The addresses of app servers, by name, in a configuration of haproxy.
pub fn server_addresses(config: &[u8]) -> BTreeMap<String, IpAddr> {
    server_sockets(config).into_iter().map(|(name, socket)| (name, socket.ip())).collect()
}

/// The same with ports.
fn server_sockets(config: &[u8]) -> BTreeMap<String, SocketAddr> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let servers = file.lines_for_app_servers().map(|(_, line)| line).filter(|line| line.keyword() == "server");
    let server = |line: &haproxy::Line<'_>| match line.arguments() {
        [name, address, ..] if haproxy::app_server(&name.value).1.is_none() => {
            Some((name.value.to_string(), address.value.parse().ok()?))
        }
        _ => None,
    };
    servers.filter_map(server).collect()
}

/// App servers that a balancer connects to at another port after this plan than before it, and that do not `change` with it.
pub fn stranded(wanted: &[Entry], contents: &Contents, change: &BTreeSet<&str>) -> Vec<String> {
    let (Some(old), Some(new)) = (contents.get(CONFIG), wanted.iter().find(|entry| &*entry.path == CONFIG)) else {
        return Vec::new();
    };
    let old = server_sockets(old);
    let moves = |(name, new): &(String, SocketAddr)| old.get(name).is_some_and(|old| old.port() != new.port());
    let moved = server_sockets(&new.content.bytes).into_iter().filter(moves).map(|(name, _)| name);
    moved.filter(|name| !change.contains(name.as_str())).collect()
}

/// Clients that a balancer serves now and no longer after this plan, by its lists of networks.
pub fn shut_out(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Vec<Risk> {
    let Some((old, new)) = replaced(CONFIG, plan, wanted, contents) else { return Vec::new() };
    let (was, is) = (clients(old, "is_allowed"), clients(new, "is_allowed"));
    let covers = |networks: &[IpNet], it: &IpNet| networks.iter().any(|network| network.contains(it));
    let narrower = !is.is_empty() && (was.is_empty() || !was.iter().all(|it| covers(&is, it)));
    let denied = clients(old, "is_denied");
    let mut more = clients(new, "is_denied");
    more.retain(|it| !covers(&denied, it));
    let only = narrower.then_some(Risk::OnlyClientsOf(is));
    only.into_iter().chain((!more.is_empty()).then_some(Risk::NoClientsOf(more))).collect()
}

/// The networks of a list of clients in a configuration of haproxy.
fn clients(config: &[u8], list: &str) -> Vec<IpNet> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let mut found: Vec<IpNet> = Vec::new();
    for line in file.lines().map(|(_, line)| line).filter(|line| line.keyword() == "acl") {
        let [name, sample, networks @ ..] = line.arguments() else { continue };
        if name.is(list) && sample.is("src") {
            found.extend(networks.iter().filter_map(|it| network(&it.value)));
        }
    }
    // A list is in every frontend.
    found.sort_unstable();
    found.dedup();
    found
}

/// Where a configuration of haproxy connects from, as far as it says so.
pub fn sources(config: &[u8]) -> BTreeSet<IpAddr> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let servers = file.lines_for_app_servers().map(|(_, line)| line).filter(|line| line.keyword() == "server");
    let source = |line: &haproxy::Line<'_>| {
        let (_, after) = line.arguments().split_at_checked(2)?;
        let at = after.iter().position(|word| word.is("source"))?;
        after.get(at + 1)?.value.parse().ok()
    };
    servers.filter_map(source).collect()
}

/// The pools of a configuration of haproxy whose servers are not app servers.
pub fn other_pools(config: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let others = file.sections.iter().filter(|section| section.has_other_servers());
    others.filter_map(|section| section.name().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::deploy::{Change, ChangeKind};
    use crate::tree::Content;

    #[test]
    fn sites_that_keep_clients_out_from_now_on_are_told() {
        let path = format!("/{}", NGINX_CONF.trim_start_matches('/'));
        let told = |old: &str, new: &str| {
            let change = Change { path: path.clone(), kind: ChangeKind::Update };
            let plan = HostPlan { changes: vec![change], ..HostPlan::default() };
            let wanted = [Entry { path: path.as_str().into(), content: Arc::new(Content::new(new.into())) }];
            restricted(&plan, &wanted, &Contents::from([(path.clone(), old.as_bytes().to_vec())]))
        };
        let site = |name: &str, more: &str| format!("server {{ server_name {name}.example \"\"; {more} }}\n");
        let open = site("a", "") + &site("b", "");
        for (more, what) in [
            ("ssl_verify_client on;", Restriction::Certificate),
            ("if ($sslscale_around_2) { return 403; }", Restriction::Cdn),
            ("if ($sslscale_denied_1) { return 403; }", Restriction::Networks),
            ("set $sslscale_retry_after 60; return 503;", Restriction::Maintenance),
        ] {
            let closed = site("a", "") + &site("b", more);
            assert_eq!(told(&open, &closed), [Risk::Restricted(what, vec!["b.example".to_owned()])], "{more}");
            assert_eq!(told(&closed, &open), []);
            assert_eq!(told(&closed, &closed), []);
            // A new site has no clients yet.
            assert_eq!(told(&site("a", ""), &closed), []);
        }
        assert_eq!(told(&open, &open.replace("server_name b", "ssl_verify_client optional; server_name b")), []);
    }

    #[test]
    fn names_that_go_are_told() {
        let path = format!("/{}", NGINX_CONF.trim_start_matches('/'));
        let gone = |new: &str| {
            let plan = HostPlan {
                changes: vec![Change { path: path.clone(), kind: ChangeKind::Update }],
                ..HostPlan::default()
            };
            let wanted = [Entry { path: path.as_str().into(), content: Arc::new(Content::new(new.into())) }];
            let old = "server { server_name a.example b.example; }\nserver { server_name _; }";
            unserved(&plan, &wanted, &Contents::from([(path.clone(), old.into())]))
        };
        assert_eq!(gone("server { server_name b.example a.example c.example; }"), None);
        assert_eq!(gone("server { server_name b.example; }"), Some(Risk::NamesGo(vec!["a.example".to_owned()])));
    }

    #[test]
    fn clients_that_are_shut_out_are_told() {
        let config = |allow: &str, deny: &str| {
            let list = |name: &str, networks: &str| match networks {
                "" => String::new(),
                networks => format!("    acl {name} src {networks}\n"),
            };
            let frontend = |name: &str| {
                format!(
                    "frontend {name}\n    acl is_ours src 10.0.0.10\n{}{}",
                    list("is_denied", deny),
                    list("is_allowed", allow)
                )
            };
            frontend("https-in") + &frontend("http-in")
        };
        let says = |old: (&str, &str), new: (&str, &str)| {
            let change = Change { path: CONFIG.to_owned(), kind: ChangeKind::Update };
            let plan = HostPlan { changes: vec![change], ..HostPlan::default() };
            let wanted =
                [Entry { path: CONFIG.into(), content: Arc::new(Content::new(config(new.0, new.1).into_bytes())) }];
            shut_out(&plan, &wanted, &Contents::from([(CONFIG.to_owned(), config(old.0, old.1).into_bytes())]))
        };
        let networks = |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect::<Vec<IpNet>>();
        let office = "10.1.0.0/16 192.0.2.1";
        assert_eq!(says(("", ""), ("", "")), []);
        assert_eq!(says((office, "10.9.0.0/16"), ("", "")), []);
        assert_eq!(says((office, ""), (&format!("{office} 10.2.0.0/16"), "")), []);
        let only = networks(&["10.1.0.0/16", "192.0.2.1/32"]);
        assert_eq!(says(("", ""), (office, "")), [Risk::OnlyClientsOf(only.clone())]);
        assert_eq!(says((&format!("{office} 10.2.0.0/16"), ""), (office, "")), [Risk::OnlyClientsOf(only)]);
        let denied = [Risk::NoClientsOf(networks(&["10.8.0.0/16"]))];
        assert_eq!(says(("", "10.9.0.0/16"), ("", "10.8.0.0/16 10.9.1.0/24")), denied);
    }

    #[test]
    fn app_servers_that_stay_at_another_port_are_told() {
        let config = |port: u16| {
            format!(
                "backend app\n    server a 10.0.0.1:{port}\n    server b 10.0.0.2:{port}\n    server c 10.0.0.3:443\n"
            )
        };
        let told = |old: u16, new: u16| {
            let wanted = [Entry { path: CONFIG.into(), content: Arc::new(Content::new(config(new).into_bytes())) }];
            let contents = Contents::from([(CONFIG.to_owned(), config(old).into_bytes())]);
            stranded(&wanted, &contents, &BTreeSet::from(["a", "lb1"]))
        };
        assert_eq!(told(443, 8443), ["b"]);
        assert_eq!(told(443, 443), [""; 0]);
    }

    #[test]
    fn servers_have_sources() {
        let text = b"backend app\n    server source 10.0.0.1:443 check\n    server a 10.0.0.1:443 track b source 10.0.0.2\n    \
                     server b [fd00::1]:443 source fd00::2 weight 3\n";
        let found: Vec<String> = sources(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.2", "fd00::2"]);
    }

    #[test]
    fn servers_have_addresses() {
        let text = b"backend app\n    server a 10.0.0.1:443 check\n    server b [fd00::1]:443\n    server c /run/c\n";
        let found: Vec<String> = server_addresses(text).into_iter().map(|(name, it)| format!("{name} {it}")).collect();
        assert_eq!(found, ["a 10.0.0.1", "b fd00::1"]);
        let text =
            b"backend app\n    server a 10.0.0.1:443\nbackend ssh\n    description servers that are not app servers\n    \
              server g 10.0.0.9:22\n";
        assert_eq!(other_pools(text), BTreeSet::from(["ssh".to_owned()]));
        assert_eq!(server_addresses(text).into_keys().collect::<Vec<_>>(), ["a"]);
    }
}
