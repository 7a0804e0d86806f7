//! What becomes of findings: rules that are allowed or denied, by the command line or by the
//! inventory's `lint` section, and comments that ignore one on its line.

use super::{Rule, Settings, Suppressed, Text};
use crate::diagnostic::{Diagnostic, Severity};

/// The rules on comments.
pub const RULES: &[&Rule] = &[];

/// Findings after everything that changes them.
pub struct Judged {
    /// In the order of the file.
    pub findings: Vec<Diagnostic>,
    /// In the order of the file.
    pub suppressed: Vec<Suppressed>,
}

/// Applies levels and comments.
pub fn apply(_text: &Text<'_>, settings: &Settings, mut findings: Vec<Diagnostic>) -> Judged {
    findings.retain(|finding| finding.refuses || !settings.allow.contains(&finding.code));
    for finding in findings.iter_mut().filter(|finding| settings.deny.contains(&finding.code)) {
        finding.severity = Severity::Error;
    }
    findings.sort_by_key(|d| (d.span, d.code.id));
    Judged { findings, suppressed: Vec::new() }
}
