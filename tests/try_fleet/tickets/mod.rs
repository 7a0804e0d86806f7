//! Session tickets of a real fleet: returning clients while keys are rotated, and the command.

mod clients;
mod command;
mod leaks;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sslscale::rollout::Fleet;
use sslscale::tickets::{Goal, StepKind, run};
use sslscale::transport::{Command, Host, Limits, Output, Script, TransportError};

use clients::{Clients, Counted};

use crate::beside;
use crate::run::{Kept, Try};

/// Four app servers behind one balancer.
const FLEET: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
  - { name: srv3, address: 10.0.0.13 }
  - { name: srv4, address: 10.0.0.14 }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    locations: [{ path: /, uwsgi_pass: \"unix:/run/app/app.sock\" }]
";
const APPS: [&str; 4] = ["srv1", "srv2", "srv3", "srv4"];

/// A pseudo-random sequence, the same in every run.
struct Dice(AtomicU64);

impl Dice {
    fn below(&self, end: u64) -> u64 {
        let step =
            |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let state = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap();
        (state >> 33) % end
    }
}

/// A host that waits for a while before each change.
struct Slow<'d> {
    host: Command,
    dice: &'d Dice,
}

impl Host for Slow<'_> {
    fn name(&self) -> &str {
        self.host.name()
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        if script.has_input() {
            sleep(Duration::from_millis(self.dice.below(300)));
        }
        self.host.run(script, limits)
    }
}

/// One rotation of all hosts, in a random order.
fn rotate(kept: &Kept, dice: &Dice) {
    let mut hosts: Vec<Slow<'_>> =
        APPS.iter().map(|name| Slow { host: Command::new(name, kept.words(name)), dice }).collect();
    hosts.sort_by_cached_key(|_| dice.below(1 << 20));
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| host as &dyn Host).collect();
    let done = run(&Fleet { hosts: &hosts, interrupted: &|| false }, Goal::Rotate { early: true }, true);
    assert!(done.halt.is_none() && done.steps.len() == 1, "{done:?}");
    assert_eq!((done.steps[0].kind.kind, done.steps[0].done().count()), (StepKind::Rotation, 4), "{done:?}");
}

/// A rotation without a next key: each server gets a new key and keeps the old one, one after the
/// other.
fn rotate_naively(kept: &Kept) {
    let script = "cd /etc/sslscale/tickets && cp current.key previous.key && printf %080d 7 >current.key && \
                  kill -HUP $(cat /run/nginx.pid)";
    for name in APPS {
        assert!(kept.inside(name, &["sh", "-c", script]).status.success());
        sleep(Duration::from_millis(300));
    }
}

fn assert_served(counted: &Counted) {
    assert_eq!(counted.errors, Vec::<String>::new());
    assert_eq!(counted.servers.keys().collect::<Vec<_>>(), APPS.iter().collect::<Vec<_>>());
    assert!(counted.servers.values().all(|count| *count > 50), "{counted:?}");
}

#[test]
fn returning_clients_resume_through_twenty_rotations() {
    let _beside = beside();
    let try_out = Try::inventory(FLEET);
    let kept = try_out.keep();
    let dice = Dice(AtomicU64::new(4));
    let clients = Clients::start(&try_out, &kept, 2);
    (0..20).for_each(|_| rotate(&kept, &dice));
    let counted = clients.stop();
    eprintln!("20 rotations: {counted:?}");
    assert_served(&counted);
    assert_eq!((counted.first, counted.full), (4, 0), "{counted:?}");
    assert!(counted.resumed > 500, "{counted:?}");
    // The same clients notice a rotation that does cost sessions.
    let clients = Clients::start(&try_out, &kept, 2);
    sleep(Duration::from_millis(500));
    rotate_naively(&kept);
    let counted = clients.stop();
    eprintln!("a naive one: {counted:?}");
    assert!(counted.full > 0 && counted.first == 4, "{counted:?}");
}
