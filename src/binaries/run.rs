//! Asks the installed programs, each about every shape of files, in a private view of this machine:
//! the command's side. The process inside gets one question a line and answers in any order.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::thread;

use serde::{Deserialize, Serialize};

use super::inside::INSIDE;
use super::program::{Program, Said};
use super::shapes::Shape;
use crate::event::Missing;
use crate::inventory::Inventory;
use crate::inventory::model::Site;
use crate::private_root::wire::{receive, send};
use crate::private_root::{self, FileSpec, Pairs, machine, names, ring, wanted};

/// What comes first, and holds for all questions.
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
    /// Among the shapes.
    pub index: usize,
    /// Whom it is for.
    pub program: Program,
    /// By absolute path, certificates included.
    pub files: BTreeMap<PathBuf, FileSpec>,
}

/// By the question's index.
pub type Answer = (usize, Result<Said, String>);

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
    let ring = ring(inventory);
    let mut questions =
        shapes.iter().enumerate().map(|(index, shape)| question(inventory, (shape, index), &mut pairs, &ring));
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
            let Some(slot) = answers.get_mut(index) else {
                return Err(io::Error::other("a process of the check broke"));
            };
            *slot = answer;
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

fn all_names(inventory: &Inventory) -> String {
    let balancers = inventory.load_balancers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let apps = inventory.app_servers.iter().map(|host| (host.name.as_str(), &host.addresses));
    let hosts: Vec<(&str, Vec<std::net::IpAddr>)> =
        balancers.chain(apps).map(|(name, own)| (name, own.iter().map(|address| address.0).collect())).collect();
    names(hosts.iter().map(|(name, own)| (*name, own.as_slice())))
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
            // A name that no certificate can hold: nginx then misses the file, and says so.
            let _ = pairs.put(&certificate, &mut files);
        }
    }
    Question { index, program: shape.program, files }
}

/// How many questions are worked on at once.
pub fn lanes() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
