//! A simulated fleet that follows the plan: hosts change in any order, are left out and return, and runs
//! are killed anywhere.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3600;
/// How long a ticket has to be good for. A daily job may come up to two hours early.
const LIFETIME: u64 = 22 * HOUR;

/// Hosts with their rings, on disk and in the memory of nginx.
struct Fleet {
    disk: Vec<Fingerprints>,
    memory: Vec<Fingerprints>,
    history: Vec<Vec<Fingerprint>>,
    loaded: Vec<bool>,
    /// The second in which each host stopped encrypting with its previous key.
    retired: Vec<u64>,
    now: u64,
    keys: u32,
    /// The key of each ticket that a client may still have, and the second in which the last one was made.
    tickets: BTreeMap<Fingerprint, u64>,
    /// Hosts that serve no client.
    down: BTreeSet<usize>,
}

/// One run: the seconds since the one before, the order of the hosts, how many change before it is killed, and
/// whether nginx reads the last ring before that.
#[derive(Debug, Clone)]
struct Run {
    seconds: u64,
    seed: u64,
    end: usize,
    read: bool,
}

impl Fleet {
    fn new(hosts: usize) -> Self {
        let rings = vec![ring(5); hosts];
        Self {
            disk: rings.clone(),
            memory: rings,
            history: vec![Vec::new(); hosts],
            loaded: vec![true; hosts],
            retired: vec![0; hosts],
            now: 100 * HOUR,
            keys: 6,
            tickets: BTreeMap::new(),
            down: BTreeSet::new(),
        }
    }

    fn seen(&self, hosts: &[usize]) -> Vec<Observation> {
        let seen = |host: &usize| Observation {
            loaded: self.loaded[*host],
            history: self.history[*host].clone(),
            retired: Some(self.now - self.retired[*host]),
            // Clocks are wrong in every way.
            age: [None, Some(0), Some(1 << 40)][host % 3],
            ..with(&self.disk[*host])
        };
        hosts.iter().map(seen).collect()
    }

    fn up(&self) -> Vec<usize> {
        (0..self.disk.len()).filter(|host| !self.down.contains(host)).collect()
    }

    /// Every host that is up encrypts, and gets every ticket that has not expired.
    fn serve(&mut self) {
        let now = self.now;
        self.tickets.retain(|_, made| now - *made < LIFETIME);
        for host in self.up() {
            self.tickets.insert(self.memory[host].current.clone(), now);
        }
        for host in self.up() {
            let ring = &self.memory[host];
            let keys = [&ring.current, &ring.previous, &ring.next];
            let lost: Vec<_> = self.tickets.keys().filter(|ticket| !keys.contains(ticket)).collect();
            assert!(lost.is_empty(), "host {host} with {ring} cannot decrypt {lost:?}");
        }
    }

    /// Changes hosts in this order; the run is killed before it has changed `end` of them, on the
    /// last one between the rename and what follows it.
    fn change(&mut self, order: &[usize], to: &Fingerprints, donor: Option<usize>, run: &Run) {
        for (count, host) in order.iter().enumerate() {
            if count > run.end {
                return;
            }
            let old = std::mem::replace(&mut self.disk[*host], to.clone());
            if let Some(donor) = donor {
                self.history[*host] = self.history[donor].clone();
            } else {
                self.history[*host].insert(0, old.previous.clone());
            }
            self.retire(*host, &old, to, donor);
            self.loaded[*host] = false;
            if count < run.end || run.read {
                self.memory[*host] = to.clone();
            }
            self.loaded[*host] = count < run.end;
            self.serve();
        }
    }

    /// Notes when a host stops encrypting with the previous key of its new ring.
    fn retire(&mut self, host: usize, old: &Fingerprints, to: &Fingerprints, donor: Option<usize>) {
        if old.current == to.previous || (old == to && !self.loaded[host]) {
            self.retired[host] = self.now;
        } else if old != to {
            self.retired[host] = donor.map_or(self.now, |donor| self.retired[donor]);
        }
    }

    /// One run of `rotate` without the hosts that are down, and its plan.
    fn rotate(&mut self, run: &Run) -> Plan {
        let hosts = self.up();
        let mut order: Vec<usize> = (0..hosts.len()).collect();
        order.sort_by_key(|host| (*host as u64 + 1).wrapping_mul(run.seed | 1) >> 7);
        let plan = plan(&self.seen(&hosts), ROTATE);
        match plan.clone() {
            Plan::Rotate(from) => {
                self.keys += 1;
                let order: Vec<usize> = order.iter().map(|index| hosts[*index]).collect();
                self.change(&order, &from.rotated(print(self.keys)), None, run);
            }
            Plan::Bring { ring, donor, hosts: chosen, .. } => {
                let order = order.iter().filter(|index| chosen.contains(index)).map(|index| hosts[*index]);
                self.change(&order.collect::<Vec<_>>(), &ring, Some(hosts[donor]), run);
            }
            Plan::TooSoon { .. } => {}
            other => panic!("{other:?}"),
        }
        self.serve();
        plan
    }

    /// Hosts return, and get the ring of the others before they serve clients.
    fn repair(&mut self, hosts: usize) {
        let up = self.up();
        let newest = target(&self.seen(&up)).unwrap();
        self.down.clear();
        let all: Vec<usize> = (0..hosts).collect();
        let plan = plan(&self.seen(&all), Goal::Sync);
        // No host that was away gives its ring to the others.
        assert_eq!(target(&self.seen(&all)), Some(newest.clone()), "{plan:?}");
        if let Plan::Bring { ring, donor, hosts: chosen, .. } = plan {
            assert_eq!(ring, newest);
            for host in chosen {
                let old = std::mem::replace(&mut self.disk[host], ring.clone());
                self.retire(host, &old, &ring, Some(donor));
                self.history[host] = self.history[donor].clone();
                (self.memory[host], self.loaded[host]) = (ring.clone(), true);
            }
        }
        self.serve();
    }
}

fn runs() -> impl Strategy<Value = Vec<(Run, Option<BTreeSet<usize>>)>> {
    let run = (0..50 * HOUR, any::<u64>(), 0_usize..9, any::<bool>());
    let run = run.prop_map(|(seconds, seed, end, read)| Run { seconds, seed, end, read });
    let down = prop::option::weighted(0.2, prop::collection::btree_set(0_usize..7, 0..6));
    prop::collection::vec((run, down), 1..40)
}

/// A daily job: how late each run is, and what else is random in it.
fn daily() -> impl Strategy<Value = Vec<Run>> {
    let run = (0..2 * HOUR, any::<u64>(), 0_usize..20, any::<bool>());
    let run = run.prop_map(|(late, seed, end, read)| Run { seconds: late, seed, end, read });
    prop::collection::vec(run, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_ticket_is_decrypted_wherever_runs_end_and_whoever_is_away(hosts in 1_usize..7, runs in runs()) {
        let mut fleet = Fleet::new(hosts);
        for (run, down) in runs {
            fleet.now += run.seconds;
            if let Some(down) = down {
                fleet.repair(hosts);
                fleet.down = down.into_iter().filter(|host| *host < hosts - 1).collect();
                // A rotation that is not complete may not be left behind, nor the host that encrypted last with
                // the previous key: those that stay do not know when that was.
                let agree = fleet.disk.iter().all(|ring| *ring == fleet.disk[0]);
                let last = fleet.up().into_iter().map(|host| fleet.retired[host]).max();
                if !agree || fleet.retired.iter().max().copied() != last {
                    fleet.down.clear();
                }
            }
            fleet.rotate(&run);
        }
        fleet.repair(hosts);
        prop_assert!(fleet.disk.iter().all(|ring| *ring == fleet.disk[0]));
        prop_assert_eq!(plan(&fleet.seen(&(0..hosts).collect::<Vec<_>>()), Goal::Sync), Plan::Nothing);
    }

    #[test]
    fn a_daily_job_is_never_too_soon_and_skips_a_day_only_to_complete_a_run(hosts in 1_usize..7, runs in daily()) {
        let mut fleet = Fleet::new(hosts);
        let (mut late, mut complete) = (0, true);
        for run in runs {
            // Two runs may be up to two hours less or more than a day apart.
            let apart = 24 * HOUR + run.seconds - late;
            fleet.now += apart;
            match fleet.rotate(&run) {
                Plan::Rotate(_) => {}
                Plan::Bring { finishes: true, .. } => prop_assert!(!complete, "{apart} s after a complete run"),
                other => prop_assert!(false, "{apart} s after the last run: {other:?}"),
            }
            (late, complete) = (run.seconds, run.end >= hosts);
        }
    }
}

#[test]
#[should_panic(expected = "cannot decrypt")]
fn a_key_that_was_never_next_is_caught() {
    let mut fleet = Fleet::new(3);
    let naive = Fingerprints { current: print(99), previous: print(5), next: print(98) };
    fleet.change(&[0, 1, 2], &naive, None, &Run { seconds: 0, seed: 0, end: 3, read: true });
}

#[test]
#[should_panic(expected = "cannot decrypt")]
fn a_second_rotation_in_the_same_hour_is_caught() {
    let mut fleet = Fleet::new(2);
    fleet.serve();
    let run = Run { seconds: 0, seed: 0, end: 2, read: true };
    fleet.change(&[0, 1], &ring(6), None, &run);
    fleet.change(&[0, 1], &ring(7), None, &run);
}
