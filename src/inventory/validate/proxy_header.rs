//! Whether balancers send PROXY headers. nginx takes connections with a header or without one on a port, and every
//! balancer connects to every app server: all of them send it, or none does.

use super::hosts::Hosts;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::node::Node;
use crate::inventory::schema::Reader;
use crate::inventory::types::ProxyProtocol;

/// Reports balancers that differ, and `trusted_proxies` if no balancer sends a header.
pub fn check(reader: &mut Reader<'_>, hosts: &Hosts, trusted: Option<&Node>) {
    let first = |off: bool| {
        let mut balancers = hosts.load_balancers.iter();
        balancers.find(|(balancer, _)| (balancer.haproxy.proxy_protocol == ProxyProtocol::Off) == off)
    };
    let Some((without, places)) = first(true) else { return };
    let place = places.proxy_protocol.unwrap_or(places.name);
    if let Some((with, other)) = first(false) {
        let message = format!(
            "`{}` sends no PROXY header to app servers, and `{}` does: nginx cannot take both on one port",
            without.name, with.name
        );
        let help = "write `proxy_protocol` once, under `haproxy` of the fleet: `\"off\"`, `v1` or `v2`";
        let differ = Diagnostic::refusal(Code::IN09, place, message, help);
        let label = format!("`{}` sends one", with.name);
        reader.diagnostics.push(differ.related(other.proxy_protocol.unwrap_or(other.name), label));
    } else if let Some(trusted) = trusted {
        let message = "`trusted_proxies` has no effect with `proxy_protocol: off`: no PROXY header is sent";
        let help = "remove `trusted_proxies`, or write `proxy_protocol: v1` or `v2`";
        let unused = Diagnostic::refusal(Code::IN09, trusted.underline(), message, help);
        reader.diagnostics.push(unused.related(place, "no PROXY header"));
    }
}
