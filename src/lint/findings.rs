//! Where findings are gathered. A rule is handed a reporter that is bound to its own code, so that
//! it cannot report under another's.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Fix, Related, Severity};
use crate::source::Span;

/// What a rule has found, before it goes under the rule's code.
#[derive(Debug)]
pub struct Finding {
    /// `None` for that of the code.
    severity: Option<Severity>,
    span: Span,
    message: String,
    help: String,
    related: Vec<Related>,
    fix: Option<Fix>,
}

impl Finding {
    /// A finding at `span`: message and help are lower case, without a full stop.
    pub fn new(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: None, span, message: message.into(), help: help.into(), related: Vec::new(), fix: None }
    }

    /// The same finding with one more place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// The same finding with a change that ends it.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same finding, this bad.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    fn under(self, code: &'static Code) -> Diagnostic {
        let Self { severity, span, message, help, related, fix } = self;
        let severity = severity.unwrap_or(code.severity);
        Diagnostic { severity, related, fix, ..Diagnostic::new(code, span, message, help) }
    }
}

/// A rule that could not look at what it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRun {
    /// The rule's code.
    pub code: &'static str,
    /// Why: lower case, no full stop.
    pub reason: String,
    /// What is missing, as a summary names it: a key, an option or a program in backticks.
    pub needs: &'static str,
}

/// What has been found of one inventory, and which rules could not run.
#[derive(Debug, Default)]
pub struct Findings {
    pub found: Vec<Diagnostic>,
    pub not_run: BTreeSet<NotRun>,
}

impl Findings {
    /// Adds what another looked for.
    pub fn extend(&mut self, more: Self) {
        self.found.extend(more.found);
        self.not_run.extend(more.not_run);
    }

    /// For the rule with this code.
    pub fn reporter(&mut self, code: &'static Code) -> Reporter<'_> {
        Reporter { code, findings: self }
    }
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Reporter<'f> {
    code: &'static Code,
    findings: &'f mut Findings,
}

impl Reporter<'_> {
    pub fn push(&mut self, finding: Finding) {
        self.findings.found.push(finding.under(self.code));
    }

    /// Reports a finding that has neither a fix nor a second place.
    pub fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(Finding::new(span, message, help));
    }

    /// Says that the rule could not look at something: what it needs, and why it lacks it.
    pub fn not_run(&mut self, needs: &'static str, reason: impl Into<String>) {
        self.findings.not_run.insert(NotRun { code: self.code.id, needs, reason: reason.into() });
    }
}
