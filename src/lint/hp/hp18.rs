//! HP18: workers that a reload has replaced end sooner than connections may, or live on for days.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::types::{Duration, Tickets};
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP18,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`haproxy.hard_stop_after` or `nginx.worker_shutdown_timeout` is shorter than the time for which \
            connections may be silent (`timeouts.client` and `timeouts.server`), or `mworker_max_reloads` is 1 or 2 \
            although connections may be silent for an hour or more. The other way round: with `tickets: shared`, \
            `worker_shutdown_timeout` is two days or more, and longer than connections may be silent.",
        why: "A reload replaces all workers, and the old ones keep their connections only as long as these keys allow. \
            Long timeouts then hold until the next reload, such as that of the daily rotation of ticket keys. Workers \
            that live on for days add up: one generation for every rotation, each with its memory and the ticket keys \
            of its time.",
        evidence: "With `hard_stop_after: 3s` and one open connection, haproxy's replaced worker ends 3 seconds after \
            the reload, and the connection with it. With `mworker_max_reloads: 2`, the third reload ends it. With \
            `worker_shutdown_timeout: 1h`, five reloads of nginx leave five generations of workers.",
        fix: "Write limits that are as long as a connection may be silent, but not much longer than a day. Or accept \
            that a reload closes connections, and let clients connect again.",
        verified_on: "haproxy 2.6.12 and 3.0.11, nginx 1.22.1 and 1.26.3, on booted hosts",
    },
    examples: examples!("HP18"),
};

/// From here on timeouts are meant for connections that last.
const LONG: Duration = Duration::minutes(60);
const DAY: Duration = Duration::minutes(24 * 60);

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    let mut report = |place: Cursor<'_>, message: String, help: String| {
        if seen.insert((place.span(), message.clone())) {
            reporter.report(place.span(), message, help);
        }
    };
    let inventory = fleet.inventory;
    for (index, balancer) in inventory.load_balancers.iter().enumerate() {
        let (haproxy, idle) = (&balancer.haproxy, balancer.haproxy.timeouts.idle());
        let written = |key| fleet.haproxy_if_written(index, &[key]);
        let limit = haproxy.hard_stop_after;
        if limit < idle {
            let place = written("hard_stop_after").unwrap_or_else(|| timeouts(fleet, index));
            report(place, message("haproxy", limit, idle), format!("write `hard_stop_after: {idle}` or more"));
        }
        let reloads = haproxy.mworker_max_reloads;
        if let Some(place) = written("mworker_max_reloads").filter(|_| reloads <= 2 && idle >= LONG) {
            let which = if reloads == 1 { "second" } else { "third" };
            let message = format!("the {which} reload closes connections that may be silent for {idle}");
            report(place, message, "write a higher `mworker_max_reloads`, such as 50".to_owned());
        }
    }
    let (first, idle) = inventory.idle_limit();
    let first = inventory.load_balancers.iter().position(|it| it.name == first.name).unwrap_or_default();
    for (index, app) in inventory.app_servers.iter().enumerate() {
        let (limit, written) =
            (app.nginx.worker_shutdown_timeout, fleet.nginx_if_written(index, &["worker_shutdown_timeout"]));
        let enough = idle.max(DAY);
        if limit < idle {
            let place = written.unwrap_or_else(|| timeouts(fleet, first));
            report(place, message("nginx", limit, idle), format!("write `worker_shutdown_timeout: {idle}` or more"));
        } else if let Some(place) = written.filter(|_| inventory.tickets == Tickets::Shared)
            && limit > enough
            && limit.milliseconds() >= 2 * DAY.milliseconds()
        {
            let generations = limit.milliseconds() / DAY.milliseconds();
            let message = format!(
                "with a rotation of ticket keys every day, up to {generations} generations of nginx's workers live, \
                 each with the keys of its time"
            );
            report(place, message, format!("write `worker_shutdown_timeout: {enough}`"));
        }
    }
}

fn message(program: &str, limit: Duration, idle: Duration) -> String {
    format!("{limit} after a reload, {program} closes connections that may be silent for {idle}")
}

/// Where the timeouts of a balancer are written.
fn timeouts<'f>(fleet: &Fleet<'f>, balancer: usize) -> Cursor<'f> {
    let written = |key| fleet.haproxy_if_written(balancer, &["timeouts", key]);
    written("client").or_else(|| written("server")).unwrap_or_else(|| fleet.haproxy(balancer, &["timeouts"]))
}
