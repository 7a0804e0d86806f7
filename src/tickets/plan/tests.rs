//! The plan, and a simulated fleet that follows it: hosts change in any order, runs are killed
//! anywhere, and no host ever meets a ticket that it cannot decrypt.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::tickets::{Fault, Fingerprint};

fn print(number: u32) -> Fingerprint {
    Fingerprint(format!("{number:016x}"))
}

/// The ring whose current key has this number, in a fleet that has rotated since 0.
fn ring(current: u32) -> Fingerprints {
    Fingerprints { current: print(current), previous: print(current - 1), next: print(current + 1) }
}

fn with(ring: &Fingerprints) -> Observation {
    Observation {
        prints: [&ring.current, &ring.previous, &ring.next].map(|print| Some(print.clone())),
        age: Some(60),
        loaded: true,
        ..Observation::default()
    }
}

fn without() -> Observation {
    Observation::default()
}

fn bring(current: u32, donor: usize, hosts: &[usize], finishes: bool) -> Plan {
    Plan::Bring { ring: ring(current), donor, hosts: hosts.to_vec(), finishes }
}

#[test]
fn a_rotation_starts_from_agreement() {
    let fleet = [with(&ring(5)), with(&ring(5)), with(&ring(5))];
    assert_eq!(plan(&fleet, Goal::Sync), Plan::Nothing);
    assert_eq!(plan(&fleet, Goal::Rotate), Plan::Rotate(ring(5)));
}

#[test]
fn a_rotation_that_was_interrupted_is_finished_first() {
    // One host has changed, or all but one: the newer ring is chosen.
    for (new, donor) in [(vec![2], 2), (vec![0, 2], 0)] {
        let fleet: Vec<_> = (0..3).map(|index| with(&ring(5 + u32::from(new.contains(&index))))).collect();
        let old: Vec<usize> = (0..3).filter(|index| !new.contains(index)).collect();
        for goal in [Goal::Sync, Goal::Rotate] {
            assert_eq!(plan(&fleet, goal), bring(6, donor, &old, true));
        }
    }
}

#[test]
fn a_ring_that_nginx_may_not_have_loaded_is_installed_again() {
    let unread = Observation { loaded: false, ..with(&ring(5)) };
    assert_eq!(plan(&[unread.clone(), with(&ring(5))], Goal::Rotate), bring(5, 1, &[0], true));
    assert_eq!(plan(std::slice::from_ref(&unread), Goal::Rotate), bring(5, 0, &[0], true));
}

#[test]
fn a_new_server_gets_what_the_others_have() {
    assert_eq!(plan(&[without(), with(&ring(5))], Goal::Sync), bring(5, 1, &[0], false));
    assert_eq!(plan(&[without(), with(&ring(5))], Goal::Rotate), bring(5, 1, &[0], false));
    assert_eq!(plan(&[without(), without()], Goal::Sync), Plan::Create);
    assert_eq!(plan(&[without(), without()], Goal::Rotate), Plan::Create);
    let exposed = Observation { faults: vec![Fault::Mode { key: Some("current"), mode: 0o644 }], ..with(&ring(5)) };
    assert_eq!(plan(&[exposed, with(&ring(5))], Goal::Sync), bring(5, 1, &[0], false));
}

#[test]
fn the_ring_of_most_hosts_replaces_a_foreign_one() {
    let foreign = Fingerprints { current: print(90), previous: print(91), next: print(92) };
    // Hosts of one rotation count together.
    let fleet = [with(&foreign), with(&ring(5)), with(&foreign), with(&ring(6)), with(&ring(5))];
    assert_eq!(plan(&fleet, Goal::Sync), bring(6, 3, &[0, 1, 2, 4], true));
    // Of equally many, the one that a host got last.
    let young = Observation { age: Some(3), ..with(&foreign) };
    assert_eq!(target(&[with(&ring(5)), young.clone()]), Some(foreign.clone()));
    assert_eq!(target(&[young, with(&ring(5))]), Some(foreign));
}

#[test]
fn two_rotations_at_once_differ_in_a_key_that_no_host_uses_yet() {
    let other = Fingerprints { next: print(70), ..ring(6) };
    let fleet = [with(&other), with(&ring(6)), with(&ring(6)), with(&ring(5))];
    assert_eq!(plan(&fleet, Goal::Rotate), bring(6, 1, &[0, 3], true));
}

#[test]
fn two_rotations_at_once_count_together_even_where_nothing_else_relates_them() {
    // No host has the ring before: only the current key shows that both came from it.
    let other = Fingerprints { next: print(70), ..ring(6) };
    let foreign = Fingerprints { current: print(90), previous: print(91), next: print(92) };
    let young = Observation { age: Some(3), ..with(&foreign) };
    let fleet = [young.clone(), with(&ring(6)), with(&other), with(&ring(6)), young];
    assert_eq!(target(&fleet), Some(ring(6)));
}

#[test]
fn rings_of_one_rotation_belong_together_in_whichever_order_they_sort() {
    for (older, newer) in [(5_u32, 6_u32), (80, 7)] {
        let old = Fingerprints { current: print(older), previous: print(1), next: print(newer) };
        let new = old.rotated(print(99));
        let foreign = Fingerprints { current: print(50), previous: print(51), next: print(52) };
        let young = Observation { age: Some(3), ..with(&foreign) };
        // Apart they are one host each, and the foreign ring has two.
        let fleet = [with(&old), young.clone(), with(&new), young, with(&old)];
        assert_eq!(target(&fleet), Some(new.clone()));
        assert_eq!(target(&[with(&new), with(&old), with(&old)]), Some(new));
    }
}

#[test]
fn a_chain_of_rotations_is_one_family_and_its_end_is_chosen() {
    // The ring in the middle joins two groups that were apart until then.
    let fleet = [with(&ring(5)), with(&ring(7)), with(&ring(6)), with(&ring(5))];
    assert_eq!(target(&fleet), Some(ring(7)));
    assert_eq!(target(&[]), None);
    assert_eq!(target(&[without()]), None);
}

#[test]
fn a_ring_of_unknown_age_counts_as_oldest() {
    let foreign = Fingerprints { current: print(90), previous: print(91), next: print(92) };
    let ageless = Observation { age: None, ..with(&ring(5)) };
    let old = Observation { age: Some(1_000_000), ..with(&foreign) };
    for fleet in [[ageless.clone(), old.clone()], [old, ageless]] {
        assert_eq!(target(&fleet), Some(foreign.clone()));
    }
}

/// Hosts with their rings, on disk and in the memory of nginx.
struct Fleet {
    disk: Vec<Fingerprints>,
    memory: Vec<Fingerprints>,
    loaded: Vec<bool>,
    keys: u32,
    /// The keys of tickets that are still valid: those used since the last rotation but one.
    tickets: BTreeSet<Fingerprint>,
}

impl Fleet {
    fn new(hosts: usize) -> Self {
        let rings = vec![ring(5); hosts];
        Self { disk: rings.clone(), memory: rings, loaded: vec![true; hosts], keys: 6, tickets: BTreeSet::new() }
    }

    fn seen(&self) -> Vec<Observation> {
        let seen = |(ring, loaded): (&Fingerprints, &bool)| Observation { loaded: *loaded, ..with(ring) };
        self.disk.iter().zip(&self.loaded).map(seen).collect()
    }

    /// Every host encrypts, and every host gets every ticket.
    fn serve(&mut self) {
        self.tickets.extend(self.memory.iter().map(|ring| ring.current.clone()));
        for (host, ring) in self.memory.iter().enumerate() {
            let keys = [&ring.current, &ring.previous, &ring.next];
            let lost: Vec<_> = self.tickets.iter().filter(|ticket| !keys.contains(ticket)).collect();
            assert!(lost.is_empty(), "host {host} with {ring} cannot decrypt {lost:?}");
        }
    }

    /// Changes hosts in this order; the run is killed before it has changed `end` of them, on the
    /// last one between the rename and what follows it.
    fn change(&mut self, order: &[usize], to: &Fingerprints, end: usize, read: bool) {
        for (count, host) in order.iter().enumerate() {
            if count > end {
                return;
            }
            self.disk[*host] = to.clone();
            self.loaded[*host] = false;
            if count < end || read {
                self.memory[*host] = to.clone();
            }
            self.loaded[*host] = count < end;
            self.serve();
        }
    }

    /// One run of `rotate`, killed before it has changed `end` hosts.
    fn rotate(&mut self, order: &[usize], end: usize, read: bool) {
        match plan(&self.seen(), Goal::Rotate) {
            Plan::Rotate(from) => {
                // Tickets of the key that is now removed are older than a whole rotation.
                self.tickets.remove(&from.previous);
                self.keys += 1;
                self.change(order, &from.rotated(print(self.keys)), end, read);
            }
            Plan::Bring { ring, hosts, .. } => {
                let order: Vec<usize> = order.iter().copied().filter(|host| hosts.contains(host)).collect();
                self.change(&order, &ring, end, read);
            }
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_ticket_is_decrypted_wherever_runs_end(
        hosts in 1_usize..7,
        runs in prop::collection::vec((any::<u64>(), 0_usize..9, any::<bool>()), 1..40),
    ) {
        let mut fleet = Fleet::new(hosts);
        for (seed, end, read) in runs {
            let mut order: Vec<usize> = (0..hosts).collect();
            order.sort_by_key(|host| (*host as u64 + 1).wrapping_mul(seed | 1) >> 7);
            fleet.rotate(&order, end, read);
        }
        // A run that is not killed ends in agreement.
        fleet.rotate(&(0..hosts).collect::<Vec<_>>(), hosts, true);
        prop_assert!(fleet.disk.iter().all(|ring| *ring == fleet.disk[0]));
        prop_assert_eq!(plan(&fleet.seen(), Goal::Sync), Plan::Nothing);
    }
}

#[test]
#[should_panic(expected = "cannot decrypt")]
fn a_key_that_was_never_next_is_caught() {
    let mut fleet = Fleet::new(3);
    let naive = Fingerprints { current: print(99), previous: print(5), next: print(98) };
    fleet.change(&[0, 1, 2], &naive, 3, true);
}
