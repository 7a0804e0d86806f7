//! Plans the next step from what all hosts have. It has no input or output. The rules that keep any
//! server from meeting a ticket that it cannot decrypt are here.

use std::collections::BTreeMap;

use super::key::Fingerprints;
use super::observation::Observation;

/// What a run is to achieve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// All hosts have one ring.
    Sync,
    /// All hosts have the ring after theirs. A rotation that was interrupted is finished instead: to
    /// begin the next one at once would halve the time for the tickets between.
    Rotate,
}

/// What is to be done next; hosts are indices of the observations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: all hosts have one ring.
    Nothing,
    /// No host has a ring: all get a new one.
    Create,
    /// Some hosts get a ring that others have.
    Bring {
        /// The ring.
        ring: Fingerprints,
        /// A host to read it from.
        donor: usize,
        /// The hosts that get it.
        hosts: Vec<usize>,
        /// Whether this completes a rotation that was interrupted.
        finishes: bool,
    },
    /// All hosts have this ring, and get the one after it.
    Rotate(Fingerprints),
}

/// What is to be done, given what every host of the fleet has.
///
/// A rotation starts only when all hosts have the same ring. Until it ends, each host has that ring
/// or the one after it, and each of the two has the key that the other encrypts with. Only then may
/// the previous key go: no host has encrypted with it since the last rotation was complete.
pub(super) fn plan(seen: &[Observation], goal: Goal) -> Plan {
    let Some(ring) = target(seen) else { return Plan::Create };
    let has = |host: &Observation| host.ring().as_ref() == Some(&ring);
    let right = |host: &Observation| has(host) && host.is_sound();
    let hosts: Vec<usize> = (0..seen.len()).filter(|index| !right(&seen[*index])).collect();
    if hosts.is_empty() {
        return if goal == Goal::Rotate { Plan::Rotate(ring) } else { Plan::Nothing };
    }
    let donor = (0..seen.len()).find(|index| right(&seen[*index]));
    let donor = donor.or_else(|| seen.iter().position(has)).unwrap_or_default();
    let is_behind = |host: &Observation| host.ring().is_some_and(|older| ring.follows(&older));
    let finishes = seen.iter().any(|host| is_behind(host) || (has(host) && !host.loaded));
    Plan::Bring { ring, donor, hosts, finishes }
}

/// The ring that all hosts should have; `None` where no host has one.
///
/// Rings of one rotation belong together, and the newer one is chosen: hosts with the older one can
/// decrypt what it encrypts. Of unrelated rings, the one that most hosts have is chosen, and of
/// equally many the one that a host got last.
pub(super) fn target(seen: &[Observation]) -> Option<Fingerprints> {
    let mut rings: BTreeMap<Fingerprints, Vec<usize>> = BTreeMap::new();
    for (index, host) in seen.iter().enumerate() {
        if let Some(ring) = host.ring() {
            rings.entry(ring).or_default().push(index);
        }
    }
    let family = families(&rings.keys().collect::<Vec<_>>()).into_iter().max_by_key(|family| {
        let hosts: Vec<usize> = family.iter().flat_map(|ring| rings[*ring].clone()).collect();
        let youngest = hosts.iter().filter_map(|host| seen[*host].age).min().unwrap_or(u64::MAX);
        (hosts.len(), std::cmp::Reverse(youngest))
    })?;
    let newest = family.iter().filter(|ring| !family.iter().any(|other| other.follows(ring)));
    newest.max_by_key(|ring| rings[**ring].len()).map(|ring| (*ring).clone())
}

/// Rings grouped by rotation: each with those before and after it, and with those of the same current
/// key, which two rotations at once leave.
fn families<'r>(rings: &[&'r Fingerprints]) -> Vec<Vec<&'r Fingerprints>> {
    let kin = |a: &Fingerprints, b: &Fingerprints| a.follows(b) || b.follows(a) || a.current == b.current;
    let mut families: Vec<Vec<&Fingerprints>> = Vec::new();
    for ring in rings {
        let (related, mut others): (Vec<_>, Vec<_>) =
            families.into_iter().partition(|family| family.iter().any(|other| kin(ring, other)));
        let mut family: Vec<&Fingerprints> = related.concat();
        family.push(ring);
        others.push(family);
        families = others;
    }
    families
}

#[cfg(test)]
mod tests;
