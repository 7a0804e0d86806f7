//! SE05: a private key in the inventory or in its git repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::tracked;
use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, InventoryText, Reporter, Requirement, Rule, examples};
use crate::shell;
use crate::source::Span;

pub const RULE: Rule = Rule {
    code: Code::SE05,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Text(find),
    doc: Doc {
        what: "The inventory contains key material, even if only in a comment: PEM, or PEM in base64. The rule also \
               reports a private key file on this machine that a site refers to, if the file is in the inventory's git work tree and git \
               tracks it or would add it with the next `git add`.",
        why: "Inventories are made to be shared: they are committed, reviewed, mailed and printed by pipelines. A key \
              that was once in a repository stays in its history and in every clone.",
        evidence: "git tracks a file with mode 600 like any other. sslscale repeats no part of a key in any report: \
                   it shows the line with the secret blanked out.",
        fix: "Move the key out of the repository, or add it to `.gitignore`; name its path in \
              `ssl_certificate_key_source`. Then have a new key and certificate issued: removing the old key from the \
              history does not remove it from the clones.",
        verified_on: "git 2.47.3",
    },
    examples: examples!("SE05"),
};

fn find(text: &InventoryText<'_>, reporter: &mut Reporter<'_>) {
    for secret in text.source.secrets() {
        let message = "the inventory contains a private key";
        let help = "move it to a file with mode 600, name that file in `ssl_certificate_key_source`, and have a new \
                    key issued: everybody who can read the inventory has this one";
        reporter.report(secret.header, message, help);
    }
    let keys = named(text);
    if keys.is_empty() {
        return;
    }
    match tracked::in_git(text.source.directory(), keys.keys()) {
        Ok(found) => {
            for path in found {
                let Some(span) = keys.get(&path) else { continue };
                let shown = path.display();
                let message = format!(
                    "the private key `{shown}` is in the inventory's git repository, or `git add` would add it"
                );
                let help = format!(
                    "run `git rm --cached --ignore-unmatch {}`, add it to `.gitignore`, and have a new key \
                     issued if it was committed",
                    shell::path(&path)
                );
                reporter.report(*span, message, help);
            }
        }
        Err(reason) => reporter.not_run("`git`", reason),
    }
}

/// The keys that sites name on this machine, each with the first place that names it.
fn named(text: &InventoryText<'_>) -> BTreeMap<PathBuf, Span> {
    let mut keys = BTreeMap::new();
    for site in text.document.cursor(text.source).key("sites").items() {
        let key = site.key("ssl_certificate_key_source");
        if let Some(path) = key.text() {
            keys.entry(text.source.directory().join(path)).or_insert(key.span());
        }
    }
    keys
}
