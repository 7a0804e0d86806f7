//! Whether app servers still pass the checks of a balancer, where a deploy changes what these ask for. haproxy takes over
//! who was up, and so notices only some checks later that nobody passes any more.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::deploy::{self, HostRelease, PROBING, Role};
use crate::inventory::Inventory;
use crate::render::HAPROXY_CFG;
use crate::report::Planned;
use crate::rollout::Reason;
use crate::transport::Host;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// The app servers that a balancer sends clients to before its checks change, and how long to look at them afterwards.
pub struct Health {
    /// By pool.
    up: BTreeSet<(String, String)>,
    wait: Duration,
}

impl Health {
    /// `None` if this release does not change the checks of the host.
    pub fn of(inventory: &Inventory, name: &str, release: &HostRelease, planned: &Planned) -> Option<Self> {
        let balancer = inventory.load_balancers.iter().find(|it| it.name.as_str() == name)?;
        if !planned.plan.changes.iter().any(|change| change.path == HAPROXY_CFG) {
            return None;
        }
        let new = release.files.iter().find(|entry| &*entry.path == HAPROXY_CFG)?;
        if deploy::checks(&new.content.bytes) == deploy::checks(planned.contents.get(HAPROXY_CFG)?) {
            return None;
        }
        let check = &balancer.haproxy.check;
        // The first failure comes with the time between checks, the others follow quickly.
        let milliseconds = check.inter.milliseconds() + (check.fall + 1) * check.fastinter().milliseconds();
        let other = |pool: &str| inventory.other_pools.iter().any(|it| it.name.as_str() == pool);
        let up = planned.seen.servers.iter().filter(|it| it.is_up() && !other(&it.pool));
        let up = up.map(|it| (it.pool.clone(), it.name.clone()));
        Some(Self { up: up.collect(), wait: Duration::from_millis(milliseconds) })
    }

    /// Why the balancer may not keep the release, if app servers that were up go down.
    pub fn problem(&self, host: &dyn Host) -> Option<Reason> {
        // The host undoes its change when it waits for longer.
        let until = Instant::now() + self.wait.min(PROBING / 2);
        loop {
            // A host that does not tell is found by what follows.
            let seen = deploy::observe(host, Role::Balancer, &[]).ok()?;
            let mut down: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            let lost = |it: &&deploy::Server| !it.is_up() && self.up.contains(&(it.pool.clone(), it.name.clone()));
            for server in seen.servers.iter().filter(lost) {
                down.entry(&server.pool).or_default().push(&server.name);
            }
            // As long as a pool has app servers left, clients are served: then all that go down are named at the end.
            let before = |pool: &str| self.up.iter().filter(|(of, _)| of == pool).count();
            let is_out = down.iter().any(|(pool, names)| names.len() == before(pool));
            if is_out || !down.is_empty() && Instant::now() >= until {
                let pools = down.iter().map(|(pool, names)| format!("{} in the pool `{pool}`", names.join(", ")));
                let pools = pools.collect::<Vec<_>>().join("; ");
                let help =
                    "do apps answer what `haproxy.check` of the inventory asks for? they passed the checks of before";
                return Some(Reason::new(format!("its new checks fail: down are {pools}")).with_help(help));
            }
            if Instant::now() >= until {
                return None;
            }
            sleep(PAUSE);
        }
    }
}
