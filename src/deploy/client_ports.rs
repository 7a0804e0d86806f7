//! Ports of a balancer that clients use and that a deploy would close.

use std::collections::BTreeSet;

use super::look::Contents;
use super::order::Risk;
use super::plan::HostPlan;
use crate::config::haproxy;
use crate::tree::Entry;

/// haproxy's configuration.
const CONFIG: &str = "/etc/haproxy/haproxy.cfg";

/// The ports that haproxy listens on now and no longer after this plan. `contents` has what the plan changes.
pub fn closed(plan: &HostPlan, wanted: &[Entry], contents: &Contents) -> Vec<Risk> {
    if !plan.changes.iter().any(|change| change.path == CONFIG) {
        return Vec::new();
    }
    let new = wanted.iter().find(|entry| &*entry.path == CONFIG).map(|entry| &*entry.content.bytes);
    let old = contents.get(CONFIG).map(Vec::as_slice);
    let (old, new) = (ports(old.unwrap_or_default()), ports(new.unwrap_or_default()));
    old.difference(&new).map(|port| Risk::PortCloses(*port)).collect()
}

fn ports(config: &[u8]) -> BTreeSet<u16> {
    let text = String::from_utf8_lossy(config);
    let file = haproxy::File::read(&text);
    let binds = file.lines().map(|(_, line)| line).filter(|line| line.keyword() == "bind");
    // Several are separated by commas.
    let addresses = binds.filter_map(|line| line.arguments().first()).flat_map(|addresses| addresses.value.split(','));
    addresses.filter_map(|address| address.rsplit(':').next()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::deploy::{Change, ChangeKind};
    use crate::tree::Content;

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
        assert_eq!(closes(both, "frontend tls\n    bind [fd00::1]:443,10.0.0.1:443\n"), [Risk::PortCloses(80)]);
        assert_eq!(closes("global\n    stats socket /run/a\n", both), []);
        assert_eq!(closes("    bind unix@/run/a\n    bind 10.0.0.1:8404 ssl\n", both), [Risk::PortCloses(8404)]);
    }
}
