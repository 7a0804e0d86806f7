//! Decides which findings are reported: rules can be allowed or denied on the command line or in
//! the inventory's `lint` section, and a comment can ignore a finding on its line.

mod comment;
mod ig01;
mod ig02;
mod ig03;

use std::collections::{BTreeMap, BTreeSet};

use super::{Detection, Findings, InventoryText, NotRun, Rule, Settings, Suppressed, rule, rules};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inventory::model;
use crate::source::{Source, Span};
use comment::{Comment, Ignore, comments};

/// The rules about comments.
pub const RULES: &[&Rule] = &[&ig01::RULE, &ig02::RULE, &ig03::RULE];

/// Findings after levels and comments, in the order of the file.
pub struct Verdict {
    pub findings: Vec<Diagnostic>,
    pub suppressed: Vec<Suppressed>,
}

/// One rule in the brackets of a comment, and whether it ignored something.
struct Exemption<'c> {
    comment: &'c Comment,
    ignore: &'c Ignore,
    span: Span,
    /// The rule as it is written there.
    name: &'c str,
    /// `None` if no rule has this name.
    code: Option<&'static Code>,
    /// It ignored a finding, or would have.
    used: bool,
    /// It would ignore an error, but gives no reason.
    reasonless: bool,
    /// Its finding cannot be ignored.
    refused: bool,
}

/// Whether every finding of this code makes an inventory invalid.
pub fn only_refuses(code: &Code) -> bool {
    !rules().any(|rule| rule.code == code && !matches!(rule.detection, Detection::Reading))
}

/// Applies levels and comments. A comment for a rule that did not run is never reported as unused.
pub fn apply(
    text: &InventoryText<'_>,
    settings: &Settings,
    section: &model::Lint,
    not_run: &[NotRun],
    findings: Vec<Diagnostic>,
) -> Verdict {
    let comments = comments(text);
    let not_run: BTreeSet<&str> = not_run.iter().map(|not_run| not_run.code).collect();
    let ran = |code: &Code| {
        let looks = rule(code).is_some_and(|rule| matches!(rule.detection, Detection::Text(_) | Detection::Fleet(_)));
        looks && !not_run.contains(code.id)
    };
    let mut exemptions = exemptions(text.source, &comments);
    let mut verdict = Verdict { findings: Vec::with_capacity(findings.len()), suppressed: Vec::new() };
    ignore(text.source, &mut exemptions, findings, |finding| level(settings, section, finding), &mut verdict);
    let mut about = Findings::default();
    ig01::find(&comments, &exemptions, section, &mut about.reporter(Code::IG01));
    let unused = ig02::Unused { source: text.source, exemptions: &exemptions, standing: &verdict.findings };
    unused.find(ran, &mut about.reporter(Code::IG02));
    ig03::find(&exemptions, &mut about.reporter(Code::IG03));
    verdict.findings.extend(about.found.into_iter().filter_map(|finding| level(settings, section, finding)));
    verdict.findings.sort_by_key(|d| (d.span, d.code.id));
    verdict
}

/// The finding with its final severity; `None` if its rule is allowed. The command line takes
/// precedence over the inventory, and the inventory over the rule.
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

fn exemptions<'c>(source: &'c Source, comments: &'c [Comment]) -> Vec<Exemption<'c>> {
    let readable = comments.iter().filter_map(|comment| Some((comment, comment.content.as_ref().ok()?)));
    let all = readable.flat_map(|(comment, ignore)| {
        ignore.entries.iter().map(move |entry| Exemption {
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

/// Separates findings that are reported from those that a comment ignores. A comment also counts
/// as used if its finding is allowed, so that it does not become unused with `--allow`.
fn ignore(
    source: &Source,
    exemptions: &mut [Exemption<'_>],
    findings: Vec<Diagnostic>,
    level: impl Fn(Diagnostic) -> Option<Diagnostic>,
    verdict: &mut Verdict,
) {
    // Of several for one line, the first with a reason counts.
    let mut covering: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (index, exemption) in exemptions.iter().enumerate() {
        let (Some(line), Some(code)) = (exemption.comment.covers, exemption.code) else { continue };
        let first = covering.entry((line, code.id)).or_insert(index);
        if exemptions[*first].ignore.reason.is_empty() && !exemption.ignore.reason.is_empty() {
            *first = index;
        }
    }
    for finding in findings {
        let line = if covering.is_empty() { 0 } else { source.position(finding.span.start).line };
        let exemption = covering.get(&(line, finding.code.id)).and_then(|index| exemptions.get_mut(*index));
        let (Some(exemption), false) = (exemption, is_about_comments(finding.code)) else {
            verdict.findings.extend(level(finding));
            continue;
        };
        exemption.used = true;
        exemption.refused |= finding.refuses;
        let Some(finding) = level(finding) else { continue };
        let reason = &exemption.ignore.reason;
        if finding.refuses || (finding.severity == Severity::Error && reason.is_empty()) {
            exemption.reasonless |= !finding.refuses;
            verdict.findings.push(finding);
        } else {
            verdict.suppressed.push(Suppressed { diagnostic: finding, reason: reason.clone() });
        }
    }
    verdict.suppressed.sort_by_key(|s| (s.diagnostic.span, s.diagnostic.code.id));
}

/// Whether the rule is about comments; no comment can ignore those.
fn is_about_comments(code: &Code) -> bool {
    RULES.iter().any(|rule| rule.code == code)
}
