//! The releases that hosts have used, and deploys that have hosts.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::escaped::pretty;
use super::reasons::errors;
use super::status::lease_words;
use super::table::table;
use super::{Output, PlainFormat};
use crate::count::{several, utc};
use crate::deploy::{BEFORE, HeldLease, HistoryEntry};
use crate::rollout::{Outcome, Reason, Unreachable};

/// The version of the JSON document.
const VERSION: u32 = 1;

/// Reports what hosts keep of deploys.
pub struct HistoryReport<'o> {
    output: &'o Output,
    format: PlainFormat,
}

/// What a host told of its releases, and the one that it uses.
type Seen = Result<(Vec<HistoryEntry>, Option<String>), Unreachable>;

/// A deploy, from the entries of all hosts.
#[derive(Serialize)]
struct Deploy<'d> {
    release: &'d str,
    /// When the first host had it, in seconds since 1970; `None` of a deploy that has not ended.
    time: Option<u64>,
    holder: Option<&'d str>,
    /// What it was to the hosts; `None` of a deploy that has not ended.
    change: Option<Return>,
    /// Hosts that took part.
    hosts: Vec<&'d str>,
    /// Those that can still go back to it.
    kept: Vec<&'d str>,
    /// Those that use the release now.
    current: Vec<&'d str>,
    /// The place of its last entry on any host, for deploys within one second.
    #[serde(skip)]
    place: usize,
}

/// Whether hosts had the release before; the order is from the least to the most that a deploy changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Return {
    /// They used it right before: files or programs were put right.
    Again,
    /// They used it earlier, and another one since then.
    Back,
    /// They did not, and others had got it right before.
    More,
    /// No host did.
    New,
}

impl Return {
    /// Of the entry of a host at this place.
    fn of(entries: &[HistoryEntry], index: usize) -> Self {
        let (before, release) = (&entries[..index], &entries[index].release);
        match before.last() {
            Some(last) if last.release == *release => Self::Again,
            None if release == BEFORE => Self::Back,
            Some(_) if release == BEFORE || before.iter().any(|entry| entry.release == *release) => Self::Back,
            _ => Self::New,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Again => "same release",
            Self::Back => "earlier release",
            Self::More => "more hosts",
            Self::New => "new release",
        }
    }
}

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    deploys: Vec<Deploy<'d>>,
    errors: BTreeMap<&'d str, String>,
}

impl<'o> HistoryReport<'o> {
    pub fn new(output: &'o Output, format: PlainFormat) -> Self {
        Self { output, format }
    }

    /// All deploys, the newest last.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn write(&self, names: &[&str], seen: &[Seen]) -> io::Result<()> {
        let deploys = deploys(names, seen);
        let lost = || seen.iter().filter_map(|host| host.as_ref().err());
        if self.format == PlainFormat::Json {
            let errors =
                lost().map(|lost| (lost.host.as_str(), Reason::from(&lost.error).to_string().replace("\n\t", "\n")));
            let document = Document { version: VERSION, deploys, errors: errors.collect() };
            return self.output.print(&pretty(&document)?);
        }
        if deploys.is_empty() {
            // Of hosts that did not tell, nothing is known.
            if seen.iter().all(Result::is_ok) {
                self.output.print(b"no host has a release\n")?;
            }
        } else {
            let mut rows =
                vec![["release", "when (UTC)", "by", "change", "hosts", "kept on", "in use on"].map(str::to_owned)];
            rows.extend(deploys.iter().map(|deploy| {
                let release =
                    deploy.release.to_owned() + if deploy.release == BEFORE { " (before sslscale)" } else { "" };
                let when = deploy.time.map(|time| utc(i64::try_from(time).unwrap_or(i64::MAX)));
                [
                    release,
                    when.unwrap_or_else(|| "not ended".to_owned()),
                    deploy.holder.unwrap_or("-").to_owned(),
                    deploy.change.map_or("-", Return::words).to_owned(),
                    deploy.hosts.len().to_string(),
                    deploy.kept.len().to_string(),
                    deploy.current.len().to_string(),
                ]
            }));
            self.output.print(table(&rows).as_bytes())?;
            if deploys.iter().any(|deploy| deploy.time.is_none()) {
                self.output
                    .say("note: a deploy has not ended; a host that is between two releases has an id of its own here");
            }
            if lost().next().is_some() {
                self.output.say("note: the hosts below did not answer, and are not counted above");
            }
        }
        self.output.unreachable(lost());
        Ok(())
    }

    /// Which deploy has which host.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn leases(&self, names: &[&str], seen: &[Result<Option<HeldLease>, Unreachable>]) -> io::Result<()> {
        let mut held = 0;
        for (name, host) in names.iter().zip(seen) {
            if let Ok(Some(lease)) = host {
                held += 1;
                self.output.print(format!("{name}: {}\n", lease_words(lease)).as_bytes())?;
            }
        }
        self.output.unreachable(seen.iter().filter_map(|host| host.as_ref().err()));
        let known = seen.iter().flatten().count();
        if held == 0 && known > 0 {
            let text = if known == seen.len() { "no host is locked" } else { "no other host is locked" };
            self.output.print(format!("{text}\n").as_bytes())?;
        }
        Ok(())
    }

    /// What became of hosts that were given back.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn given_back(&self, outcomes: &[(&str, &Outcome)]) -> io::Result<()> {
        let done = outcomes.iter().filter(|(_, outcome)| **outcome == Outcome::Done).count();
        let wrong = outcomes.iter().filter_map(|(name, outcome)| Some((Some(*name), outcome.reason()?.to_string())));
        errors(wrong).iter().for_each(|error| self.output.say(error));
        self.output.print(format!("{} given back\n", several(done, "host")).as_bytes())
    }
}

fn deploys<'d>(names: &[&'d str], seen: &'d [Seen]) -> Vec<Deploy<'d>> {
    let mut deploys: BTreeMap<(&str, &str), Deploy<'d>> = BTreeMap::new();
    for (name, host) in names.iter().zip(seen) {
        let Ok((entries, current)) = host else { continue };
        // One that has it again from a deploy that has not ended has it from that one.
        let newest = entries.iter().rposition(|entry| Some(&entry.release) == current.as_ref());
        let newest = newest.filter(|_| !is_unended(entries, current.as_deref()));
        for (index, entry) in entries.iter().enumerate() {
            let new = || Deploy {
                release: &entry.release,
                time: Some(entry.time),
                holder: Some(&entry.holder),
                change: None,
                hosts: Vec::new(),
                kept: Vec::new(),
                current: Vec::new(),
                place: index,
            };
            let deploy = deploys.entry((&entry.lease, &entry.release)).or_insert_with(new);
            deploy.time = deploy.time.min(Some(entry.time));
            deploy.change = deploy.change.max(Some(Return::of(entries, index)));
            deploy.place = deploy.place.max(index);
            deploy.hosts.push(name);
            deploy.kept.extend(entry.kept.then_some(*name));
            if newest == Some(index) {
                deploy.current.push(name);
            }
        }
    }
    let mut deploys: Vec<Deploy<'d>> = deploys.into_values().collect();
    deploys.sort_by_key(|deploy| (deploy.time, deploy.place));
    for index in 1..deploys.len() {
        if deploys[index].change == Some(Return::New) && deploys[index].release == deploys[index - 1].release {
            deploys[index].change = Some(Return::More);
        }
    }
    deploys.extend(unended(names, seen));
    deploys
}

/// Whether a host uses a release that no deploy has brought to its end there.
fn is_unended(entries: &[HistoryEntry], current: Option<&str>) -> bool {
    current.is_some_and(|current| match entries.last() {
        Some(last) => last.release != current,
        None => current != BEFORE,
    })
}

/// Releases that hosts use and that no deploy has brought to its end.
fn unended<'d>(names: &[&'d str], seen: &'d [Seen]) -> Vec<Deploy<'d>> {
    let mut unended: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, host) in names.iter().zip(seen) {
        let Ok((entries, Some(current))) = host else { continue };
        if is_unended(entries, Some(current)) {
            unended.entry(current).or_default().push(name);
        }
    }
    let deploy = |(release, hosts): (&'d str, Vec<&'d str>)| Deploy {
        release,
        time: None,
        holder: None,
        change: None,
        kept: hosts.clone(),
        current: hosts.clone(),
        place: usize::MAX,
        hosts,
    };
    unended.into_iter().map(deploy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_deploy_was_to_the_hosts_is_told_from_their_entries() {
        let entry = |release: &str, lease: &str| HistoryEntry {
            time: lease.parse().unwrap(),
            release: release.to_owned(),
            lease: lease.to_owned(),
            holder: "root".to_owned(),
            kept: true,
        };
        let first = vec![entry("a", "1"), entry("a", "2"), entry("b", "3"), entry("a", "4"), entry(BEFORE, "5")];
        // Another host that the second deploy has added.
        let second = vec![entry("a", "2"), entry("b", "3")];
        let seen: Vec<Seen> = vec![Ok((first, None)), Ok((second, None))];
        let found: Vec<(&str, usize, Return)> = deploys(&["srv1", "srv2"], &seen)
            .iter()
            .map(|it| (it.release, it.hosts.len(), it.change.unwrap()))
            .collect();
        use Return::{Again, Back, More, New};
        assert_eq!(found, [("a", 1, New), ("a", 2, More), ("b", 2, New), ("a", 1, Back), (BEFORE, 1, Back)]);
        let alone: Vec<Seen> = vec![Ok((vec![entry("a", "1"), entry("a", "2")], None))];
        let changes: Vec<_> = deploys(&["srv1"], &alone).iter().map(|it| it.change.unwrap()).collect();
        assert_eq!(changes, [New, Again]);
    }

    #[test]
    fn an_earlier_release_that_comes_back_has_not_ended_before_its_deploy() {
        let entry = |release: &str, time| HistoryEntry {
            time,
            release: release.to_owned(),
            lease: time.to_string(),
            holder: "root".to_owned(),
            kept: true,
        };
        let entries = || vec![entry("a", 1), entry("b", 2)];
        let seen: Vec<Seen> = vec![Ok((entries(), Some("a".to_owned()))), Ok((entries(), Some("b".to_owned())))];
        let found: Vec<(&str, bool, Vec<&str>)> = deploys(&["srv1", "srv2"], &seen)
            .into_iter()
            .map(|it| (it.release, it.time.is_some(), it.current))
            .collect();
        assert_eq!(found, [("a", true, vec![]), ("b", true, vec!["srv2"]), ("a", false, vec!["srv1"])]);
    }
}
