//! IG02: a comment that ignores a finding which is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, is_about_comments, only_refuses};
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};
use crate::source::{Source, Span};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IG02,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Safe,
    found: Found::Elsewhere("on the comments, once the other rules have run"),
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
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
# The balancers' own network. sslscale names no rule here.
# sslscale: ignore[PX07] it was wider once
trusted_proxies: [10.0.0.0/24] # sslscale: ignore[trusted-missing-lb] lb2 was elsewhere
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
# sslscale: ignore[PX05] lb2 is switched off until May
trusted_proxies: [10.0.0.10/32]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: Some(
            r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
# The balancers' own network. sslscale names no rule here.
trusted_proxies: [10.0.0.0/24]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};

/// Every claim that came to nothing although its rule has looked.
pub fn find(
    source: &Source,
    claims: &[Claim<'_>],
    standing: &[Diagnostic],
    ran: impl Fn(&Code) -> bool,
) -> Vec<Diagnostic> {
    let unused = |claim: &Claim<'_>| {
        claim.code.filter(|code| !claim.used && !is_about_comments(code) && !only_refuses(code) && ran(code))
    };
    if !claims.iter().any(|claim| unused(claim).is_some()) {
        return Vec::new();
    }
    // Where else a rule finds something: the comment may have to move.
    let mut elsewhere: BTreeMap<&str, Span> = BTreeMap::new();
    for finding in standing {
        elsewhere.entry(finding.code.id).or_insert(finding.span);
    }
    let used = claims.iter().filter(|claim| claim.used);
    let used: BTreeSet<_> = used.filter_map(|claim| Some((claim.comment.covers, claim.code?.id))).collect();
    let mut found = Vec::new();
    // Claims of one comment follow one another: what one removes depends on what the others keep.
    for list in claims.chunk_by(|a, b| a.comment.span == b.comment.span) {
        let stays = |claim: &Claim<'_>| unused(claim).is_none_or(|code| elsewhere.contains_key(code.id));
        let all = !list.iter().any(stays);
        let mut one_stays_before = false;
        for (index, claim) in list.iter().enumerate() {
            let before = one_stays_before;
            one_stays_before |= stays(claim);
            let Some(code) = unused(claim) else { continue };
            let again = used.contains(&(claim.comment.covers, code.id));
            let place = elsewhere.get(code.id).map(|span| source.position(span.start).line);
            let finding = unused_at(claim, code, place, again);
            found.push(if stays(claim) {
                finding
            } else {
                let span = if all { claim.comment.removal } else { cut(list, index, before) };
                finding.fixed_by(Fix::replace(Applicability::Safe, span, ""))
            });
        }
    }
    found
}

fn unused_at(claim: &Claim<'_>, code: &Code, elsewhere: Option<usize>, again: bool) -> Diagnostic {
    let id = code.id;
    let message = match claim.comment.covers {
        Some(line) if again => format!("`{id}` on line {line} is ignored already"),
        Some(line) => format!("`{id}` finds nothing on line {line}"),
        None => "no line follows that this comment could be about".to_owned(),
    };
    let help = match elsewhere {
        Some(line) => format!("it finds something on line {line}: move the comment to that line, or to the one above"),
        None if claim.ignore.entries.len() > 1 => format!("remove `{}` from it", claim.name),
        None => "remove the comment".to_owned(),
    };
    Diagnostic::new(Code::IG02, claim.span, message, help)
}

/// What goes with an item of the brackets: the comma before it where an item before it stays,
/// else the one behind it. Of two that go, neither takes what the other takes.
fn cut(list: &[Claim<'_>], index: usize, one_stays_before: bool) -> Span {
    let claim = &list[index];
    match (index.checked_sub(1).and_then(|before| list.get(before)), list.get(index + 1)) {
        (Some(before), _) if one_stays_before => Span { start: before.span.end, end: claim.span.end },
        (_, Some(behind)) => Span { start: claim.span.start, end: behind.span.start },
        _ => claim.span,
    }
}
