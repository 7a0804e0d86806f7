//! Findings as SARIF 2.1.0, the format of code scanning services and editors: one run over all
//! inventories, with every rule there is, whether it found something or not.

mod rules;

use serde_json::{Value, json};

use super::reported::{Finding, Reported};
use crate::diagnostic::{Applicability, Code, Fix, Severity};
use crate::source::Span;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log, with a final line break.
pub fn log(all: &[Reported<'_>]) -> String {
    let results: Vec<Value> = all.iter().enumerate().flat_map(|(index, one)| results(index, one)).collect();
    let artifacts: Vec<Value> = all
        .iter()
        .map(|one| json!({ "location": { "uri": uri(&one.file) }, "roles": ["analysisTarget"], "encoding": "UTF-8" }))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": rules::driver() },
            "columnKind": "unicodeCodePoints",
            // YAML ends a line at a carriage return alone as well.
            "newlineSequences": ["\r\n", "\n", "\r"],
            "artifacts": artifacts,
            "invocations": [invocation(all)],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("a document of strings and numbers is JSON");
    text.push('\n');
    text
}

/// What could not be looked at: a rule that passed and a rule that did not run look alike
/// among the results.
fn invocation(all: &[Reported<'_>]) -> Value {
    let mut notifications = Vec::new();
    for (index, one) in all.iter().enumerate() {
        notifications.extend(one.linted.not_run.iter().map(|skipped| {
            json!({
                "descriptor": { "id": rules::SKIPPED, "index": 0 },
                "associatedRule": { "id": skipped.code, "index": rules::index(skipped.code) },
                "level": "note",
                "message": { "text": plain(&format!("{} is skipped: {}", skipped.code, skipped.reason)) },
                "locations": [{ "physicalLocation": { "artifactLocation": artifact(index, one) } }],
            })
        }));
    }
    let unread = all.iter().any(|one| one.findings.iter().any(|finding| finding.diagnostic.code == Code::IN01));
    json!({ "executionSuccessful": !unread, "toolExecutionNotifications": notifications })
}

fn results(index: usize, one: &Reported<'_>) -> Vec<Value> {
    let reported = one.findings.iter().map(|finding| result(index, one, finding, json!([])));
    let suppressed = one.suppressed.iter().map(|(finding, reason)| {
        result(index, one, finding, json!([{ "kind": "inSource", "status": "accepted", "justification": reason }]))
    });
    reported.chain(suppressed).collect()
}

fn result(index: usize, one: &Reported<'_>, finding: &Finding<'_>, suppressions: Value) -> Value {
    let diagnostic = finding.diagnostic;
    let place = |span| json!({ "artifactLocation": artifact(index, one), "region": region(one, span) });
    let mut location = json!({ "physicalLocation": place(diagnostic.span) });
    if !finding.path.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.path }]);
    }
    let related = diagnostic.related.iter().enumerate().map(|(id, related)| {
        json!({ "id": id, "physicalLocation": place(related.span), "message": { "text": plain(&related.label) } })
    });
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": rules::index(diagnostic.code.id),
        "level": level(diagnostic.severity),
        "message": { "text": plain(&finding.text()) },
        "locations": [location],
        "partialFingerprints": {
            "sslscale/v1": finding.fingerprint,
            // The one that GitHub compares; without it, it would make one of the line's text.
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
        },
        // Where one result of a run has them, an empty list says that the others are not suppressed.
        "suppressions": suppressions,
    });
    if !diagnostic.related.is_empty() {
        result["relatedLocations"] = related.collect();
    }
    // A fix is applied whole or not at all: what also touches files that are no part of this run
    // is left to `--fix`.
    if let Some(fix) = diagnostic.fix.as_ref().filter(|fix| fix.files.is_empty() && !fix.edits.is_empty()) {
        result["fixes"] = json!([change(index, one, fix, &diagnostic.help)]);
    }
    result
}

fn change(index: usize, one: &Reported<'_>, fix: &Fix, help: &str) -> Value {
    let replacements: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| json!({ "deletedRegion": region(one, edit.span), "insertedContent": { "text": edit.text } }))
        .collect();
    let description = match fix.applicability {
        Applicability::Safe => help.to_owned(),
        Applicability::Unsafe => format!("look at it before it is applied: {help}"),
    };
    json!({
        "description": { "text": plain(&description) },
        "artifactChanges": [{ "artifactLocation": artifact(index, one), "replacements": replacements }],
        "properties": { "applicability": fix.applicability.name() },
    })
}

fn artifact(index: usize, one: &Reported<'_>) -> Value {
    json!({ "uri": uri(&one.file), "index": index })
}

fn region(one: &Reported<'_>, span: Span) -> Value {
    if one.unread() {
        return json!({ "startLine": 1 });
    }
    let (start, end) = (one.source.position(span.start), one.source.position(span.end));
    let mut region = json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    });
    // Bytes of a file that is no text are not those of what is shown of it.
    if one.linted.document.is_some() {
        region["byteOffset"] = json!(span.start);
        region["byteLength"] = json!(span.end.saturating_sub(span.start));
    }
    region
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A message in which nothing is a placeholder or a link.
fn plain(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

/// A path as a relative reference: every byte that is no letter, digit or one of `-._~/` encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    // An absolute path is one only with its scheme.
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_and_a_value_is_no_markup() {
        assert_eq!(uri("a b/é:%.yaml"), "a%20b/%C3%A9%3A%25.yaml");
        assert_eq!(uri("/etc/x.yaml"), "file:///etc/x.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
        assert_eq!(plain("`{0}` [x](http://y)"), "`{{0}}` [x] (http://y)");
    }
}
