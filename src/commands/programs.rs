//! `check --with-binaries` and `check --hosts`: what the installed programs print about the rendered files, and what
//! hosts have, among the findings.

use super::host_findings::Hosts;
use super::{CommandError, decisions};
use crate::binaries;
use crate::host_rules;
use crate::lint::{self, Findings, Fleet, Linted, Requirement, Settings};
use crate::render::{Templates, render};
use crate::report::Output;
use crate::source::Source;

/// What a check looks at besides the inventory and local files.
pub struct More<'c> {
    /// What both are about.
    pub templates: Templates,
    /// Whether installed programs validate the rendered files.
    pub binaries: bool,
    /// How hosts are looked at, if they are.
    pub hosts: Option<Hosts<'c>>,
}

impl More<'_> {
    /// Lints the inventory in `source` with what programs and hosts show. A program that could not run, and a host
    /// that did not answer, is named on standard error: the user asked for it.
    pub fn lint(&self, source: &Source, settings: &Settings, output: &Output) -> Result<Linted, CommandError> {
        let mut gathered = lint::find(source, settings);
        let findings = match gathered.fleet() {
            Some(fleet) => self.find(&fleet, output)?,
            None => self.not_run(),
        };
        gathered.findings.extend(findings);
        let linted = lint::judge(gathered);
        for not_run in linted.not_run.iter().filter(|it| self.binaries && binaries::is_asked_for(it.code)) {
            output.say(&format!("{}: {} was not run: {}", source.name(), not_run.code, not_run.reason));
        }
        Ok(linted)
    }

    fn find(&self, fleet: &Fleet<'_>, output: &Output) -> Result<Findings, CommandError> {
        let tree = render(fleet.inventory, &self.templates)?;
        let mut findings = if self.binaries {
            decisions::programs(output);
            let working = output.working("checking files with haproxy and nginx", 0);
            binaries::find(fleet, &tree, working.count())
        } else {
            lint::not_requested(Requirement::Programs)
        };
        findings.extend(match &self.hosts {
            Some(hosts) => hosts.find(fleet, &tree, output)?,
            None => lint::not_requested(Requirement::Hosts),
        });
        Ok(findings)
    }

    /// Without a valid inventory there is nothing to look at.
    fn not_run(&self) -> Findings {
        let needs = "a valid inventory";
        let mut findings = if self.binaries {
            binaries::not_run(needs, lint::INVALID)
        } else {
            lint::not_requested(Requirement::Programs)
        };
        findings.extend(match &self.hosts {
            Some(_) => host_rules::not_run(needs, lint::INVALID),
            None => lint::not_requested(Requirement::Hosts),
        });
        findings
    }
}
