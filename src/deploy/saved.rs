//! A plan in a file: what was looked at, and what was planned from it. A deploy of the file does this or nothing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::observation::{FileKind, Observation};
use super::plan::{Action, ChangeKind, HostPlan};
use crate::tree::Entry;

/// The version of the format, and the key that no inventory has.
const VERSION: u32 = 1;
const KEY: &[u8] = b"\"sslscale_plan\"";

/// A plan that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    sslscale_plan: u32,
    /// The inventory's file, absolute.
    pub inventory: PathBuf,
    /// The directory of templates, absolute, if one was given.
    pub templates: Option<PathBuf>,
    /// Whether files of others may be replaced.
    pub adopt: bool,
    /// The id of the release.
    pub release: String,
    /// The hosts that it is for.
    pub hosts: Vec<SavedHost>,
}

/// What was planned for one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedHost {
    /// Its name.
    pub name: String,
    changes: Vec<SavedChange>,
    actions: Vec<Action>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedChange {
    path: String,
    kind: ChangeKind,
    /// SHA-256 of what is there, if it is a file.
    before: Option<String>,
    /// SHA-256 of what will be there.
    after: Option<String>,
}

impl SavedHost {
    /// What was planned for the host of this name, which is to have `entries`.
    pub fn new(name: &str, entries: &[Entry], seen: &Observation, plan: &HostPlan) -> Self {
        let change = |change: &super::plan::Change| SavedChange {
            path: change.path.clone(),
            kind: change.kind,
            before: match seen.files.get(&change.path) {
                Some(FileKind::Regular(found)) => Some(found.sha256.clone()),
                _ => None,
            },
            after: entries.iter().find(|entry| *entry.path == *change.path).map(|entry| entry.content.sha256.clone()),
        };
        Self {
            name: name.to_owned(),
            changes: plan.changes.iter().map(change).collect(),
            // `plan` compares files alone, and does not show it.
            actions: plan.actions.iter().copied().filter(|action| *action != Action::Record).collect(),
        }
    }
}

impl SavedPlan {
    /// A plan for these hosts.
    pub fn new(
        inventory: PathBuf,
        templates: Option<PathBuf>,
        adopt: bool,
        release: String,
        hosts: Vec<SavedHost>,
    ) -> Self {
        Self { sslscale_plan: VERSION, inventory, templates, adopt, release, hosts }
    }

    /// Whether a file is a saved plan and not an inventory, also if it is damaged or was laid out anew.
    pub fn is(bytes: &[u8]) -> bool {
        let text = bytes.trim_ascii_start();
        text.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(KEY))
    }

    /// Reads a file that is one.
    ///
    /// # Errors
    /// It is damaged, or of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let plan: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if plan.sslscale_plan == VERSION { Ok(plan) } else { Err(format!("its version is {}", plan.sslscale_plan)) }
    }

    /// As it is written to a file.
    pub fn text(&self) -> String {
        format!("{}\n", serde_json::to_string(self).expect("strings and numbers only"))
    }

    /// What is not as it was when this was saved, of a plan that was made now.
    pub fn stale(&self, now: &Self) -> Option<String> {
        // What hosts would have is another thing then, and says nothing about what they have.
        if self.release != now.release {
            return Some("the inventory, a template or a certificate has changed".to_owned());
        }
        let other = |host: &&SavedHost| self.hosts.iter().find(|it| it.name == host.name) != Some(host);
        let others: Vec<&str> = now.hosts.iter().filter(other).map(|host| &*host.name).collect();
        match others[..] {
            [] => None,
            [host] => Some(format!("{host} is not as it was")),
            _ => Some(format!("{} are not as they were", others.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(release: &str, before: &str) -> SavedPlan {
        let change = SavedChange {
            path: "/etc/a".to_owned(),
            kind: ChangeKind::TakeOver,
            before: Some(before.to_owned()),
            after: None,
        };
        let host = SavedHost { name: "lb1".to_owned(), changes: vec![change], actions: vec![Action::DaemonReload] };
        SavedPlan::new("/inventory.yaml".into(), None, true, release.to_owned(), vec![host])
    }

    #[test]
    fn a_plan_is_read_as_it_was_written_or_not_at_all() {
        let plan = saved("0123456789ab", "0");
        let text = plan.text();
        assert!(SavedPlan::is(text.as_bytes()) && !SavedPlan::is(b"load_balancers: []"));
        assert_eq!(SavedPlan::read(text.as_bytes()), Ok(plan));
        assert!(SavedPlan::read(&text.as_bytes()[..text.len() - 3]).is_err());
        assert_eq!(SavedPlan::read(text.replace(":1,", ":2,").as_bytes()), Err("its version is 2".to_owned()));
    }

    #[test]
    fn every_difference_makes_it_stale() {
        let plan = saved("0123456789ab", "0");
        assert_eq!(plan.stale(&plan), None);
        assert_eq!(plan.stale(&saved("0123456789ab", "1")).unwrap(), "lb1 is not as it was");
        let other = plan.stale(&saved("ba9876543210", "0")).unwrap();
        assert_eq!(other, "the inventory, a template or a certificate has changed");
    }
}
