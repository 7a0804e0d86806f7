//! IG03: an error that is ignored without a reason, and is therefore not ignored.

use super::Exemption;
use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IG03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Comments,
    doc: Doc {
        what: "A comment ignores a finding of severity error, and gives no reason after its bracket.",
        why: "Later, somebody has to decide whether the error may still be ignored. Without a reason they cannot tell.",
        evidence: "The finding is reported as if the comment were not there. Warnings and notes can be ignored \
                   without a reason. Findings of a denied rule are errors, so they need one.",
        fix: "Write the reason after the bracket, on the same line: `# sslscale: ignore[PX07] only the balancers \
              reach this network`. Or fix the finding.",
        verified_on: "",
    },
    examples: examples!("IG03"),
};

/// Reports every comment that would ignore an error but gives no reason.
pub fn find(exemptions: &[Exemption<'_>], reporter: &mut Reporter<'_>) {
    for exemption in exemptions.iter().filter(|exemption| exemption.reasonless) {
        let Some(Code { id, .. }) = exemption.code else { continue };
        let message = format!("`{id}` is an error, which cannot be ignored without a reason");
        let help = format!("add the reason to the comment: `# sslscale: ignore[{id}] reason`");
        reporter.report(exemption.span, message, help);
    }
}
