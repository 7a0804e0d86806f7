//! The releases that a host has used.

use std::collections::BTreeSet;

use super::release::{BEFORE, is_id};
use super::script::contents;
use super::transaction::KEEP;
use crate::rollout::QueryError;
use crate::transport::{Host, HostText};

/// Where a host keeps it.
const PATH: &str = "/var/lib/sslscale/history";

/// A release that a host has begun to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, in seconds since 1970 by the host's clock.
    pub time: u64,
    /// Its id.
    pub release: String,
    /// The deploy that brought it.
    pub lease: String,
    /// Who ran that.
    pub holder: String,
    /// Whether the host still has its files, and can go back to it.
    pub kept: bool,
}

/// The releases of a host, the oldest first.
///
/// # Errors
/// The host did not tell.
pub fn history(host: &dyn Host) -> Result<Vec<HistoryEntry>, QueryError> {
    let text = contents(host, &[PATH])?.remove(PATH).unwrap_or_default();
    let entries: Option<Vec<HistoryEntry>> = String::from_utf8_lossy(&text).lines().map(parse).collect();
    entries
        .map(marked)
        .ok_or_else(|| QueryError::Answer { problem: "its history is damaged", text: HostText::new(&text) })
}

/// Marks what the end of a deploy leaves on a host: the releases that were used last, and what was there before.
fn marked(mut entries: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
    let mut kept = BTreeSet::new();
    for entry in entries.iter_mut().rev() {
        if kept.len() < KEEP {
            kept.insert(entry.release.clone());
        }
        entry.kept = entry.release == BEFORE || kept.contains(&entry.release);
    }
    entries
}

fn parse(line: &str) -> Option<HistoryEntry> {
    let mut words = line.split(' ');
    let time = words.next()?.parse().ok()?;
    let release = words.next().filter(|id| is_id(id))?.to_owned();
    let (lease, holder) = (words.next()?.to_owned(), words.next()?.to_owned());
    words.next().is_none().then_some(HistoryEntry { time, release, lease, holder, kept: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_that_were_used_last_are_kept() {
        let entry = |digit: &char| parse(&format!("1 {} 0011 root", digit.to_string().repeat(12))).unwrap();
        let kept = |used: &str| {
            let entries = marked(used.chars().collect::<Vec<_>>().iter().map(entry).collect());
            entries.iter().map(|it| if it.kept { 'y' } else { 'n' }).collect::<String>()
        };
        assert_eq!(kept("0abcdefa"), "yynyyyyy");
        assert_eq!(kept("abcdef"), "nyyyyy");
        assert_eq!(kept("abab"), "yyyy");
    }

    #[test]
    fn a_line_has_four_words() {
        let entry = parse("1700000000 0123456789ab 0011 root@ops").unwrap();
        assert_eq!(
            (entry.time, entry.release.as_str(), entry.holder.as_str()),
            (1_700_000_000, "0123456789ab", "root@ops")
        );
        for line in ["", "1 2 3 4", "x 0123456789ab 0011 root", "1 0123456789ab 0011", "1 0123456789ab 0011 root more"]
        {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
