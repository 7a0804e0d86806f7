//! Everything that is wrong with a pair that a host is to serve, and which of two certificates is the newer one.

use std::time::SystemTime;

use super::{Certificate, PrivateKey, Problem, Roots};

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

    /// Whether the server's certificate was issued before that of `other`.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.leaf().not_before < other.leaf().not_before
    }
}
