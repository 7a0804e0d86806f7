//! What a deploy would change on one host: files, and what makes its program use them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::header_flip::header_flip;
use super::observation::{FileKind, Found, Observation};
use super::problem::Problem;
use super::release::BEFORE;
use super::revision::{configuration, revision};
use crate::tree::Entry;

/// The first line of every rendered file.
const MARK: &str = "sslscale";
/// The file that tells what a host is.
const CONFIGURATIONS: [(&str, Role); 2] =
    [("/etc/haproxy/haproxy.cfg", Role::Balancer), ("/etc/nginx/conf.d/sslscale.conf", Role::AppServer)];
/// Who owns rendered files.
const OWNER: &str = "root:root";

/// What a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It runs haproxy.
    Balancer,
    /// It runs nginx.
    AppServer,
}

impl Role {
    /// The program, which is also the name of its package and of its service.
    pub fn program(self) -> &'static str {
        match self {
            Self::Balancer => "haproxy",
            Self::AppServer => "nginx",
        }
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is not there yet.
    Create,
    /// It is one of ours, and changes.
    Update,
    /// It is one of ours, and somebody has edited it.
    Overwrite,
    /// It is as its package has it, and is replaced.
    TakeOver,
    /// It is somebody else's, and is replaced.
    Adopt,
    /// Its mode or owner changes.
    Attributes,
    /// It is one of ours that is not rendered any more.
    Remove,
    /// The same, and somebody has edited it.
    Discard,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Absolute.
    pub path: String,
    /// How.
    pub kind: ChangeKind,
}

/// Something that a host does after its files have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `systemctl daemon-reload`.
    DaemonReload,
    /// The program reads its files again and keeps its connections.
    Reload,
    /// The program ends and starts again: its connections are closed.
    Restart,
    /// The program starts.
    Start,
    /// Nothing else changes: the release is written down as the one that the host uses.
    Record,
}

/// What a deploy would do on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPlan {
    /// By path.
    pub changes: Vec<Change>,
    /// In their order.
    pub actions: Vec<Action>,
    /// What keeps it from beginning.
    pub problems: Vec<Problem>,
}

impl HostPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.actions.is_empty() && self.problems.is_empty()
    }

    /// Adds that the release is written down, if nothing else would do it: files that are right already may be of no
    /// release, as after an installation by hand, or of one whose deploy was killed before it ended.
    pub fn record(&mut self, wanted: &[Entry], seen: &Observation) {
        let released = seen.release.as_ref().is_some_and(|release| release.id != BEFORE);
        let listed = |entry: &Entry| seen.managed.get(&*entry.path) == Some(&entry.content.sha256);
        if self.is_empty() && (seen.unended || !(released && wanted.iter().all(listed))) {
            self.actions.push(Action::Record);
        }
    }

    /// Adds that files are not on a running host which its program does not start without. Where packages are missing,
    /// that comes first.
    pub fn require(&mut self, files: &[String], seen: &Observation) {
        let absent = |path: &&String| matches!(seen.files.get(*path), Some(FileKind::Absent));
        if seen.unit.is_some() && seen.package.is_some() && !self.is_empty() {
            self.problems.extend(files.iter().filter(absent).cloned().map(Problem::NoCertificate));
        }
    }

    /// Adds files that nginx has not loaded, if a host without ticket keys gets its first ones: those come with a reload,
    /// before anything else changes, and that does not put into effect what nobody has looked at.
    pub fn require_loaded(&mut self, wanted: &[Entry], seen: &Observation) {
        let Some(facts) = seen.facts.as_ref().filter(|facts| facts.ring_age.is_none()) else { return };
        let shares = |entry: &Entry| String::from_utf8_lossy(&entry.content.bytes).contains("ssl_session_ticket_key ");
        if !self.is_empty() && wanted.iter().any(shares) {
            self.problems.extend(facts.unread.iter().cloned().map(Problem::Unread));
        }
    }

    /// Files that somebody has changed since the program loaded its configuration, and that this plan puts into effect without
    /// writing them.
    pub fn loads<'s>(&self, seen: &'s Observation) -> Vec<&'s str> {
        let reads = |action: &Action| matches!(action, Action::Reload | Action::Restart | Action::Start);
        let unread = seen.facts.iter().filter(|_| self.actions.iter().any(reads)).flat_map(|facts| &facts.unread);
        let written = |path: &str| self.changes.iter().any(|change| change.path == path);
        let ours = |path: &str| seen.managed.contains_key(path) && !seen.is_edited(path);
        unread.map(String::as_str).filter(|path| !written(path) && !ours(path)).collect()
    }

    /// Leaves out whatever is not about these files, which are no units: other files stay as they are, and a program
    /// that runs reads its files again.
    pub fn keep_only(&mut self, paths: &BTreeSet<String>) {
        self.changes.retain(|change| paths.contains(&change.path));
        let changes = !self.changes.is_empty();
        self.problems.retain(|problem| problem.path().map_or(changes, |path| paths.contains(path)));
        let runs = !self.actions.contains(&Action::Start);
        let reads = runs && self.changes.iter().any(|change| change.kind != ChangeKind::Attributes);
        self.actions = if reads { vec![Action::Reload] } else { Vec::new() };
    }
}

/// What is known of a host, and of the contents of the files that differ.
#[derive(Debug, Clone, Copy)]
pub struct Live<'o> {
    /// What the host told.
    pub seen: &'o Observation,
    /// The contents of files that differ from what is rendered.
    pub contents: &'o BTreeMap<String, Vec<u8>>,
}

/// The paths whose contents a plan needs.
pub fn differing<'o>(wanted: &[Entry], seen: &'o Observation) -> Vec<&'o str> {
    let rendered: BTreeMap<&str, &Entry> = wanted.iter().map(|entry| (&*entry.path, entry)).collect();
    let differs = |(path, kind): &(&'o String, &FileKind)| match kind {
        FileKind::Regular(found) => match rendered.get(path.as_str()) {
            Some(entry) => entry.content.sha256 != found.sha256,
            // Others were only looked for, and may be private keys.
            None => seen.managed.contains_key(*path),
        },
        _ => false,
    };
    seen.files.iter().filter(differs).map(|(path, _)| path.as_str()).collect()
}

/// The plan for one host.
pub fn plan(wanted: &[Entry], live: Live<'_>, adopt: bool) -> HostPlan {
    let mut plan = HostPlan::default();
    if let Some(role) = other_role(wanted, live.seen) {
        plan.problems.push(Problem::OtherRole(role));
    }
    if live.seen.package.is_none() && live.seen.unit.is_some() {
        plan.problems.push(Problem::NotInstalled);
    }
    plan.problems.extend(live.seen.missing_tools.iter().cloned().map(Problem::NoTool));
    for entry in wanted {
        let kind = live.seen.files.get(&*entry.path).unwrap_or(&FileKind::Absent);
        match change(entry, kind, live) {
            Ok(kind) => {
                if kind == Some(ChangeKind::Adopt) && !adopt {
                    plan.problems.push(Problem::Foreign(entry.path.to_string()));
                }
                if matches!(kind, Some(ChangeKind::Update | ChangeKind::Overwrite)) {
                    plan.problems.extend(flipped(entry, live));
                }
                plan.changes.extend(kind.map(|kind| Change { path: entry.path.to_string(), kind }));
            }
            Err(problem) => plan.problems.push(problem),
        }
    }
    let rendered = |path: &str| wanted.iter().any(|entry| &*entry.path == path);
    // A certificate that has no source any more, or none that is read, stays where what is rendered names it.
    let named = |path: &str| wanted.iter().any(|entry| names(&entry.content.bytes, path));
    for (path, kind) in live.seen.files.iter().filter(|(path, _)| !rendered(path) && !named(path)) {
        // A file of the last release; one that is gone already needs nothing, and what somebody else put there stays.
        if is_ours(path, kind, live) {
            let kind = if live.seen.is_edited(path) { ChangeKind::Discard } else { ChangeKind::Remove };
            plan.changes.push(Change { path: path.clone(), kind });
        }
    }
    plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    plan.actions = actions(wanted, live, &plan.changes);
    plan
}

/// Whether a text has this path in it, as a word of its own.
fn names(text: &[u8], path: &str) -> bool {
    let text = String::from_utf8_lossy(text);
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || ";,\"'{}".contains(c));
    text.match_indices(path)
        .any(|(at, _)| ends(text[..at].chars().next_back()) && ends(text[at + path.len()..].chars().next()))
}

/// What a host is by its last release, if its files are to be those of the other role.
fn other_role(wanted: &[Entry], seen: &Observation) -> Option<Role> {
    let released = seen.release.as_ref().is_some_and(|release| release.id != BEFORE);
    let mine = |path: &str| wanted.iter().any(|entry| &*entry.path == path);
    let has = |path: &str| seen.managed.contains_key(path);
    let other = CONFIGURATIONS.iter().find(|(path, _)| released && has(path) && !mine(path))?;
    CONFIGURATIONS.iter().any(|(path, _)| mine(path) && !has(path)).then_some(other.1)
}

/// PROXY headers that a change of this file would turn on or off.
fn flipped(entry: &Entry, live: Live<'_>) -> Option<Problem> {
    let old = String::from_utf8_lossy(live.contents.get(&*entry.path)?);
    let flip = header_flip(&old, &String::from_utf8_lossy(&entry.content.bytes))?;
    Some(Problem::HeaderFlip { path: entry.path.to_string(), flip })
}

/// What becomes of the file at the path of an entry.
fn change(entry: &Entry, kind: &FileKind, live: Live<'_>) -> Result<Option<ChangeKind>, Problem> {
    let found = match kind {
        FileKind::Absent => return Ok(Some(ChangeKind::Create)),
        FileKind::Regular(found) => found,
        FileKind::Link | FileKind::Directory | FileKind::Other => {
            return Err(Problem::NotAFile(entry.path.to_string()));
        }
    };
    if found.sha256 == entry.content.sha256 {
        let same = found.mode == entry.content.mode && found.owner == OWNER;
        return Ok((!same).then_some(ChangeKind::Attributes));
    }
    Ok(Some(owner(entry, found, live)))
}

/// Whether a file of the last release is as that left it, or somebody has edited it; not if it is another file.
fn is_ours(path: &str, kind: &FileKind, live: Live<'_>) -> bool {
    let Some(sha256) = live.seen.managed.get(path) else { return false };
    match kind {
        FileKind::Regular(found) if found.sha256 != *sha256 => live.contents.get(path).is_some_and(|it| is_marked(it)),
        FileKind::Regular(_) => true,
        // A deploy makes files.
        _ => false,
    }
}

/// Whether a file has the first line of those that sslscale renders. Certificates and keys have none.
pub fn is_marked(bytes: &[u8]) -> bool {
    let first = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    first.lines().take(2).any(|line| line.starts_with('#') && line.contains(MARK))
}

/// Whose file it is that will be replaced.
fn owner(entry: &Entry, found: &Found, live: Live<'_>) -> ChangeKind {
    let path = &*entry.path;
    let marked = live.contents.get(path).is_some_and(|bytes| is_marked(bytes));
    match live.seen.managed.get(path) {
        Some(sha256) if *sha256 == found.sha256 => ChangeKind::Update,
        // Without the first line it is no edit: another tool has put its own file there.
        Some(_) if marked || !is_marked(&entry.content.bytes) => ChangeKind::Overwrite,
        _ if live.seen.stock.contains(path) => ChangeKind::TakeOver,
        // Installed by hand or by another tool.
        _ if marked => ChangeKind::Update,
        _ => ChangeKind::Adopt,
    }
}

/// What makes the program use the files, in its order.
fn actions(wanted: &[Entry], live: Live<'_>, changes: &[Change]) -> Vec<Action> {
    let running = live.seen.unit.as_ref().is_none_or(|unit| unit.active == "active" || unit.active == "reloading");
    let is_unit = |change: &&Change| change.path.starts_with("/etc/systemd/");
    let content = |change: &&Change| change.kind != ChangeKind::Attributes;
    let mut actions = Vec::new();
    let units = changes.iter().filter(is_unit).filter(content);
    if units.clone().next().is_some() {
        actions.push(Action::DaemonReload);
    }
    let restart = units.into_iter().any(|change| {
        let old = live.contents.get(&change.path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let new = wanted.iter().find(|entry| *entry.path == *change.path);
        let new = new.map(|entry| String::from_utf8_lossy(&entry.content.bytes).into_owned());
        needs_restart(old.as_deref().unwrap_or_default(), new.as_deref().unwrap_or_default())
    });
    // What nginx reads counts as unread as soon as its inode has changed, and only a reload says otherwise.
    let is_read = |change: &Change| content(&change) || change.path.starts_with("/etc/nginx/");
    let others = changes.iter().filter(|change| !is_unit(change)).any(is_read);
    let stale = !others && running && (is_behind(wanted, live.seen) || has_not_read(wanted, live.seen));
    match (running, restart, others || stale) {
        (false, ..) => actions.push(Action::Start),
        (true, true, _) => actions.push(Action::Restart),
        (true, false, true) => actions.push(Action::Reload),
        (true, false, false) => {}
    }
    actions
}

/// Whether a running service keeps settings of its unit that differ: those that the kernel or systemd gave it
/// when it started.
fn needs_restart(old: &str, new: &str) -> bool {
    // Without a drop-in a service has the limit that systemd gives every one.
    const STOCK: u64 = 524_288;
    let hard = |text: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("LimitNOFILE="));
        let mut hard = lines.filter_map(|value| value.rsplit(':').next()?.parse::<u64>().ok());
        hard.next_back().unwrap_or(STOCK)
    };
    let mounts = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("BindReadOnlyPaths="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    hard(new) > hard(old) || mounts(old) != mounts(new)
}

/// Whether the program runs another revision than its file has, though the file is right.
fn is_behind(wanted: &[Entry], seen: &Observation) -> bool {
    let (Some(running), Some(entry)) = (&seen.running, configuration(wanted)) else { return false };
    let text = String::from_utf8_lossy(&entry.content.bytes);
    revision(&entry.path, &text).is_some_and(|revision| revision != *running)
}

/// Whether the program has not loaded a file that is right: somebody has put it back, and not reloaded the program.
fn has_not_read(wanted: &[Entry], seen: &Observation) -> bool {
    let is_right = |entry: &Entry| {
        let found = seen.files.get(&*entry.path);
        matches!(found, Some(FileKind::Regular(found)) if found.sha256 == entry.content.sha256)
    };
    let unread = |entry: &Entry| seen.facts.iter().any(|facts| facts.unread.iter().any(|path| *path == *entry.path));
    wanted.iter().any(|entry| unread(entry) && is_right(entry))
}

#[cfg(test)]
mod tests;
