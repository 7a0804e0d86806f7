//! What rendered files do on real hosts: systemd, sshd, and Debian's haproxy and nginx as packages
//! install them. A binary of its own, because its tests share hosts, and because it needs root.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, which clippy cannot see")]
mod app_down;
mod certs;
mod check;
mod client;
mod deploy;
mod fleet;
mod generations;
mod install;
mod leftovers;
mod limits;
#[path = "../integration/support/need.rs"]
mod need;
mod pebble;
mod plan;
mod reloads;
mod renewals;
#[path = "../support/returning.rs"]
mod returning;
mod served;
mod ssh;
mod status;
mod tickets;
mod tunnels;
mod vanished;

use std::time::Duration;

use client::{Kept, Load, Protocol};
use served::Shared;

#[test]
fn both_balancers_serve_both_protocols() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let report = Load::run(&served, &["lb1", "lb2"], 20, Duration::from_secs(2));
    assert_eq!(report.failed, 0, "{report:#?}");
    assert_eq!(report.servers.len(), 4, "{report:#?}");
    for balancer in ["lb1", "lb2"] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let mut kept = Kept::open(&served, balancer, protocol, 8);
            for _ in 0..2 {
                let answers = Kept::ask(&mut kept, Duration::from_secs(20));
                assert_eq!(Kept::count(&answers), [8, 0, 0], "{balancer} {protocol:?}");
            }
        }
    }
}
