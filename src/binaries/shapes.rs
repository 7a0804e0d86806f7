//! Which files there are to be shown: hosts with the same files are one question.

use std::collections::HashMap;

use super::program::{Program, Said};
use crate::inventory::Inventory;
use crate::tree::{Entry, Tree};

/// Files of one or more hosts.
#[derive(Debug)]
pub struct Shape {
    /// Whom they are for.
    pub program: Program,
    /// The first host that has them.
    pub host: String,
    /// Its index in its list of the inventory.
    pub first: usize,
    /// How many further hosts have them.
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

    /// A file that is nginx's and that it did not read, by what it said to have read.
    pub fn unread(&self, said: &Said) -> Option<&str> {
        let nginx = self.files.iter().map(|entry| &*entry.path).filter(|path| path.starts_with("/etc/nginx/"));
        let nginx = nginx.filter(|path| path.ends_with(".conf"));
        nginx.filter(|_| self.program == Program::Nginx).find(|path| !said.read.iter().any(|read| read == path))
    }
}

/// All shapes of a fleet, balancers first.
pub fn of(inventory: &Inventory, tree: &Tree) -> Vec<Shape> {
    let balancers = inventory.load_balancers.iter().map(|host| (Program::Haproxy, &host.name)).enumerate();
    let apps = inventory.app_servers.iter().map(|host| (Program::Nginx, &host.name)).enumerate();
    let mut shapes: Vec<Shape> = Vec::new();
    let mut known: HashMap<(Program, Vec<&str>), usize> = HashMap::new();
    for (index, (program, host)) in balancers.chain(apps) {
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
