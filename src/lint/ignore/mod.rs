//! What becomes of findings: rules that are allowed or denied, by the command line or by the
//! inventory's `lint` section, and comments that ignore one on its line.

mod comment;
mod ig01;
mod ig02;
mod ig03;

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Rule, Settings, Skipped, Suppressed, Text, rule, rules};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inventory::model;
use crate::source::{Source, Span};
use comment::{Comment, Ignore, comments};

/// The rules on comments.
pub const RULES: &[&Rule] = &[&ig01::RULE, &ig02::RULE, &ig03::RULE];

/// Findings after everything that changes them.
pub struct Judged {
    /// In the order of the file.
    pub findings: Vec<Diagnostic>,
    /// In the order of the file.
    pub suppressed: Vec<Suppressed>,
}

/// What was said of one rule in the brackets of a comment, and what came of it.
struct Claim<'c> {
    comment: &'c Comment,
    ignore: &'c Ignore,
    /// Its place.
    span: Span,
    /// As it is written there.
    name: &'c str,
    /// The rule, where there is one of this name.
    code: Option<&'static Code>,
    /// A finding was ignored for it, or would have been.
    used: bool,
    /// It is about an error, and gives no reason.
    reasonless: bool,
    /// It is about something that cannot be ignored.
    refused: bool,
}

/// Whether findings of this code do nothing but refuse an inventory.
pub fn only_refuses(code: &Code) -> bool {
    !rules().any(|rule| rule.code == code && !matches!(rule.found, Found::Reading))
}

/// Applies levels and comments. Nothing can be said of comments on rules that were skipped.
pub fn apply(
    text: &Text<'_>,
    settings: &Settings,
    section: &model::Lint,
    skipped: &[Skipped],
    findings: Vec<Diagnostic>,
) -> Judged {
    let comments = comments(text);
    let skipped: BTreeSet<&str> = skipped.iter().map(|skipped| skipped.code).collect();
    let ran = |code: &Code| {
        let looks = rule(code).is_some_and(|rule| matches!(rule.found, Found::Text(_) | Found::Fleet(_)));
        looks && !skipped.contains(code.id)
    };
    let mut claims = claims(text.source, &comments);
    let mut judged = Judged { findings: Vec::with_capacity(findings.len()), suppressed: Vec::new() };
    ignore(text.source, &mut claims, findings, |finding| level(settings, section, finding), &mut judged);
    let mut more = ig01::find(&comments, &claims, section);
    more.extend(ig02::find(text.source, &claims, &judged.findings, ran));
    more.extend(ig03::find(&claims));
    judged.findings.extend(more.into_iter().filter_map(|finding| level(settings, section, finding)));
    judged.findings.sort_by_key(|d| (d.span, d.code.id));
    judged
}

/// The finding as it counts; `None` where it does not. The command line comes first, then the
/// inventory, then the rule.
fn level(settings: &Settings, section: &model::Lint, finding: Diagnostic) -> Option<Diagnostic> {
    let listed = |list: &[(&'static Code, Span)]| list.iter().any(|(code, _)| *code == finding.code);
    let (allowed, denied) = match finding.code {
        _ if finding.refuses => (false, true),
        code if settings.allow.contains(&code) => (true, false),
        code if settings.deny.contains(&code) => (false, true),
        _ => (listed(&section.allow), listed(&section.deny)),
    };
    let finding = if denied { finding.with_severity(Severity::Error) } else { finding };
    (!allowed).then_some(finding)
}

fn claims<'c>(source: &'c Source, comments: &'c [Comment]) -> Vec<Claim<'c>> {
    let said = comments.iter().filter_map(|comment| Some((comment, comment.said.as_ref().ok()?)));
    let all = said.flat_map(|(comment, ignore)| {
        ignore.entries.iter().map(move |entry| Claim {
            comment,
            ignore,
            span: entry.span,
            name: source.slice(entry.span),
            code: entry.code,
            used: false,
            reasonless: false,
            refused: false,
        })
    });
    all.collect()
}

/// Sorts findings into those that stand and those that a comment ignores. A comment is used
/// also where the finding is allowed: it does not come and go with an argument.
fn ignore(
    source: &Source,
    claims: &mut [Claim<'_>],
    findings: Vec<Diagnostic>,
    level: impl Fn(Diagnostic) -> Option<Diagnostic>,
    judged: &mut Judged,
) {
    // Of several on one line the first with a reason counts.
    let mut covering: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        let (Some(line), Some(code)) = (claim.comment.covers, claim.code) else { continue };
        let first = covering.entry((line, code.id)).or_insert(index);
        if claims[*first].ignore.reason.is_empty() && !claim.ignore.reason.is_empty() {
            *first = index;
        }
    }
    for finding in findings {
        let line = if covering.is_empty() { 0 } else { source.position(finding.span.start).line };
        let claim = covering.get(&(line, finding.code.id)).and_then(|index| claims.get_mut(*index));
        let (Some(claim), false) = (claim, is_about_comments(finding.code)) else {
            judged.findings.extend(level(finding));
            continue;
        };
        claim.used = true;
        claim.refused |= finding.refuses;
        let Some(finding) = level(finding) else { continue };
        let reason = &claim.ignore.reason;
        if finding.refuses || (finding.severity == Severity::Error && reason.is_empty()) {
            claim.reasonless |= !finding.refuses;
            judged.findings.push(finding);
        } else {
            judged.suppressed.push(Suppressed { diagnostic: finding, reason: reason.clone() });
        }
    }
    judged.suppressed.sort_by_key(|s| (s.diagnostic.span, s.diagnostic.code.id));
}

/// Whether the rule is one of those on comments, which no comment ignores.
fn is_about_comments(code: &Code) -> bool {
    RULES.iter().any(|rule| rule.code == code)
}
