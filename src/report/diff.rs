//! Differences between two texts in unified format.

use similar::TextDiff;

/// The diff from `old` to `new`, two contents of the file at `path`; empty if they are equal.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    // `patch` ends lines at line feeds only, so a carriage return belongs to its line.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let name = |side: char| if path.starts_with('/') { format!("{side}{path}") } else { format!("{side}/{path}") };
    diff.unified_diff().header(&name('a'), &name('b')).to_string()
}
