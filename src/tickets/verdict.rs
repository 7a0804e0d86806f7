//! What is wrong with the rings of a fleet, host by host. Pure.

use super::observation::{Observation, Unreachable};
use super::plan::target;

/// What is wrong with each host, in the words of a reader; nothing where it is as it should be.
pub fn verdicts(seen: &[Result<Observation, Unreachable>]) -> Vec<Vec<String>> {
    let known: Vec<Observation> = seen.iter().flatten().cloned().collect();
    let ring = target(&known);
    let verdict = |host: &Result<Observation, Unreachable>| {
        let host = match host {
            Ok(host) => host,
            Err(lost) => return vec![format!("it cannot be asked: {}", lost.why)],
        };
        let mut wrong = host.faults.clone();
        match (host.ring(), &ring) {
            (None, _) if host.prints.iter().all(Option::is_none) => return vec!["it has no keys".to_owned()],
            (None, _) => wrong.push("it has not all three keys".to_owned()),
            (Some(own), Some(ring)) if ring.follows(&own) => wrong.push("it is one rotation behind".to_owned()),
            (Some(own), Some(ring)) if own != *ring => wrong.push("it has other keys than the fleet".to_owned()),
            (Some(_), _) if !host.loaded => wrong.push("nginx was not seen to read its keys".to_owned()),
            (Some(_), _) => {}
        }
        wrong.extend(host.is_stale().then(|| "its current key is older than a day".to_owned()));
        wrong
    };
    seen.iter().map(verdict).collect()
}
