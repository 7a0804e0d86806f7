//! IG01: a comment, or an entry of `allow`, that has no effect.

use super::{Comment, Exemption, is_about_comments, only_refuses};
use crate::diagnostic::Code;
use crate::inventory::model;
use crate::inventory::node::printable;
use crate::lint::{Detection, Doc, FixKind, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IG01,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Comments,
    doc: Doc {
        what: "A `# sslscale:` comment cannot be read, names a rule that does not exist, or names a rule whose \
               findings cannot be ignored: a rule whose findings make an inventory invalid, or a rule about comments. \
               Or an entry of `lint.allow` names a rule whose findings always make an inventory invalid.",
        why: "The author believes that a finding is ignored, but the comment has no effect, often because of a typing \
              error.",
        evidence: "`# sslscale: ignore[PX7]` ignores nothing, because there is no such rule. Only comments count: the \
                   same text inside a quoted value or a block scalar is part of that value.",
        fix: "Write the rule's code or name in brackets and the reason after them: `# sslscale: ignore[PX07] the \
              monitoring hosts speak PROXY too`. Separate several rules with commas; `sslscale rules` lists all of \
              them. Findings that make an inventory invalid can be neither allowed nor ignored: fix them. Findings \
              about comments can be allowed, but not ignored.",
        verified_on: "",
    },
    examples: examples!("IG01"),
};

/// Reports comments, and entries of `lint.allow`, that have no effect.
pub fn find(comments: &[Comment], exemptions: &[Exemption<'_>], section: &model::Lint, reporter: &mut Reporter<'_>) {
    for comment in comments {
        if let Err(malformed) = &comment.content {
            reporter.report(comment.span, malformed.message.as_str(), malformed.help.as_str());
        }
    }
    for (code, span) in section.allow.iter().filter(|(code, _)| only_refuses(code)) {
        let message = format!("`{}` cannot be allowed: nothing can be rendered until its findings are fixed", code.id);
        reporter.report(*span, message, "fix the findings, and remove the entry from `allow`");
    }
    for exemption in exemptions {
        if let Some((message, help)) = refused(exemption) {
            reporter.report(exemption.span, message, help);
        }
    }
}

/// Why an entry can ignore nothing, and what to do; `None` if it can ignore findings.
fn refused(exemption: &Exemption<'_>) -> Option<(String, String)> {
    match exemption.code {
        None => {
            let help = match Code::near(exemption.name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`sslscale rules` lists every rule".to_owned(),
            };
            Some((format!("there is no rule `{}`", printable(exemption.name).replace('`', "'")), help))
        }
        Some(code) if is_about_comments(code) => {
            let help =
                format!("fix the comment that it reports, or allow the rule: `lint: {{ allow: [{}] }}`", code.id);
            Some((format!("`{}` cannot be ignored: it is a rule about comments", code.id), help))
        }
        Some(code) if exemption.refused || only_refuses(code) => {
            let message =
                format!("`{}` cannot be ignored: nothing can be rendered until its findings are fixed", code.id);
            Some((message, "fix the findings, and remove the comment".to_owned()))
        }
        Some(_) => None,
    }
}
