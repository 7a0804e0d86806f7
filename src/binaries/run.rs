//! Asks the installed programs, each about every shape of files, in a private view of this machine.
//! A process inside gets one question a line and answers in any order; it ends when its standard
//! input does, however the command died, and the kernel then ends the programs with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};

use super::shapes::Shape;
use crate::diagnostic::Code;
use crate::event::Missing;
use crate::inventory::Inventory;
use crate::inventory::model::Site;
use crate::private_root::wire::{receive, send};
use crate::private_root::{self, FileSpec, Pairs, RootPlan, enter, machine, names, wanted};

/// What the process inside is called by the hidden subcommand.
pub const INSIDE: &str = "binaries";

/// A real program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Program {
    /// On balancers.
    Haproxy,
    /// On app servers.
    Nginx,
}

impl Program {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Haproxy, Self::Nginx];

    /// As it is typed; Debian's package has the same name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
        }
    }

    /// The code of what it complains of.
    pub fn code(self) -> &'static Code {
        match self {
            Self::Haproxy => Code::RP01,
            Self::Nginx => Code::RP02,
        }
    }

    /// How it is asked. nginx prints what it has read when it is content: that shows whether the
    /// rendered file was among it.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Haproxy => &["-c", "-f", "/etc/haproxy/haproxy.cfg"],
            Self::Nginx => &["-T"],
        }
    }

    /// A file of its.
    pub fn outline(self, text: &str) -> super::Outline<'_> {
        match self {
            Self::Haproxy => super::Outline::haproxy(text),
            Self::Nginx => super::Outline::nginx(text),
        }
    }
}

/// What a program said to one shape of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether it takes the files.
    pub success: bool,
    /// Its messages.
    pub lines: Vec<String>,
    /// The files that nginx has read; only known when it is content.
    pub read: Vec<String>,
    /// Its version.
    pub version: String,
}

/// What comes first, and holds for all questions.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    names: String,
    unprivileged: bool,
}

/// One shape of files.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    index: usize,
    program: Program,
    files: BTreeMap<PathBuf, FileSpec>,
}

/// By the question's index.
type Answer = (usize, Result<Said, String>);

/// Asks about every shape; the answers are in their order, or say why there is none.
///
/// # Errors
/// The kernel allows no private view.
pub fn ask(inventory: &Inventory, shapes: &[Shape]) -> Result<Vec<Result<Said, String>>, Missing> {
    let mut answers: Vec<Result<Said, String>> = shapes.iter().map(|_| Err(String::new())).collect();
    if shapes.is_empty() {
        return Ok(answers);
    }
    let failed = |error: io::Error| machine::explain(&error.to_string());
    let unprivileged = machine::unprivileged();
    let mut child = private_root::inside(INSIDE, unprivileged).and_then(|mut it| it.spawn()).map_err(failed)?;
    let mut to = child.stdin.take().expect("stdin is piped");
    let mut from = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut pairs = Pairs::default();
    let mut questions = shapes.iter().enumerate().map(|(index, shape)| question(inventory, shape, index, &mut pairs));
    // No more is sent than is being worked on, so neither pipe can fill up.
    let mut converse = || -> io::Result<()> {
        send(&mut to, &Plan { names: all_names(inventory), unprivileged })?;
        let mut open = 0;
        for question in questions.by_ref().take(lanes()) {
            send(&mut to, &question)?;
            open += 1;
        }
        while open > 0 {
            let Some((index, answer)) = receive::<Answer>(&mut from)? else {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            };
            answers[index] = answer;
            match questions.next() {
                Some(question) => send(&mut to, &question)?,
                None => open -= 1,
            }
        }
        Ok(())
    };
    let done = converse();
    drop(to);
    let mut errors = String::new();
    // What it says matters only where something went wrong, and nothing is lost with it elsewhere.
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut errors));
    let _ = child.wait();
    match done {
        Ok(()) => Ok(answers),
        Err(error) if errors.trim().is_empty() => Err(failed(error)),
        Err(_) => Err(machine::explain(&errors)),
    }
}

fn lanes() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn all_names(inventory: &Inventory) -> String {
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let hosts: Vec<(&str, Vec<std::net::IpAddr>)> =
        balancers.chain(apps).map(|(name, own)| (name, own.iter().map(|address| address.0).collect())).collect();
    names(hosts.iter().map(|(name, own)| (*name, own.as_slice())))
}

fn question(inventory: &Inventory, shape: &Shape, index: usize, pairs: &mut Pairs) -> Question {
    let file = |entry: &crate::tree::Entry| {
        let content = &entry.content;
        (PathBuf::from(&*entry.path), FileSpec::new(content.bytes.as_slice(), content.mode))
    };
    let mut files: BTreeMap<PathBuf, FileSpec> = shape.files.iter().map(file).collect();
    if shape.program == Program::Nginx {
        let member = |site: &&Site| inventory.pools[site.pool].members.contains(&shape.first);
        let sites: Vec<&Site> = inventory.sites.iter().filter(member).collect();
        for certificate in wanted(&sites) {
            // A name that no certificate can hold: nginx then misses the file, and says so.
            let _ = pairs.put(&certificate, &mut files);
        }
    }
    Question { index, program: shape.program, files }
}

/// The process inside.
///
/// # Errors
/// The pipes broke.
pub fn inside() -> io::Result<()> {
    let mut from = BufReader::new(io::stdin());
    let Some(plan) = receive::<Plan>(&mut from)? else { return Ok(()) };
    // A file may name addresses that its host has and this network does not. Where the kernel
    // cannot be told, nginx complains of them, which is seen.
    for family in ["ipv4", "ipv6"] {
        let _ = fs::write(format!("/proc/sys/net/{family}/ip_nonlocal_bind"), "1");
    }
    let plan = Arc::new(plan);
    let (sender, questions) = mpsc::channel::<Question>();
    let questions = Arc::new(Mutex::new(questions));
    for _ in 0..lanes() {
        let (plan, questions) = (Arc::clone(&plan), Arc::clone(&questions));
        thread::spawn(move || {
            loop {
                let next = questions.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(question) = next else { return };
                let answer: Answer = (question.index, alone(&plan, question));
                if send(&mut io::stdout().lock(), &answer).is_err() {
                    return;
                }
            }
        });
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

/// Answers in a thread that has a mount namespace of its own and ends with it.
fn alone(plan: &Arc<Plan>, question: Question) -> Result<Said, String> {
    let plan = Arc::clone(plan);
    let answered = thread::spawn(move || answer(&plan, &question)).join();
    answered.unwrap_or_else(|_| Err("a process of the check broke".to_owned()))
}

fn answer(plan: &Plan, question: &Question) -> Result<Said, String> {
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("a mount namespace could not be made: {error}"))?;
    let root = RootPlan {
        name: question.program.name(),
        files: &question.files,
        directories: &[],
        roots: &[],
        names: &plan.names,
        unprivileged: plan.unprivileged,
    };
    enter(&root).map_err(|error| format!("the private view could not be built: {error}"))?;
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
