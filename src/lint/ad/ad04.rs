//! AD04: an IPv6 address with a port but without brackets.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use crate::diagnostic::{Applicability, Code, Fix, Severity};
use crate::inventory::document::{Cursor, spelled};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD04,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "An IPv6 address is followed by a colon and a port but has no brackets; or a host's address ends in a \
               group that could be a port (80, 443, 8443 or a port of this inventory), such as `fd00::1:443`, which is \
               a complete address by itself.",
        why: "The last group of an IPv6 address and a port look the same. If programs disagree on which one it is, \
              the traffic of one host goes to another address.",
        evidence: "haproxy takes whatever follows the last colon as the port, so `server srv1 fd00::1:443` passes \
                   `haproxy -c`. nginx does not: `invalid port in upstream \"fd00::11:3031\"`.",
        fix: "Write `[address]:port` where the key takes a port, and the address alone where it does not. `--fix` \
              adds brackets if the whole text cannot be an address; only `--unsafe-fixes` removes a port from an \
              address.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("AD04", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let mut ports: BTreeSet<u16> = [80, 443, 8443].into();
    ports.extend(inventory.load_balancers.iter().map(|balancer| balancer.haproxy.port.0));
    ports.extend(inventory.app_servers.iter().map(|app| app.nginx.port.0));
    for item in fleet.addresses(|addresses| addresses.families().v6) {
        check(fleet, item, &ports, reporter);
    }
    for item in fleet.bound() {
        check(fleet, item, &ports, reporter);
    }
    for item in fleet.written.key("high_availability").key("virtual_addresses").items() {
        check(fleet, item, &ports, reporter);
    }
}

/// Reports an address whose last group looks like a port in use, if the rest is an address too.
fn check(fleet: &Fleet<'_>, item: Cursor<'_>, ports: &BTreeSet<u16>, reporter: &mut Reporter<'_>) {
    let Some((text, (bare, port))) = item.text().and_then(|text| Some((text, text.rsplit_once(':')?))) else { return };
    let is_port = !port.starts_with('0') && port.parse().is_ok_and(|port| ports.contains(&port));
    if !is_port || bare.parse::<Ipv6Addr>().is_err() {
        return;
    }
    let message = format!("`{text}` is an IPv6 address, but it looks like `{bare}` with port `{port}`");
    let help =
        format!("write `{bare}` if `{port}` is a port; otherwise write the address in full: `{}`", in_full(text));
    let fix = Fix::replace(Applicability::Unsafe, item.span(), spelled(fleet.source.slice(item.span()), bare));
    reporter.push(Finding::new(item.span(), message, help).with_severity(Severity::Warning).fixed_by(fix));
}

/// The address with all of its groups, which cannot be mistaken for an address with a port.
fn in_full(text: &str) -> String {
    let groups = text.parse::<Ipv6Addr>().map(|address| address.segments().map(|group| format!("{group:x}")).join(":"));
    groups.unwrap_or_else(|_| text.to_owned())
}
