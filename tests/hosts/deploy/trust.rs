//! Balancers that connect from other addresses, under new connections: at no moment is one of them taken for a client.

use std::time::Duration;

use super::{nothing_pending, run, to_stock};
use crate::client::Load;
use crate::fleet::Host;
use crate::served::{APPS, Shared, UP_TO_DATE, figure};
use crate::ssh::pinned;

const BALANCERS: [&str; 2] = ["lb1", "lb2"];
const RATE: u32 = 50;
/// The other address of lb1.
const OTHER: &str = "10.0.0.110";

/// A balancer with another address, which it has until this is dropped.
struct Renumbered<'h>(&'h Host);

impl<'h> Renumbered<'h> {
    fn new(host: &'h Host) -> Self {
        let renumbered = Self(host);
        renumbered.has_other("add");
        renumbered
    }

    /// Adds or deletes the address.
    fn has_other(&self, what: &str) {
        self.0.run(&format!("ip address {what} {OTHER}/24 dev host0"));
    }

    /// Makes this address the one that the kernel connects from.
    fn connects_from(&self, address: &str) {
        self.0.run(&format!("ip route replace 10.0.0.0/24 dev host0 proto kernel scope link src {address}"));
    }
}

impl Drop for Renumbered<'_> {
    fn drop(&mut self) {
        self.connects_from(self.0.address);
        let _ = self.0.output(&format!("ip address del {OTHER}/24 dev host0"), b"");
    }
}

#[test]
fn no_balancer_is_taken_for_a_client_while_its_address_changes() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let lb1 = served.host("lb1");
    let renumbered = Renumbered::new(lb1);
    // Clients are elsewhere: whoever is taken for one of these gets 403.
    let first = (pinned(&served) + "tickets: per_host\n").replacen(
        "    locations:\n",
        &format!("    deny: [10.0.0.10, {OTHER}, 10.0.0.20]\n    locations:\n"),
        1,
    );
    let of_lb1 = format!("name: lb1, address: {}", lb1.address);
    let with = |address: &str, source: &str| {
        let source = if source.is_empty() { String::new() } else { format!(", haproxy: {{ source: [{source}] }}") };
        let other = format!("name: lb1, address: {address}{source}, ssh: {{ host: {}, ", lb1.address);
        first.replacen(&format!("{of_lb1}, ssh: {{ "), &other, 1)
    };
    let (plain, both, moved) = (with(lb1.address, ""), with(lb1.address, OTHER), with(OTHER, ""));
    run(&served, &plain, &["deploy", "--yes"], 0);

    let load = Load::start(&served, &BALANCERS, RATE);
    std::thread::sleep(Duration::from_secs(1));
    // Its kernel would go on to connect from the old one.
    for words in [&["plan"][..], &["deploy", "--yes"]] {
        let text = run(&served, &moved, words, 3);
        let says = "error[PX19]: `lb1` connects to `app1` from `10.0.0.10`, which app servers do not believe";
        assert!(text.contains(says) && text.contains("write `address: 10.0.0.10`"), "{text}");
    }
    assert!(run(&served, &moved, &["check", "--hosts"], 1).contains("error[PX19]"));
    let deploy = |inventory: &str, contracts: bool| {
        let text = run(&served, inventory, &["deploy", "--yes"], 0);
        assert_eq!(text.contains("app1 serves only what the release has"), contracts, "{text}");
        // It changes itself: there is nothing to stop before it.
        assert!(!text.contains("trusted any more"), "{text}");
    };
    deploy(&both, false);
    deploy(&plain, true);
    // That is also how the addition of an address is taken back.
    run(&served, &plain, &["rollback", "--yes"], 0);
    run(&served, &plain, &["rollback", "--yes"], 0);
    deploy(&both, false);
    // Left out, it would go on to connect from there.
    let text = run(&served, &plain, &["deploy", "--yes", "--without", "lb1"], 3);
    let says = "error: lb1 is left out, but may still connect from `10.0.0.110`, and app1, app2, app3, app4 would take that for \
                the address of clients\n  help: deploy to it as well, or write `trusted_proxies` with `10.0.0.110` and the \
                addresses of all balancers until then\nnothing was changed\n";
    assert!(text.ends_with(says), "{text}");
    let helped = format!("{plain}trusted_proxies: [10.0.0.10, {OTHER}, 10.0.0.20]\n");
    run(&served, &helped, &["deploy", "--yes", "--without", "lb1"], 0);
    deploy(&both, false);
    // The kernel changes while both are believed, and then the inventory.
    renumbered.connects_from(OTHER);
    deploy(&moved, true);
    renumbered.connects_from(OTHER);
    std::thread::sleep(Duration::from_secs(3));
    deploy(&both, false);
    renumbered.connects_from(lb1.address);
    deploy(&plain, true);
    let report = load.stop();
    figure(&format!("addresses of a balancer: {}", report.line()));
    assert_eq!((report.failed, report.servers.len()), (0, APPS.len()), "{report:#?}");
    nothing_pending(&served);

    // A rollback looks at that, too.
    renumbered.connects_from(OTHER);
    run(&served, &moved, &["deploy", "--yes"], 0);
    let text = run(&served, &moved, &["rollback", "--yes"], 3);
    let says = "error: lb1: it connects to app servers from `10.0.0.110`, which they would not believe any more: they would \
                take it for the address of all clients\n  help: make `10.0.0.10` the one that the host connects from: ";
    assert!(text.contains(says) && text.ends_with("nothing was changed\n"), "{text}");
    renumbered.connects_from(lb1.address);
    run(&served, &moved, &["rollback", "--yes"], 0);
    assert_eq!(run(&served, &plain, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    // What an address of lb2 has brought to others is taken back without lb2, which never had it.
    let of_lb2 = plain.replacen(
        "name: lb2, address: 10.0.0.20, ",
        "name: lb2, address: 10.0.0.20, haproxy: { source: [10.0.0.120] }, ",
        1,
    );
    run(&served, &of_lb2, &["deploy", "--yes", "--without", "lb2"], 0);
    run(&served, &of_lb2, &["rollback", "--yes"], 0);
    assert_eq!(run(&served, &plain, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);

    // One that it has no more fails what comes from there: `status` says so, and nothing goes back to it.
    deploy(&both, false);
    renumbered.has_other("del");
    let says = "error: AD09: no interface of `lb1` has `10.0.0.110`, from which haproxy is to connect to app servers\n";
    assert!(run(&served, &both, &["status"], 1).contains(says));
    run(&served, &plain, &["deploy", "--yes"], 0);
    let text = run(&served, &plain, &["rollback", "--yes"], 3);
    let says = "error: lb1: no interface of it has `10.0.0.110`, from which haproxy would connect to app servers\n";
    assert!(text.contains(says), "{text}");
    renumbered.has_other("add");
    run(&served, &plain, &["rollback", "--yes"], 0);
    run(&served, &plain, &["rollback", "--yes"], 0);
    assert_eq!(run(&served, &plain, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);

    // The control: app servers that believe it no more while it still connects from there.
    deploy(&both, false);
    let load = Load::start(&served, &BALANCERS, RATE);
    served.on_apps(&format!(
        "sed -i '/set_real_ip_from {OTHER}/d' /etc/nginx/conf.d/sslscale.conf; systemctl reload nginx"
    ));
    std::thread::sleep(Duration::from_secs(3));
    let report = load.stop();
    figure(&format!("believed no more: {}", report.line()));
    assert!(report.causes.contains_key("status: 403"), "{report:#?}");
}
