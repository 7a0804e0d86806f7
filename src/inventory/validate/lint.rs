//! The `lint` section: which rules count, and how much.

use super::fields::{Placed, count, many, optional};
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
    let days = count(reader, raw.certificate_days, "certificate_days", 1..=3650, defaults.certificate_days.into());
    Lint { allow, deny, fail_on, certificate_days: u32::try_from(days).unwrap_or(defaults.certificate_days) }
}

/// The rules of a list, each once: there are fewer rules than a list may have items.
fn rules(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Vec<(&'static Code, Span)> {
    let mut found: Vec<(&'static Code, Span)> = Vec::new();
    for Placed { value, span } in node.map(|node| many::<&'static Code>(reader, node, key)).unwrap_or_default() {
        if !found.iter().any(|(code, _)| *code == value) {
            found.push((value, span));
        }
    }
    found
}
