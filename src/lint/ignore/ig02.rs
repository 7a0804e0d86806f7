//! IG02: a comment that ignores a finding which is not there.

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
        what: "A comment ignores a rule that finds nothing on its line. A comment behind a value is about its own \
               line; one alone on a line is about the next line that holds YAML.",
        why: "What it was written for is mended, or has moved to another line. Left where it is, it hides the next \
              finding of that rule, which nobody has looked at.",
        evidence: "A finding counts for the line on which its place starts, which is the line that `check` shows. A rule \
                   that did not run, because the inventory has errors that come first or a file is not at hand, says \
                   nothing about its comments.",
        fix: "Remove the comment, or move it to the line that the finding is on. `--fix` takes the rule out of the \
              brackets, or removes the comment where no other rule is in them; it leaves a comment alone whose rule \
              finds something on another line.",
        verified_on: "",
    },
    examples: examples!("IG02", fixed),
};

/// What tells whether an exemption is unused: the others, and the findings that are reported.
pub struct Unused<'u> {
    pub source: &'u Source,
    pub exemptions: &'u [Exemption<'u>],
    pub standing: &'u [Diagnostic],
}

impl Unused<'_> {
    /// Reports every exemption that ignored nothing although its rule ran.
    pub fn find(&self, ran: impl Fn(&Code) -> bool, reporter: &mut Reporter<'_>) {
        let unused = |exemption: &Exemption<'_>| {
            let code = exemption.code.filter(|code| !is_about_comments(code) && !only_refuses(code));
            code.filter(|code| !exemption.used && ran(code))
        };
        if !self.exemptions.iter().any(|exemption| unused(exemption).is_some()) {
            return;
        }
        // Where else a rule finds something: the comment may have to move.
        let mut elsewhere: BTreeMap<&str, Span> = BTreeMap::new();
        for finding in self.standing {
            elsewhere.entry(finding.code.id).or_insert(finding.span);
        }
        let used = self.exemptions.iter().filter(|exemption| exemption.used);
        let used: BTreeSet<_> =
            used.filter_map(|exemption| Some((exemption.comment.covers, exemption.code?.id))).collect();
        // Those of one comment follow one another: what one removes depends on what the others keep.
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
        Some(line) if again => format!("`{id}` on line {line} is ignored already"),
        Some(line) => format!("`{id}` finds nothing on line {line}"),
        None => "no line follows that this comment could be about".to_owned(),
    };
    let help = match elsewhere {
        Some(line) => format!("it finds something on line {line}: move the comment to that line, or to the one above"),
        None if exemption.ignore.entries.len() > 1 => format!("remove `{}` from it", exemption.name),
        None => "remove the comment".to_owned(),
    };
    Finding::new(exemption.span, message, help)
}

/// What goes with an item of the brackets: the comma before it where an item before it stays,
/// else the one behind it. Of two that go, neither takes what the other takes.
fn cut(list: &[Exemption<'_>], index: usize, one_stays_before: bool) -> Span {
    let exemption = &list[index];
    match (index.checked_sub(1).and_then(|before| list.get(before)), list.get(index + 1)) {
        (Some(before), _) if one_stays_before => Span { start: before.span.end, end: exemption.span.end },
        (_, Some(behind)) => Span { start: exemption.span.start, end: behind.span.start },
        _ => exemption.span,
    }
}
