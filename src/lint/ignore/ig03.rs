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
        what: "A comment ignores a finding of severity error, and nothing stands behind its bracket to say why.",
        why: "Whoever reads the inventory in a year has to know whether the reason still holds. Without one, the only \
              safe guess is that it never did.",
        evidence: "The finding stands as if the comment were not there. Warnings and notes can be ignored without a \
                   reason; a rule that is denied finds errors, which need one.",
        fix: "Write the reason behind the bracket, on the same line: \
              `# sslscale: ignore[PX07] only the balancers reach this network`. Or mend what is found.",
        verified_on: "",
    },
    examples: examples!("IG03"),
};

/// Reports every comment that would ignore an error and gives no reason.
pub fn find(exemptions: &[Exemption<'_>], reporter: &mut Reporter<'_>) {
    for exemption in exemptions.iter().filter(|exemption| exemption.reasonless) {
        let Some(Code { id, .. }) = exemption.code else { continue };
        let message = format!("an error is ignored without a reason: `{id}`");
        let help = format!("give the reason in the comment: `# sslscale: ignore[{id}] reason`");
        reporter.report(exemption.span, message, help);
    }
}
