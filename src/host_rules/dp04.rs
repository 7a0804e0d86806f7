//! DP04: a deploy that restarts every host that serves something.

use std::collections::BTreeSet;

use super::{Live, Seen};
use crate::deploy::{Action, Role};
use crate::lint::Reporter;

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    let seen = live.running(None, reporter);
    let seen: Vec<Seen<'_>> = seen.into_iter().map(|(seen, _)| seen).collect();
    let restarted: BTreeSet<&str> = seen.iter().filter(|seen| restarts(seen)).map(|seen| seen.host.name).collect();
    balancers(live, &seen, &restarted, reporter);
    pools(live, &seen, &restarted, reporter);
}

fn restarts(seen: &Seen<'_>) -> bool {
    seen.plan.actions.contains(&Action::Restart)
}

/// A balancer that is restarted while no other one runs.
fn balancers(live: &Live<'_>, seen: &[Seen<'_>], restarted: &BTreeSet<&str>, reporter: &mut Reporter<'_>) {
    let runs = |it: &&Seen<'_>| it.host.role == Role::Balancer && it.observation.running.is_some();
    let running: Vec<&Seen<'_>> = seen.iter().filter(runs).collect();
    // One that was not looked at may run.
    let known = seen.iter().filter(|it| it.host.role == Role::Balancer).count();
    let [only] = running[..] else { return };
    if known != live.fleet.inventory.load_balancers.len() || !restarted.contains(only.host.name) {
        return;
    }
    let message = format!("a deploy would restart haproxy on `{}`, and no other balancer runs", only.host.name);
    let help = "start another balancer first; to accept that no site answers for about a second, write `# sslscale: \
                ignore[DP04] REASON` on this line";
    reporter.report(live.place(only.host, "name").span(), message, help);
}

/// Pools of which every server that is up is restarted.
fn pools(live: &Live<'_>, seen: &[Seen<'_>], restarted: &BTreeSet<&str>, reporter: &mut Reporter<'_>) {
    let views: Vec<&Seen<'_>> = seen.iter().filter(|it| !it.observation.servers.is_empty()).collect();
    let up =
        |name: &str| views.iter().all(|view| view.observation.servers.iter().any(|it| it.name == name && it.is_up()));
    if views.is_empty() {
        return;
    }
    for (index, pool) in live.fleet.inventory.pools.iter().enumerate() {
        let serving: Vec<&str> =
            pool.app_servers(live.fleet.inventory).map(|app| app.name.as_str()).filter(|name| up(name)).collect();
        let [only] = serving[..] else { continue };
        let Some(seen) = seen.iter().find(|it| it.host.name == only).filter(|_| restarted.contains(only)) else {
            continue;
        };
        let pools = live.fleet.written.key("pools");
        let named = if pools.is_written() {
            format!(" of the pool `{}`", live.fleet.inventory.pools[index].name)
        } else {
            String::new()
        };
        let message = format!("a deploy would restart nginx on `{only}`, the only app server{named} that is up");
        let help = "bring another app server up first; to accept that its sites are down for about a second, write \
                    `# sslscale: ignore[DP04] REASON` on this line";
        reporter.report(live.place(seen.host, "name").span(), message, help);
    }
}
