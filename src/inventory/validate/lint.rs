//! Reads the `lint` section: which rules are allowed or denied, and what fails a run.

use super::fields::{at_most, count_if_written, items, optional, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::Lint;
use crate::inventory::node::Node;
use crate::inventory::raw::RawLint;
use crate::inventory::schema::Reader;
use crate::inventory::types::FailOn;
use crate::source::Span;

/// Reads `lint`.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Lint {
    let defaults = Lint::default();
    let Some(raw) = node.and_then(|node| RawLint::read(reader, node)) else { return defaults };
    let allow = rules(reader, raw.allow, "allow");
    let deny = rules(reader, raw.deny, "deny");
    for (code, span) in &deny {
        let Some((_, allowed)) = allow.iter().find(|(other, _)| other == code) else { continue };
        let message = format!("`{}` is both allowed and denied", code.id);
        let both = Diagnostic::refusal(Code::IN09, *span, message, "remove it from one of the lists");
        reader.diagnostics.push(both.related(*allowed, "it is allowed here"));
    }
    let fail_on = optional::<FailOn>(reader, raw.fail_on, "fail_on").map(Into::into);
    let days = count_if_written(reader, raw.certificate_days, "certificate_days", 1..=3650);
    Lint { allow, deny, fail_on, certificate_days: days.and_then(|days| u32::try_from(days).ok()) }
}

/// Longest list: there are fewer codes than that.
const MOST: usize = 256;

/// The rules of a list, each once.
fn rules(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Vec<(&'static Code, Span)> {
    let mut found: Vec<(&'static Code, Span)> = Vec::new();
    let Some(node) = node else { return found };
    let nodes = items(reader, node, key);
    for node in at_most(reader, node, nodes, (key, MOST)) {
        let Some(rule) = scalar::<&'static Code>(reader, node, key) else { continue };
        if !found.iter().any(|(code, _)| *code == rule.value) {
            found.push((rule.value, rule.span));
        }
    }
    found
}
