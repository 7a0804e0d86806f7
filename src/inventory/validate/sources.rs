//! Checks the further addresses from which balancers connect to app servers.

use super::hosts::{Hosts, Places};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::LoadBalancer;
use crate::inventory::schema::Reader;

/// Reports addresses that no connection can use, and that would not be used alike: haproxy has a server for each.
pub fn check(reader: &mut Reader<'_>, hosts: &Hosts) {
    for (balancer, places) in hosts.load_balancers.iter().filter(|(balancer, _)| !balancer.haproxy.source.is_empty()) {
        if let Some((message, help)) = wrong(balancer, hosts) {
            refuse(reader, places, message, help);
        }
    }
}

fn wrong(balancer: &LoadBalancer, hosts: &Hosts) -> Option<(String, String)> {
    let (name, sources) = (&balancer.name, &balancer.haproxy.source);
    let used = balancer.addresses.families().used(hosts.app_servers.iter().map(|(app, _)| app.addresses));
    if let Some(address) = sources.iter().find(|address| !used.has(address.0)) {
        let family = if address.0.is_ipv4() { "IPv4" } else { "IPv6" };
        let message = format!("`source` has `{address}`, and `{name}` connects to no app server over {family}");
        return Some((message, "remove it, or write an address of the other family".to_owned()));
    }
    let of_v4 = sources.iter().filter(|address| address.0.is_ipv4()).count();
    let of_v6 = sources.len() - of_v4;
    if used.v4 && used.v6 && of_v4 != of_v6 {
        let message = format!("`source` has {of_v4} IPv4 and {of_v6} IPv6 addresses, and `{name}` connects over both");
        return Some((message, "write as many of each: app servers get connections by their number".to_owned()));
    }
    None
}

fn refuse(reader: &mut Reader<'_>, places: &Places, message: String, help: String) {
    let refused = Diagnostic::refusal(Code::IN09, places.source.unwrap_or(places.name), message, help);
    reader.diagnostics.push(refused.related(places.address, "this balancer"));
}
