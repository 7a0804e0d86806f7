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
        what: "An IPv6 address is followed by a colon and a port without brackets around it; or a host's address ends \
               in a group that spells a port in use, such as `fd00::1:443`, which is an address of its own.",
        why: "The last group of an IPv6 address and a port look the same. Readers that disagree on which one it is \
              send the traffic of one host to another address.",
        evidence: "haproxy takes what follows the last colon for the port, so `server srv1 fd00::1:443` passes \
                   `haproxy -c`. nginx does not: `invalid port in upstream \"fd00::11:3031\"`.",
        fix: "Write `[address]:port` where a port is taken, and the address alone where it is not. `--fix` adds \
              brackets where the whole cannot be an address; cutting a port from an address is left to \
              `--unsafe-fixes`.",
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
        judge(fleet, item, &ports, reporter);
    }
    for item in fleet.written.key("high_availability").key("virtual_addresses").items() {
        judge(fleet, item, &ports, reporter);
    }
}

/// Reports an address whose last group is spelled like a port in use, and which is an address
/// without it as well.
fn judge(fleet: &Fleet<'_>, item: Cursor<'_>, ports: &BTreeSet<u16>, reporter: &mut Reporter<'_>) {
    let Some((text, (bare, port))) = item.text().and_then(|text| Some((text, text.rsplit_once(':')?))) else { return };
    let is_port = !port.starts_with('0') && port.parse().is_ok_and(|port| ports.contains(&port));
    if !is_port || bare.parse::<Ipv6Addr>().is_err() {
        return;
    }
    let message = format!("`{text}` is an address that looks like `{bare}` with the port `{port}`");
    let help = format!("write `{bare}` if `{port}` is a port; else write the address in full, `{}`", full(text));
    let fix = Fix::replace(Applicability::Unsafe, item.span(), spelled(fleet.source.slice(item.span()), bare));
    reporter.push(Finding::new(item.span(), message, help).with_severity(Severity::Warning).fixed_by(fix));
}

/// The address with none of its groups left out, which nobody takes for one with a port.
fn full(text: &str) -> String {
    let groups = text.parse::<Ipv6Addr>().map(|address| address.segments().map(|group| format!("{group:x}")).join(":"));
    groups.unwrap_or_else(|_| text.to_owned())
}
