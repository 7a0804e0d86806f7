//! AD09: a host lacks an address that the inventory gives it, or has no IPv6 although its files listen on it.

use std::net::IpAddr;

use super::{Live, LiveHost, list, quoted};
use crate::deploy::Facts;
use crate::diagnostic::Severity;
use crate::inventory::types::Address;
use crate::lint::{Finding, Reporter};

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    for (seen, facts) in live.running(None, reporter) {
        addresses(live, seen.host, facts, reporter);
        nowhere(live, seen.host, facts, reporter);
        sources(live, seen.host, facts, reporter);
        for bind in binds(seen.host) {
            let Some(problem) = problem(&bind, facts) else { continue };
            let name = seen.host.name;
            let message = format!("{} of `{name}` listens on {}, {problem}", quoted(bind.file), quoted(bind.text));
            let help = match bind.address {
                IpAddr::V6(address) if address.is_unspecified() => {
                    "enable IPv6 on the host, or remove its IPv6 address from the inventory"
                }
                IpAddr::V4(_) => "add the address to an interface of the host, or set `net.ipv4.ip_nonlocal_bind` to 1",
                IpAddr::V6(_) => "add the address to an interface of the host, or set `net.ipv6.ip_nonlocal_bind` to 1",
            };
            let place = live.place(seen.host, "name").span();
            reporter.push(Finding::new(place, message, help).with_severity(Severity::Error));
        }
    }
}

/// The addresses that the inventory gives the host.
fn addresses(live: &Live<'_>, host: &LiveHost<'_>, facts: &Facts, reporter: &mut Reporter<'_>) {
    let written = match (live.balancer(host.name), live.app(host.name)) {
        (Some((_, balancer)), _) => balancer.addresses,
        (None, Some((_, app))) => app.addresses,
        (None, None) => return,
    };
    let local =
        |address: &&IpAddr| !address.is_loopback() && !matches!(address, IpAddr::V6(it) if it.is_unicast_link_local());
    let others: Vec<String> = facts.addresses.iter().filter(local).map(|address| format!("`{address}`")).collect();
    for (index, address) in written.iter().enumerate().filter(|(_, address)| !facts.addresses.contains(&address.0)) {
        let others = if others.is_empty() { String::new() } else { format!("; it has {}", list(&others)) };
        let message = format!("no interface of `{}` has its address `{address}`{others}", host.name);
        let help = "correct the address, or how the host is reached; if the network translates the address, write \
                    `# sslscale: ignore[AD09] translated` after it";
        reporter.report(live.place(host, "address").item(index).span(), message, help);
    }
}

/// Addresses in `haproxy.bind` that the host lacks and that nothing in the inventory moves there: nobody connects to them.
fn nowhere(live: &Live<'_>, host: &LiveHost<'_>, facts: &Facts, reporter: &mut Reporter<'_>) {
    let Some((index, balancer)) = live.balancer(host.name) else { return };
    let virtual_addresses = &live.fleet.inventory.virtual_addresses;
    let known = |address: &Address| {
        facts.addresses.contains(&address.0) || balancer.has(address.0) || virtual_addresses.contains(address)
    };
    for (item, address) in balancer.haproxy.bind.iter().enumerate().filter(|(_, address)| !known(address)) {
        let list = live.fleet.haproxy(index, &["bind"]);
        let place = list.items().nth(item).unwrap_or(list);
        let alone = if balancer.haproxy.bind.len() > 1 { "" } else { " alone" };
        let message =
            format!("no interface of `{}` has `{address}`, at which{alone} haproxy is to take connections", host.name);
        let help =
            "correct it; an address that moves between balancers belongs into `high_availability.virtual_addresses`";
        reporter.report(place.span(), message, help);
    }
}

/// Addresses in `haproxy.source` that the host lacks: connections from there fail.
fn sources(live: &Live<'_>, host: &LiveHost<'_>, facts: &Facts, reporter: &mut Reporter<'_>) {
    let Some((index, balancer)) = live.balancer(host.name) else { return };
    let missing = |(_, address): &(usize, &Address)| !facts.addresses.contains(&address.0);
    for (item, address) in balancer.haproxy.source.iter().enumerate().filter(missing) {
        let list = live.fleet.haproxy(index, &["source"]);
        let place = list.items().nth(item).unwrap_or(list);
        let message =
            format!("no interface of `{}` has `{address}`, from which haproxy is to connect to app servers", host.name);
        let help = "add the address to an interface of the host, or remove it: connections from it fail";
        reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Error));
    }
}

/// An address that a rendered file listens on.
struct Bind<'f> {
    file: &'f str,
    text: &'f str,
    address: IpAddr,
}

/// Built-in templates name no address, only a family.
fn binds<'f>(host: &LiveHost<'f>) -> Vec<Bind<'f>> {
    let mut found: Vec<Bind<'f>> = Vec::new();
    for entry in host.files {
        let Ok(text) = std::str::from_utf8(&entry.content.bytes) else { continue };
        for line in text.lines() {
            let mut words = line.trim().trim_end_matches(';').split_whitespace();
            let Some("bind" | "listen") = words.next() else { continue };
            let Some(text) = words.next() else { continue };
            // haproxy binds these whether the host has them or not.
            if words.any(|word| word == "transparent") {
                continue;
            }
            let Some(address) = address(text) else { continue };
            if !found.iter().any(|it| it.text == text) {
                found.push(Bind { file: &entry.path, text, address });
            }
        }
    }
    found
}

/// The address in `10.0.0.1:443`, `[::]:443` or haproxy's `:::443`.
fn address(text: &str) -> Option<IpAddr> {
    let (address, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    address.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Why a program cannot listen there.
fn problem(bind: &Bind<'_>, facts: &Facts) -> Option<&'static str> {
    let family = if bind.address.is_ipv4() { 4 } else { 6 };
    if family == 6 && !facts.ipv6 {
        return Some("and the host has no IPv6");
    }
    let free = bind.address.is_unspecified() || facts.nonlocal.contains(&family);
    (!free && !facts.addresses.contains(&bind.address)).then_some("an address that none of its interfaces has")
}
