//! What sslscale has to say about an inventory. A diagnostic cannot be built without a code
//! and a place, so every message says where; how it looks is decided in `report`.

mod code;

pub use code::{CODES, Code};

use crate::source::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// One finding: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The permanent code, with its slug and severity.
    pub code: &'static Code,
    /// The text to edit.
    pub span: Span,
    /// Lower case, no full stop, values in backticks.
    pub message: String,
    /// Other places that matter.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: String,
}

impl Diagnostic {
    /// A finding at `span`, with what to do about it.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), related: Vec::new(), help: help.into() }
    }

    /// The same finding with one more place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }
}
