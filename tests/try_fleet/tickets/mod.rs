//! Session tickets of a real fleet: clients that return while keys are rotated, and the command.

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

use crate::alone;
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
    locations: [{ path: /, uwsgi_pass: \"unix:/tmp/app.sock\" }]
";
const APPS: [&str; 4] = ["srv1", "srv2", "srv3", "srv4"];

/// Random enough to mix up an order, and the same in every run.
struct Dice(AtomicU64);

impl Dice {
    fn below(&self, end: u64) -> u64 {
        let step =
            |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let state = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap();
        (state >> 33) % end
    }
}

/// A host that takes its time before each change.
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

/// One rotation of all hosts, in an order of its own.
fn rotate(kept: &Kept, dice: &Dice) {
    let mut hosts: Vec<Slow<'_>> =
        APPS.iter().map(|name| Slow { host: Command::new(name, kept.words(name)), dice }).collect();
    hosts.sort_by_cached_key(|_| dice.below(1 << 20));
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| host as &dyn Host).collect();
    let done = run(&Fleet { hosts: &hosts, interrupted: &|| false }, Goal::Rotate);
    assert!(done.halt.is_none() && done.steps.len() == 1, "{done:?}");
    assert_eq!((done.steps[0].kind.kind, done.steps[0].done().count()), (StepKind::Rotation, 4), "{done:?}");
}

/// What people do who know of one key: a new one and the old one, server by server.
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
fn twenty_rotations_cost_no_returning_client_its_session() {
    let _alone = alone();
    let own = Try::inventory(FLEET);
    let kept = own.keep();
    let dice = Dice(AtomicU64::new(4));
    let clients = Clients::start(&own, &kept, 2);
    (0..20).for_each(|_| rotate(&kept, &dice));
    let counted = clients.stop();
    eprintln!("20 rotations: {counted:?}");
    assert_served(&counted);
    assert_eq!((counted.first, counted.full), (4, 0), "{counted:?}");
    assert!(counted.resumed > 500, "{counted:?}");
    // The same clients tell where a rotation does cost sessions.
    let clients = Clients::start(&own, &kept, 2);
    sleep(Duration::from_millis(500));
    rotate_naively(&kept);
    let counted = clients.stop();
    eprintln!("a naive one: {counted:?}");
    assert!(counted.full > 0 && counted.first == 4, "{counted:?}");
}
