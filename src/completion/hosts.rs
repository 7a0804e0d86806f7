//! Names of hosts, from an inventory that need not be valid.

use std::path::Path;

use clap_complete::engine::CompletionCandidate;

use super::candidate;
use crate::inventory::node::{Node, Value, parse};
use crate::inventory::types::{HostName, Scalar};
use crate::source::{self, Source};

/// Which hosts an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    All,
    AppServers,
}

impl Wanted {
    /// Of an option of a command.
    pub fn of(command: &str, option: &str) -> Self {
        let is_about_app_servers = ["status", "rotate", "sync"].contains(&command) || option == "canary";
        if is_about_app_servers { Self::AppServers } else { Self::All }
    }
}

pub fn candidates(inventory: Option<&Path>, wanted: Wanted) -> Vec<CompletionCandidate> {
    let Some(path) = inventory.filter(|path| !source::is_stdin(path)) else { return Vec::new() };
    let Ok(source) = Source::read(path) else { return Vec::new() };
    let Ok(root) = parse(&source) else { return Vec::new() };
    let mut found = Vec::new();
    if wanted == Wanted::All {
        names(&source, &root, "load_balancers", "balancer", &mut found);
    }
    names(&source, &root, "app_servers", "app server", &mut found);
    found
}

fn names(source: &Source, root: &Node, list: &str, what: &str, found: &mut Vec<CompletionCandidate>) {
    let Some(Value::List(hosts)) = value(source, root, list).map(|node| &node.value) else { return };
    let names = hosts.iter().filter_map(|host| value(source, host, "name")?.text(source));
    // What is no name of a host could be more than a word to a shell.
    found.extend(names.filter(|name| HostName::parse(name).is_ok()).map(|name| candidate(name, what)));
}

fn value<'a>(source: &Source, node: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(name, _)| name.text(source) == Some(key)).map(|(_, value)| value)
}
