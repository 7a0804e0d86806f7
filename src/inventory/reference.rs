//! The reference of the inventory, generated from the table of keys.

use std::fmt::Write as _;

use super::raw::SECTIONS;

/// Every section and key as Markdown tables.
pub fn markdown() -> String {
    let mut out = String::new();
    for section in SECTIONS {
        let title = if section.path.is_empty() { "top level".to_owned() } else { format!("`{}`", section.path) };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "## {title}\n\n{}\n\n| key | takes | meaning |\n|---|---|---|", section.doc.trim());
        for key in section.keys {
            let _ = writeln!(out, "| `{}` | {} | {} |", key.name, key.takes, key.doc.trim());
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
