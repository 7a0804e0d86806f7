//! nginx's choice among names, and names to ask it for.

use std::collections::BTreeMap;

/// The pool of the server that nginx would choose for a name in a TLS handshake: it lowers the
/// case, drops a port and one final dot, refuses empty labels within, and prefers a name to a
/// wildcard and a long wildcard to a short one. A wildcard stands for any number of labels.
pub fn choice(known: &BTreeMap<&str, usize>, name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    if name.contains("..") {
        return None;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let wildcards = || name.match_indices('.').find_map(|(dot, _)| known.get(format!("*{}", &name[dot..]).as_str()));
    known.get(name).or_else(wildcards).copied()
}

/// Numbers that are the same in every run (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// A label that no test gives a meaning.
    pub fn label(&mut self) -> String {
        format!("r{}", self.below(1_000_000))
    }

    /// A name near those of the tests, spelled as a client might.
    pub fn name(&mut self) -> String {
        const FRONT: [&str; 10] = ["a", "b", "n", "x", "b.n", "a.b", "x.b", "c.x", "", "a."];
        const DOMAINS: [&str; 8] =
            ["example.com", "example.org", "n.example.com", "b.n.example.com", "p1.test", "com", "xexample.com", "b"];
        const ENDS: [&str; 8] = ["", "", "", "", ".", ":443", ".:8443", ".."];
        let domain = DOMAINS[self.below(DOMAINS.len())];
        let front = FRONT[self.below(FRONT.len())];
        let dot = if self.below(8) == 0 && front.is_empty() { "" } else { "." };
        let name = format!("{front}{dot}{domain}{}", ENDS[self.below(ENDS.len())]);
        let name = if self.below(4) == 0 { format!("{domain}{}", ENDS[self.below(ENDS.len())]) } else { name };
        let upper = self.below(4) == 0;
        name.chars().map(|c| if upper && self.below(2) == 0 { c.to_ascii_uppercase() } else { c }).collect()
    }
}
