//! The plan, and a simulated fleet that follows it: hosts change in any order, runs are killed
//! anywhere, and no host ever meets a ticket that it cannot decrypt.

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

const ROTATE: Goal = Goal::Rotate { early: false };

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
    assert_eq!(plan(&fleet, ROTATE), Plan::Rotate(ring(5)));
}

#[test]
fn a_rotation_that_was_interrupted_is_finished_first() {
    // One host has changed, or all but one: the newer ring is chosen.
    for (new, donor) in [(vec![2], 2), (vec![0, 2], 0)] {
        let fleet: Vec<_> = (0..3).map(|index| with(&ring(5 + u32::from(new.contains(&index))))).collect();
        let old: Vec<usize> = (0..3).filter(|index| !new.contains(index)).collect();
        for goal in [Goal::Sync, ROTATE] {
            assert_eq!(plan(&fleet, goal), bring(6, donor, &old, true));
        }
    }
}

#[test]
fn a_ring_that_nginx_may_not_have_loaded_is_installed_again() {
    let unread = Observation { loaded: false, ..with(&ring(5)) };
    assert_eq!(plan(&[unread.clone(), with(&ring(5))], ROTATE), bring(5, 1, &[0], true));
    assert_eq!(plan(std::slice::from_ref(&unread), ROTATE), bring(5, 0, &[0], true));
}

#[test]
fn a_new_server_gets_what_the_others_have() {
    assert_eq!(plan(&[without(), with(&ring(5))], Goal::Sync), bring(5, 1, &[0], false));
    assert_eq!(plan(&[without(), with(&ring(5))], ROTATE), bring(5, 1, &[0], false));
    assert_eq!(plan(&[without(), without()], Goal::Sync), Plan::Create);
    assert_eq!(plan(&[without(), without()], ROTATE), Plan::Create);
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
    assert_eq!(plan(&fleet, ROTATE), bring(6, 1, &[0, 3], true));
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

#[test]
fn an_older_ring_is_known_by_its_history_however_many_hosts_have_it() {
    let history = |newest: u32| (1..=newest).rev().map(print).collect::<Vec<_>>();
    let newest = Observation { history: history(7), ..with(&ring(9)) };
    // All but one were away, for one, two or more rotations, and say that their keys are young.
    let old = |current| Observation { age: Some(1), history: history(current - 2), ..with(&ring(current)) };
    let fleet = [old(8), old(5), newest, old(5), old(7)];
    assert_eq!(plan(&fleet, Goal::Sync), bring(9, 2, &[0, 1, 3, 4], true));
    assert_eq!(missed(&fleet, &ring(9)), [Some(1), Some(4), None, Some(4), Some(2)]);
    // Only one that has missed a single rotation has encrypted with the key that the next one deletes.
    assert_eq!(plan(&fleet[1..], ROTATE), bring(9, 1, &[0, 2, 3], false));
    // Without a history, from an earlier version, most hosts decide.
    let fleet = [old(5), with(&ring(9)), old(5)].map(|host| Observation { history: Vec::new(), ..host });
    assert_eq!(target(&fleet), Some(ring(5)));
}

#[test]
fn rings_in_a_circle_are_still_rings() {
    let circle = [(5, 6), (6, 5)].map(|(current, previous)| {
        with(&Fingerprints { current: print(current), previous: print(previous), next: print(9) })
    });
    assert!(target(&circle).is_some());
}

#[test]
fn a_rotation_waits_until_the_tickets_of_the_previous_key_have_expired() {
    let retired = |seconds: Option<u64>| Observation { retired: seconds, ..with(&ring(5)) };
    let soon = |host, seconds| Plan::TooSoon { host, seconds };
    for (ages, expected) in [
        ([None, None], Plan::Rotate(ring(5))),
        // A daily job may be early: the last one was late, or daylight saving time began.
        ([Some(86_399), Some(86_401)], Plan::Rotate(ring(5))),
        ([Some(23 * 3600 - 60), None], Plan::Rotate(ring(5))),
        ([Some(22 * 3600), Some(22 * 3600)], Plan::Rotate(ring(5))),
        ([Some(100_000), Some(22 * 3600 - 1)], soon(1, 22 * 3600 - 1)),
        ([Some(0), Some(1)], soon(0, 0)),
    ] {
        let fleet = ages.map(retired);
        assert_eq!(plan(&fleet, ROTATE), expected, "{ages:?}");
        assert_eq!(plan(&fleet, Goal::Rotate { early: true }), Plan::Rotate(ring(5)));
        assert_eq!(plan(&fleet, Goal::Sync), Plan::Nothing);
    }
    // It is refused before other hosts are changed, but an interrupted one is finished.
    assert_eq!(plan(&[retired(Some(9)), without()], ROTATE), soon(0, 9));
    assert_eq!(plan(&[retired(Some(9)), with(&ring(4))], ROTATE), bring(5, 0, &[1], true));
    // The ring of a host that is to be replaced says nothing.
    let young = Observation { retired: Some(1), ..with(&ring(80)) };
    let fleet = [retired(Some(90_000)), young, retired(Some(90_000))];
    assert_eq!(plan(&fleet, ROTATE), bring(5, 0, &[1], false));
}

mod simulation;
