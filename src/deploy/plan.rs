//! What a deploy would change on one host: files, and what makes its program use them. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::observation::{FileKind, Found, Observation};
use crate::tree::Entry;

/// The first line of every rendered file.
const MARK: &str = "sslscale";
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
}

/// What keeps a deploy from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The program's package is not installed.
    NotInstalled,
    /// A program that a deploy needs is missing.
    NoTool(String),
    /// A file of somebody else is at a path, and `--adopt` was not given.
    Foreign(String),
    /// A link, a directory or a device is at the path of a file.
    NotAFile(String),
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
        FileKind::Regular(found) => {
            rendered.get(path.as_str()).is_none_or(|entry| entry.content.sha256 != found.sha256)
        }
        _ => false,
    };
    seen.files.iter().filter(differs).map(|(path, _)| path.as_str()).collect()
}

/// The plan for one host.
pub fn plan(role: Role, wanted: &[Entry], live: Live<'_>, adopt: bool) -> HostPlan {
    let mut plan = HostPlan::default();
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
                plan.changes.extend(kind.map(|kind| Change { path: entry.path.to_string(), kind }));
            }
            Err(problem) => plan.problems.push(problem),
        }
    }
    let rendered = |path: &str| wanted.iter().any(|entry| &*entry.path == path);
    for (path, kind) in live.seen.files.iter().filter(|(path, _)| !rendered(path)) {
        // A file of the last release; one that is gone already needs nothing.
        if live.seen.managed.contains_key(path) && *kind != FileKind::Absent {
            plan.changes.push(Change { path: path.clone(), kind: ChangeKind::Remove });
        }
    }
    plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    plan.actions = actions(role, wanted, live, &plan.changes);
    plan
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
    Ok(Some(owner(&entry.path, found, live)))
}

/// Whose file it is that will be replaced.
fn owner(path: &str, found: &Found, live: Live<'_>) -> ChangeKind {
    match live.seen.managed.get(path) {
        Some(sha256) if *sha256 == found.sha256 => return ChangeKind::Update,
        Some(_) => return ChangeKind::Overwrite,
        None => {}
    }
    if live.seen.stock.contains(path) {
        return ChangeKind::TakeOver;
    }
    // Installed by hand or by another tool.
    let first =
        live.contents.get(path).map(|bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned());
    let ours = first.is_some_and(|text| text.lines().take(2).any(|line| line.starts_with('#') && line.contains(MARK)));
    if ours { ChangeKind::Update } else { ChangeKind::Adopt }
}

/// What makes the program use the files, in its order.
fn actions(role: Role, wanted: &[Entry], live: Live<'_>, changes: &[Change]) -> Vec<Action> {
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
    let others = changes.iter().filter(|change| !is_unit(change)).any(|change| content(&change));
    let stale = role == Role::Balancer && !others && running && is_behind(wanted, live.seen);
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
    let Some(running) = &seen.running else { return false };
    let text = wanted.iter().filter(|entry| entry.path.ends_with(".cfg")).map(|entry| &entry.content.bytes);
    let mut revisions = text.filter_map(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().find_map(|line| line.trim().strip_prefix("description sslscale "));
        line.map(str::to_owned)
    });
    revisions.next().is_some_and(|revision| revision != *running)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::deploy::Unit;
    use crate::tree::Content;

    const PATH: &str = "/etc/haproxy/haproxy.cfg";
    const UNIT: &str = "/etc/systemd/system/haproxy.service.d/sslscale.conf";

    fn entry(path: &str, text: &str) -> Entry {
        Entry { path: path.into(), content: Arc::new(Content::new(text.as_bytes().to_vec())) }
    }

    /// A host that runs haproxy and has these files.
    struct Host {
        seen: Observation,
        contents: BTreeMap<String, Vec<u8>>,
    }

    impl Host {
        fn with(files: &[(&str, &str)]) -> Self {
            let found = |text: &str| Found {
                mode: 0o644,
                owner: "root:root".to_owned(),
                sha256: Content::new(text.as_bytes().to_vec()).sha256,
            };
            let unit = Some(Unit { active: "active".to_owned(), enabled: "enabled".to_owned() });
            let mut seen = Observation { unit, package: Some("3.0".to_owned()), ..Observation::default() };
            let mut contents = BTreeMap::new();
            for (path, text) in files {
                seen.files.insert((*path).to_owned(), FileKind::Regular(found(text)));
                contents.insert((*path).to_owned(), text.as_bytes().to_vec());
            }
            Self { seen, contents }
        }

        fn managed(mut self, path: &str, text: &str) -> Self {
            self.seen.managed.insert(path.to_owned(), Content::new(text.as_bytes().to_vec()).sha256);
            self
        }

        fn plan(&self, wanted: &[Entry], adopt: bool) -> HostPlan {
            plan(Role::Balancer, wanted, Live { seen: &self.seen, contents: &self.contents }, adopt)
        }

        fn kinds(&self, wanted: &[Entry]) -> Vec<ChangeKind> {
            self.plan(wanted, true).changes.iter().map(|change| change.kind).collect()
        }
    }

    #[test]
    fn whose_file_it_is() {
        let wanted = [entry(PATH, "new")];
        assert!(Host::with(&[(PATH, "new")]).plan(&wanted, false).is_empty());
        assert_eq!(Host::with(&[]).kinds(&wanted), [ChangeKind::Create]);
        assert_eq!(Host::with(&[(PATH, "old")]).managed(PATH, "old").kinds(&wanted), [ChangeKind::Update]);
        assert_eq!(Host::with(&[(PATH, "edited")]).managed(PATH, "old").kinds(&wanted), [ChangeKind::Overwrite]);
        assert_eq!(Host::with(&[(PATH, "# Rendered by sslscale; x\nold")]).kinds(&wanted), [ChangeKind::Update]);
        let mut stock = Host::with(&[(PATH, "global")]);
        stock.seen.stock.insert(PATH.to_owned());
        assert_eq!(stock.kinds(&wanted), [ChangeKind::TakeOver]);
        let foreign = Host::with(&[(PATH, "# Managed by another tool")]);
        assert_eq!(foreign.kinds(&wanted), [ChangeKind::Adopt]);
        let refused = foreign.plan(&wanted, false);
        assert_eq!((refused.changes.len(), refused.problems), (1, vec![Problem::Foreign(PATH.to_owned())]));
        let mut link = Host::with(&[]);
        link.seen.files.insert(PATH.to_owned(), FileKind::Link);
        assert_eq!(link.plan(&wanted, true).problems, [Problem::NotAFile(PATH.to_owned())]);
    }

    #[test]
    fn what_is_not_rendered_any_more_goes_and_nothing_else() {
        let host = Host::with(&[(PATH, "new"), ("/etc/old", "old"), ("/etc/other", "x")]).managed("/etc/old", "old");
        let plan = host.plan(&[entry(PATH, "new")], false);
        assert_eq!(plan.changes, [Change { path: "/etc/old".to_owned(), kind: ChangeKind::Remove }]);
        let gone = Host::with(&[(PATH, "new")]).managed("/etc/old", "old");
        assert!(gone.plan(&[entry(PATH, "new")], false).is_empty());
    }

    #[test]
    fn a_mode_or_an_owner_is_put_right_without_a_reload() {
        let mut host = Host::with(&[(PATH, "new")]);
        let found =
            Found { mode: 0o600, owner: "root:root".to_owned(), sha256: entry(PATH, "new").content.sha256.clone() };
        host.seen.files.insert(PATH.to_owned(), FileKind::Regular(found));
        let plan = host.plan(&[entry(PATH, "new")], false);
        assert_eq!((plan.changes[0].kind, plan.actions.as_slice()), (ChangeKind::Attributes, &[][..]));
    }

    #[test]
    fn a_reload_or_a_restart() {
        let unit = |limit: &str| entry(UNIT, &format!("[Service]\nLimitNOFILE={limit}\n"));
        let text = |limit: &str| format!("[Service]\nLimitNOFILE={limit}\n");
        let actions = |old: &[(&str, &str)], new: &[Entry]| Host::with(old).plan(new, true).actions;
        assert_eq!(actions(&[(PATH, "old")], &[entry(PATH, "new")]), [Action::Reload]);
        assert_eq!(
            actions(&[(PATH, "old")], &[entry(PATH, "new"), unit("9216:524288")]),
            [Action::DaemonReload, Action::Reload]
        );
        let old = text("9216:524288");
        assert_eq!(
            actions(&[(PATH, "a"), (UNIT, &old)], &[entry(PATH, "a"), unit("10240:524288")]),
            [Action::DaemonReload]
        );
        assert_eq!(
            actions(&[(PATH, "a"), (UNIT, &old)], &[entry(PATH, "a"), unit("600000:600000")]),
            [Action::DaemonReload, Action::Restart]
        );
        let mut stopped = Host::with(&[(PATH, "a")]);
        stopped.seen.unit = Some(Unit { active: "inactive".to_owned(), enabled: "enabled".to_owned() });
        assert_eq!(stopped.plan(&[entry(PATH, "a")], false).actions, [Action::Start]);
    }

    #[test]
    fn a_program_that_runs_another_revision_is_reloaded() {
        let text = "global\n    description sslscale 0123456789ab\n";
        let mut host = Host::with(&[(PATH, text)]);
        host.seen.running = Some("0123456789ab".to_owned());
        assert!(host.plan(&[entry(PATH, text)], false).is_empty());
        host.seen.running = Some("ba9876543210".to_owned());
        assert_eq!(host.plan(&[entry(PATH, text)], false).actions, [Action::Reload]);
    }

    #[test]
    fn a_host_without_the_program_or_a_tool_is_not_begun() {
        let mut host = Host::with(&[]);
        host.seen.package = None;
        host.seen.missing_tools.push("flock".to_owned());
        let problems = host.plan(&[], false).problems;
        assert_eq!(problems, [Problem::NotInstalled, Problem::NoTool("flock".to_owned())]);
    }
}
