//! `check --with-binaries`: what the installed programs print about the rendered files, among the
//! findings.

use anyhow::Result;

use crate::binaries;
use crate::lint::{self, Linted, Settings};
use crate::render::{Templates, render};
use crate::report::Output;
use crate::source::Source;

/// Lints the inventory in `source`, with what the programs find in the rendered files. A program
/// that could not run is named on standard error: the user asked for it.
pub fn lint(source: &Source, settings: &Settings, templates: &Templates, output: &Output) -> Result<Linted> {
    let mut gathered = lint::find(source, settings);
    let findings = match gathered.fleet() {
        Some(fleet) => binaries::find(&fleet, &render(fleet.inventory, templates)?),
        None => binaries::not_run("a valid inventory", lint::INVALID),
    };
    gathered.findings.extend(findings);
    let linted = lint::judge(gathered);
    for not_run in linted.not_run.iter().filter(|not_run| binaries::is_asked_for(not_run.code)) {
        output.say(&format!("{}: {} was not run: {}", source.name(), not_run.code, not_run.reason));
    }
    Ok(linted)
}
