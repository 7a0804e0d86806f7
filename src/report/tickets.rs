//! Shows the ticket rings of a fleet, and what a run did to them. Keys appear as fingerprints.

mod words;

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use words::{after, agree, duration, left_out, overtaken, problems};

use super::escaped::pretty;
use super::reasons::errors;
use super::{Again, Output, PlainFormat};
use crate::rollout::{Outcome, Reason, Unreachable};
use crate::tickets::{Fingerprint, Goal, Halt, Observation, Problem, RETIREMENT, Rollout, Step, StepError, StepKind};

/// Version of the JSON documents.
const VERSION: u32 = 1;

/// Reports in one format.
pub struct TicketsReport<'o> {
    output: &'o Output,
    format: PlainFormat,
    again: Again,
}

#[derive(Serialize)]
struct Status<'s> {
    version: u32,
    agreement: bool,
    app_servers: Vec<Server<'s>>,
}

#[derive(Serialize)]
struct Server<'s> {
    name: &'s str,
    current: Option<&'s Fingerprint>,
    previous: Option<&'s Fingerprint>,
    next: Option<&'s Fingerprint>,
    age_seconds: Option<u64>,
    /// By how many rotations its ring is older than that of the others; `null` if that is not known.
    rotations_missed: Option<usize>,
    nginx: bool,
    problems: &'s [Problem],
}

#[derive(Serialize)]
struct Changes<'s> {
    version: u32,
    steps: Vec<Change<'s>>,
    halt: Option<String>,
    left_out: &'s [String],
}

/// What a run was asked for.
pub struct Task<'t> {
    pub goal: Goal,
    /// How many app servers the run is for.
    pub app_servers: usize,
    /// App servers that the run leaves out.
    pub left_out: &'t [String],
}

#[derive(Serialize)]
struct Change<'s> {
    made: &'static str,
    current: &'s Fingerprint,
    previous: &'s Fingerprint,
    next: &'s Fingerprint,
    app_servers: Vec<Changed<'s>>,
}

#[derive(Serialize)]
struct Changed<'s> {
    name: &'s str,
    result: &'static str,
    reason: Option<&'s Reason>,
}

impl<'o> TicketsReport<'o> {
    /// Results go to standard output, errors to standard error.
    pub fn new(output: &'o Output, format: PlainFormat, again: Again) -> Self {
        Self { output, format, again }
    }

    /// The ring of each host, and what is wrong with it.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn status(&self, seen: &[Result<Observation, Unreachable>], verdicts: &[Vec<Problem>]) -> io::Result<()> {
        let rows = || seen.iter().zip(verdicts);
        if self.format == PlainFormat::Json {
            let app_servers = rows().map(|(host, problems)| server(host, problems)).collect();
            let agreement = verdicts.iter().all(Vec::is_empty);
            return self.json(&Status { version: VERSION, agreement, app_servers });
        }
        let mut rings: Vec<[String; 6]> =
            vec![["app server", "current", "previous", "next", "age", "nginx"].map(str::to_owned)];
        rings.extend(rows().map(|(host, problems)| row(&server(host, problems))));
        self.output.print(super::table::table(&rings).as_bytes())?;
        let wrong = rows().filter(|(host, _)| host.is_ok()).flat_map(|(host, problems)| {
            let name = server(host, problems).name;
            problems.iter().map(move |problem| (Some(name), problem.to_string()))
        });
        self.output.unreachable(seen.iter().filter_map(|host| host.as_ref().err()));
        errors(wrong).iter().for_each(|error| self.output.say(error));
        match verdicts.iter().filter(|problems| !problems.is_empty()).count() {
            0 => self.output.print(format!("{}\n", agree(seen.len())).as_bytes()),
            wrong => {
                self.output.say(&problems(wrong, seen.len()));
                let file = &self.again.file;
                let helps: BTreeSet<String> =
                    verdicts.iter().flatten().filter_map(|problem| problem.help(file)).collect();
                helps.iter().for_each(|help| self.output.say(&format!("  help: {help}")));
                Ok(())
            }
        }
    }

    /// What a run did.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn run(&self, run: &Rollout, task: &Task<'_>) -> io::Result<()> {
        if self.format == PlainFormat::Json {
            let halt = run.halt.as_ref().map(|halt| reasons(halt).join("; "));
            let steps = run.steps.iter().map(change).collect();
            return self.json(&Changes { version: VERSION, steps, halt, left_out: task.left_out });
        }
        for step in &run.steps {
            self.step(step, task.goal)?;
        }
        if let Some(halt) = &run.halt {
            let told = match halt {
                Halt::Unreachable(hosts) => errors(hosts.iter().map(unread)),
                _ => errors(reasons(halt).into_iter().map(|reason| (None, reason))),
            };
            told.iter().for_each(|error| self.output.say(error));
            self.output.say(&format!("  help: {}", after(halt, run, task.app_servers, &self.again.file)));
        } else if run.steps.is_empty() {
            let which = if task.left_out.is_empty() { "all app servers" } else { "all other app servers" };
            self.output.print(format!("{which} have the same keys: nothing to do\n").as_bytes())?;
        }
        if !task.left_out.is_empty() {
            self.output.say(&left_out(task.left_out, &self.again.file));
        }
        Ok(())
    }

    fn step(&self, step: &Step, goal: Goal) -> io::Result<()> {
        let kind = step.kind.kind;
        let done: Vec<&str> = step.done().collect();
        if !done.is_empty() {
            let what = match kind {
                StepKind::New => "installed new keys",
                StepKind::Agreement { finished: false } => "installed the other app servers' keys",
                StepKind::Agreement { finished: true } => "completed the last rotation",
                StepKind::Rotation => "rotated to the next key",
            };
            let text = format!("{what}: {} (current {})\n", done.join(", "), step.kind.ring.current);
            self.output.print(text.as_bytes())?;
        }
        let wrong = step.hosts.iter().filter_map(|(host, outcome)| {
            Some((Some(host.as_str()), format!("{}: {}", state(outcome), outcome.reason()?)))
        });
        errors(wrong).iter().for_each(|error| self.output.say(error));
        let not_started: Vec<&str> = step.not_started().collect();
        if !not_started.is_empty() {
            self.output.say(&format!("no change was started on: {}", not_started.join(", ")));
        }
        let failed = || step.hosts.iter().filter(|(_, outcome)| outcome.reason().is_some());
        if failed().next().is_some() {
            // While no host has changed, there is nothing to complete.
            let again = match goal {
                Goal::Rotate { early: true } if done.is_empty() => "rotate --early",
                Goal::Rotate { early: false } if done.is_empty() => "rotate",
                _ => "sync",
            };
            let file = &self.again.file;
            let help = if failed().all(|(_, outcome)| matches!(outcome, Outcome::Overtaken(_))) {
                overtaken(file)
            } else {
                format!("fix the error above and run `sslscale tickets {again} {file}`")
            };
            self.output.say(&format!("  help: {help}"));
        } else if goal.is_rotation() && kind == (StepKind::Agreement { finished: true }) {
            let next = if goal == (Goal::Rotate { early: true }) {
                format!("`sslscale tickets rotate --early {}` again starts one now", self.again.file)
            } else {
                format!("the next rotation is due in {}", duration(RETIREMENT))
            };
            self.output.say(&format!(
                "note: this completed a rotation and did not start another: until now, some app servers encrypted with \
                 the previous key; {next}"
            ));
        }
        let early = step.kind.retired.filter(|seconds| *seconds < RETIREMENT && !done.is_empty());
        if let (StepKind::Rotation, Some(seconds)) = (kind, early) {
            self.output.say(&format!(
                "note: the previous rotation was only {} ago: sessions from before it cannot be resumed any more",
                duration(seconds)
            ));
        }
        Ok(())
    }

    fn json(&self, document: &impl Serialize) -> io::Result<()> {
        self.output.print(&pretty(document)?)
    }
}

fn server<'s>(seen: &'s Result<Observation, Unreachable>, problems: &'s [Problem]) -> Server<'s> {
    match seen {
        Ok(host) => {
            let [current, previous, next] = host.prints.each_ref().map(Option::as_ref);
            let rotations_missed = problems.iter().find_map(|problem| match problem {
                Problem::Behind(missed) => Some(*missed),
                _ => None,
            });
            // Whether the ring is known, and that it is that of the others.
            let other = problems.iter().any(|problem| matches!(problem, Problem::OtherKeys));
            let rotations_missed = rotations_missed.or_else(|| (host.ring().is_some() && !other).then_some(0));
            let (age_seconds, nginx) = (host.age, host.nginx.is_running());
            Server { name: &host.host, current, previous, next, age_seconds, rotations_missed, nginx, problems }
        }
        Err(lost) => Server {
            name: &lost.host,
            current: None,
            previous: None,
            next: None,
            age_seconds: None,
            rotations_missed: None,
            nginx: false,
            problems,
        },
    }
}

fn row(server: &Server<'_>) -> [String; 6] {
    let print = |print: Option<&Fingerprint>| print.map_or_else(|| "-".to_owned(), ToString::to_string);
    let nginx = if server.nginx { "runs" } else { "-" };
    let age = server.age_seconds.map_or_else(|| "-".to_owned(), duration);
    let [current, previous, next] = [server.current, server.previous, server.next].map(print);
    [server.name.to_owned(), current, previous, next, age, nginx.to_owned()]
}

fn changed((name, outcome): &(String, Outcome)) -> Changed<'_> {
    Changed { name, result: result_of(outcome), reason: outcome.reason() }
}

/// What became of a host, in documents.
pub fn result_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "changed",
        Outcome::Untouched(_) | Outcome::Overtaken(_) => "untouched",
        Outcome::Undone(_) => "undone",
        Outcome::Unknown(_) => "unknown",
        Outcome::NotStarted => "not_asked",
    }
}

fn change(step: &Step) -> Change<'_> {
    Change {
        made: match step.kind.kind {
            StepKind::New => "new",
            StepKind::Agreement { finished: false } => "agreement",
            StepKind::Agreement { finished: true } => "finished_rotation",
            StepKind::Rotation => "rotation",
        },
        current: &step.kind.ring.current,
        previous: &step.kind.ring.previous,
        next: &step.kind.ring.next,
        app_servers: step.hosts.iter().map(changed).collect(),
    }
}

fn state(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "changed",
        Outcome::Untouched(_) | Outcome::Overtaken(_) => "not changed",
        Outcome::Undone(_) => "rolled back",
        Outcome::Unknown(_) => "state unknown",
        Outcome::NotStarted => "not started",
    }
}

fn reasons(halt: &Halt) -> Vec<String> {
    match halt {
        Halt::Unreachable(hosts) => {
            hosts.iter().map(unread).map(|(host, reason)| format!("{}: {reason}", host.unwrap_or_default())).collect()
        }
        Halt::Unprepared(error @ StepError::Unread { reason, .. }) => vec![with_output(&error.to_string(), reason)],
        Halt::Unprepared(error @ StepError::Random(cause)) => vec![format!("{error}: {cause}")],
        Halt::Unprepared(StepError::TooSoon { host, seconds }) => vec![format!(
            "the keys were rotated only {} ago, on `{host}` last: another rotation now would delete the previous key \
             while clients have sessions from it",
            duration(*seconds)
        )],
        Halt::Unprepared(error @ StepError::NoRing) => {
            vec![format!("{error}, and one that is left out may have the ring that all should have")]
        }
        Halt::Interrupted => vec!["interrupted".to_owned()],
    }
}

fn unread(lost: &Unreachable) -> (Option<&str>, String) {
    (Some(&lost.host), Problem::Unreachable(Reason::from(&lost.error)).to_string())
}

fn with_output(summary: &str, reason: &Reason) -> String {
    let help = reason.help().map(|help| format!("\thelp: {help}"));
    let output = reason.output().lines().iter().map(String::as_str);
    [summary].into_iter().chain(output).chain(help.as_deref()).collect::<Vec<_>>().join("\n")
}

/// The first line is a sentence; the others, which a program wrote, are set apart. One that begins with a tab
/// is a help.
pub(super) fn block(text: &impl std::fmt::Display) -> String {
    text.to_string().replace("\n\t", "\t").replace('\n', "\n  | ").replace('\t', "\n  ")
}
