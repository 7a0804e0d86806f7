//! The ports on which the programs of a host listen, by its files.

use std::collections::{BTreeMap, BTreeSet};

use super::look::Contents;
use super::order::Risk;
use super::plan::HostPlan;
use super::revision::configuration;
use crate::config::{haproxy, nginx};
use crate::tree::Entry;

/// All addresses.
const ALL: &str = "*";
/// haproxy's configuration.
pub(super) const CONFIG: &str = "/etc/haproxy/haproxy.cfg";

/// The ports that haproxy listens on now and no longer after this plan. `contents` has what the plan changes.
pub fn closed(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Vec<Risk> {
    if !plan.changes.iter().any(|change| change.path == CONFIG) {
        return Vec::new();
    }
    let new = wanted.iter().find(|entry| &*entry.path == CONFIG).map(|entry| &*entry.content.bytes);
    let old = contents.get(CONFIG).map(Vec::as_slice);
    // No client is at a port where balancers talk to each other.
    let of_clients = |section: &haproxy::Section<'_>| section.kind() != "peers";
    let (old, new) = (binds(old.unwrap_or_default(), of_clients), binds(new.unwrap_or_default(), of_clients));
    let closed = |(port, before): (&u16, &BTreeSet<String>)| match new.get(port) {
        None => Some(Risk::PortCloses(*port)),
        Some(now) if now.contains(ALL) || before.is_subset(now) => None,
        Some(now) => Some(Risk::AddressesClose { port: *port, left: now.iter().cloned().collect() }),
    };
    old.iter().filter_map(closed).collect()
}

/// The ports that a host's program listens on after this plan and not now.
pub fn opened(wanted: &[Entry], contents: &Contents) -> BTreeSet<u16> {
    let Some(entry) = configuration(wanted) else { return BTreeSet::new() };
    let Some(old) = contents.get(&*entry.path) else { return BTreeSet::new() };
    let old = if *entry.path == *CONFIG { of_haproxy(old) } else { of_nginx(old) };
    of(wanted).difference(&old).copied().collect()
}

/// The ports on which a host's program listens when it has read these files.
pub(super) fn of(entries: &[Entry]) -> BTreeSet<u16> {
    let Some(entry) = configuration(entries) else { return BTreeSet::new() };
    let bytes = entry.content.bytes.as_slice();
    if *entry.path == *CONFIG { of_haproxy(bytes) } else { of_nginx(bytes) }
}

fn of_nginx(config: &[u8]) -> BTreeSet<u16> {
    let text = String::from_utf8_lossy(config);
    let (file, _) = nginx::File::read_until_error(&text);
    let addresses = file.statements.iter().filter(|it| it.name() == "server").flat_map(|it| it.named("listen"));
    addresses.filter_map(|it| port(&it.arguments().first()?.value)).collect()
}

/// The port of `address:port`, or of a port alone.
fn port(address: &str) -> Option<u16> {
    address.rsplit(':').next()?.parse().ok()
}

fn of_haproxy(config: &[u8]) -> BTreeSet<u16> {
    binds(config, |_| true).into_keys().collect()
}

/// The addresses on which haproxy listens, by port.
fn binds(config: &[u8], is_meant: fn(&haproxy::Section<'_>) -> bool) -> BTreeMap<u16, BTreeSet<String>> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let lines = file.lines().filter(|(section, _)| section.is_none_or(is_meant)).map(|(_, line)| line);
    let binds = lines.filter(|line| line.keyword() == "bind");
    // Several are separated by commas.
    let addresses = binds.filter_map(|line| line.arguments().first()).flat_map(|addresses| addresses.value.split(','));
    let mut found: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    for (address, port) in addresses.filter_map(|it| Some((it.rsplit_once(':')?.0, port(it)?))) {
        let address = if matches!(address, "" | "*" | "::" | "[::]" | "0.0.0.0") { ALL } else { address };
        found.entry(port).or_default().insert(address.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::deploy::{Change, ChangeKind};
    use crate::tree::Content;

    #[test]
    fn the_ports_of_a_file_are_those_of_its_listeners() {
        let ports = |path: &str, text: &str| {
            let content = Arc::new(Content::new(text.as_bytes().to_vec()));
            of(&[Entry { path: path.into(), content }]).into_iter().collect::<Vec<_>>()
        };
        let nginx = "server {\n    listen 8443 ssl;\n    listen [::]:8443 ssl;\n    location / { return 404; }\n}\n\
                     server {\n    listen 10.0.0.1:80;\n    listen unix:/run/a;\n}\n# listen 1;\n";
        assert_eq!(ports("/etc/nginx/conf.d/sslscale.conf", nginx), [80, 8443]);
        assert_eq!(
            ports("/etc/haproxy/haproxy.cfg", "frontend tls\n    bind *:443\n    bind :::80 v6only\n"),
            [80, 443]
        );
        assert_eq!(ports("/etc/hosts", nginx), [0_u16; 0]);
    }

    #[test]
    fn a_port_that_no_line_has_any_more_closes() {
        let closes = |old: &str, new: &str| {
            let change = Change { path: CONFIG.to_owned(), kind: ChangeKind::Update };
            let plan = HostPlan { changes: vec![change], ..HostPlan::default() };
            let content = Arc::new(Content::new(new.as_bytes().to_vec()));
            let wanted = [Entry { path: CONFIG.into(), content }];
            let contents = Contents::from([(CONFIG.to_owned(), old.as_bytes().to_vec())]);
            closed(&plan, &wanted, &contents)
        };
        let both = "frontend tls\n    bind *:443\n    bind :::443 v6only\nfrontend http\n    bind *:80\n";
        let other = both.replace("443", "8443");
        assert_eq!(closes(both, both), []);
        assert_eq!(closes(both, &other), [Risk::PortCloses(443)]);
        let left = vec!["10.0.0.1".to_owned(), "[fd00::1]".to_owned()];
        let listed = "frontend tls\n    bind [fd00::1]:443,10.0.0.1:443\n";
        let alone = Risk::AddressesClose { port: 443, left };
        assert_eq!(closes(both, listed), [Risk::PortCloses(80), alone]);
        assert_eq!(closes(listed, "frontend tls\n    bind *:443\n"), []);
        let peers = "peers balancers\n    bind 10.0.0.1:10000\n    server lb1\n";
        assert_eq!(closes(&format!("{peers}{both}"), both), []);
        assert_eq!(closes("global\n    stats socket /run/a\n", both), []);
        assert_eq!(closes("    bind unix@/run/a\n    bind 10.0.0.1:8404 ssl\n", both), [Risk::PortCloses(8404)]);
    }
}
