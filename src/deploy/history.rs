//! The releases that a host has used.

use super::release::is_id;
use super::script::contents;
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
}

/// The releases of a host, the oldest first.
///
/// # Errors
/// The host did not tell.
pub fn history(host: &dyn Host) -> Result<Vec<HistoryEntry>, QueryError> {
    let text = contents(host, &[PATH])?.remove(PATH).unwrap_or_default();
    let entries: Option<Vec<HistoryEntry>> = String::from_utf8_lossy(&text).lines().map(parse).collect();
    entries.ok_or_else(|| QueryError::Answer { problem: "its history is damaged", text: HostText::new(&text) })
}

fn parse(line: &str) -> Option<HistoryEntry> {
    let mut words = line.split(' ');
    let time = words.next()?.parse().ok()?;
    let release = words.next().filter(|id| is_id(id))?.to_owned();
    let (lease, holder) = (words.next()?.to_owned(), words.next()?.to_owned());
    words.next().is_none().then_some(HistoryEntry { time, release, lease, holder })
}

#[cfg(test)]
mod tests {
    use super::*;

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
