//! Judges the rings of a fleet, host by host. It has no input or output.

use std::fmt;

use serde::{Serialize, Serializer};

use super::layout::{KEYS, RING};
use super::observation::{Fault, Observation};
use super::plan::{missed, target};
use crate::count::several;
use crate::rollout::{Reason, Unreachable};

/// What is wrong with the ring of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It could not be read.
    Unreachable(Reason),
    /// Something is wrong with a file.
    File(Fault),
    /// There is no key.
    NoKeys,
    /// There are one or two keys.
    KeyMissing,
    /// The host has an older ring than the others, by so many rotations.
    Behind(usize),
    /// The host has an unrelated ring.
    OtherKeys,
    /// Nothing shows that nginx has the keys.
    NotLoaded,
    /// The current key should have been rotated.
    Stale,
    /// nginx is not installed.
    NginxMissing,
    /// nginx does not run.
    NginxStopped,
    /// nginx rejects its configuration.
    Rejected,
    /// The configuration of nginx names no key of the ring.
    Unused,
    /// The configuration of nginx names these keys instead of those of the ring in their order.
    Order(Vec<String>),
    /// These configuration files have changed since nginx loaded them.
    Changed(Vec<String>),
}

/// How many names a message shows.
const SHOWN: usize = 3;

impl Problem {
    /// One line.
    pub fn summary(&self) -> String {
        match self {
            Self::Unreachable(reason) => format!("the keys could not be read: {}", reason.summary()),
            Self::File(fault) => fault.to_string(),
            Self::NoKeys => "there are no session ticket keys".to_owned(),
            Self::KeyMissing => "one or more of the three keys is missing".to_owned(),
            Self::Behind(missed) => {
                let lost = if *missed > 1 { ": it and the others cannot resume each other's sessions" } else { "" };
                format!("it has missed {}{lost}", several(*missed, "rotation"))
            }
            Self::OtherKeys => "the keys differ from those of the other app servers".to_owned(),
            Self::NotLoaded => "nothing confirms that nginx has loaded the keys".to_owned(),
            Self::Stale => "the current key is older than two days".to_owned(),
            Self::NginxMissing => "nginx is not installed, so nothing uses the keys".to_owned(),
            Self::NginxStopped => "nginx is not running, so nothing uses the keys".to_owned(),
            Self::Rejected => "nginx rejects its configuration".to_owned(),
            Self::Unused => format!("nginx does not use the keys: no `ssl_session_ticket_key` names a file in {RING}"),
            Self::Order(keys) if keys.is_empty() => {
                "nginx does not use the keys for every site: a server has no `ssl_session_ticket_key`".to_owned()
            }
            Self::Order(keys) => {
                let (expected, keys) = (KEYS.join(", "), keys.join(", "));
                format!("nginx must use the keys in the order {expected}, but a server has {keys}")
            }
            Self::Changed(files) => {
                let more = files.len().saturating_sub(SHOWN);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let files = files.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
                format!("changed since nginx loaded its configuration: {files}{more}")
            }
        }
    }
}

impl Problem {
    /// What puts it right, such as a command about the inventory `file`; `None` where nothing of ours does.
    pub fn help(&self, file: &str) -> Option<String> {
        let help = match self {
            Self::Unreachable(_) => None,
            Self::Stale => return Some(format!("run `sslscale tickets rotate {file}`")),
            Self::NginxMissing => {
                return Some(format!("`sslscale deploy --install {file}` installs nginx and what is rendered for it"));
            }
            Self::NginxStopped => Some("start nginx on the host: `systemctl start nginx`"),
            Self::Rejected => Some("run `nginx -t` on the host, and fix what it reports"),
            Self::Unused | Self::Order(_) => {
                return Some(format!(
                    "`sslscale deploy {file}` brings the rendered files; or install them, and run `systemctl reload nginx`"
                ));
            }
            Self::Changed(_) => Some(
                "check these files on the host, then reload nginx: `systemctl reload nginx`; until then, no rotation",
            ),
            _ => return Some(format!("run `sslscale tickets sync {file}` to give all app servers the same keys")),
        };
        help.map(str::to_owned)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        let Self::Unreachable(reason) = self else { return Ok(()) };
        reason.output().lines().iter().try_for_each(|line| write!(f, "\n{line}"))?;
        reason.help().iter().try_for_each(|help| write!(f, "\n\thelp: {help}"))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string().replace("\n\t", "\n"))
    }
}

/// The problems of each host.
pub fn verdicts(seen: &[Result<Observation, Unreachable>]) -> Vec<Vec<Problem>> {
    let known: Vec<Observation> = seen.iter().flatten().cloned().collect();
    let ring = target(&known);
    let mut missed = ring.as_ref().map_or_else(Vec::new, |ring| missed(&known, ring)).into_iter();
    let verdict = |host: &Result<Observation, Unreachable>| {
        let host = match host {
            Ok(host) => host,
            Err(lost) => return vec![Problem::Unreachable(Reason::from(&lost.error))],
        };
        let missed = missed.next().flatten();
        let mut problems: Vec<Problem> = host.faults.iter().cloned().map(Problem::File).collect();
        match (host.ring(), &ring) {
            (None, _) if host.prints.iter().all(Option::is_none) => return vec![Problem::NoKeys],
            (None, _) if host.prints.iter().any(Option::is_none) => problems.push(Problem::KeyMissing),
            (Some(ring), Some(target)) if ring != *target => {
                problems.push(missed.map_or(Problem::OtherKeys, Problem::Behind));
            }
            (Some(_), _) if !host.loaded => problems.push(Problem::NotLoaded),
            (None | Some(_), _) => {}
        }
        // Without all keys, nginx rejects a configuration that names them.
        problems.extend(host.ring().into_iter().flat_map(|_| host.nginx.problems()));
        problems.extend(host.is_stale().then_some(Problem::Stale));
        problems
    };
    seen.iter().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::super::key::{Fingerprint, Fingerprints};
    use super::super::layout::{RETIREMENT, STALE};
    use super::*;
    use crate::rollout::QueryError;
    use crate::transport::HostText;

    fn ring(current: u32) -> Fingerprints {
        let print = |number: u32| Fingerprint(format!("{number:016x}"));
        Fingerprints { current: print(current), previous: print(current - 1), next: print(current + 1) }
    }

    fn with(ring: &Fingerprints) -> Observation {
        let prints = [&ring.current, &ring.previous, &ring.next].map(|print| Some(print.clone()));
        Observation { prints, age: Some(60), loaded: true, ..Observation::default() }
    }

    /// What is wrong with a host beside two good ones.
    fn problems(host: Result<Observation, Unreachable>) -> Vec<Problem> {
        let all = verdicts(&[Ok(with(&ring(5))), host, Ok(with(&ring(5)))]);
        assert!(all[0].is_empty() && all[2].is_empty() && all.len() == 3, "{all:?}");
        all[1].clone()
    }

    #[test]
    fn each_problem_is_reported_by_itself() {
        assert_eq!(problems(Ok(with(&ring(5)))), []);
        assert_eq!(problems(Ok(Observation::default())), [Problem::NoKeys]);
        let mut partial = with(&ring(5));
        partial.prints[2] = None;
        assert_eq!(problems(Ok(partial)), [Problem::KeyMissing]);
        assert_eq!(problems(Ok(with(&ring(4)))), [Problem::Behind(1)]);
        assert_eq!(problems(Ok(with(&ring(3)))), [Problem::OtherKeys]);
        assert_eq!(problems(Ok(with(&ring(90)))), [Problem::OtherKeys]);
        assert_eq!(problems(Ok(Observation { loaded: false, ..with(&ring(5)) })), [Problem::NotLoaded]);
        assert_eq!((STALE, RETIREMENT), (50 * 3600, 22 * 3600));
        for (age, expected) in [(STALE, vec![]), (STALE + 1, vec![Problem::Stale])] {
            assert_eq!(problems(Ok(Observation { age: Some(age), ..with(&ring(5)) })), expected);
        }
    }

    #[test]
    fn words_agree_with_numbers() {
        let missed = [1, 2].map(|missed| Problem::Behind(missed).summary());
        assert_eq!(missed[0], "it has missed 1 rotation");
        assert!(missed[1].starts_with("it has missed 2 rotations: "), "{}", missed[1]);
        let changed = |count: usize| Problem::Changed((0..count).map(|n| format!("/{n}")).collect()).summary();
        let files = [1, 3, 4, 5].map(|count| changed(count).rsplit(": ").next().unwrap().to_owned());
        assert_eq!(files, ["/0", "/0, /1, /2", "/0, /1, /2 and 1 more", "/0, /1, /2 and 2 more"]);
    }

    #[test]
    fn a_file_that_is_wrong_is_one_problem() {
        let mode = Fault::Mode { key: Some("next"), mode: 0o644 };
        let exposed = Observation { faults: vec![mode.clone()], ..with(&ring(5)) };
        assert_eq!(problems(Ok(exposed)), [Problem::File(mode)]);
        // All three keys are there: none is missing.
        let size = Fault::Size { key: "current", bytes: 48 };
        let short = Observation { faults: vec![size.clone()], ..with(&ring(5)) };
        assert_eq!(problems(Ok(short)), [Problem::File(size)]);
    }

    #[test]
    fn a_host_that_does_not_answer_has_a_reason() {
        let error = QueryError::Failed { status: 77, stderr: HostText::new(b"log in as root\n") };
        let found = problems(Err(Unreachable { host: "srv2".to_owned(), error }));
        let text = "the keys could not be read: the script ended with exit code 77\nlog in as root";
        assert_eq!((found.len(), found[0].to_string()), (1, text.to_owned()));
        assert_eq!(serde_json::to_value(&found[0]).unwrap(), text);
        // With no host that has a ring, nothing is expected of the others.
        assert_eq!(verdicts(&[Ok(Observation::default())]), [[Problem::NoKeys]]);
    }
}
