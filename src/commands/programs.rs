//! `check --with-binaries`: what the installed programs say to the rendered files, among the
//! findings.

use anyhow::Result;

use super::Loaded;
use crate::binaries;
use crate::lint::{Findings, Fleet, Settings, Skipped, lint_with};
use crate::render::{Templates, render};
use crate::report::Output;

/// Lints once more, with what the installed programs say to the rendered files. Who asks for it
/// is told where it was not done.
pub fn asked(loaded: Loaded, settings: &Settings, templates: &Templates, output: &Output) -> Result<Loaded> {
    let tree = loaded.linted.sound().map(|inventory| render(inventory, templates)).transpose()?;
    let mut stage = |fleet: Option<&Fleet<'_>>, findings: &mut Findings| match (fleet, &tree) {
        (Some(fleet), Some(tree)) => binaries::find(fleet, tree, findings),
        _ => binaries::skip(findings, "the inventory has errors that come first"),
    };
    let linted = lint_with(&loaded.source, settings, Some(&mut stage));
    for Skipped { code, reason } in linted.skipped.iter().filter(|skipped| binaries::is_asked_for(skipped.code)) {
        output.say(&format!("{}: {code} is skipped: {reason}", loaded.source.name()));
    }
    Ok(Loaded { source: loaded.source, linted })
}
