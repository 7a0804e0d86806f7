//! What sslscale has to say about an inventory. A diagnostic cannot be built without a code
//! and a place, so every message says where; how it looks is decided in `report`.

mod code;
mod near;

use std::path::PathBuf;

pub use code::{CODES, Code};
pub use near::nearest;

use crate::file::place;
use crate::source::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Likely to hurt in production.
    Warning,
    /// Nothing is rendered while it stands.
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
    /// Where.
    pub span: Span,
    /// What is to be seen there: lower case, no full stop.
    pub label: String,
}

/// Whether a fix may be applied without a person looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// The fleet stays what it was meant to be.
    Safe,
    /// It is likely what was meant, or changes what is rendered: a person decides.
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

/// Bytes of the inventory that are to be replaced; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What takes its place.
    pub text: String,
}

/// Another file of this machine, such as a certificate, that is to hold another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// Its path.
    pub path: PathBuf,
    /// All of its text now: where it holds another by the time of writing, it is left alone.
    pub before: String,
    /// All of its new text.
    pub text: String,
}

impl FileEdit {
    /// Whether the other one does the same to the same file, by whatever names they call it.
    pub fn same(&self, other: &Self) -> bool {
        (&self.before, &self.text) == (&other.before, &other.text) && place(&self.path) == place(&other.path)
    }
}

/// A change that ends a finding. It is applied as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// In the inventory; in any order, never overlapping.
    pub edits: Vec<Edit>,
    /// In files beside it.
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
    /// The permanent code, with its slug.
    pub code: &'static Code,
    /// How bad this one is; mostly what its code says.
    pub severity: Severity,
    /// The text to edit.
    pub span: Span,
    /// Lower case, no full stop, values in backticks.
    pub message: String,
    /// Other places that matter.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: String,
    /// A change that ends it.
    pub fix: Option<Fix>,
    /// Whether there is no fleet to speak of while it stands: it can be neither allowed nor ignored.
    pub refuses: bool,
}

impl Diagnostic {
    /// A finding at `span`, with what to do about it.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            span,
            message: message.into(),
            related: Vec::new(),
            help: help.into(),
            fix: None,
            refuses: false,
        }
    }

    /// A finding that leaves no fleet to speak of, and is an error whatever its code says.
    pub fn refusal(code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Error, refuses: true, ..Self::new(code, span, message, help) }
    }

    /// The same finding with one more place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// The same finding with a change that ends it.
    #[must_use]
    pub fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The same finding, this bad.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}
