//! The steps of a change on one host, each a script with a result. The host keeps a lease for one deploy at a time;
//! what changes it has an undo armed before, and stays only if it is confirmed.

use std::time::Duration;

use super::observation::{FileKind, Observation};
use super::plan::{Action, Change, ChangeKind, Role};
use super::revision;
use super::script::STATE;
use crate::rollout::{Outcome, Reason, change, shell};
use crate::transport::{Host, Limits, Script};

const LEASE: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/lease.sh")];
const PREPARE: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/prepare.sh")];
const STAGE: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/stage.sh")];
const VALIDATE: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/validate.sh")];
const APPLY: &[&str] =
    &[shell::RESULT, shell::TIME, shell::KEPT, STATE, shell::HAPROXY, shell::NGINX, include_str!("scripts/apply.sh")];
const CONFIRM: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/confirm.sh")];
const REVERT: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/revert.sh")];
const COMMIT: &[&str] = &[shell::RESULT, shell::TIME, shell::KEPT, STATE, include_str!("scripts/commit.sh")];
const UNDO: &str = include_str!("scripts/undo.sh");
const UNDO_SERVICE: &str = include_str!("scripts/undo.service");

/// A result, and a few lines of what a program wrote.
const ANSWER: usize = 64 * 1024;
/// Waiting for a lock, and some writes.
const SHORT: Limits = Limits::new(Duration::from_secs(60), ANSWER);
/// Sending files.
const SENDING: Limits = Limits::new(Duration::from_secs(300), ANSWER);
/// A drain, a reload or a restart, and undoing it.
const CHANGING: Limits = Limits::new(Duration::from_secs(240), ANSWER);

/// How many seconds servers that go may take to finish their connections.
const DRAIN: u64 = 30;
/// How many seconds a host may take to replace its files and to see its program run them. What is left then is undone.
const CHANGE: u64 = 35;
/// How many seconds a question to a program, or a look at it, may last beyond that.
const OVERRUN: u64 = 15;
/// How long a changed host may be probed.
pub const PROBING: Duration = Duration::from_secs(25);
/// Writing down that a host keeps a change.
const CONFIRMING: Limits = Limits::new(Duration::from_secs(25), ANSWER);
/// How many seconds a host waits for the confirmation of a change before it undoes it; 30 seconds longer where
/// there is something to drain. All that comes before the confirmation has its limit, and together they are shorter.
pub const WINDOW: u64 = 120;
const _: () = {
    let change = CHANGE + OVERRUN;
    assert!(change + revision::PATIENCE.as_secs() + PROBING.as_secs() + CONFIRMING.time.as_secs() < WINDOW);
};
/// How many releases a host keeps.
pub(super) const KEEP: usize = 5;

/// A deploy, as hosts know it.
#[derive(Debug, Clone)]
pub struct Lease {
    /// What tells it from others.
    pub id: String,
    /// Who runs it, and where, for people.
    pub holder: String,
}

impl Lease {
    /// Takes a host. With `force`, also from another deploy, whose unconfirmed change is undone.
    pub fn take(&self, host: &dyn Host, force: bool) -> Outcome {
        let what = if force { "force" } else { "take" };
        run(host, LEASE, &[what, &self.id, &self.holder], b"", SHORT)
    }

    /// Gives a host back.
    pub fn release(&self, host: &dyn Host) -> Outcome {
        run(host, LEASE, &["release", &self.id], b"", SHORT)
    }

    /// Puts on a host what undoes changes there. `unended` is a release that it has by a deploy that never ended, and
    /// that is to be one of its own.
    pub fn prepare(&self, host: &dyn Host, unended: Option<&str>) -> Outcome {
        let input = format!("{}\n{UNDO}{UNDO_SERVICE}", UNDO.len());
        let unended = unended.map(|release| [release, &self.holder]);
        let arguments: Vec<&str> = [&*self.id].into_iter().chain(unended.into_iter().flatten()).collect();
        run(host, PREPARE, &arguments, input.as_bytes(), SHORT)
    }

    /// Stores a release, whose files come as [`super::HostRelease::stream`] writes them, some of them from another
    /// release that the host keeps.
    pub fn stage(&self, host: &dyn Host, (release, from): (&str, &str), stream: &[u8]) -> Outcome {
        run(host, STAGE, &[&self.id, release, from], stream, SENDING)
    }

    /// Makes a host use a release that is stored there. It goes back by itself unless `nonce` is confirmed.
    pub fn apply(&self, host: &dyn Host, nonce: &str, to: &Applied<'_>) -> Outcome {
        let actions = to.actions.iter().filter_map(|action| match action {
            Action::DaemonReload => Some("units"),
            Action::Reload => Some("reload"),
            Action::Restart => Some("restart"),
            Action::Start => Some("start"),
            Action::Record => None,
        });
        let [window, drain, change] = [WINDOW, DRAIN, CHANGE].map(|seconds| seconds.to_string());
        let first = [&*self.id, nonce, to.release, to.role.program(), &window, &drain, &change];
        let arguments: Vec<&str> = first.into_iter().chain(actions).collect();
        match run(host, APPLY, &arguments, to.expected().as_bytes(), CHANGING) {
            Outcome::Undone(reason) if reason.to_string().contains("FD limit") => Outcome::Undone(reason.with_help(
                "allow haproxy more file descriptors on the host, such as by the limit of its container, or lower \
                 `haproxy.maxconn`",
            )),
            Outcome::Undone(reason) if is_port_taken(&reason) => Outcome::Undone(
                reason.with_help("another program of the host has that port: `ss -ltnp` on the host shows which one"),
            ),
            outcome => outcome,
        }
    }

    /// Lets a host keep a change.
    pub fn confirm(&self, host: &dyn Host, nonce: &str) -> Outcome {
        run(host, CONFIRM, &[&self.id, nonce], b"", CONFIRMING)
    }

    /// Undoes a change, confirmed or not.
    pub fn revert(&self, host: &dyn Host, nonce: &str) -> Outcome {
        run(host, REVERT, &[&self.id, nonce], b"", CHANGING)
    }

    /// Ends a deploy on a host, and gives it back.
    pub fn commit(&self, host: &dyn Host, release: &str) -> Outcome {
        run(host, COMMIT, &[&self.id, release, &KEEP.to_string(), &self.holder], b"", SHORT)
    }
}

/// Whether a program did not start because another one listens where it would.
fn is_port_taken(reason: &Reason) -> bool {
    let text = reason.to_string();
    let says = |words: &[&str]| words.iter().any(|it| text.contains(it));
    says(&["did not start", "does not run the new configuration"])
        && says(&["Address already in use", "(98:", "cannot bind"])
}

/// Gives a host back, whoever has it; a change that was never confirmed is undone.
pub fn unlock(host: &dyn Host) -> Outcome {
    run(host, LEASE, &["release", "*"], b"", CHANGING)
}

/// Lets the program of a host check a release that is stored there.
pub fn validate(host: &dyn Host, role: Role, release: &str) -> Outcome {
    let outcome = run(host, VALIDATE, &[release, role.program()], b"", SENDING);
    match outcome {
        Outcome::Untouched(reason) if reason.summary().ends_with(" refuses the files") => {
            Outcome::Untouched(reason.with_help(
                "correct what is named above: in the inventory or its templates if that is rendered, else on the host",
            ))
        }
        outcome => outcome,
    }
}

/// What a host is to use, and how it was when that was planned.
#[derive(Debug)]
pub struct Applied<'a> {
    /// The release.
    pub release: &'a str,
    /// What the host is.
    pub role: Role,
    /// The files that change.
    pub changes: &'a [Change],
    /// What makes the program use them.
    pub actions: &'a [Action],
    /// What the host told before anybody agreed to the change.
    pub agreed: &'a Observation,
}

impl Applied<'_> {
    /// The files in the order in which they change.
    fn expected(&self) -> String {
        let mut changes: Vec<&Change> = self.changes.iter().collect();
        changes.sort_by_key(|change| Turn::of(change));
        let line = |change: &&Change| {
            let now = match self.agreed.files.get(&change.path) {
                Some(FileKind::Regular(found)) => &*found.sha256,
                _ => "absent",
            };
            let last = if Turn::of(change) == Turn::Last { " last" } else { "" };
            format!("{now} {}{last}\n", change.path)
        };
        changes.iter().map(line).collect()
    }
}

/// When a file changes: what another names is there before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// What others name.
    First,
    /// What programs and systemd read by themselves.
    Main,
    /// What nothing names any more, once the program has read its files again.
    Last,
}

impl Turn {
    fn of(change: &Change) -> Self {
        let path = &change.path;
        let folders = ["/etc/nginx/conf.d/", "/etc/nginx/modules-enabled/", "/etc/systemd/"];
        if path == "/etc/haproxy/haproxy.cfg" || folders.iter().any(|folder| path.starts_with(folder)) {
            Self::Main
        } else if matches!(change.kind, ChangeKind::Remove | ChangeKind::Discard) {
            Self::Last
        } else {
            Self::First
        }
    }
}

fn run(host: &dyn Host, parts: &[&str], arguments: &[&str], input: &[u8], limits: Limits) -> Outcome {
    change(host, &Script::new(parts).arguments(arguments).input(input).detached(), limits)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    use super::*;
    use crate::transport::Local;

    #[test]
    fn a_deploy_that_loses_its_host_in_the_middle_of_a_change_is_told_so() {
        for unlocks in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let state = dir.path().join("srv1/var/lib/sslscale");
            fs::create_dir_all(&state).unwrap();
            let host = Local::below(dir.path(), "srv1").unwrap();
            let [first, second] = ["1", "2"].map(|id| Lease { id: id.to_owned(), holder: "root@ops".to_owned() });
            assert_eq!(first.take(&host, false), Outcome::Done);
            fs::create_dir_all(state.join("backup/7")).unwrap();
            fs::write(state.join("backup/7/list"), "").unwrap();
            fs::write(state.join("pending"), "7").unwrap();
            // The real one would do this with its reload of a program, and that takes a moment.
            let slow = ": >\"$SSLSCALE_ROOT/var/lib/sslscale/undone.$1\"; : >\"$SSLSCALE_ROOT/begun\"
                while [ ! -e \"$SSLSCALE_ROOT/go\" ]; do sleep 0.01; done; rm \"$SSLSCALE_ROOT/var/lib/sslscale/pending\"";
            fs::write(state.join("undo.sh"), slow).unwrap();
            thread::scope(|scope| {
                let taking = scope.spawn(|| if unlocks { unlock(&host) } else { second.take(&host, true) });
                let limit = Instant::now() + Duration::from_secs(60);
                while !dir.path().join("srv1/begun").exists() && Instant::now() < limit {
                    thread::sleep(Duration::from_millis(10));
                }
                for outcome in [first.confirm(&host, "7"), first.revert(&host, "7")] {
                    assert!(matches!(outcome, Outcome::Overtaken(_)), "{outcome:?}");
                }
                fs::write(dir.path().join("srv1/go"), "").unwrap();
                assert_eq!(taking.join().unwrap(), Outcome::Done);
            });
            assert_eq!(state.join("lease").exists(), !unlocks);
            // Nobody has the host, and its change is undone all the same.
            fs::write(state.join("pending"), "7").unwrap();
            let _ = fs::remove_file(state.join("lease"));
            assert_eq!(unlock(&host), Outcome::Done);
            assert!(!state.join("pending").exists());
            // An undo that fails leaves the host to the deploy that has it.
            assert_eq!(first.take(&host, true), Outcome::Done);
            fs::write(state.join("pending"), "7").unwrap();
            fs::write(state.join("undo.sh"), "exit 1").unwrap();
            let outcome = if unlocks { unlock(&host) } else { second.take(&host, true) };
            assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
            assert!(fs::read_to_string(state.join("lease")).unwrap().starts_with("1 "));
        }
    }

    #[test]
    fn what_others_name_is_there_before_and_after_them() {
        use ChangeKind::{Create, Remove, Update};
        let change = |(path, kind): (&str, ChangeKind)| Change { path: path.to_owned(), kind };
        let changes = [
            ("/etc/haproxy/haproxy.cfg", Update),
            ("/etc/haproxy/sslscale-names-a.map", Remove),
            ("/etc/haproxy/sslscale-names-b.map", Create),
            ("/etc/nginx/conf.d/sslscale.conf", Remove),
            ("/etc/ssl/a.crt", Update),
            ("/etc/systemd/system/haproxy.service.d/sslscale.conf", Create),
        ];
        let changes = changes.map(change);
        let agreed = Observation::default();
        let applied = Applied { release: "", role: Role::Balancer, changes: &changes, actions: &[], agreed: &agreed };
        assert_eq!(
            applied.expected(),
            "absent /etc/haproxy/sslscale-names-b.map\nabsent /etc/ssl/a.crt\nabsent /etc/haproxy/haproxy.cfg\n\
             absent /etc/nginx/conf.d/sslscale.conf\nabsent /etc/systemd/system/haproxy.service.d/sslscale.conf\n\
             absent /etc/haproxy/sslscale-names-a.map last\n"
        );
    }
}
