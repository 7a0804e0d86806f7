//! The list that findings are gathered in. Each rule gets a reporter that is bound to the rule's
//! code, so that it cannot report under another code.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Fix, Related, Severity, Within};
use crate::source::{Source, Span};

/// What a rule reports, before its code is added.
#[derive(Debug)]
pub struct Finding {
    /// `None` for the severity of the code.
    severity: Option<Severity>,
    span: Span,
    message: String,
    help: String,
    related: Vec<Related>,
    within: Option<Within>,
    fix: Option<Fix>,
}

impl Finding {
    /// `message` and `help` are lower case, without a full stop.
    pub fn new(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { severity: None, span, message, help, related: Vec::new(), within: None, fix: None }
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

    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    fn under(self, code: &'static Code) -> Diagnostic {
        let Self { severity, span, message, help, related, within, fix } = self;
        let severity = severity.unwrap_or(code.severity);
        Diagnostic { severity, related, within, fix, ..Diagnostic::new(code, span, message, help) }
    }
}

/// What a rule about hosts needs where one of them did not answer.
pub const EVERY_HOST: &str = "every host";

/// A rule that lacked something that it needs to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRun {
    pub code: &'static str,
    /// Lower case, no full stop.
    pub reason: String,
    /// What is missing, as the summary line shows it: a key, an option or a program in backticks.
    pub needs: &'static str,
    /// Whether it ran for some sites.
    pub partial: bool,
}

/// The findings for one inventory, and the rules that could not run.
#[derive(Debug, Default)]
pub struct Findings {
    pub found: Vec<Diagnostic>,
    pub not_run: BTreeSet<NotRun>,
}

impl Findings {
    pub fn extend(&mut self, more: Self) {
        self.found.extend(more.found);
        self.not_run.extend(more.not_run);
    }

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

    /// Records that the rule could not run in full: what it needs, and why that is missing.
    pub fn not_run(&mut self, needs: &'static str, reason: impl Into<String>) {
        self.insert_not_run(needs, reason.into(), false);
    }

    /// Records that the rule did not run for some sites, and ran for others.
    pub fn not_run_for_some(&mut self, needs: &'static str, reason: impl Into<String>) {
        self.insert_not_run(needs, reason.into(), true);
    }

    fn insert_not_run(&mut self, needs: &'static str, reason: String, partial: bool) {
        self.findings.not_run.insert(NotRun { code: self.code.id, needs, reason, partial });
    }
}
