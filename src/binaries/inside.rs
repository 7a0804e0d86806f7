//! The process in the private view: builds it, runs the programs, answers. It ends when its standard
//! input does, even if the command was killed, and the kernel then ends the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use nix::sched::{CloneFlags, unshare};

use super::run::{Answer, Plan, Question, Reply, lanes};
use crate::sandbox::wire::{receive, send};
use crate::sandbox::{FileSpec, Program, RootPlan, enter, paths, refill};

/// Its name for the hidden subcommand.
pub const INSIDE: &str = "binaries";

/// Answers until standard input ends.
///
/// # Errors
/// The pipes broke.
pub fn run() -> io::Result<()> {
    send(&mut io::stdout(), &Reply::Ready)?;
    let mut from = BufReader::new(io::stdin());
    let Some(plan) = receive::<Plan>(&mut from)? else { return Ok(()) };
    // A file may name addresses that its host has and this network does not. Where the kernel
    // does not allow this, nginx reports them.
    for family in ["ipv4", "ipv6"] {
        let _ = fs::write(format!("/proc/sys/net/{family}/ip_nonlocal_bind"), "1");
    }
    let (sender, questions) = mpsc::channel::<Question>();
    let lane = Arc::new(Lane { plan, questions: Mutex::new(questions), stuck: Mutex::default() });
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
    /// Programs that took too long, with the message. They are not run again.
    stuck: Mutex<BTreeMap<Program, String>>,
}

impl Lane {
    /// Answers question after question.
    fn work(self: Arc<Self>) {
        let mut next = self.next();
        while let Some(question) = next {
            // A view ends with its thread. Building one takes as long as asking does, so it is kept
            // while the questions have their files at the same paths.
            let lane = Arc::clone(&self);
            next = match thread::spawn(move || lane.view(question)).join() {
                Ok(next) => next,
                Err(_) => {
                    // If this fails, the command is gone.
                    let _ = send(&mut io::stdout().lock(), &Reply::Lost);
                    return;
                }
            };
        }
    }

    fn next(&self) -> Option<Question> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// Answers this question and those like it in one view; returns the first that is different.
    fn view(&self, mut question: Question) -> Option<Question> {
        let mut built = self.build(&question);
        let paths = question.paths();
        loop {
            let answer = built.and_then(|()| self.validate(&question));
            let failed = answer.is_err();
            send(&mut io::stdout().lock(), &Reply::Answered(question.index, answer)).ok()?;
            question = self.next()?;
            if failed || question.paths() != paths {
                return Some(question);
            }
            built = refill(&question.files).map_err(|error| unbuilt(&error));
        }
    }

    /// Lets the program validate the files that are at their paths.
    fn validate(&self, question: &Question) -> Result<Answer, String> {
        let stuck = || self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = stuck().get(&question.program) {
            return Err(message.clone());
        }
        let program = question.program;
        let answer = program.version().and_then(|version| Ok(Answer { version, output: program.validate()? }));
        answer.map_err(|error| {
            let message = error.to_string();
            if error.is_timeout() {
                stuck().insert(program, message.clone());
            }
            message
        })
    }

    fn build(&self, question: &Question) -> Result<(), String> {
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("a mount namespace could not be created: {error}"))?;
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
    /// What a view for it is built from, apart from the content of its files.
    fn paths(&self) -> BTreeSet<PathBuf> {
        let text = |file: &FileSpec| String::from_utf8_lossy(&file.bytes).into_owned();
        let expected = self.files.iter().flat_map(|(path, file)| paths::directories(path, &text(file)));
        self.files.keys().cloned().chain(expected).collect()
    }
}

fn unbuilt(error: &io::Error) -> String {
    format!("the private view could not be built: {error}")
}
