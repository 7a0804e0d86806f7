//! The process in the private view: builds it, runs the programs, answers. It ends when its standard
//! input does, however the command died, and the kernel then ends the programs with it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use nix::sched::{CloneFlags, unshare};

use super::program::{Program, Said};
use super::run::{Answer, Plan, Question, lanes};
use crate::private_root::wire::{receive, send};
use crate::private_root::{self, FileSpec, RootPlan, enter, paths, refill};

/// What it is called by the hidden subcommand.
pub const INSIDE: &str = "binaries";

/// Answers until standard input ends.
///
/// # Errors
/// The pipes broke.
pub fn run() -> io::Result<()> {
    let mut from = BufReader::new(io::stdin());
    let Some(plan) = receive::<Plan>(&mut from)? else { return Ok(()) };
    // A file may name addresses that its host has and this network does not. Where the kernel
    // cannot be told, nginx complains of them, which is seen.
    for family in ["ipv4", "ipv6"] {
        let _ = fs::write(format!("/proc/sys/net/{family}/ip_nonlocal_bind"), "1");
    }
    let (sender, questions) = mpsc::channel::<Question>();
    let lane = Arc::new(Lane { plan, questions: Mutex::new(questions) });
    for _ in 0..lanes() {
        let lane = Arc::clone(&lane);
        thread::spawn(move || lane.work());
    }
    serve(from, &sender)
}

/// Hands the questions on. Returning from here ends the process, and everything in it.
fn serve(mut from: impl BufRead, sender: &mpsc::Sender<Question>) -> io::Result<()> {
    while let Some(question) = receive::<Question>(&mut from)? {
        sender.send(question).map_err(io::Error::other)?;
    }
    Ok(())
}

/// What the threads that answer share.
struct Lane {
    plan: Plan,
    questions: Mutex<mpsc::Receiver<Question>>,
}

impl Lane {
    /// Answers question after question.
    fn work(self: Arc<Self>) {
        let mut next = self.next();
        while let Some(question) = next {
            // A view ends with its thread. Building one takes time as asking does, so it is kept
            // for as long as the questions have their files at the same paths.
            let lane = Arc::clone(&self);
            next = match thread::spawn(move || lane.view(question)).join() {
                Ok(next) => next,
                Err(_) => return lost(),
            };
        }
    }

    fn next(&self) -> Option<Question> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// Answers this question and those like it in a view of their own; the first that is not.
    fn view(&self, mut question: Question) -> Option<Question> {
        let mut built = self.build(&question);
        let paths = question.paths();
        loop {
            let answer: Answer = (question.index, built.and_then(|()| ask_here(&question)));
            send(&mut io::stdout().lock(), &answer).ok()?;
            let failed = answer.1.is_err();
            question = self.next()?;
            if failed || question.paths() != paths {
                return Some(question);
            }
            built = refill(&question.files).map_err(|error| unbuilt(&error));
        }
    }

    fn build(&self, question: &Question) -> Result<(), String> {
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("a mount namespace could not be made: {error}"))?;
        let root = RootPlan {
            name: question.program.name(),
            files: &question.files,
            directories: &[],
            roots: &[],
            names: &self.plan.names,
            unprivileged: self.plan.unprivileged,
        };
        enter(&root).map_err(|error| unbuilt(&error))
    }
}

impl Question {
    /// What a view for it is built of, beside the bytes of its files.
    fn paths(&self) -> BTreeSet<PathBuf> {
        let text = |file: &FileSpec| String::from_utf8_lossy(&file.bytes).into_owned();
        let expected = self.files.iter().flat_map(|(path, file)| paths::directories(path, &text(file)));
        self.files.keys().cloned().chain(expected).collect()
    }
}

/// Tells the command that a question will never be answered.
fn lost() {
    let answer: Answer = (usize::MAX, Err(String::new()));
    // Where it cannot be told, it is gone.
    let _ = send(&mut io::stdout().lock(), &answer);
}

fn unbuilt(error: &io::Error) -> String {
    format!("the private view could not be built: {error}")
}

/// Asks the program about the files that are in their places.
fn ask_here(question: &Question) -> Result<Said, String> {
    let run = |arguments: &[&str]| {
        let program = question.program.name();
        private_root::ask(program, arguments).map_err(|error| format!("`{program}` could not be run: {error}"))
    };
    let version = run(&["-v"])?;
    let done = run(question.program.arguments())?;
    let (stdout, mut lines) = (String::from_utf8_lossy(&done.stdout), lines(&done.stderr));
    let dumped = |line: &str| Some(line.strip_prefix("# configuration file ")?.strip_suffix(':')?.to_owned());
    let read = match question.program {
        Program::Nginx => stdout.lines().filter_map(dumped).collect(),
        Program::Haproxy => {
            lines.extend(self::lines(&done.stdout));
            Vec::new()
        }
    };
    Ok(Said {
        success: done.status.success(),
        lines,
        read,
        version: number(&[version.stdout, version.stderr].concat()),
    })
}

/// The version in `nginx version: nginx/1.22.1` or `HAProxy version 2.6.12-1+deb12u4 …`.
fn number(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut words = text.split([' ', '/', '-', '+', '\n']);
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default().to_owned()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both() {
        assert_eq!(number(b"nginx version: nginx/1.22.1\n"), "1.22.1");
        assert_eq!(number(b"HAProxy version 2.6.12-1+deb12u4 2026/05/01 - https://haproxy.org/\n"), "2.6.12");
        assert_eq!(number(b"HA-Proxy version 2.2.9-2+deb11u8 2026/01/01\n"), "2.2.9");
    }
}
