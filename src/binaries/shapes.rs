//! The files to be shown to each program: hosts with the same files are one question.

use std::collections::HashMap;

use crate::inventory::Inventory;
use crate::sandbox::{Program, ProgramOutput};
use crate::tree::{Entry, Tree};

/// The files that one program of one or more hosts reads.
#[derive(Debug)]
pub struct Shape {
    /// The program.
    pub program: Program,
    /// The first host that has them.
    pub host: String,
    /// The index of that host in its list of the inventory.
    pub first: usize,
    /// How many more hosts have them.
    pub others: usize,
    /// The files.
    pub files: Vec<Entry>,
}

impl Shape {
    /// The text of the file at `path`, if it is rendered.
    pub fn text(&self, path: &str) -> Option<&str> {
        let entry = self.files.iter().find(|entry| &*entry.path == path)?;
        std::str::from_utf8(&entry.content.bytes).ok()
    }

    /// A rendered file of nginx that is not among those that it lists as read.
    pub fn unread(&self, output: &ProgramOutput) -> Option<&str> {
        let nginx = self.files.iter().map(|entry| &*entry.path).filter(|path| path.starts_with("/etc/nginx/"));
        let nginx = nginx.filter(|path| path.ends_with(".conf"));
        nginx.filter(|_| self.program == Program::Nginx).find(|path| !output.read.iter().any(|read| read == path))
    }
}

/// What balancers run.
const BALANCER: &[Program] = &[Program::Haproxy];
/// What app servers run.
const APP_SERVER: &[Program] = &[Program::Nginx];

/// All shapes of a fleet, balancers first.
pub fn of(inventory: &Inventory, tree: &Tree) -> Vec<Shape> {
    let balancers = inventory.load_balancers.iter().map(|host| (BALANCER, &host.name)).enumerate();
    let apps = inventory.app_servers.iter().map(|host| (APP_SERVER, &host.name)).enumerate();
    let hosts = balancers.chain(apps);
    let runs = hosts.flat_map(|(index, (programs, host))| programs.iter().map(move |program| (index, *program, host)));
    let mut shapes: Vec<Shape> = Vec::new();
    let mut known: HashMap<(Program, Vec<&str>), usize> = HashMap::new();
    for (index, program, host) in runs {
        let files = tree.host(host.as_str()).unwrap_or_default();
        let contents = files.iter().map(|entry| entry.content.sha256.as_str()).collect();
        let shape = *known.entry((program, contents)).or_insert(shapes.len());
        match shapes.get_mut(shape) {
            Some(shape) => shape.others += 1,
            None => {
                let (host, files) = (host.to_string(), files.to_vec());
                shapes.push(Shape { program, host, first: index, others: 0, files });
            }
        }
    }
    shapes
}
