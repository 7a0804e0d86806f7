//! Packages that hosts lack, and what became of installing them.

use std::io;
use std::time::Duration;

use super::line::{Line, VERSION};
use super::{DeployReport, seconds};
use crate::report::tickets::result_of;
use crate::rollout::Outcome;

/// What a host lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing<'m> {
    pub host: &'m str,
    pub packages: Vec<&'static str>,
    /// What installs them.
    pub command: String,
}

impl DeployReport<'_> {
    /// The commands that would be run. Hosts that lack the same are shown together.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn missing(&self, missing: &[Missing<'_>]) -> io::Result<()> {
        if self.is_json() {
            return missing.iter().try_for_each(|Missing { host, command, .. }| {
                self.line(&Line::Install { version: VERSION, host, command, result: None, reason: None })
            });
        }
        let mut groups: Vec<(Vec<&str>, &Missing<'_>)> = Vec::new();
        for one in missing {
            match groups.iter_mut().find(|(_, group)| group.packages == one.packages) {
                Some((hosts, _)) => hosts.push(one.host),
                None => groups.push((vec![one.host], one)),
            }
        }
        let text = groups.iter().map(|(hosts, Missing { packages, command, .. })| {
            format!("{}: installs {}\n  {command}\n", hosts.join(", "), packages.join(", "))
        });
        self.output.print(text.collect::<String>().as_bytes())
    }

    /// A dry run ends with that.
    pub fn packages_shown(&self) {
        if !self.is_json() {
            self.output.say("nothing was changed; without these packages the files cannot be checked");
        }
    }

    /// What became of one host.
    pub fn installed(&self, Missing { host, packages, command }: &Missing<'_>, outcome: &Outcome, elapsed: Duration) {
        if self.is_json() {
            let (result, reason) = (Some(result_of(outcome)), outcome.reason());
            let line = Line::Install { version: VERSION, host, command, result, reason };
            return self.output.reported(self.line(&line));
        }
        match outcome.reason() {
            Some(reason) => self.error(Some(host), reason),
            None => self.output.note(&format!("{host} has {} now ({})", packages.join(", "), seconds(elapsed))),
        }
    }

    /// Not every host has its packages. `hosts` do.
    pub fn not_installed(&self, hosts: &[&str]) {
        if self.is_json() {
            return;
        }
        self.output.say("  help: correct it on the host, where the command above can be run by hand, and deploy again");
        self.output.say(&match hosts {
            [] => "nothing was changed".to_owned(),
            hosts => format!("nothing was changed, but packages are installed on {}", hosts.join(", ")),
        });
    }
}
