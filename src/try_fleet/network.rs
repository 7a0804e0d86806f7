//! The network of a run: one bridge, and a virtual cable from it into each host's network namespace.
//! A host has only its real addresses (/32, /128) and an on-link default route, so that any address
//! plan works without routers. Commands are text for `ip -batch`: one process for any number of hosts.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::process::{Invocation, Limits, patience};

/// How long one batch may take.
const BATCH: Duration = Duration::from_secs(60);

/// The bridge that joins all hosts, in the supervisor's namespace.
const BRIDGE: &str = "fleet0";

/// The bridge, and a cable to each process, in the order of `pids`.
pub(super) fn wire(pids: &[u32]) -> String {
    let mut batch = format!(
        "link set lo up\nlink add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0\n\
         link set {BRIDGE} addrgenmode none up\n"
    );
    for (index, pid) in pids.iter().enumerate() {
        let _ = writeln!(batch, "link add h{index} type veth peer name eth0 netns {pid}");
        let _ = writeln!(batch, "link set h{index} addrgenmode none master {BRIDGE} up");
    }
    batch
}

/// A host's end of the cable with its addresses, and those that it answers on `lo`.
pub(super) fn plug(addresses: &[IpAddr], extra: &[IpAddr]) -> String {
    let mut batch = "link set lo up\nlink set eth0 addrgenmode none\n".to_owned();
    for (device, address) in addresses
        .iter()
        .map(|address| ("eth0", address))
        .chain(extra.iter().filter(|extra| !addresses.contains(extra)).map(|extra| ("lo", extra)))
    {
        let _ = writeln!(batch, "addr add {} dev {device}{}", host_prefix(*address), nodad(*address));
    }
    batch.push_str("link set eth0 up\n");
    // Connections leave from the first address of a family, which is the one that peers trust.
    if let Some(source) = addresses.iter().find(|address| address.is_ipv4()) {
        let _ = writeln!(batch, "route add 0.0.0.0/0 dev eth0 src {source}");
    }
    if let Some(source) = addresses.iter().find(|address| address.is_ipv6()) {
        let _ = writeln!(batch, "route add ::/0 dev eth0 src {source}");
    }
    batch
}

/// What a host has in addition to the machine that it is on, which has the addresses `there`.
pub(super) fn add(addresses: &[IpAddr], extra: &[IpAddr], there: &[IpAddr]) -> String {
    let mut batch = String::new();
    let new = |address: &&IpAddr| !there.contains(address);
    for address in addresses.iter().filter(new) {
        let _ = writeln!(batch, "addr add {} dev eth0{}", host_prefix(*address), nodad(*address));
    }
    for address in extra.iter().filter(new).filter(|it| !addresses.contains(it)) {
        let _ = writeln!(batch, "addr add {} dev lo{}", host_prefix(*address), nodad(*address));
    }
    for address in addresses.iter().filter(|it| !there.iter().any(|other| other.is_ipv4() == it.is_ipv4())) {
        let any = if address.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        let _ = writeln!(batch, "route add {any} dev eth0 src {address}");
    }
    batch
}

/// The command that routes `entry`, an address that several balancers may have, to one of them.
pub(super) fn lead(entry: IpAddr, balancer: IpAddr) -> Vec<String> {
    let words = format!("ip route replace {} via {balancer} dev eth0 onlink", host_prefix(entry));
    words.split(' ').map(str::to_owned).collect()
}

fn host_prefix(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
}

/// Duplicate address detection takes a second, and there are no duplicates in a namespace.
fn nodad(address: IpAddr) -> &'static str {
    if address.is_ipv6() { " nodad" } else { "" }
}

/// Runs the batch in this process's network namespace.
///
/// # Errors
/// The message of `ip`, with the line that it stopped at.
pub(super) fn apply(batch: &str) -> io::Result<()> {
    let ip = Invocation::new("ip").args(["-batch", "-"]);
    let done = ip
        .run(batch.as_bytes(), Limits::new(patience(BATCH), 1 << 20))
        .map_err(|error| io::Error::other(format!("`ip -batch -` {}", error.with_cause())))?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("ip: {}", String::from_utf8_lossy(&done.stderr).trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_addresses_and_no_neighbours() {
        let addresses = ["10.0.0.10".parse().unwrap(), "2001:db8::10".parse().unwrap()];
        let extra = ["10.0.0.1".parse().unwrap(), "10.0.0.10".parse().unwrap()];
        assert_eq!(
            plug(&addresses, &extra),
            "link set lo up\n\
             link set eth0 addrgenmode none\n\
             addr add 10.0.0.10/32 dev eth0\n\
             addr add 2001:db8::10/128 dev eth0 nodad\n\
             addr add 10.0.0.1/32 dev lo\n\
             link set eth0 up\n\
             route add 0.0.0.0/0 dev eth0 src 10.0.0.10\n\
             route add ::/0 dev eth0 src 2001:db8::10\n"
        );
    }

    #[test]
    fn a_host_beside_another_has_what_that_one_lacks() {
        let [v4, v6, app] = ["10.0.0.10", "2001:db8::10", "10.0.0.50"].map(|it| it.parse().unwrap());
        assert_eq!(add(&[v4], &[v4], &[v4]), "");
        assert_eq!(
            add(&[v4, v6], &[app], &[v4]),
            "addr add 2001:db8::10/128 dev eth0 nodad\n\
             addr add 10.0.0.50/32 dev lo\n\
             route add ::/0 dev eth0 src 2001:db8::10\n"
        );
        assert_eq!(add(&[v4, v6], &[], &[v4, v6]), "");
    }

    #[test]
    fn every_process_gets_a_cable() {
        let batch = wire(&[12, 15]);
        assert!(batch.contains("link add h1 type veth peer name eth0 netns 15\n"));
        assert!(batch.contains("link set h1 addrgenmode none master fleet0 up\n"));
    }

    #[test]
    fn a_shared_address_is_led_to_one_balancer() {
        let words = lead("2001:db8::1".parse().unwrap(), "2001:db8::10".parse().unwrap());
        assert_eq!(words.join(" "), "ip route replace 2001:db8::1/128 via 2001:db8::10 dev eth0 onlink");
    }
}
