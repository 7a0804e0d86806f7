//! Findings as SARIF 2.1.0, the format of code scanning services and editors: one run over all
//! inventories. The rules that it describes are those with a result and those that did not run.

mod result;
mod rules;

use std::io::{self, Write};

use serde::Serialize;

use super::each::Each;
use super::reported::Reported;
use crate::diagnostic::{Code, Severity};
use crate::lint::NotRun;
use result::{Artifact, Message, results};
use rules::{Driver, NOT_RUN, Rules};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r, A, I, R> {
    tool: Tool<'r>,
    column_kind: &'static str,
    /// YAML ends a line at a carriage return alone as well.
    newline_sequences: [&'static str; 3],
    artifacts: A,
    invocations: [I; 1],
    results: R,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
struct Analysed<'r> {
    location: Uri<'r>,
    roles: [&'static str; 1],
    encoding: &'static str,
}

#[derive(Serialize)]
struct Uri<'r> {
    uri: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<N> {
    execution_successful: bool,
    tool_execution_notifications: N,
}

/// A rule that did not run: without it, that would look like one that found nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'r> {
    descriptor: Pointer,
    associated_rule: Pointer,
    level: &'static str,
    message: Message,
    locations: [Place<'r>; 1],
}

#[derive(Serialize)]
struct Pointer {
    id: &'static str,
    index: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'r> {
    physical_location: Whole<'r>,
}

/// An inventory as a whole.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'r> {
    artifact_location: Artifact<'r>,
}

/// Writes the log on one line.
pub fn write(all: &[Reported<'_>], mut out: impl Write) -> io::Result<()> {
    let uris: Vec<String> = all.iter().map(|one| uri(&one.file)).collect();
    let rules = Rules::of(all);
    let inventories = || all.iter().zip(&uris).enumerate();
    let not_run = inventories().flat_map(|(index, (one, uri))| {
        let artifact = Artifact { uri, index };
        one.linted.not_run.iter().map(move |not_run| (artifact, not_run))
    });
    let results = inventories().flat_map(|(index, (one, uri))| results(one, Artifact { uri, index }, &rules));
    let unread = all.iter().any(|one| one.findings.iter().any(|finding| finding.diagnostic.code == Code::IN01));
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: rules.driver() },
            column_kind: "unicodeCodePoints",
            newline_sequences: ["\r\n", "\n", "\r"],
            artifacts: Each::of(&uris, analysed),
            invocations: [Invocation {
                execution_successful: !unread,
                tool_execution_notifications: Each::of(not_run, |(at, it)| notification(&rules, at, it)),
            }],
            results: Each::of(results, |result| result),
        }],
    };
    serde_json::to_writer(&mut out, &log)?;
    writeln!(out)
}

fn analysed(uri: &String) -> Analysed<'_> {
    Analysed { location: Uri { uri }, roles: ["analysisTarget"], encoding: "UTF-8" }
}

fn notification<'r>(rules: &Rules, artifact: Artifact<'r>, not_run: &NotRun) -> Notification<'r> {
    Notification {
        descriptor: Pointer { id: NOT_RUN, index: Some(0) },
        associated_rule: Pointer { id: not_run.code, index: rules.index(not_run.code) },
        level: "note",
        message: Message::new(&format!("{} was not run: {}", not_run.code, not_run.reason)),
        locations: [Place { physical_location: Whole { artifact_location: artifact } }],
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a relative reference: every byte but letters, digits and `-._~/` is encoded.
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
    fn a_path_is_a_uri() {
        assert_eq!(uri("a b/é:%.yaml"), "a%20b/%C3%A9%3A%25.yaml");
        assert_eq!(uri("/etc/x-1~_Z.yaml"), "file:///etc/x-1~_Z.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}
