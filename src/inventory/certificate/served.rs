//! Everything that is wrong with a pair that a host is to serve, and which of two certificates is the newer one.

use std::time::SystemTime;

use super::{Certificate, PrivateKey, Problem, Roots};

/// Authorities date certificates back: Let's Encrypt by an hour, others to midnight.
const DATED_BACK: i64 = 24 * 60 * 60;

impl Certificate {
    /// All problems at `now` with serving this certificate for these names with this key. `roots` is called only if
    /// the answer depends on it.
    pub fn problems<'r>(
        &self,
        key: Option<&PrivateKey>,
        names: impl Iterator<Item = &'r str>,
        now: SystemTime,
        roots: impl FnOnce() -> &'r Roots,
    ) -> Vec<Problem> {
        let mut problems = self.date_problems(now, None);
        problems.extend(key.and_then(|key| self.key_problem(key)));
        problems.extend(names.enumerate().filter_map(|(index, name)| self.name_problem(index, name)));
        problems.extend(self.chain_problems(roots));
        problems.extend(self.strength_problems());
        problems.extend(self.usage_problems());
        problems
    }

    /// Whether the server's certificate was issued before that of `other`. Between issuers the dates only tell it from
    /// a day on. A self-signed one is there until an authority has issued another, and is never newer than that.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let (this, other) = (self.leaf(), other.leaf());
        let tolerance = if this.issuer == other.issuer { 0 } else { DATED_BACK };
        (this.is_self_issued() || !other.is_self_issued())
            && this.not_before.timestamp().saturating_add(tolerance) < other.not_before.timestamp()
    }
}
