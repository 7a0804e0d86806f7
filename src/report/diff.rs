//! Changes of a text, as `patch` reads them.

use similar::TextDiff;

/// What makes `new` of `old`, both of the file at `path`; nothing where they are the same.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    // A line ends with a line feed and nothing else, or `patch` would make another text of it.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let name = |side: char| if path.starts_with('/') { format!("{side}{path}") } else { format!("{side}/{path}") };
    diff.unified_diff().header(&name('a'), &name('b')).to_string()
}
