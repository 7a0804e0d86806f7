//! Rules themselves: all of them as a table, one as a page, one behind a finding.

use serde::Serialize;

use super::{PlainFormat, wrap};
use crate::diagnostic::Code;
use crate::lint::{Detection, Examples, FixKind, Rule, all_rules, rule};

/// Of the documents, which change when the meaning of a field does.
const VERSION: u32 = 1;

/// Whether a rule can find something, in a word that is printed.
fn state(rule: &Rule) -> &'static str {
    match rule.detection {
        Detection::Reading | Detection::Text(_) | Detection::Fleet(_) => "applies",
        Detection::Comments | Detection::Programs | Detection::Hosts => "applies",
        Detection::Impossible(_) => "impossible",
    }
}

/// Why it is in that state, where there is more to say.
fn reason(rule: &Rule) -> Option<&'static str> {
    match rule.detection {
        Detection::Reading | Detection::Text(_) | Detection::Fleet(_) => None,
        Detection::Comments => Some("after the other rules have run"),
        Detection::Programs => Some("only with `--with-binaries`"),
        Detection::Hosts => Some("only with `--hosts`, and in `plan`"),
        Detection::Impossible(reason) => Some(reason),
    }
}

/// State and reason in one.
fn status(rule: &Rule) -> String {
    match reason(rule) {
        Some(reason) => format!("{}: {reason}", state(rule)),
        None => state(rule).to_owned(),
    }
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    slug: &'static str,
    severity: &'static str,
    summary: &'static str,
    since: &'static str,
    needs: &'static str,
    fix: &'static str,
    state: &'static str,
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Table {
    version: u32,
    rules: Vec<Row>,
}

#[derive(Serialize)]
struct Page {
    version: u32,
    #[serde(flatten)]
    row: Row,
    doc: Doc,
    examples: Option<Shown>,
}

/// Markdown.
#[derive(Serialize)]
struct Doc {
    what: &'static str,
    why: &'static str,
    evidence: &'static str,
    fix: &'static str,
    verified_on: &'static str,
}

/// Whole inventories.
#[derive(Serialize)]
struct Shown {
    fires: &'static str,
    silent: &'static str,
    fixed: Option<&'static str>,
}

fn row(rule: &Rule) -> Row {
    let code = rule.code;
    Row {
        code: code.id,
        slug: code.slug,
        severity: code.severity.name(),
        summary: code.summary.trim(),
        since: rule.since,
        needs: rule.needs.name(),
        fix: rule.fix.name(),
        state: state(rule),
        reason: reason(rule),
    }
}

fn json(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).expect("a document of strings and numbers is JSON");
    text + "\n"
}

/// The rules in the order of their codes; those that nothing rendered can break only with `all`.
pub fn table(format: PlainFormat, all: bool) -> String {
    let listed = || all_rules().filter(|rule| all || !matches!(rule.detection, Detection::Impossible(_)));
    if format == PlainFormat::Json {
        return json(&Table { version: VERSION, rules: listed().map(row).collect() });
    }
    let head = ["code", "name", "severity", "needs", "fix", "state"].map(str::to_owned);
    let cells = |rule: &Rule| {
        let row = row(rule);
        [row.code, row.slug, row.severity, row.needs, row.fix].map(str::to_owned).into_iter().chain([status(rule)])
    };
    let lines: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(listed().map(|r| cells(r).collect())).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        out.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// All there is to say about a rule.
pub fn page(rule: &Rule, format: PlainFormat) -> String {
    let doc = rule.doc;
    if format == PlainFormat::Json {
        let Examples { fires, silent, fixed } =
            rule.examples.unwrap_or(Examples { fires: "", silent: "", fixed: None });
        let doc =
            Doc { what: doc.what, why: doc.why, evidence: doc.evidence, fix: doc.fix, verified_on: doc.verified_on };
        let examples = rule.examples.is_some().then_some(Shown { fires, silent, fixed });
        return json(&Page { version: VERSION, row: row(rule), doc, examples });
    }
    let width = wrap::out();
    let row = row(rule);
    let mut out = format!("{} {}\n\n{}\n", row.code, row.slug, wrap::wrap(row.summary, width, ""));
    for (name, value) in [
        ("severity", row.severity),
        ("since", row.since),
        ("needs", row.needs),
        ("fix", row.fix),
        ("state", &status(rule)),
    ] {
        // A long reason goes on below itself.
        let value = wrap::wrap(value, width, "          ");
        out.push_str(&format!("{name:10}{}", value.trim_start()));
    }
    let parts = [
        ("What", doc.what),
        ("Why", doc.why),
        ("Evidence", doc.evidence),
        ("Fix", doc.fix),
        ("Verified on", doc.verified_on),
    ];
    for (title, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&format!("\n{title}\n{}", wrap::wrap(text, width, "  ")));
    }
    for (title, text) in examples(rule) {
        out.push_str(&format!("\n{title}\n"));
        for line in text.lines() {
            out.push_str(format!("  {line}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// The inventories of a rule, under what they are.
fn examples(rule: &Rule) -> impl Iterator<Item = (&'static str, &'static str)> {
    let examples = rule.examples;
    let fixed = match rule.fix {
        FixKind::Unsafe => "What `--fix --unsafe-fixes` changes",
        _ => "What `--fix` changes",
    };
    let all = examples.map(|e| {
        [
            Some(("An inventory with this finding", e.fires)),
            e.fixed.map(|text| (fixed, text)),
            Some(("A similar inventory without this finding", e.silent)),
        ]
    });
    all.into_iter().flatten().flatten()
}

/// What a rule is about, to be read after a finding; `None` for a code that no rule describes.
pub fn inline(code: &'static Code) -> Option<String> {
    let doc = rule(code)?.doc;
    let width = wrap::err();
    let parts = [("what", doc.what), ("why", doc.why), ("fix", doc.fix)];
    let text = parts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(title, text)| {
        let body = wrap::wrap(text, width, "        ");
        format!("  {title:<6}{}", body.trim_start())
    });
    Some(text.collect()).filter(|text: &String| !text.is_empty())
}
