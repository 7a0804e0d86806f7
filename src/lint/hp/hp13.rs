//! HP13: health checks that take too long to detect a dead app server, or one that is back.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::inventory::model::{Check, Haproxy};
use crate::inventory::types::Duration;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP13,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "Health checks take more than 10 seconds to take an app server that is gone out of its pool, or \
            `downinter` and `rise` keep one that is back out of it for more than 30 seconds.",
        why: "Until a dead app server is removed, it gets connections: its share of the clients waits for a connection \
            attempt that fails. If the app server accepts connections but no longer answers, these clients fail. One \
            that is back and gets no connections leaves its share of the load to the others, even after a single lost \
            check.",
        evidence: "Times measured with haproxy, starting at the last successful check: a server whose port is closed \
            is removed after `inter` and `fall` - 1 times `fastinter`, 3 seconds by default. If a host is gone and \
            nothing answers, each check also lasts for the shorter of `timeouts.connect` and `inter`: 6 seconds by \
            default. An app server that accepts connections and no longer answers keeps each check waiting for \
            `timeouts.check` instead: 12 seconds by default. A server that is back is used after `downinter` and \
            `rise` - 1 times `fastinter`, 2.5 seconds by default.",
        fix: "Write a shorter `inter` or `fastinter`, or a smaller `fall`; for one that is back, a shorter `downinter` \
            or a smaller `rise`. Each app server handles one check from every balancer in each `inter`.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("HP13"),
};

/// Detection that takes longer than this is slow.
const SLOW: Duration = Duration::seconds(10);

/// An app server that is back should be used within this time.
const SLOW_AGAIN: Duration = Duration::seconds(30);

/// How long until a server is removed with this `inter`: one whose port is closed, and one that no longer
/// answers.
fn detection(haproxy: &Haproxy, inter: Duration) -> [Duration; 2] {
    let (check, inter) = (Check { inter, ..haproxy.check.clone() }, inter.milliseconds());
    let fall = check.fall;
    let silence = inter.min(haproxy.timeouts.connect.milliseconds());
    let closed = inter + (fall - 1) * check.fastinter().milliseconds();
    [closed, closed + fall * silence].map(Duration::milliseconds_of)
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    gone(fleet, reporter);
    back(fleet, reporter);
}

/// App servers that stay away although they are back.
fn back(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let check = &balancer.haproxy.check;
        let rising = (check.rise - 1) * check.fastinter().milliseconds();
        let again = Duration::seconds((check.downinter().milliseconds() + rising).div_ceil(1000));
        let written = |key| fleet.haproxy_if_written(index, &["check", key]);
        let long = check.downinter().milliseconds() > rising;
        let keys = if long { ["downinter", "rise"] } else { ["rise", "downinter"] };
        let Some(place) = keys.into_iter().find_map(written).filter(|_| again > SLOW_AGAIN) else { continue };
        if seen.insert((place.span(), again)) {
            let message = format!("an app server that is back gets no connections for up to {again}");
            let help =
                if long { "write a shorter `downinter`, such as 2s" } else { "write a smaller `rise`, such as 2" };
            reporter.report(place.span(), message, help);
        }
    }
}

/// App servers that are gone and still get connections.
fn gone(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let [closed, silent] = detection(&balancer.haproxy, balancer.haproxy.check.inter);
        let written = |key| fleet.haproxy_if_written(index, &["check", key]);
        let Some(place) = written("fastinter").or_else(|| written("inter")).or_else(|| written("fall")) else {
            continue;
        };
        // A setting of the whole fleet is reported once.
        if silent <= SLOW || !seen.insert((place.span(), silent)) {
            continue;
        }
        let message = format!(
            "an app server gets connections for up to {closed} after its port closes, and for up to {silent} after it \
                stops answering"
        );
        let shorter =
            (1..=9).rev().map(Duration::seconds).chain((1..=9).rev().map(|n| Duration::milliseconds_of(n * 100)));
        let inter = shorter.into_iter().find(|inter| detection(&balancer.haproxy, *inter)[1] <= SLOW);
        let help = match inter {
            Some(inter) => format!("write `inter: {inter}` or less, or a smaller `fall`"),
            None => "write a smaller `fall`, or a shorter `fastinter`".to_owned(),
        };
        reporter.report(place.span(), message, help);
    }
}
