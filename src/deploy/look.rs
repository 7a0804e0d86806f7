//! What a host has, beside what is to be there.

use std::collections::BTreeMap;

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

/// What a host told, what a deploy would do there, and the contents of the files that it would change and of those
/// at `more`.
///
/// # Errors
/// The host did not tell.
pub fn look(
    host: &dyn Host,
    wanted: Wanted<'_>,
    more: impl IntoIterator<Item = impl AsRef<str>>,
    adopt: bool,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    compared(host, wanted, observe(host, wanted.1, &paths(wanted))?, more, adopt)
}

/// The same, with what rules look at.
///
/// # Errors
/// The host did not tell.
pub fn look_for_rules(
    host: &dyn Host,
    wanted: Wanted<'_>,
    adopt: bool,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    compared(host, wanted, inspect(host, wanted.1, &paths(wanted))?, [""; 0], adopt)
}

fn paths<'w>((_, _, entries): Wanted<'w>) -> Vec<&'w str> {
    entries.iter().map(|entry| &*entry.path).collect()
}

fn compared(
    host: &dyn Host,
    (_, role, entries): Wanted<'_>,
    seen: Observation,
    more: impl IntoIterator<Item = impl AsRef<str>>,
    adopt: bool,
) -> Result<(Observation, HostPlan, Contents), QueryError> {
    let more: Vec<_> = more.into_iter().collect();
    let mut needed = differing(entries, &seen);
    needed.extend(more.iter().map(AsRef::as_ref));
    let contents = if needed.is_empty() { BTreeMap::new() } else { contents(host, &needed)? };
    let plan = plan(role, entries, Live { seen: &seen, contents: &contents }, adopt);
    Ok((seen, plan, contents))
}
