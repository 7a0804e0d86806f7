//! The rules of a log, each once, in the order of the codes: a result points to its rule by index.

use std::collections::BTreeSet;

use serde::Serialize;

use super::result::Message;
use crate::diagnostic::{CODES, Code};
use crate::lint::rule;
use crate::report::reported::Reported;

/// The descriptor of notifications about rules that did not run.
pub const NOT_RUN: &str = "not-run";

/// The rules with a result, and those that did not run.
pub struct Rules {
    listed: Vec<Listed>,
}

struct Listed {
    code: &'static Code,
    has_results: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Driver<'r> {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    short_description: Text<'static>,
    rules: Vec<Descriptor<'r>>,
    notifications: [Descriptor<'static>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'r> {
    id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    short_description: Text<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Text<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_configuration: Option<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties>,
}

#[derive(Serialize)]
struct Text<'r> {
    text: &'r str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: [&'static str; 1],
    /// What GitHub sorts alerts by.
    #[serde(rename = "problem.severity")]
    severity: &'static str,
    fix: &'static str,
}

impl Rules {
    pub fn of(all: &[Reported<'_>]) -> Self {
        let found = |one: &'_ Reported<'_>| -> BTreeSet<&'static str> {
            let suppressed = one.suppressed.iter().map(|(finding, _)| finding);
            one.findings.iter().chain(suppressed).map(|finding| finding.diagnostic.code.id).collect()
        };
        let found: BTreeSet<&str> = all.iter().flat_map(found).collect();
        let not_run: BTreeSet<&str> = all.iter().flat_map(|one| &one.linted.not_run).map(|it| it.code).collect();
        let listed = CODES.iter().filter(|code| found.contains(code.id) || not_run.contains(code.id));
        Self { listed: listed.map(|code| Listed { code, has_results: found.contains(code.id) }).collect() }
    }

    /// Where the rule with this code is in the list.
    pub fn index(&self, code: &str) -> Option<usize> {
        self.listed.iter().position(|listed| listed.code.id == code)
    }

    /// The tool with these rules.
    pub fn driver(&self) -> Driver<'_> {
        let not_run = Descriptor {
            id: NOT_RUN,
            name: None,
            short_description: Text {
                text: "A rule did not run because something that it needs is missing. It neither passed nor failed.",
            },
            full_description: None,
            help: None,
            default_configuration: Some(Configuration { level: "note" }),
            properties: None,
        };
        Driver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            short_description: Text { text: env!("CARGO_PKG_DESCRIPTION") },
            rules: self.listed.iter().map(Listed::descriptor).collect(),
            notifications: [not_run],
        }
    }
}

impl Listed {
    /// What the rule finds and how to fix it is told where it found something.
    fn descriptor(&self) -> Descriptor<'static> {
        let code = self.code;
        let rule = rule(code).filter(|_| self.has_results);
        let level = super::level(code.severity);
        let help = |fix: &str| Message::new(&format!("{fix} Run `sslscale explain {}` for details.", code.id));
        Descriptor {
            id: code.id,
            name: Some(code.slug),
            short_description: Text { text: code.summary.trim() },
            full_description: rule.map(|rule| Text { text: rule.doc.what }),
            help: rule.map(|rule| help(rule.doc.fix)),
            default_configuration: rule.map(|_| Configuration { level }),
            properties: rule.map(|rule| Properties {
                tags: [family(code.id)],
                severity: if level == "note" { "recommendation" } else { level },
                fix: rule.fix.name(),
            }),
        }
    }
}

fn family(id: &str) -> &'static str {
    match id.get(..2) {
        Some("AD") => "addressing",
        Some("PX") => "proxy-protocol",
        Some("TL") => "tls",
        Some("RS") => "resumption",
        Some("HP") => "health",
        Some("SN") => "configuration",
        Some("CP") => "capacity",
        Some("LO") => "locations",
        Some("SE") => "security",
        Some("DP") => "deployment",
        Some("RP") => "programs",
        Some("IG") => "ignores",
        _ => "inventory",
    }
}
