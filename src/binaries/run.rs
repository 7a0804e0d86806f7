//! Lets the installed programs validate every shape of files, in a private view of this machine: the
//! command's side. The process inside gets one question per line and answers in any order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::inside::INSIDE;
use super::shapes::Shape;
use crate::event::Missing;
use crate::inventory::Inventory;
use crate::inventory::model::Site;
use crate::inventory::types::ServerName;
use crate::process::{self, Conversation, Lines, patience};
use crate::progress::Count;
use crate::sandbox::{self, FileSpec, Program, ProgramOutput, machine, names, wire};
use crate::stand_ins::{self, Pairs, authorities, revoked, ring, wanted};

/// How long a program of this machine may take, here `unshare` to start the process inside.
const PROGRAM: Duration = Duration::from_secs(60);
/// How long the process inside may take for what it does itself: read a question, build a view, end.
const INSIDE_TIME: Duration = Duration::from_secs(60);
/// How long it may take to end where it did not do its work.
const END: Duration = Duration::from_secs(2);
/// Longest answer in bytes: nginx may warn about every site.
const LONGEST: usize = 128 << 20;

/// Comes before all questions and holds for all of them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The private /etc/hosts.
    pub names: String,
    /// Whether all users must be mapped to the only one there is.
    pub unprivileged: bool,
}

/// One shape of files.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The index of the shape.
    pub index: usize,
    /// The program that is to validate the files.
    pub program: Program,
    /// By absolute path, certificates included.
    pub files: BTreeMap<PathBuf, FileSpec>,
}

/// What a program answered about a shape.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The program's version.
    pub version: String,
    /// What came out of it.
    pub output: ProgramOutput,
}

/// One line from the process inside.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The process runs.
    Ready,
    /// The answer to the question with this index, or why it failed.
    Answered(usize, Result<Answer, String>),
    /// One of its threads broke: a question will never be answered.
    Lost,
}

/// Lets the programs validate every shape; the answers are in the order of the shapes.
///
/// # Errors
/// The private view could not be created, or was lost.
pub fn validate(
    inventory: &Inventory,
    shapes: &[Shape],
    count: &Count,
) -> Result<Vec<Result<Answer, String>>, Missing> {
    if shapes.is_empty() {
        return Ok(Vec::new());
    }
    let unprivileged = machine::unprivileged();
    let invocation = sandbox::inside(INSIDE, unprivileged).map_err(|error| machine::explain(&error.to_string()))?;
    let (conversation, lines) = Conversation::start(&invocation, LONGEST).map_err(|error| machine::lost(&error))?;
    let mut inside = Inside { conversation, lines };
    let plan = Plan { names: all_names(inventory), unprivileged };
    let answers = inside.start(&plan).and_then(|()| inside.answers((inventory, shapes), count));
    let (_, errors) = inside.conversation.end(if answers.is_ok() { INSIDE_TIME } else { END });
    answers.map_err(|failure| match failure {
        // Its error output, or that of `unshare`, says more.
        Failure::Lost(process::Error::Lost(_)) | Failure::Gone if !errors.trim().is_empty() => {
            machine::explain(&errors)
        }
        Failure::Lost(error) => machine::lost(&error),
        Failure::Gone => machine::explain("a process of the private view ended early"),
    })
}

/// The process inside.
struct Inside {
    conversation: Conversation,
    lines: Lines,
}

/// Why there are no answers.
enum Failure {
    /// The process inside does not answer, or its pipes broke.
    Lost(process::Error),
    /// It ended, or a part of it did.
    Gone,
}

impl Inside {
    fn start(&mut self, plan: &Plan) -> Result<(), Failure> {
        let Reply::Ready = self.receive(patience(PROGRAM))? else { return Err(Failure::Gone) };
        self.send(plan)
    }

    /// No more is sent than is being worked on, so that neither pipe can fill up.
    fn answers(
        &mut self,
        (inventory, shapes): (&Inventory, &[Shape]),
        count: &Count,
    ) -> Result<Vec<Result<Answer, String>>, Failure> {
        count.expect(shapes.len());
        let mut answers: Vec<Result<Answer, String>> = shapes.iter().map(|_| Err(String::new())).collect();
        let mut pairs = Pairs::default();
        let ring = ring(inventory);
        let mut questions =
            shapes.iter().enumerate().map(|(index, shape)| question(inventory, (shape, index), &mut pairs, &ring));
        let mut open = 0;
        for question in questions.by_ref().take(lanes()) {
            self.send(&question)?;
            open += 1;
        }
        while open > 0 {
            // Programs are stopped inside: this limit is for a process inside that is stuck itself.
            let Reply::Answered(index, answer) = self.receive(INSIDE_TIME + 2 * patience(PROGRAM))? else {
                return Err(Failure::Gone);
            };
            *answers.get_mut(index).ok_or(Failure::Gone)? = answer;
            count.add();
            match questions.next() {
                Some(question) => self.send(&question)?,
                None => open -= 1,
            }
        }
        Ok(answers)
    }

    fn send(&mut self, message: &impl Serialize) -> Result<(), Failure> {
        let line = wire::line(message).map_err(|error| Failure::Lost(process::Error::Lost(error)))?;
        self.conversation.send(&line, INSIDE_TIME).map_err(Failure::Lost)
    }

    fn receive(&mut self, limit: Duration) -> Result<Reply, Failure> {
        let line = self.lines.next(limit).map_err(Failure::Lost)?.ok_or(Failure::Gone)?;
        wire::parse(&line).map_err(|error| Failure::Lost(process::Error::Lost(error)))
    }
}

fn all_names(inventory: &Inventory) -> String {
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let hosts: Vec<(&str, Vec<std::net::IpAddr>)> =
        balancers.chain(apps).map(|(name, all)| (name, all.iter().map(|address| address.0).collect())).collect();
    let own = hosts.iter().map(|(name, addresses)| (*name, addresses.as_slice()));
    let named: Vec<(&ServerName, std::net::IpAddr)> = stand_ins::hosts(inventory).collect();
    names(own.chain(named.iter().map(|(name, address)| (name.as_str(), std::slice::from_ref(address)))))
}

fn question(
    inventory: &Inventory,
    (shape, index): (&Shape, usize),
    pairs: &mut Pairs,
    ring: &BTreeMap<PathBuf, FileSpec>,
) -> Question {
    let file = |entry: &crate::tree::Entry| {
        let content = &entry.content;
        (PathBuf::from(&*entry.path), FileSpec::new(content.bytes.as_slice(), content.mode))
    };
    let mut files: BTreeMap<PathBuf, FileSpec> = shape.files.iter().map(file).collect();
    if shape.program == Program::Nginx {
        files.extend(ring.clone());
        let member = |site: &&Site| inventory.pools[site.pool].members.contains(&shape.first);
        let sites: Vec<&Site> = inventory.sites.iter().filter(member).collect();
        for certificate in wanted(&sites) {
            // Fails for a name that no certificate can contain. nginx then reports the missing file.
            let _ = pairs.put(&certificate, &mut files);
        }
        for path in authorities(&sites) {
            // The same.
            let _ = pairs.put_authority(path, &mut files);
        }
        for path in revoked(&sites) {
            let _ = pairs.put_revoked(path, &mut files);
        }
    }
    Question { index, program: shape.program, files }
}

/// How many questions are worked on at once.
pub fn lanes() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
