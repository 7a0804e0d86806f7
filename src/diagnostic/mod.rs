//! Findings about an inventory. A diagnostic always has a code and a place in the text; `report`
//! decides how it is printed.

mod code;
mod near;

use std::path::PathBuf;
use std::sync::Arc;

pub use code::{CODES, Code, WITHDRAWN};
pub use near::{nearest, nearest_spelling};

use crate::file::place;
use crate::source::{Source, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Likely to hurt in production.
    Warning,
    /// Nothing is rendered until it is fixed.
    Error,
}

impl Severity {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A second place that explains a finding, such as the other side of a duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub span: Span,
    /// What is at that place: lower case, no full stop.
    pub label: String,
}

/// A place in a file that the inventory names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    pub source: Arc<Source>,
    pub span: Span,
}

/// Whether a fix may be applied without a person looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// The fleet that is described stays the same.
    Safe,
    /// Probably what was meant, or a change to what is rendered: a person decides.
    Unsafe,
}

impl Applicability {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A replacement in the inventory's text; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A replacement of another file on this machine, such as a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    pub path: PathBuf,
    /// Its whole text now. If the file has changed by the time of writing, it is not written.
    pub before: String,
    /// Its whole new text.
    pub text: String,
}

impl FileEdit {
    /// Whether both make the same change to the same file, even if their paths differ.
    pub fn same(&self, other: &Self) -> bool {
        (&self.before, &self.text) == (&other.before, &other.text) && place(&self.path) == place(&other.path)
    }
}

/// A change that fixes a finding. It is applied as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub applicability: Applicability,
    /// Edits of the inventory, in any order, that never overlap.
    pub edits: Vec<Edit>,
    /// Edits of other files.
    pub files: Vec<FileEdit>,
}

impl Fix {
    /// One replacement in the inventory.
    pub fn replace(applicability: Applicability, span: Span, text: impl Into<String>) -> Self {
        Self { applicability, edits: vec![Edit { span, text: text.into() }], files: Vec::new() }
    }
}

/// One finding: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static Code,
    /// Usually the severity of the code.
    pub severity: Severity,
    /// The text to edit.
    pub span: Span,
    /// Lower case, no full stop, values in backticks.
    pub message: String,
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: String,
    /// The place in another file that the inventory names at `span`, if the finding is about its text.
    pub within: Option<Within>,
    pub fix: Option<Fix>,
    /// Whether the inventory is invalid until this is fixed: it can be neither allowed nor ignored.
    pub refuses: bool,
}

/// The longest message and help, in bytes.
const LONGEST: usize = 600;
/// How much of a quoted value is kept where a text is longer, in characters.
const KEPT: usize = 60;

/// A text with long quoted values cut where it would be too long: paths and URLs have up to thousands of bytes.
fn bounded(text: String) -> String {
    if text.len() < LONGEST {
        return text;
    }
    let cut = |piece: &str, most: usize| match piece.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &piece[..end]),
        None => piece.to_owned(),
    };
    // Every second piece is between backticks.
    let pieces = text.split('`').enumerate();
    let pieces: Vec<String> = pieces.map(|(at, it)| if at % 2 == 1 { cut(it, KEPT) } else { it.to_owned() }).collect();
    let shorter = pieces.join("`");
    if shorter.len() < LONGEST { shorter } else { cut(&shorter, LONGEST / 6) }
}

impl Diagnostic {
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            span,
            message: bounded(message.into()),
            related: Vec::new(),
            help: bounded(help.into()),
            within: None,
            fix: None,
            refuses: false,
        }
    }

    /// A finding that makes the inventory invalid. It is always an error, whatever its code says.
    pub fn refusal(code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Error, refuses: true, ..Self::new(code, span, message, help) }
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// Makes it a finding about a text that the inventory names at its place.
    #[must_use]
    pub fn within(mut self, source: Arc<Source>, span: Span) -> Self {
        self.within = Some(Within { source, span });
        self
    }

    /// The text that the finding is about, and the place in it.
    pub fn place<'d>(&'d self, inventory: &'d Source) -> (&'d Source, Span) {
        self.within.as_ref().map_or((inventory, self.span), |within| (&within.source, within.span))
    }

    #[must_use]
    pub fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn long_values_are_cut_and_short_texts_are_not() {
        let path = |length: usize| format!("/{}", "é".repeat(length));
        let short = format!("`{}` is `{}`", path(100), path(10));
        assert_eq!(bounded(short.clone()), short);
        let long = bounded(format!("`{}` cannot be `{}`: no", path(2000), path(10)));
        assert_eq!(long, format!("`{}…` cannot be `{}`: no", path(59), path(10)));
        assert!(bounded("é".repeat(2000)).len() < 600);
        assert!(bounded(format!("{}`", "x`".repeat(900))).len() < 600);
    }
}
