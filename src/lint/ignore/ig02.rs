//! IG02: a comment that ignores a finding that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use super::{Exemption, is_about_comments, only_refuses};
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::lint::{Detection, Doc, Finding, FixKind, Reporter, Requirement, Rule, examples};
use crate::source::{Source, Span};

pub const RULE: Rule = Rule {
    code: Code::IG02,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Comments,
    doc: Doc {
        what: "A comment ignores a rule that finds nothing on its line. A comment after a value applies to its own \
               line; a comment alone on a line applies to the next line that contains YAML.",
        why: "The finding that it was written for has been fixed or has moved to another line. If the comment stays, \
              it hides the next finding of that rule, which nobody has looked at.",
        evidence: "A finding belongs to the line on which it starts, which is the line that `check` shows. If a rule \
                   did not run, because the inventory has errors that must be fixed first or because a file is \
                   missing, its comments are not reported.",
        fix: "Remove the comment, or move it to the line of the finding. `--fix` removes the rule from the brackets, \
              or the whole comment if no other rule is in them; it does not touch a comment whose rule finds \
              something on another line.",
        verified_on: "",
    },
    examples: examples!("IG02", fixed),
};

/// What decides whether an exemption is unused: the other exemptions and the reported findings.
pub struct Unused<'u> {
    pub source: &'u Source,
    pub exemptions: &'u [Exemption<'u>],
    pub standing: &'u [Diagnostic],
}

impl Unused<'_> {
    /// Reports every exemption whose rule ran and that ignored nothing.
    pub fn find(&self, ran: impl Fn(&Code) -> bool, reporter: &mut Reporter<'_>) {
        let unused = |exemption: &Exemption<'_>| {
            let code = exemption.code.filter(|code| !is_about_comments(code) && !only_refuses(code));
            code.filter(|code| !exemption.used && ran(code))
        };
        if !self.exemptions.iter().any(|exemption| unused(exemption).is_some()) {
            return;
        }
        // Where else the rule finds something: the comment may have to move there.
        let mut elsewhere: BTreeMap<&str, Span> = BTreeMap::new();
        for finding in self.standing {
            elsewhere.entry(finding.code.id).or_insert(finding.span);
        }
        let used = self.exemptions.iter().filter(|exemption| exemption.used);
        let used: BTreeSet<_> =
            used.filter_map(|exemption| Some((exemption.comment.covers, exemption.code?.id))).collect();
        // Exemptions of one comment are adjacent: what one fix removes depends on which others stay.
        for list in self.exemptions.chunk_by(|a, b| a.comment.span == b.comment.span) {
            let stays =
                |exemption: &Exemption<'_>| unused(exemption).is_none_or(|code| elsewhere.contains_key(code.id));
            let all = !list.iter().any(stays);
            let mut one_stays_before = false;
            for (index, exemption) in list.iter().enumerate() {
                let before = one_stays_before;
                one_stays_before |= stays(exemption);
                let Some(code) = unused(exemption) else { continue };
                let again = used.contains(&(exemption.comment.covers, code.id));
                let place = elsewhere.get(code.id).map(|span| self.source.position(span.start).line);
                let finding = unused_at(exemption, code, place, again);
                let removal = if all { exemption.comment.removal } else { cut(list, index, before) };
                let fix = (!stays(exemption)).then(|| Fix::replace(Applicability::Safe, removal, ""));
                reporter.push(finding.fixed_by(fix));
            }
        }
    }
}

fn unused_at(exemption: &Exemption<'_>, code: &Code, elsewhere: Option<usize>, again: bool) -> Finding {
    let id = code.id;
    let message = match exemption.comment.covers {
        Some(line) if again => format!("`{id}` is already ignored on line {line}"),
        Some(line) => format!("`{id}` finds nothing on line {line}"),
        None => "this comment applies to no line: no YAML follows it".to_owned(),
    };
    let help = match elsewhere {
        Some(line) => format!("`{id}` finds something on line {line}: move the comment there, or to the line above"),
        None if exemption.ignore.entries.len() > 1 => format!("remove `{}` from the brackets", exemption.name),
        None => "remove the comment".to_owned(),
    };
    Finding::new(exemption.span, message, help)
}

/// What to remove with an entry of the brackets: the comma before it if an entry before it stays,
/// otherwise the comma after it. Two removals never overlap.
fn cut(list: &[Exemption<'_>], index: usize, one_stays_before: bool) -> Span {
    let exemption = &list[index];
    match (index.checked_sub(1).and_then(|before| list.get(before)), list.get(index + 1)) {
        (Some(before), _) if one_stays_before => Span { start: before.span.end, end: exemption.span.end },
        (_, Some(after)) => Span { start: exemption.span.start, end: after.span.start },
        _ => exemption.span,
    }
}
