//! What became of hosts, and of a rollout as a whole.

use std::fmt;

use serde::{Serialize, Serializer};

use super::query::QueryError;
use crate::transport::HostText;
use crate::visible::with_causes;

/// What became of one host in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has changed, and the change was observed.
    Done,
    /// It is as it was: it refused before it changed anything.
    Untouched(Reason),
    /// It is as this run found it, or as another run has changed it since then.
    Overtaken(Reason),
    /// It is as it was: what had been done was undone.
    Undone(Reason),
    /// It may be either, or something between.
    Unknown(Reason),
    /// Its turn never came.
    NotStarted,
}

impl Outcome {
    /// Why the host did not change, if it had its turn.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Untouched(reason) | Self::Overtaken(reason) | Self::Undone(reason) | Self::Unknown(reason) => {
                Some(reason)
            }
            Self::Done | Self::NotStarted => None,
        }
    }
}

/// Why something did not work on a host: a sentence, and what a program wrote about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    summary: String,
    output: HostText,
    help: Option<String>,
}

impl Reason {
    /// A reason in one line.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), output: HostText::default(), help: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// A reason that a host gave.
    pub(super) fn from_host(summary: &str, output: HostText) -> Self {
        Self { summary: HostText::new(summary.as_bytes()).to_string(), output, help: None }
    }

    /// One line.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// What a program on the host, or on the way to it, wrote about it.
    pub fn output(&self) -> &HostText {
        &self.output
    }

    /// What to do about it, if there is something.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl From<&QueryError> for Reason {
    fn from(error: &QueryError) -> Self {
        Self { summary: with_causes(error), output: error.output(), help: error.help().map(str::to_owned) }
    }
}

/// The sentence, a line for each line of the output, and what to do. Only the last line can begin with a tab, which
/// text of a host never has.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)?;
        self.output.lines().iter().try_for_each(|line| write!(f, "\n{line}"))?;
        self.help.iter().try_for_each(|help| write!(f, "\n\thelp: {help}"))
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string().replace("\n\t", "\n"))
    }
}

/// A host that could not be observed.
#[derive(Debug)]
pub struct Unreachable {
    /// Its name.
    pub host: String,
    /// Why not.
    pub error: QueryError,
}

/// One step, and what became of the hosts that it was for.
#[derive(Debug)]
pub struct Step<K> {
    /// What it was to do.
    pub kind: K,
    /// The hosts in the order in which they had their turn.
    pub hosts: Vec<(String, Outcome)>,
}

impl<K> Step<K> {
    /// Names of the hosts that have changed.
    pub fn done(&self) -> impl Iterator<Item = &str> {
        self.with(|outcome| *outcome == Outcome::Done)
    }

    /// Names of the hosts whose turn never came.
    pub fn not_started(&self) -> impl Iterator<Item = &str> {
        self.with(|outcome| *outcome == Outcome::NotStarted)
    }

    fn with(&self, is: impl Fn(&Outcome) -> bool) -> impl Iterator<Item = &str> {
        self.hosts.iter().filter(move |(_, outcome)| is(outcome)).map(|(host, _)| host.as_str())
    }

    /// Whether all hosts have changed.
    pub fn is_done(&self) -> bool {
        self.hosts.iter().all(|(_, outcome)| *outcome == Outcome::Done)
    }
}

/// Why there was no next step.
#[derive(Debug)]
pub enum Halt<E> {
    /// Not all hosts could be observed.
    Unreachable(Vec<Unreachable>),
    /// The step could not be prepared.
    Unprepared(E),
    /// The run was interrupted.
    Interrupted,
}

/// What a run did, and why it went no further.
#[derive(Debug)]
pub struct Rollout<K, E> {
    /// The steps in their order; none where there was nothing to do.
    pub steps: Vec<Step<K>>,
    /// What stopped it before it was complete.
    pub halt: Option<Halt<E>>,
}

/// How a rollout as a whole ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything is done, or there was nothing to do.
    Done,
    /// It stopped before any change.
    Untouched,
    /// All that was changed was undone.
    RolledBack,
    /// Some hosts have changed and others have not, or may not have.
    Mixed,
}

impl<K, E> Rollout<K, E> {
    /// How it ended.
    pub fn ending(&self) -> Ending {
        let outcomes = || self.steps.iter().flat_map(|step| &step.hosts).map(|(_, outcome)| outcome);
        let any = |is: fn(&Outcome) -> bool| outcomes().any(is);
        let incomplete = self.halt.is_some() || any(|outcome| *outcome != Outcome::Done);
        if any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
            Ending::Mixed
        } else if !incomplete {
            Ending::Done
        } else if any(|outcome| *outcome == Outcome::Done) {
            Ending::Mixed
        } else if any(|outcome| matches!(outcome, Outcome::Undone(_))) {
            Ending::RolledBack
        } else {
            Ending::Untouched
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason() -> Reason {
        Reason::from_host("no", HostText::default())
    }

    /// A word for each step, a letter for each host.
    fn rollout(steps: &str, halt: Option<Halt<()>>) -> Rollout<(), ()> {
        let outcome = |letter: char| match letter {
            'd' => Outcome::Done,
            't' => Outcome::Untouched(reason()),
            'o' => Outcome::Overtaken(reason()),
            'u' => Outcome::Undone(reason()),
            '?' => Outcome::Unknown(reason()),
            _ => Outcome::NotStarted,
        };
        let host = |(index, letter): (usize, char)| (format!("srv{index}"), outcome(letter));
        let step = |word: &str| Step { kind: (), hosts: word.chars().enumerate().map(host).collect() };
        Rollout { steps: steps.split_whitespace().map(step).collect(), halt }
    }

    #[test]
    fn every_ending() {
        let halt = || Some(Halt::Interrupted);
        for (steps, halt, ending) in [
            ("", None, Ending::Done),
            ("dd", None, Ending::Done),
            ("d d", None, Ending::Done),
            ("", halt(), Ending::Untouched),
            ("t-", None, Ending::Untouched),
            ("o-", None, Ending::Untouched),
            ("do", None, Ending::Mixed),
            ("--", halt(), Ending::Untouched),
            ("u-", None, Ending::RolledBack),
            ("u", halt(), Ending::RolledBack),
            ("?-", None, Ending::Mixed),
            ("dt", None, Ending::Mixed),
            ("du", None, Ending::Mixed),
            ("d-", halt(), Ending::Mixed),
            ("d", halt(), Ending::Mixed),
            ("d t-", None, Ending::Mixed),
        ] {
            assert_eq!(rollout(steps, halt).ending(), ending, "{steps}");
        }
    }

    #[test]
    fn hosts_by_what_became_of_them() {
        let run = rollout("du-d", None);
        let step = &run.steps[0];
        assert_eq!(step.done().collect::<Vec<_>>(), ["srv0", "srv3"]);
        assert_eq!(step.not_started().collect::<Vec<_>>(), ["srv2"]);
        assert!(!step.is_done() && rollout("d", None).steps[0].is_done());
        let reasons: Vec<bool> = step.hosts.iter().map(|(_, outcome)| outcome.reason().is_some()).collect();
        assert_eq!(reasons, [false, true, false, false]);
    }

    #[test]
    fn a_reason_is_a_sentence_and_lines() {
        let reason = Reason::from_host("no\u{1b}[2J", HostText::new(b"one\ntwo\n"));
        assert_eq!(reason.to_string(), "no\\u{1b}[2J\none\ntwo");
        assert_eq!(serde_json::to_value(&reason).unwrap(), reason.to_string());
        assert_eq!((reason.summary(), reason.output().lines().len()), ("no\\u{1b}[2J", 2));
    }
}
