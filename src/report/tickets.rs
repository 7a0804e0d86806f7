//! Shows the keys of a fleet and what a run made of them: by fingerprint, never by key.

use std::io;

use serde::Serialize;

use super::{Output, PlainFormat};
use crate::tickets::{Failure, Fingerprint, Goal, Halt, Made, Observation, Run, SESSION_TIMEOUT, Step, Unreachable};

/// The version of the JSON documents.
const VERSION: u32 = 1;

/// Shows keys in one format.
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
    problems: &'s [String],
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
    reason: Option<&'s str>,
}

impl<'o> TicketsReport<'o> {
    /// A report to standard output, with errors to standard error.
    pub fn new(output: &'o Output, format: PlainFormat) -> Self {
        Self { output, format }
    }

    /// What each host has, and what is wrong with that.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn status(&self, seen: &[Result<Observation, Unreachable>], verdicts: &[Vec<String>]) -> io::Result<()> {
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
            problems.iter().for_each(|problem| self.error(name, problem));
        }
        match verdicts.iter().filter(|problems| !problems.is_empty()).count() {
            0 => self.output.print(format!("{}\n", agree(seen.len())).as_bytes()),
            wrong => {
                self.output.say(&format!("{wrong} of {} are not as they should be", servers(seen.len())));
                Ok(())
            }
        }
    }

    /// What became of a fleet.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn run(&self, run: &Run, goal: Goal) -> io::Result<()> {
        if self.format == PlainFormat::Json {
            let halt = run.halt.as_ref().map(|halt| reasons(halt).join("; "));
            return self.json(&Changes { version: VERSION, steps: run.steps.iter().map(change).collect(), halt });
        }
        for step in &run.steps {
            self.step(step, goal)?;
        }
        if let Some(halt) = &run.halt {
            reasons(halt).iter().for_each(|reason| self.output.say(&format!("error: {reason}")));
            let rest = if run.steps.is_empty() { "nothing was changed" } else { "the rest was not done" };
            self.output.say(&format!("  help: {rest} for want of that; mend it and run again"));
        } else if run.steps.is_empty() {
            self.output.print(b"all app servers have the same keys: nothing to do\n")?;
        }
        Ok(())
    }

    fn step(&self, step: &Step, goal: Goal) -> io::Result<()> {
        if !step.done.is_empty() {
            let what = match step.made {
                Made::New => "new keys",
                Made::Agreement { finished: false } => "the keys of the others",
                Made::Agreement { finished: true } => "the rest of a rotation that was interrupted",
                Made::Rotation => "the next key",
            };
            let text = format!("{what}: {} (current {})\n", step.done.join(", "), step.ring.current);
            self.output.print(text.as_bytes())?;
        }
        for (host, failure) in &step.failed {
            let (state, reason) = outcome(failure);
            self.error(host, &format!("{}: {reason}", in_words(state)));
        }
        if !step.left.is_empty() {
            self.output.say(&format!("not asked after that: {}", step.left.join(", ")));
        }
        if !step.failed.is_empty() {
            // Where none changed there is nothing to bring together.
            let again = if step.done.is_empty() && goal == Goal::Rotate { "rotate" } else { "sync" };
            let help = format!("no session is lost meanwhile; mend it and run `sslscale tickets {again}`");
            self.output.say(&format!("  help: {help}"));
        } else if goal == Goal::Rotate && step.made == (Made::Agreement { finished: true }) {
            self.output.say("note: that was this rotation; `sslscale tickets rotate` makes the next one");
        }
        let early = step.age.filter(|age| *age < SESSION_TIMEOUT && !step.done.is_empty());
        if let (Made::Rotation, Some(age)) = (step.made, early) {
            self.output.say(&format!(
                "note: the key before was the current one for no more than {}: sessions from before that, which \
                 last a day, begin anew",
                duration(age)
            ));
        }
        Ok(())
    }

    /// The first line says what is wrong, the others are what a program said.
    fn error(&self, host: &str, text: &str) {
        let mut lines = text.lines();
        self.output.say(&format!("error: {host}: {}", lines.next().unwrap_or_default()));
        lines.for_each(|line| self.output.say(&format!("  | {line}")));
    }

    fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.output.print(text.as_bytes())
    }
}

fn server<'s>(seen: &'s Result<Observation, Unreachable>, problems: &'s [String]) -> Server<'s> {
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

fn change(step: &Step) -> Change<'_> {
    let done = step.done.iter().map(|name| Changed { name, result: "changed", reason: None });
    let failed = step.failed.iter().map(|(name, failure)| {
        let (result, reason) = outcome(failure);
        Changed { name, result, reason: Some(reason) }
    });
    let left = step.left.iter().map(|name| Changed { name, result: "not_asked", reason: None });
    Change {
        made: match step.made {
            Made::New => "new",
            Made::Agreement { finished: false } => "agreement",
            Made::Agreement { finished: true } => "finished_rotation",
            Made::Rotation => "rotation",
        },
        current: &step.ring.current,
        previous: &step.ring.previous,
        next: &step.ring.next,
        app_servers: done.chain(failed).chain(left).collect(),
    }
}

fn outcome(failure: &Failure) -> (&'static str, &str) {
    match failure {
        Failure::Untouched(reason) => ("untouched", reason),
        Failure::Undone(reason) => ("undone", reason),
        Failure::Unknown(reason) => ("unknown", reason),
    }
}

fn in_words(state: &str) -> &'static str {
    match state {
        "untouched" => "not changed",
        "undone" => "changed back",
        _ => "it is not known which keys it has",
    }
}

fn reasons(halt: &Halt) -> Vec<String> {
    match halt {
        Halt::Unreachable(lost) => {
            lost.iter().map(|lost| format!("{}: it cannot be asked: {}", lost.host, lost.why)).collect()
        }
        Halt::Unread { .. } => vec![halt.to_string()],
        Halt::Random(cause) => vec![format!("{halt}: {cause}")],
    }
}

fn agree(count: usize) -> String {
    match count {
        1 => "1 app server has its keys".to_owned(),
        _ => format!("{count} app servers have the same keys"),
    }
}

fn servers(count: usize) -> String {
    format!("{count} app server{}", if count == 1 { "" } else { "s" })
}

/// In the two largest units that say something.
fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}
