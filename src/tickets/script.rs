//! What runs on hosts: a POSIX shell script for each operation, and how its answer is read. Keys are
//! sent over standard input and received over standard output.

use std::time::Duration;

use zeroize::Zeroizing;

use super::key::{Fingerprint, Fingerprints, Ring};
use super::observation::{Observation, Seen};
use crate::rollout::{Outcome, QueryError, Unreachable, change, query, shell};
use crate::transport::{Host, HostText, Limits, Script};

/// Answers have some lines, and errors of nginx a few more.
const ANSWER: usize = 65_536;
/// For observing a host and reading its keys; includes waiting for the lock.
const LOOK: Limits = Limits::new(Duration::from_secs(40), ANSWER);
/// For a change: waiting for the lock, reading the configuration of nginx twice, reloading twice.
const CHANGE: Limits = Limits::new(Duration::from_secs(120), ANSWER);
/// How many seconds nginx has to replace its workers.
const PATIENCE: &str = "20";

/// How observing ends while another run changes the host.
const BUSY: i32 = 75;

const RING: &str = include_str!("scripts/ring.sh");
const OBSERVE: &[&str] = &[shell::LOCK, shell::NGINX, RING, include_str!("scripts/observe.sh")];
const READ: &[&str] = &[shell::LOCK, RING, include_str!("scripts/read.sh")];
const INSTALL: &[&str] = &[
    shell::RESULT,
    shell::KEPT,
    shell::LOCK,
    shell::SWAP,
    shell::TIME,
    shell::NGINX,
    RING,
    include_str!("scripts/install.sh"),
];

/// A ring that replaces another.
pub(super) struct Install {
    /// Whether the host moves the keys that it has by one place and only gets the next one.
    pub(super) advance: bool,
    pub(super) to: Fingerprints,
    /// What goes over standard input.
    pub(super) keys: Zeroizing<Vec<u8>>,
    pub(super) past: Past,
}

/// What is known about the keys of a ring that a host gets whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// For how many seconds the current key has been in use.
    pub(super) age: u64,
    /// How many seconds ago other hosts stopped encrypting with the previous key; `None` if no host ever did.
    pub(super) retired: Option<u64>,
    /// The keys that were current before the previous one.
    pub(super) history: Vec<Fingerprint>,
}

impl Past {
    /// The past of the ring that this host has.
    pub(super) fn of(seen: &Observation) -> Self {
        // A host that does not say since when may have been the last.
        let retired = Some(seen.retired.unwrap_or_default());
        Self { age: seen.age.unwrap_or_default(), retired, history: seen.history.clone() }
    }
}

/// The ring of a host.
pub(super) fn observe(host: &dyn Host) -> Result<Observation, QueryError> {
    let answer = query(host, &Script::new(OBSERVE), LOOK)?;
    Observation::read(host.name(), &String::from_utf8_lossy(&answer))
}

/// Whether another run was changing this host.
pub fn is_busy(host: &Unreachable) -> bool {
    matches!(host.error, QueryError::Failed { status: BUSY, .. })
}

/// The keys of a host, if they have these fingerprints.
pub(super) fn read(host: &dyn Host, wanted: &Fingerprints) -> Result<Ring, QueryError> {
    let answer = query(host, &Script::new(READ), LOOK)?;
    let ring = Ring::from_bytes(&answer).filter(|ring| ring.fingerprints() == *wanted);
    let problem = "they have changed since their fingerprints were read, by another run or by hand";
    ring.ok_or(QueryError::Answer { problem, text: HostText::default() })
}

/// Replaces the ring that was observed. The host completes this even if the run is interrupted.
pub(super) fn install(host: &dyn Host, seen: &Observation, install: &Install) -> Outcome {
    let how = if install.advance { "advance" } else { "whole" };
    let Past { age, retired, history } = &install.past;
    let (from, to, age) = (Seen(seen).to_string(), install.to.to_string(), age.to_string());
    let retired = retired.map_or_else(|| "never".to_owned(), |seconds| seconds.to_string());
    let history = history.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let arguments = [how, &from, &to, &age, &retired, &history, PATIENCE];
    let script = Script::new(INSTALL).arguments(&arguments).input(&install.keys).detached();
    change(host, &script, CHANGE)
}

#[cfg(test)]
#[path = "script/tests/kept.rs"]
mod kept;
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;

    use super::super::key::TicketKey;
    use super::*;
    use crate::transport::Local;

    /// A host that is a directory.
    struct Root {
        dir: TempDir,
        host: Local,
    }

    impl Root {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("srv1")).unwrap();
            let host = Local::below(dir.path(), "srv1").unwrap();
            Self { dir, host }
        }

        fn with(ring: &Ring) -> Self {
            let root = Self::new();
            assert_eq!(install(&root.host, &root.observed(), &whole(ring)), Outcome::Done);
            root
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join("srv1/etc/sslscale").join(name)
        }

        fn observed(&self) -> Observation {
            observe(&self.host).unwrap()
        }

        /// Rings, the lock, and what a run may have left.
        fn files(&self) -> Vec<String> {
            let names = fs::read_dir(self.path("tickets.d")).unwrap().chain(fs::read_dir(self.path("")).unwrap());
            let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn whole(ring: &Ring) -> Install {
        Install { advance: false, to: ring.fingerprints(), keys: ring.bytes(), past: Past::default() }
    }

    fn overtaken(outcome: &Outcome) {
        let summary = "its keys were changed after they were read, by another run or by hand";
        assert!(matches!(outcome, Outcome::Overtaken(reason) if reason.summary() == summary), "{outcome:?}");
    }

    fn refused(outcome: &Outcome, summary: &str) {
        assert!(matches!(outcome, Outcome::Untouched(reason) if reason.summary() == summary), "{outcome:?}");
    }

    #[test]
    fn a_ring_is_installed_moved_on_and_read_back() {
        let ring = Ring::generate().unwrap();
        let root = Root::with(&ring);
        assert_eq!(read(&root.host, &ring.fingerprints()).unwrap(), ring);
        let key = TicketKey::generate().unwrap();
        let to = ring.fingerprints().rotated(key.fingerprint());
        let keys = Zeroizing::new(key.bytes().to_vec());
        let advance = Install { advance: true, to: to.clone(), keys, past: Past::default() };
        let before = root.observed();
        assert!(before.retired.unwrap() > 1_000_000_000 && before.history.is_empty(), "{before:?}");
        assert_eq!(install(&root.host, &before, &advance), Outcome::Done);
        let seen = root.observed();
        assert!(seen.is_sound() && seen.ring() == Some(to.clone()) && seen.retired < Some(1_000_000), "{seen:?}");
        assert_eq!(seen.history, [ring.previous.fingerprint()]);
        // A host that gets the ring from another has its past, too.
        let other = Root::new();
        let past = Past { age: 90_000, retired: Some(80_000), history: seen.history.clone() };
        let keys = read(&root.host, &to).unwrap().bytes();
        let bring = Install { advance: false, to, keys, past };
        assert_eq!(install(&other.host, &Observation::default(), &bring), Outcome::Done);
        let brought = other.observed();
        assert!(brought.age >= Some(90_000) && brought.retired >= Some(80_000), "{brought:?}");
        assert_eq!(brought.history, seen.history);
        // One that had the ring before it has encrypted with the previous key until now.
        let behind = Root::with(&ring);
        assert_eq!(install(&behind.host, &behind.observed(), &bring), Outcome::Done);
        assert!(behind.observed().retired < Some(80_000) && behind.observed().age >= Some(90_000));
        // A repair changes nothing about that.
        assert_eq!(install(&behind.host, &behind.observed(), &bring), Outcome::Done);
        assert!(behind.observed().retired < Some(80_000));
        assert_eq!(install(&other.host, &other.observed(), &bring), Outcome::Done);
        assert!(other.observed().retired >= Some(80_000));
        assert_eq!(root.files().len(), 4, "{:?}", root.files());
        // The keys that were read before are not those that are there now.
        let gone = read(&root.host, &ring.fingerprints()).unwrap_err();
        assert!(gone.to_string().starts_with("they have changed since their fingerprints were read"), "{gone}");
    }

    #[test]
    fn a_host_that_has_changed_since_it_was_observed_is_left_as_it_is() {
        let (first, second, third) = (Ring::generate().unwrap(), Ring::generate().unwrap(), Ring::generate().unwrap());
        let root = Root::with(&first);
        let stale = root.observed();
        assert_eq!(install(&root.host, &stale, &whole(&second)), Outcome::Done);
        let files = root.files();
        let outcome = install(&root.host, &stale, &whole(&third));
        overtaken(&outcome);
        assert_eq!((root.observed().ring(), root.files()), (Some(second.fingerprints()), files));
        // Another run has done the same.
        assert_eq!(install(&root.host, &stale, &whole(&second)), Outcome::Done);
        fs::remove_file(root.path("tickets/loaded")).unwrap();
        overtaken(&install(&root.host, &stale, &whole(&second)));
    }

    // The live ring was deleted where the link was not spelled as a run spells it.
    #[test]
    fn a_ring_is_kept_whatever_the_link_to_it_looks_like() {
        let (ring, next, other) = (Ring::generate().unwrap(), Ring::generate().unwrap(), Ring::generate().unwrap());
        let spellings: [fn(&Path, &Path) -> PathBuf; 5] = [
            |_, target| Path::new(".").join(target),
            |_, target| target.join(""),
            |base, target| base.join(target),
            |_, target| Path::new("tickets.d/..").join(target),
            |base, target| {
                symlink(target, base.join("live")).unwrap();
                "live".into()
            },
        ];
        for spelling in spellings {
            let root = Root::with(&ring);
            let base = root.path("");
            let target = spelling(&base, &fs::read_link(root.path("tickets")).unwrap());
            fs::remove_file(root.path("tickets")).unwrap();
            symlink(&target, root.path("tickets")).unwrap();
            let seen = root.observed();
            assert_eq!(seen.ring(), Some(ring.fingerprints()), "{}", target.display());
            let mut stale = root.observed();
            stale.prints = [None, None, None];
            let outcome = install(&root.host, &stale, &whole(&other));
            overtaken(&outcome);
            assert_eq!(root.observed().ring(), Some(ring.fingerprints()), "{}", target.display());
            let short = Install { keys: Zeroizing::new(next.bytes()[..239].to_vec()), ..whole(&next) };
            refused(&install(&root.host, &seen, &short), "the new keys arrived incomplete");
            assert_eq!(root.observed().ring(), Some(ring.fingerprints()), "{}", target.display());
            assert_eq!(install(&root.host, &seen, &whole(&next)), Outcome::Done);
            let rings = fs::read_dir(root.path("tickets.d")).unwrap().map(|entry| entry.unwrap().path());
            assert_eq!(rings.filter(|path| path.is_dir()).count(), 1, "{}", target.display());
        }
    }

    #[test]
    fn only_rings_and_links_of_ours_are_removed() {
        let (ring, next) = (Ring::generate().unwrap(), Ring::generate().unwrap());
        let root = Root::with(&ring);
        let kept = root.dir.path().join("kept");
        fs::create_dir(&kept).unwrap();
        symlink(&kept, root.path("tickets.d/ring.link")).unwrap();
        fs::write(root.path("tickets.d/ring.notes"), "").unwrap();
        fs::create_dir(root.path(".tickets.d")).unwrap();
        fs::write(root.path(".tickets.old"), "").unwrap();
        fs::create_dir(root.path("tickets.d/ring.stale")).unwrap();
        symlink("tickets.d/ring.stale", root.path(".tickets.1")).unwrap();
        assert_eq!(install(&root.host, &root.observed(), &whole(&next)), Outcome::Done);
        let gone = ["tickets.d/ring.stale", ".tickets.1"].map(|name| root.path(name).symlink_metadata().is_err());
        let others = ["tickets.d/ring.link", "tickets.d/ring.notes", ".tickets.d", ".tickets.old"];
        assert_eq!(gone, [true; 2]);
        assert!(kept.is_dir() && others.iter().all(|name| root.path(name).symlink_metadata().is_ok()));
    }

    #[test]
    fn keys_that_do_not_arrive_as_they_were_sent_are_not_used() {
        let (ring, other) = (Ring::generate().unwrap(), Ring::generate().unwrap());
        let root = Root::with(&ring);
        let files = root.files();
        let short = Install { keys: Zeroizing::new(other.bytes()[..239].to_vec()), ..whole(&other) };
        let wrong = Install { keys: ring.bytes(), ..whole(&other) };
        for wrong in [short, wrong] {
            refused(&install(&root.host, &root.observed(), &wrong), "the new keys arrived incomplete");
            assert_eq!((root.observed().ring(), root.files()), (Some(ring.fingerprints()), files.clone()));
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_reported() {
        let root = Root::new();
        fs::create_dir(root.dir.path().join("srv1/etc")).unwrap();
        symlink("/dev/null", root.dir.path().join("srv1/etc/sslscale")).unwrap();
        let outcome = install(&root.host, &Observation::default(), &whole(&Ring::generate().unwrap()));
        let Outcome::Untouched(reason) = outcome else { panic!("{outcome:?}") };
        assert!(reason.summary().ends_with("/srv1/etc/sslscale cannot be written"), "{reason}");
        assert!(!reason.output().is_empty());
    }

    #[test]
    fn a_directory_instead_of_the_link_is_taken_over() {
        let ring = Ring::generate().unwrap();
        let root = Root::new();
        fs::create_dir_all(root.path("tickets")).unwrap();
        for (key, name) in ring.keys().iter().zip(super::super::layout::KEYS) {
            fs::write(root.path("tickets").join(name), key.bytes()).unwrap();
        }
        let seen = root.observed();
        assert!(seen.ring() == Some(ring.fingerprints()) && !seen.loaded, "{seen:?}");
        assert_eq!(install(&root.host, &seen, &whole(&ring)), Outcome::Done);
        assert!(root.path("tickets").is_symlink() && root.observed().is_sound());
        assert_eq!(root.files().len(), 4, "{:?}", root.files());
    }
}
