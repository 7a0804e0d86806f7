//! A fleet over weeks: a daily job that is early or late, app servers that are left out because they are down,
//! that return, and that lose their disk. The test knows nothing of the plan: only the files of the keys, the
//! exit codes, and how many lines there are on standard error.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use super::{HOSTS, fleet, ring, sslscale};
use crate::cases::{all_of, cases, first};
use crate::oracles::Numbers;
use crate::support::{Run, Sslscale};

const FLEETS: u32 = 6;
const DAYS: usize = 14;
const DAY: u64 = 24 * HOUR;
const HOUR: u64 = 3600;
/// How many seconds a job may be early or late: two of these are less than two hours.
const JITTER: usize = 3000;

type Key = Vec<u8>;
type Ring = [Key; 3];

struct Walk {
    run: Sslscale,
    numbers: Numbers,
    /// Hosts that serve no client and are left out.
    down: [bool; 3],
    /// The place of each key in the order in which keys encrypt.
    order: BTreeMap<Key, usize>,
    /// When tickets were last made with a key.
    tickets: BTreeMap<Key, u64>,
    now: u64,
    /// How many seconds after its time the last job ran.
    late: u64,
    /// Days since the current key became that, but for the first; if that is not known, many.
    skipped: usize,
    /// Whether hosts stopped encrypting with a key at the last job.
    retired: bool,
    /// What happened how often.
    seen: BTreeMap<&'static str, usize>,
}

impl Walk {
    fn new(number: u32) -> Self {
        Self {
            run: fleet(),
            numbers: Numbers::of(number),
            down: [false; 3],
            order: BTreeMap::new(),
            tickets: BTreeMap::new(),
            now: DAY,
            late: 0,
            skipped: 0,
            retired: false,
            seen: BTreeMap::new(),
        }
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.numbers.below(100) < percent
    }

    fn ring(&self, host: usize) -> Option<Ring> {
        sslscale(&self.run, HOSTS[host]).join("tickets").exists().then(|| ring(&self.run, HOSTS[host]))
    }

    fn up(&self) -> Vec<usize> {
        (0..3).filter(|host| !self.down[*host]).collect()
    }

    /// The place of a host's current key; a ring that is met for the first time is later than all others.
    fn place(&mut self, host: usize) -> Option<usize> {
        let [current, _, next] = self.ring(host)?;
        let new = self.order.values().max().map_or(0, |last| last + 100);
        let place = *self.order.entry(current).or_insert(new);
        self.order.entry(next).or_insert(place + 1);
        Some(place)
    }

    fn places(&mut self, hosts: &[usize]) -> Vec<usize> {
        hosts.iter().filter_map(|host| self.place(*host)).collect()
    }

    /// A command without the hosts that are down.
    fn tickets(&self, what: &str) -> Run {
        let mut words = vec!["tickets", what, "inventory.yaml", "--roots", "roots"];
        let down = (0..3).filter(|host| self.down[*host]);
        words.extend(down.flat_map(|host| ["--without", HOSTS[host]]));
        self.run.run_with(&words)
    }

    /// Time passes on all hosts.
    fn pass(&mut self, seconds: u64) {
        self.serve();
        self.now += seconds;
        for host in HOSTS {
            for key in ["current.key", "previous.key"] {
                let path = sslscale(&self.run, host).join("tickets").join(key);
                let Ok(file) = fs::File::options().write(true).open(path) else { continue };
                let time = file.metadata().unwrap().modified().unwrap();
                // The previous key of a new ring was never current.
                if time > SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000) {
                    file.set_modified(time - Duration::from_secs(seconds)).unwrap();
                }
            }
        }
        self.serve();
    }

    /// Every host that is up has the keys of all tickets that clients may have, and makes tickets.
    fn serve(&mut self) {
        let (now, up) = (self.now, self.up());
        self.tickets.retain(|_, made| now - *made < 22 * HOUR);
        let rings: Vec<Ring> = up.into_iter().filter_map(|host| self.ring(host)).collect();
        for ring in &rings {
            assert!(self.tickets.keys().all(|key| ring.contains(key)), "a ticket cannot be decrypted: {:?}", self.seen);
        }
        self.tickets.extend(rings.iter().map(|ring| (ring[0].clone(), now)));
    }

    /// Hosts go down, return, and lose their disk.
    fn change(&mut self) {
        let before = self.places(&[0, 1, 2]).into_iter().max();
        let all_return = self.chance(30);
        // One is left of the whole fleet.
        let last = self.chance(20).then(|| self.numbers.below(3));
        for (host, name) in HOSTS.iter().enumerate() {
            let fails = self.chance(15) || last.is_some_and(|last| host != last);
            self.down[host] = !all_return && (self.down[host] || fails);
            if self.chance(6) {
                let _ = fs::remove_dir_all(sslscale(&self.run, name));
            }
        }
        let (up, all) = (self.up(), self.places(&[0, 1, 2]).into_iter().max());
        if all != before {
            // The newest keys are lost: others are older.
            self.tickets.clear();
            self.skipped = 2;
        }
        // To rotate without any host that has the newest ring is a mistake.
        let newest = self.places(&up).into_iter().max();
        if up.is_empty() || newest.is_some() && newest != all {
            self.down = [false; 3];
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn files(&self, hosts: impl Iterator<Item = usize>) -> Vec<Option<Ring>> {
        hosts.map(|host| self.ring(host)).collect()
    }

    /// The job of one day.
    fn rotate(&mut self) {
        let (up, out) = (self.up(), self.down.into_iter().filter(|down| *down).count());
        let down: Vec<usize> = (0..3).filter(|host| self.down[*host]).collect();
        let (places, kept) = (self.places(&up), self.files(down.iter().copied()));
        let agree = places.len() == up.len() && places.iter().all(|place| *place == places[0]);
        if agree && self.skipped < 2 {
            let status = self.tickets("status");
            assert_eq!(status.status, 0, "after {:?}: {}", self.seen, status.all());
        }
        let done = self.tickets("rotate");
        let context = || format!("without {out}, places {places:?}, after {:?}: {}", self.seen, done.all());
        assert_eq!(self.files(down.iter().copied()), kept, "one that is left out was changed: {}", context());
        self.retired = !places.is_empty();
        let Some(newest) = places.iter().copied().max() else {
            if out == 0 {
                assert_eq!(done.status, 0, "{}", context());
                self.tickets.clear();
                self.skipped = 0;
                self.count("created");
            } else {
                assert_eq!(done.status, 3, "{}", context());
                let found = self.files(up.iter().copied()).iter().flatten().count();
                assert_eq!(found, 0, "a ring although one left out may have one: {}", context());
                self.skipped += 1;
                self.count("refused without a ring");
            }
            return;
        };
        // One that has missed a single rotation has encrypted with the previous key until now.
        let finishes = places.contains(&(newest.wrapping_sub(1)));
        let lines = usize::from(finishes) + usize::from(out > 0);
        assert_eq!((done.status, done.stderr.lines().count()), (0, lines), "{}", context());
        let expected = newest + usize::from(!finishes);
        let rings = self.files(up.iter().copied());
        assert!(rings.iter().all(|ring| *ring == rings[0]), "{}", context());
        let place = rings[0].as_ref().and_then(|ring| self.order.get(&ring[0]));
        assert_eq!(place, Some(&expected), "{}", context());
        self.skipped = if finishes { self.skipped + 1 } else { 0 };
        let old = places.iter().any(|place| place + 1 < newest);
        self.count(match (finishes, old) {
            (true, _) => "completed",
            (false, true) => "gave an old one the ring and rotated",
            (false, false) => "rotated",
        });
        let _ = self.places(&up);
        self.serve();
    }

    /// Somebody rotates again some hours later.
    fn again(&mut self) {
        let rings = self.files(0..3);
        let again = self.tickets("rotate");
        assert_eq!(again.status, 3, "{}", again.all());
        assert_eq!(self.files(0..3), rings, "{}", again.all());
        self.count("refused as too soon");
    }

    fn day(&mut self) {
        let late = u64::try_from(self.numbers.below(2 * JITTER)).unwrap();
        let mut seconds = DAY + late - self.late;
        self.late = late;
        if self.retired && self.chance(30) {
            let some = u64::try_from(self.numbers.below(20)).unwrap() * HOUR;
            self.pass(some);
            seconds -= some;
            self.again();
        }
        self.pass(seconds);
        self.change();
        self.rotate();
    }
}

#[test]
fn a_daily_job_rotates_whoever_is_down_and_loses_no_session() {
    let (count, mut seen) = (cases(FLEETS), BTreeMap::<&str, usize>::new());
    for number in first()..first() + count {
        let mut walk = Walk::new(number);
        (0..DAYS).for_each(|_| walk.day());
        walk.seen.into_iter().for_each(|(what, count)| *seen.entry(what).or_default() += count);
    }
    assert!(!all_of(FLEETS, count) || (seen.len() == 6 && seen.values().all(|count| *count > 1)), "{seen:?}");
}
