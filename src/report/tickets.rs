//! Shows the ticket rings of a fleet, and what a run did to them. Keys appear as fingerprints.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::{Output, PlainFormat};
use crate::rollout::{Outcome, Reason, Unreachable};
use crate::tickets::{
    Fingerprint, Goal, Halt, Observation, Problem, Rollout, SESSION_TIMEOUT, Step, StepError, StepKind,
};

/// Version of the JSON documents.
const VERSION: u32 = 1;

/// Reports in one format.
pub struct TicketsReport<'o> {
    output: &'o Output,
    format: PlainFormat,
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
    nginx: bool,
    problems: &'s [Problem],
}

#[derive(Serialize)]
struct Changes<'s> {
    version: u32,
    steps: Vec<Change<'s>>,
    halt: Option<String>,
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
    pub fn new(output: &'o Output, format: PlainFormat) -> Self {
        Self { output, format }
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
        let mut table: Vec<[String; 6]> =
            vec![["app server", "current", "previous", "next", "age", "nginx"].map(str::to_owned)];
        table.extend(rows().map(|(host, problems)| row(&server(host, problems))));
        let wide = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..6).map(wide).collect();
        let line = |row: &[String; 6]| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect::<String>();
            format!("{}\n", cells.trim_end())
        };
        self.output.print(table.iter().map(line).collect::<String>().as_bytes())?;
        for (host, problems) in rows() {
            let name = server(host, problems).name;
            problems.iter().for_each(|problem| self.problem(name, problem));
        }
        match verdicts.iter().filter(|problems| !problems.is_empty()).count() {
            0 => self.output.print(format!("{}\n", agree(seen.len())).as_bytes()),
            wrong => {
                self.output.say(&format!(
                    "{wrong} of {} {}",
                    servers(seen.len()),
                    if wrong == 1 { "has problems" } else { "have problems" }
                ));
                let helps: BTreeSet<&str> = verdicts.iter().flatten().filter_map(Problem::help).collect();
                helps.iter().for_each(|help| self.output.say(&format!("  help: {help}")));
                Ok(())
            }
        }
    }

    /// What a run did.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn run(&self, run: &Rollout, goal: Goal) -> io::Result<()> {
        if self.format == PlainFormat::Json {
            let halt = run.halt.as_ref().map(|halt| reasons(halt).join("; "));
            return self.json(&Changes { version: VERSION, steps: run.steps.iter().map(change).collect(), halt });
        }
        for step in &run.steps {
            self.step(step, goal)?;
        }
        if let Some(halt) = &run.halt {
            reasons(halt).iter().for_each(|reason| self.output.say(&format!("error: {}", block(reason))));
            self.output.say(&format!("  help: {}", after(halt, run)));
        } else if run.steps.is_empty() {
            self.output.print(b"all app servers have the same keys: nothing to do\n")?;
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
                StepKind::Agreement { finished: true } => "completed the interrupted rotation",
                StepKind::Rotation => "rotated to the next key",
            };
            let text = format!("{what}: {} (current {})\n", done.join(", "), step.kind.ring.current);
            self.output.print(text.as_bytes())?;
        }
        for (host, outcome) in &step.hosts {
            if let Some(reason) = outcome.reason() {
                self.output.say(&format!("error: {host}: {}: {}", state(outcome), block(reason)));
            }
        }
        let not_started: Vec<&str> = step.not_started().collect();
        if !not_started.is_empty() {
            self.output.say(&format!("no change was started on: {}", not_started.join(", ")));
        }
        if step.hosts.iter().any(|(_, outcome)| outcome.reason().is_some()) {
            // While no host has changed, there is nothing to complete.
            let again = if done.is_empty() && goal == Goal::Rotate { "rotate" } else { "sync" };
            self.output.say(&format!("  help: fix the error above and run `sslscale tickets {again}`"));
        } else if goal == Goal::Rotate && kind == (StepKind::Agreement { finished: true }) {
            self.output.say(
                "note: this only completed an earlier rotation; to start a new one, run `sslscale tickets rotate` again",
            );
        }
        let early = step.kind.age.filter(|age| *age < SESSION_TIMEOUT && !done.is_empty());
        if let (StepKind::Rotation, Some(age)) = (kind, early) {
            self.output.say(&format!(
                "note: the previous rotation was only {} ago: sessions from before it cannot be resumed any more",
                duration(age)
            ));
        }
        Ok(())
    }

    fn problem(&self, host: &str, problem: &Problem) {
        self.output.say(&format!("error: {host}: {}", block(problem)));
    }

    fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.output.print(text.as_bytes())
    }
}

fn server<'s>(seen: &'s Result<Observation, Unreachable>, problems: &'s [Problem]) -> Server<'s> {
    match seen {
        Ok(host) => {
            let [current, previous, next] = host.prints.each_ref().map(Option::as_ref);
            let (age_seconds, nginx) = (host.age, host.nginx);
            Server { name: &host.host, current, previous, next, age_seconds, nginx, problems }
        }
        Err(lost) => Server {
            name: &lost.host,
            current: None,
            previous: None,
            next: None,
            age_seconds: None,
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
    let result = match outcome {
        Outcome::Done => "changed",
        Outcome::Untouched(_) => "untouched",
        Outcome::Undone(_) => "undone",
        Outcome::Unknown(_) => "unknown",
        Outcome::NotStarted => "not_asked",
    };
    Changed { name, result, reason: outcome.reason() }
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
        Outcome::Untouched(_) => "not changed",
        Outcome::Undone(_) => "rolled back",
        Outcome::Unknown(_) => "state unknown",
        Outcome::NotStarted => "not started",
    }
}

fn reasons(halt: &Halt) -> Vec<String> {
    match halt {
        Halt::Unreachable(hosts) => hosts.iter().map(unread).collect(),
        Halt::Unprepared(error @ StepError::Unread { reason, .. }) => vec![with_output(&error.to_string(), reason)],
        Halt::Unprepared(error @ StepError::Random(cause)) => vec![format!("{error}: {cause}")],
        Halt::Interrupted => vec!["interrupted".to_owned()],
    }
}

fn unread(lost: &Unreachable) -> String {
    format!("{}: {}", lost.host, Problem::Unreachable(Reason::from(&lost.error)))
}

fn with_output(summary: &str, reason: &Reason) -> String {
    [summary].into_iter().chain(reason.output().lines().iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

/// What to do after a run that stopped.
fn after(halt: &Halt, run: &Rollout) -> &'static str {
    let changed = run.steps.iter().any(|step| step.done().next().is_some());
    match (halt, changed) {
        (Halt::Interrupted, false) => "nothing was changed; run the same command again",
        (Halt::Interrupted, true) => "run `sslscale tickets sync` to give the other app servers the same keys",
        (_, false) => "nothing was changed; fix the error above and run again",
        (_, true) => "the next step was not started; fix the error above and run again",
    }
}

/// The first line is a sentence; the others, which a program wrote, are set apart.
fn block(text: &impl std::fmt::Display) -> String {
    text.to_string().replace('\n', "\n  | ")
}

fn agree(count: usize) -> String {
    match count {
        1 => "1 app server has a complete ticket ring".to_owned(),
        _ => format!("{count} app servers have the same keys"),
    }
}

fn servers(count: usize) -> String {
    format!("{count} app server{}", if count == 1 { "" } else { "s" })
}

/// In the one or two largest units.
fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}
