//! Plans the next step from what the hosts have. It has no input or output. The rules that keep any
//! server from meeting a ticket that it cannot decrypt are here.

use std::collections::{BTreeMap, HashSet};

use super::key::{Fingerprint, Fingerprints};
use super::layout::RETIREMENT;
use super::observation::Observation;

/// What a run is to achieve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// All hosts have one ring.
    Sync,
    /// All hosts have the ring after theirs. A rotation that was interrupted is finished instead: to
    /// begin the next one at once would halve the time for the tickets between.
    Rotate {
        /// Whether the previous key may be deleted while there are tickets for it.
        early: bool,
    },
}

impl Goal {
    /// Whether a rotation is wanted.
    pub fn is_rotation(self) -> bool {
        matches!(self, Self::Rotate { .. })
    }
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
    /// A rotation would delete a key while there are tickets for it.
    TooSoon {
        /// The host that encrypted with that key last.
        host: usize,
        /// How many seconds ago that was.
        seconds: u64,
    },
}

/// What is to be done, given what the hosts of the fleet have.
///
/// A rotation starts only when all hosts have the same ring. Until it ends, each host has that ring
/// or the one after it, and each of the two has the key that the other encrypts with. Only then may
/// the previous key go: no host has encrypted with it since the last rotation was complete, and by now
/// its tickets have expired.
pub(super) fn plan(seen: &[Observation], goal: Goal) -> Plan {
    let Some(ring) = target(seen) else { return Plan::Create };
    let has = |host: &Observation| host.ring().as_ref() == Some(&ring);
    let right = |host: &Observation| has(host) && host.is_sound();
    let hosts: Vec<usize> = (0..seen.len()).filter(|index| !right(&seen[*index])).collect();
    let missed = missed(seen, &ring);
    let finishes = hosts.iter().any(|index| missed[*index] == Some(1) || (has(&seen[*index]) && !seen[*index].loaded));
    if let (Goal::Rotate { early: false }, false, Some((host, seconds))) = (goal, finishes, retired(seen, &ring))
        && seconds < RETIREMENT
    {
        return Plan::TooSoon { host, seconds };
    }
    if hosts.is_empty() {
        return if goal.is_rotation() { Plan::Rotate(ring) } else { Plan::Nothing };
    }
    let donor = (0..seen.len()).find(|index| right(&seen[*index]));
    let donor = donor.or_else(|| seen.iter().position(has)).unwrap_or_default();
    Plan::Bring { ring, donor, hosts, finishes }
}

/// The host with the ring that encrypted last with its previous key, and how many seconds ago.
fn retired(seen: &[Observation], ring: &Fingerprints) -> Option<(usize, u64)> {
    let hosts = seen.iter().enumerate().filter(|(_, host)| host.ring().as_ref() == Some(ring));
    hosts.filter_map(|(index, host)| Some((index, host.retired?))).min_by_key(|(_, seconds)| *seconds)
}

/// How many rotations each host has missed that has an older ring than this one. `None` for hosts with
/// the same or an unrelated ring, or without any.
pub(super) fn missed(seen: &[Observation], ring: &Fingerprints) -> Vec<Option<usize>> {
    let has = seen.iter().filter(|host| host.ring().as_ref() == Some(ring));
    let Some(newest) = has.max_by_key(|host| host.history.len()) else { return vec![None; seen.len()] };
    let missed = |host: &Observation| newest.rotations_since(&host.ring()?.current).filter(|missed| *missed > 0);
    seen.iter().map(missed).collect()
}

/// A ring, and the hosts that have it.
struct Candidate<'o> {
    ring: Fingerprints,
    /// The keys that were current before.
    before: HashSet<&'o Fingerprint>,
    hosts: Vec<usize>,
}

impl Candidate<'_> {
    /// Whether rotations led from `other` to this ring.
    fn descends_from(&self, other: &Self) -> bool {
        let older = &other.ring.current;
        *older != self.ring.current && (*older == self.ring.previous || self.before.contains(older))
    }

    /// Whether one came from the other, or both, by two rotations at once, from a third.
    fn is_related(&self, other: &Self) -> bool {
        self.descends_from(other) || other.descends_from(self) || self.ring.current == other.ring.current
    }
}

/// The ring that all hosts should have; `None` where no host has one.
///
/// Rings of which one came from the other by rotations belong together, and the newest is chosen, however
/// many hosts have an older one. Of unrelated rings, the one that most hosts have is chosen, and of equally
/// many the one that a host got last.
pub(super) fn target(seen: &[Observation]) -> Option<Fingerprints> {
    let candidates = candidates(seen);
    let youngest = |hosts: &[usize]| hosts.iter().filter_map(|host| seen[*host].age).min().unwrap_or(u64::MAX);
    let family = families(&candidates).into_iter().max_by_key(|family| {
        let hosts: Vec<usize> = family.iter().flat_map(|candidate| candidate.hosts.clone()).collect();
        (hosts.len(), std::cmp::Reverse(youngest(&hosts)))
    })?;
    let newest: Vec<_> = family.iter().filter(|ring| !family.iter().any(|other| other.descends_from(ring))).collect();
    // A circle can only be made by hand.
    let newest = if newest.is_empty() { family.iter().collect() } else { newest };
    newest.into_iter().max_by_key(|candidate| candidate.hosts.len()).map(|candidate| candidate.ring.clone())
}

fn candidates(seen: &[Observation]) -> Vec<Candidate<'_>> {
    let mut candidates: BTreeMap<Fingerprints, Candidate<'_>> = BTreeMap::new();
    for (index, host) in seen.iter().enumerate() {
        let Some(ring) = host.ring() else { continue };
        let new = || Candidate { ring: ring.clone(), before: HashSet::new(), hosts: Vec::new() };
        let candidate = candidates.entry(ring.clone()).or_insert_with(new);
        candidate.before.extend(&host.history);
        candidate.hosts.push(index);
    }
    candidates.into_values().collect()
}

/// Rings grouped by how they are related.
fn families<'c, 'o>(candidates: &'c [Candidate<'o>]) -> Vec<Vec<&'c Candidate<'o>>> {
    let mut families: Vec<Vec<&Candidate<'_>>> = Vec::new();
    for candidate in candidates {
        let (related, mut others): (Vec<_>, Vec<_>) =
            families.into_iter().partition(|family| family.iter().any(|other| candidate.is_related(other)));
        let mut family: Vec<&Candidate<'_>> = related.concat();
        family.push(candidate);
        others.push(family);
        families = others;
    }
    families
}

#[cfg(test)]
mod tests;
