//! Rendered trees: their files, what writing them did, and what differs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::diff::unified;
use super::escaped::Escaped;
use crate::tree::{Content, Difference, DifferenceKind, Document, MANIFEST, Outcome, StoreError, Tree, read};

/// Every file once, after a line that names its hosts.
pub fn files(tree: &Tree) -> Vec<u8> {
    let mut files: BTreeMap<(&str, &str), &Content> = BTreeMap::new();
    let mut owners: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (host, entries) in tree.hosts() {
        for entry in entries.iter() {
            let key = (&*entry.path, entry.content.sha256.as_str());
            files.insert(key, &entry.content);
            owners.entry(key).or_default().push(host);
        }
    }
    let mut out = Vec::new();
    for (key, content) in files {
        let separator = if out.is_empty() { "" } else { "\n" };
        out.extend_from_slice(format!("{separator}==> {} on {} <==\n", key.0, owners[&key].join(", ")).as_bytes());
        out.extend_from_slice(&content.bytes);
    }
    out
}

/// The tree as a JSON document. It has a line for each member, so that two documents can be compared.
///
/// # Errors
/// `out` takes no more.
pub fn document(tree: &Tree, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaped(&mut out), &Document(tree))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What was written and removed.
pub fn outcome(dir: &Path, outcome: &Outcome) -> String {
    let mut text = format!(
        "{}: {} written, {} unchanged, {} removed",
        dir.display(),
        outcome.written,
        outcome.unchanged,
        outcome.removed.len()
    );
    for path in &outcome.removed {
        text.push_str(&format!("\n  removed {path}"));
    }
    text
}

/// A line for each file that was left although it is not rendered any more.
pub fn kept(outcome: &Outcome) -> Vec<String> {
    let line = |path: &String| format!("  kept {path}: no longer rendered, but edited after it was written");
    outcome.edited.iter().map(line).collect()
}

/// One line for each file that differs; with `diff`, the changes.
///
/// # Errors
/// A file of the directory cannot be read.
pub fn differences(tree: &Tree, dir: &Path, found: &[Difference], diff: bool) -> Result<String, StoreError> {
    let mut out = String::new();
    for difference in found {
        let path = &difference.path;
        if !diff || path == MANIFEST {
            let word = match difference.kind {
                DifferenceKind::Missing => "missing",
                DifferenceKind::Changed => "out of date",
                DifferenceKind::Stale => "no longer rendered",
            };
            out.push_str(&format!("{word}: {}\n", dir.join(path).display()));
            continue;
        }
        let old = read(dir, path)?;
        let (host, file) = path.split_at(path.find('/').unwrap_or(path.len()));
        let entry = tree.host(host).and_then(|entries| entries.iter().find(|e| &*e.path == file));
        let new = entry.map_or(&[][..], |e| &e.content.bytes);
        let (old, new) = (String::from_utf8_lossy(&old), String::from_utf8_lossy(new));
        out.push_str(&unified(path, &old, &new));
    }
    Ok(out)
}
