//! CP01: a `maxconn` that needs more file descriptors than the host allows.

use std::collections::HashSet;

use crate::count::several;
use crate::diagnostic::{Code, Severity};
use crate::inventory::Inventory;
use crate::inventory::document::Cursor;
use crate::inventory::model::LoadBalancer;
use crate::inventory::types::Version;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A balancer's `maxconn` needs more file descriptors than its host allows (`nofile`). This is a warning \
            if haproxy starts on a host with few processors but not on one with many.",
        why: "haproxy counts its descriptors before it takes the first connection, and does not start with too few. \
            After a restart, everything behind the balancer is down.",
        evidence: "`haproxy -c` prints `Configuration file is valid` whatever the limit is. haproxy then fails to \
            start: `Cannot raise FD limit to 16427, limit is 4096.` According to that message haproxy needs two \
            descriptors for each connection, one for each health check and each `bind`, three for each thread (one \
            thread for each processor, up to 64), and some for logs, sockets and the master process of Debian's unit: \
            33 up to haproxy 2.6, 44 in 3.0, 22 in 3.2. Without `haproxy.version`, this is an error if none of these \
            versions starts, and a warning if one of them may not. If haproxy starts with CAP_SYS_RESOURCE, it can \
            raise the limit itself; in a container it usually cannot.",
        fix: "Write a smaller `maxconn`, or allow more descriptors on the host and write their number as `nofile`. \
            Without `nofile`, sslscale renders the limit that `maxconn` needs.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11, 3.2.26",
    },
    examples: examples!("CP01"),
};

/// Descriptors for logs, sockets and the master process, by the first version that needs that
/// many. Versions in between were not measured.
const PROCESS: [(Version, u64); 3] = [(Version(2, 2, 0), 33), (Version(3, 0, 0), 44), (Version(3, 2, 0), 22)];
/// Versions from here on, up to 3.0, were not measured.
const UNCOUNTED: Version = Version(2, 7, 0);
/// Descriptors for each thread.
const THREAD: u64 = 3;
/// haproxy starts one thread for each processor, up to this many.
const THREADS: u64 = 64;

/// Descriptors for health checks and binds, which depend on neither threads nor connections.
fn fixed(inventory: &Inventory, balancer: &LoadBalancer) -> u64 {
    let checks = inventory.checks(&balancer.haproxy);
    let listed = balancer.bound().len() as u64;
    let families = balancer.addresses.families();
    let bound = inventory.virtual_addresses.iter().fold(families, |families, address| families.with(address.0));
    let frontends = 1 + u64::from(inventory.http.is_some());
    let all = u64::from(bound.v4) + u64::from(bound.v6);
    checks + frontends * if listed > 0 { listed } else { all }
}

/// The fewest and the most descriptors that this version needs for logs, sockets and the master process.
fn process(version: Option<Version>) -> (u64, u64) {
    let [old, lts, new] = PROCESS;
    match version {
        Some(version) if version < UNCOUNTED => (old.1, old.1),
        Some(version) if (version.0, version.1) == (lts.0.0, lts.0.1) => (lts.1, lts.1),
        Some(version) if version >= new.0 => (new.1, new.1),
        _ => (new.1, lts.1),
    }
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = HashSet::new();
    for (index, balancer) in fleet.inventory.load_balancers.iter().enumerate() {
        let (Some(nofile), maxconn) = (balancer.haproxy.nofile, balancer.haproxy.maxconn) else { continue };
        let fixed = fixed(fleet.inventory, balancer);
        let (least, most) = process(balancer.haproxy.version);
        let need = |threads: u64| 2 * maxconn + fixed + most + THREAD * threads;
        let limit = fleet.haproxy(index, &["nofile"]).span();
        let place = fleet.haproxy_if_written(index, &["maxconn"]).map_or(limit, Cursor::span);
        // A setting of the whole fleet is reported once.
        if nofile >= need(THREADS) || !seen.insert((place, limit)) {
            continue;
        }
        let room = nofile.saturating_sub(fixed + most + THREAD * THREADS) / 2;
        let more = format!("raise the limit: `nofile: {}`", need(THREADS).next_multiple_of(1024));
        let help = if room == 0 { more } else { format!("write `maxconn: {room}` or less, or {more}") };
        let least = 2 * maxconn + fixed + least + THREAD;
        let several_of = |number, noun| several(usize::try_from(number).unwrap_or(usize::MAX), noun);
        let (connections, needs) = (several_of(maxconn, "connection"), if maxconn == 1 { "needs" } else { "need" });
        let finding = if nofile < least {
            let message = format!("{connections} {needs} at least {least} descriptors, but `nofile` allows {nofile}");
            Finding::new(place, message, help)
        } else if nofile < need(1) {
            let message = format!(
                "{connections} {needs} {} descriptors with some versions of haproxy, but `nofile` allows {nofile}",
                need(1)
            );
            Finding::new(place, message, help).with_severity(Severity::Warning)
        } else {
            let threads = (nofile - 2 * maxconn - fixed - most) / THREAD;
            let message = format!(
                "with {nofile} descriptors for {connections}, haproxy starts only on a host with at most {}",
                several_of(threads, "processor")
            );
            Finding::new(place, message, help).with_severity(Severity::Warning)
        };
        let apart = place != limit;
        reporter.push(if apart { finding.related(limit, "the limit on descriptors") } else { finding });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Settings, lint};
    use crate::source::Source;

    #[test]
    fn words_agree_with_numbers() {
        let text = RULE.examples.unwrap().fires;
        let messages = |maxconn: u64, nofile: u64| {
            let text = text.replace("maxconn: 8192", &format!("maxconn: {maxconn}"));
            let source = Source::new("t", text.replace("nofile: 16384", &format!("nofile: {nofile}")));
            let found = lint(&source, &Settings::default()).findings;
            let found = found.into_iter().filter(|finding| finding.code == Code::CP01);
            found.map(|finding| finding.message).collect::<Vec<_>>()
        };
        // Around the number of descriptors that is enough for one processor.
        let all: Vec<String> = (16_384..16_484).flat_map(|nofile| messages(8192, nofile)).collect();
        assert!(all.iter().any(|message| message.ends_with(" at most 1 processor")), "{all:#?}");
        assert!(all.iter().any(|message| message.ends_with(" at most 2 processors")), "{all:#?}");
        assert!(!all.iter().any(|message| message.ends_with(" 1 processors")), "{all:#?}");
    }
}
