//! From what all hosts say to what is to be done, without any input or output. Every rule by which
//! no server meets a ticket that it cannot decrypt is here, and tested here.

use std::collections::BTreeMap;

use super::fleet::Goal;
use super::key::Fingerprints;
use super::observation::Observation;

/// What is to be done next; hosts are indices of the observations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: all hosts are as they should be.
    Nothing,
    /// No host has a ring: all get a new one.
    Create,
    /// Hosts get a ring that others have.
    Bring {
        /// Which.
        ring: Fingerprints,
        /// A host to read it from.
        donor: usize,
        /// Who gets it.
        hosts: Vec<usize>,
        /// Whether that is the rest of a rotation that did not come to its end.
        finishes: bool,
    },
    /// All hosts have this ring: they go on to the one after it.
    Rotate(Fingerprints),
}

/// What is to be done, given what every host of the fleet says.
///
/// A rotation starts only from agreement: its hosts then have either ring, of which each has the
/// key that the other encrypts with. It is also the only time at which the key before the last
/// may go: nobody has encrypted with it since the last rotation was complete.
pub fn plan(seen: &[Observation], goal: Goal) -> Plan {
    let Some(ring) = target(seen) else { return Plan::Create };
    let has = |host: &Observation| host.ring().as_ref() == Some(&ring);
    let right = |host: &Observation| has(host) && host.is_sound();
    let hosts: Vec<usize> = (0..seen.len()).filter(|index| !right(&seen[*index])).collect();
    if hosts.is_empty() {
        return if goal == Goal::Rotate { Plan::Rotate(ring) } else { Plan::Nothing };
    }
    let donor = (0..seen.len()).find(|index| right(&seen[*index]));
    let donor = donor.or_else(|| seen.iter().position(has)).unwrap_or_default();
    let behind = |host: &Observation| host.ring().is_some_and(|own| ring.follows(&own));
    let finishes = seen.iter().any(|host| behind(host) || (has(host) && !host.loaded));
    Plan::Bring { ring, donor, hosts, finishes }
}

/// The ring that all hosts should have; `None` where no host has one.
///
/// Rings of one rotation belong together, and the newer one is the one to have: whoever has the
/// older can decrypt what it encrypts. Of rings that have nothing to do with each other, most
/// hosts are right, and among equals whoever changed last.
pub fn target(seen: &[Observation]) -> Option<Fingerprints> {
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

/// Rings by rotation: each with those before and after it, and with those that differ only in a
/// next key, as two rotations at once would leave them.
fn families<'r>(rings: &[&'r Fingerprints]) -> Vec<Vec<&'r Fingerprints>> {
    let kin = |a: &Fingerprints, b: &Fingerprints| a.follows(b) || b.follows(a) || a.current == b.current;
    let mut families: Vec<Vec<&Fingerprints>> = Vec::new();
    for ring in rings {
        let (own, mut others): (Vec<_>, Vec<_>) =
            families.into_iter().partition(|family| family.iter().any(|other| kin(ring, other)));
        let mut own: Vec<&Fingerprints> = own.concat();
        own.push(ring);
        others.push(own);
        families = others;
    }
    families
}

#[cfg(test)]
mod tests;
