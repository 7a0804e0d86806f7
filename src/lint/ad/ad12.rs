//! AD12: an address that no host of a fleet should have.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::Addresses;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD12,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A host, a virtual address, a server of `other_pools` or a trusted proxy has an address from a special-purpose block. The \
               unspecified address, loopback, multicast, IPv6 link-local, 0.0.0.0/8 and 240.0.0.0/4 are errors, \
               because they cannot serve as the address of a host in a fleet. Blocks reserved for documentation, and \
               169.254.0.0/16, are warnings.",
        why: "If an example address from a manual stays in the file, connections to it usually fail, because network \
            operators are asked not to route these blocks. A host with an address in 169.254.0.0/16 usually has it \
            because DHCP failed.",
        evidence: "`haproxy -c` accepts servers at 224.0.0.1, 0.0.0.0 and 192.0.2.1, and `nginx -t` accepts \
                   `set_real_ip_from 192.0.2.10`. RFC 5737, RFC 3849 and RFC 9637 reserve 192.0.2.0/24, \
                   198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32 and 3fff::/20 for documentation.",
        fix: "Write the host's own address. Private addresses, unique local addresses (fc00::/7) and 100.64.0.0/10 \
              are fine.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("AD12"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let any = |addresses: Addresses| addresses.iter().any(|address| special(IpNet::from(address.0)).is_some());
    for item in fleet.addresses(any) {
        check(item, "write the host's own address", reporter);
    }
    for item in fleet.bound() {
        check(item, "write an address that clients of the balancer connect to", reporter);
    }
    for item in fleet.written.key("high_availability").key("virtual_addresses").items() {
        check(item, "write the address that moves between the balancers", reporter);
    }
    let hosts = fleet.written.key("load_balancers").items().map(|host| host.key("haproxy"));
    for haproxy in std::iter::once(fleet.written.key("haproxy")).chain(hosts) {
        for item in haproxy.key("accept_proxy_from").items() {
            check(item, "write the network of what is before the balancers", reporter);
        }
    }
    for pool in fleet.written.key("other_pools").items() {
        for server in Fleet::servers(pool) {
            check(server, "write the address of the server", reporter);
        }
    }
    for item in fleet.written.key("trusted_proxies").items() {
        check(item, "list the balancers' own addresses, or remove `trusted_proxies` to trust exactly those", reporter);
    }
}

fn check(item: Cursor<'_>, help: &str, reporter: &mut Reporter<'_>) {
    let Some(text) = item.text() else { return };
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let net = text.parse::<IpNet>().or_else(|_| address.map(IpNet::from));
    if let Some(what) = net.ok().and_then(special) {
        reporter.report(item.span(), format!("`{text}` {what}"), help);
    }
}

/// What is special about a network or a single address. A network that only contains a special
/// block is not special.
fn special(net: IpNet) -> Option<&'static str> {
    const DOCUMENTATION: &str = "is reserved for documentation: no host should have such an address";
    let within = |prefix: u8| net.prefix_len() >= prefix;
    match net.addr() {
        IpAddr::V4(v4) => match v4.octets() {
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] if within(24) => Some(DOCUMENTATION),
            [169, 254, ..] if within(16) => {
                Some("is link-local: hosts give themselves such an address when DHCP fails")
            }
            _ => None,
        },
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, 0xdb8, ..] if within(32) => Some(DOCUMENTATION),
            [0x3fff, second, ..] if second < 0x1000 && within(20) => Some(DOCUMENTATION),
            _ => None,
        },
    }
}
