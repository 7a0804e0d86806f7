//! What a host has, beside what is to be there.

use std::collections::{BTreeMap, BTreeSet};

use super::observation::Observation;
use super::plan::{HostPlan, Live, Role, differing, plan};
use super::script::{contents, inspect, observe};
use crate::rollout::QueryError;
use crate::transport::Host;
use crate::tree::Entry;

/// A host: its name, what it is, and the files that are to be there.
pub type Wanted<'w> = (&'w str, Role, &'w [Entry]);

/// The bytes of files, by path.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// What a run may change on hosts, and what it looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'s> {
    /// Whether files of others may be replaced.
    pub adopt: bool,
    /// The only files that may change.
    pub only: Option<&'s BTreeSet<String>>,
    /// Whether hosts also report what rules look at.
    pub rules: bool,
}

impl Scope<'_> {
    /// What a deploy would do on a host.
    pub fn plan(&self, (_, role, entries): Wanted<'_>, live: Live<'_>) -> HostPlan {
        let mut plan = plan(role, entries, live, self.adopt);
        self.only.iter().for_each(|only| plan.keep_only(only));
        plan
    }
}

/// What a host reported, what a deploy would do there, and the contents of the files that it would change and of those
/// at `more`.
///
/// # Errors
/// The host did not report it.
pub fn look(
    host: &dyn Host,
    wanted: Wanted<'_>,
    more: impl IntoIterator<Item = impl AsRef<str>>,
    scope: &Scope<'_>,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    let (_, role, entries) = wanted;
    let paths: Vec<&str> = entries.iter().map(|entry| &*entry.path).collect();
    let seen = if scope.rules { inspect(host, role, &paths)? } else { observe(host, role, &paths)? };
    let more: Vec<_> = more.into_iter().collect();
    let mut needed = differing(entries, &seen);
    needed.extend(more.iter().map(AsRef::as_ref));
    let contents = if needed.is_empty() { BTreeMap::new() } else { contents(host, &needed)? };
    let plan = scope.plan(wanted, Live { seen: &seen, contents: &contents });
    Ok((seen, plan, contents))
}
