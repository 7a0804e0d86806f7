//! Hosts that a deploy leaves behind: balancers that app servers trust no more, and servers of other names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::look::Contents;
use super::order::Risk;
use super::plan::HostPlan;
use super::revision::NGINX_CONF;
use crate::config::{haproxy, nginx};
use crate::tree::Entry;

/// Balancers from which an app server takes PROXY headers now and no longer after this plan. `contents` has what the
/// plan changes.
pub fn untrusted(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Vec<Risk> {
    let Some(change) = plan.changes.iter().find(|change| change.path.ends_with(NGINX_CONF)) else { return Vec::new() };
    let new = wanted.iter().find(|entry| *entry.path == *change.path).map(|entry| &*entry.content.bytes);
    let old = contents.get(&change.path).map(Vec::as_slice);
    let (old, new) = (trusted(old.unwrap_or_default()), trusted(new.unwrap_or_default()));
    // Without any there are no headers, which is another change.
    let covered = |it: &IpNet| new.is_empty() || new.iter().any(|network| network.contains(it));
    old.iter().filter(|it| !covered(it)).map(|it| Risk::TrustEnds(*it)).collect()
}

/// Names that an app server serves now and no longer after this plan, if it still serves others.
pub fn unserved(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Option<Risk> {
    let change = plan.changes.iter().find(|change| change.path.ends_with(NGINX_CONF))?;
    let new = names(&wanted.iter().find(|entry| *entry.path == *change.path)?.content.bytes);
    let old = names(contents.get(&change.path)?);
    let gone: Vec<String> = old.difference(&new).cloned().collect();
    (!gone.is_empty()).then_some(Risk::NamesGo(gone))
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

fn trusted(config: &[u8]) -> Vec<IpNet> {
    let text = String::from_utf8_lossy(config);
    let (file, _) = nginx::File::read_until_error(&text);
    let mut found = Vec::new();
    file.visit(|_, statement| {
        if let ("set_real_ip_from", [from]) = (statement.name(), statement.arguments()) {
            let network = from.value.parse().ok().or_else(|| from.value.parse::<IpAddr>().ok().map(IpNet::from));
            found.extend(network.filter(|network| !found.contains(network)));
        }
    });
    found
}

/// The addresses of app servers, by name, in a configuration of haproxy.
pub fn server_addresses(config: &[u8]) -> BTreeMap<String, IpAddr> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let servers = file.lines_for_app_servers().map(|(_, line)| line).filter(|line| line.keyword() == "server");
    let server = |line: &haproxy::Line<'_>| match line.arguments() {
        [name, address, ..] if haproxy::app_server(&name.value).1.is_none() => {
            Some((name.value.to_string(), address.value.parse::<SocketAddr>().map(|it| it.ip()).ok()?))
        }
        _ => None,
    };
    servers.filter_map(server).collect()
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
    fn trust_ends_where_no_network_covers_what_one_did() {
        let path = format!("/{}", NGINX_CONF.trim_start_matches('/'));
        let ends = |old: &str, new: &str| {
            let change = Change { path: path.clone(), kind: ChangeKind::Update };
            let plan = HostPlan { changes: vec![change], ..HostPlan::default() };
            let wanted = [Entry { path: path.as_str().into(), content: Arc::new(Content::new(new.into())) }];
            let contents = Contents::from([(path.clone(), old.as_bytes().to_vec())]);
            untrusted(&plan, &wanted, &contents)
        };
        let both = "set_real_ip_from 10.0.0.10;\nset_real_ip_from fd00::20/128;\n";
        let ended = |text: &str| [Risk::TrustEnds(text.parse().unwrap())];
        assert_eq!(ends(both, both), []);
        assert_eq!(ends(both, "set_real_ip_from 10.0.0.10/32;\n"), ended("fd00::20/128"));
        assert_eq!(ends(both, "server { set_real_ip_from fd00::/64; }"), ended("10.0.0.10/32"));
        assert_eq!(ends(both, "set_real_ip_from 10.0.0.0/24; set_real_ip_from fd00::20;"), []);
        assert_eq!(ends(both, "server { listen 443 ssl; }"), []);
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
