//! The rules as SARIF describes them, in the order of the table of codes, so that a result can
//! point to its rule by index.

use serde_json::{Value, json};

use crate::diagnostic::{CODES, Code};
use crate::lint::{Rule, rule};

/// What a notification about a rule that did not run goes by.
pub const SKIPPED: &str = "skipped";

/// The tool with all of its rules.
pub fn driver() -> Value {
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
        "rules": CODES.iter().map(|code| descriptor(code)).collect::<Vec<_>>(),
        "notifications": [{
            "id": SKIPPED,
            "shortDescription": { "text": "A rule could not look at what it needs: it neither passed nor failed." },
            "defaultConfiguration": { "level": "note" },
        }],
    })
}

/// Where the rule with this code is in the list.
pub fn index(code: &str) -> Option<usize> {
    CODES.iter().position(|known| known.id == code)
}

fn descriptor(code: &Code) -> Value {
    let summary = code.summary.trim();
    let mut descriptor = json!({
        "id": code.id,
        "name": code.slug,
        "shortDescription": { "text": summary },
        "defaultConfiguration": { "level": super::level(code.severity) },
        "properties": { "tags": [family(code.id)], "problem.severity": severity(code) },
    });
    if let Some(rule) = rule(code) {
        let what = if rule.doc.what.is_empty() { summary } else { rule.doc.what };
        descriptor["fullDescription"] = json!({ "text": what });
        descriptor["help"] = json!({ "text": help(rule, ""), "markdown": help(rule, "## ") });
        let properties = &mut descriptor["properties"];
        properties["needs"] = json!(rule.needs.name());
        properties["fix"] = json!(rule.fix.name());
        properties["since"] = json!(rule.since);
    }
    descriptor
}

/// The rule's page without its examples.
fn help(rule: &Rule, heading: &str) -> String {
    let doc = rule.doc;
    let parts = [
        ("What", doc.what),
        ("Why", doc.why),
        ("Evidence", doc.evidence),
        ("Fix", doc.fix),
        ("Verified on", doc.verified_on),
    ];
    let parts = parts.iter().filter(|(_, text)| !text.is_empty());
    let text: Vec<String> = parts.map(|(title, text)| format!("{heading}{title}\n\n{text}\n")).collect();
    if text.is_empty() { rule.code.summary.trim().to_owned() } else { text.join("\n") }
}

/// What GitHub sorts alerts by.
fn severity(code: &Code) -> &'static str {
    match super::level(code.severity) {
        "note" => "recommendation",
        level => level,
    }
}

fn family(id: &str) -> &'static str {
    match id.get(..2) {
        Some("AD") => "addressing",
        Some("PX") => "proxy-protocol",
        Some("TL") => "tls",
        Some("RS") => "resumption",
        Some("HP") => "health",
        Some("CP") => "capacity",
        Some("SE") => "security",
        Some("DP") => "deployment",
        Some("RP") => "programs",
        Some("IG") => "ignores",
        _ => "inventory",
    }
}
