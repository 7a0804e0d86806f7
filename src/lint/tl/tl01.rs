//! TL01: a certificate that is no longer, not yet, or not for long valid.

use crate::diagnostic::Code;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL01,
    since: "0.1.0",
    needs: Needs::Files,
    fix: Fixable::No,
    found: Found::Fleet(super::files),
    doc: Doc { what: "", why: "", evidence: "", fix: "", verified_on: "" },
    examples: None::<Examples>,
};
