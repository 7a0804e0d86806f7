//! Certificates in the report of a deploy: those that hosts get, that have expired and that were not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::DeployReport;
use super::line::{Line, VERSION};
use crate::deploy::{Problem, Role};
use crate::report::plan::{help, told};
use crate::rollout::{Reason, Unreachable};
use crate::visible::visible;

/// A certificate that hosts get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// Its path on the hosts.
    pub path: String,
    /// When it expires, in UTC.
    pub expires: String,
    /// When the one expires that it replaces.
    pub was: Option<String>,
    pub hosts: Vec<String>,
}

/// Whose files have changed on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Rendered ones, which somebody has edited.
    Ours,
    /// One of another tool, in the place of a rendered one.
    InOurPlace,
    /// Others.
    Others,
}

impl DeployReport<'_> {
    /// The certificates that hosts will get.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn renewed(&self, renewals: &[Renewal]) -> io::Result<()> {
        if self.is_json() {
            return renewals.iter().try_for_each(|renewal| self.line(&Line::Certificate { version: VERSION, renewal }));
        }
        let line = |Renewal { path, expires, was, hosts }: &Renewal| {
            let was = was.as_ref().map(|was| format!(", instead of `{was}`")).unwrap_or_default();
            format!("{path} on {}: expires on `{expires}` UTC{was}\n", hosts.join(", "))
        };
        self.output.print(renewals.iter().map(line).collect::<String>().as_bytes())
    }

    /// Files that hosts will get though they get no new certificate, each with the hosts.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn restored(&self, restored: &BTreeMap<&str, Vec<String>>) -> io::Result<()> {
        if self.is_json() {
            let line =
                |(path, hosts): (&&str, &Vec<String>)| self.line(&Line::Restored { version: VERSION, path, hosts });
            return restored.iter().try_for_each(line);
        }
        let line =
            |(path, hosts): (&&str, &Vec<String>)| format!("{path} on {}: as in its source again\n", hosts.join(", "));
        self.output.print(restored.iter().map(line).collect::<String>().as_bytes())
    }

    /// Hosts whose nginx does not show the certificates that are there.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn outdated(&self, hosts: &BTreeSet<String>) -> io::Result<()> {
        if self.is_json() {
            return hosts.iter().try_for_each(|host| self.line(&Line::Outdated { version: VERSION, host }));
        }
        let line = |host: &String| format!("{host} has the certificates, but shows others: its nginx is reloaded\n");
        self.output.print(hosts.iter().map(line).collect::<String>().as_bytes())
    }

    /// Certificates that have expired and that hosts go back to.
    pub fn expired(&self, expired: &[Renewal]) {
        for Renewal { path, expires, hosts, .. } in expired {
            let reason = format!("`{path}` of this release has expired on `{expires}` UTC");
            self.warning(hosts, &format!("{reason}, and clients will refuse it"));
        }
        if !self.is_json() && !expired.is_empty() {
            self.output.say(&format!("  help: `sslscale deploy {}` brings a renewed one again", self.again.file));
        }
    }

    /// Certificates that hosts go back to, and that are older than those that they have.
    pub fn older(&self, older: &[Renewal]) {
        for Renewal { path, expires, was, hosts } in older {
            let was = was.as_deref().unwrap_or_default();
            let reason = format!(
                "`{path}` of this release was issued before the one in use; they expire on `{expires}` and `{was}` UTC"
            );
            self.warning(hosts, &reason);
        }
        if !self.is_json() && !older.is_empty() {
            let file = &self.again.file;
            self.output
                .say(&format!("  help: `sslscale certs roll {file}`, also from a timer, brings the newer one again"));
        }
    }

    pub(super) fn warning(&self, hosts: &[String], reason: &str) {
        if !self.is_json() {
            return self.output.say(&format!("warning: {}: {reason}", hosts.join(", ")));
        }
        for host in hosts {
            let line = Line::Warning { version: VERSION, host, reason: reason.to_owned() };
            self.output.reported(self.line(&line));
        }
    }

    /// Sites that hosts did not serve before the change, and why: the new certificate was not looked for there.
    pub fn unseen(&self, sites: &[(String, String)]) {
        let unseen = |why| format!("the new certificate was not seen: {why}");
        self.errors(sites.iter().map(|(host, why)| (Some(&**host), unseen(why))));
        if !self.is_json() {
            self.output
                .say(&format!("  help: it is installed; `sslscale status {}` shows what runs there", self.again.file));
        }
    }

    /// A host that is left out: it cannot be changed, or its reload would put more into effect than a new certificate.
    pub fn unfit(&self, host: &str, problems: &[&Problem], (files, whose): (&[&str], Whose)) {
        for problem in problems {
            let reason = format!("it is left out: {}", told(problem, Role::AppServer));
            let help = help(problem, Role::AppServer, (&[host], &self.again.file));
            self.error(Some(host), &Reason::new(reason).with_help(help));
        }
        if files.is_empty() {
            return;
        }
        let files: Vec<String> = files.iter().map(|file| format!("`{}`", visible(file))).collect();
        let files = files.join(", ");
        let reason = format!(
            "it is left out: {files} changed after nginx loaded its configuration, and a reload would put that into effect"
        );
        let file = &self.again.file;
        let before = match whose {
            Whose::Ours => format!(
                "`sslscale deploy --only {host} {file}` writes the rendered file again, and `systemctl reload nginx` on the host \
                 takes it as it is"
            ),
            Whose::InOurPlace => format!("`sslscale deploy --adopt --only {host} {file}` puts the rendered file back"),
            Whose::Others => {
                "correct it on the host or take it away, and run `systemctl reload nginx` there".to_owned()
            }
        };
        let help = format!("{before}; then `sslscale certs roll {file}`");
        self.error(Some(host), &Reason::new(reason).with_help(help));
    }

    /// Hosts that could not be reached, so that what is new is not there.
    pub fn absent(&self, absent: &[Unreachable]) {
        self.errors(absent.iter().map(|lost| (Some(&*lost.host), Reason::from(&lost.error).to_string())));
        if !absent.is_empty() && !self.is_json() {
            let hosts: Vec<&str> = absent.iter().map(|lost| lost.host.as_str()).collect();
            let (hosts, file) = (hosts.join(", "), &self.again.file);
            self.output.say(&format!(
                "  help: {hosts} may have an older certificate; once reachable, `sslscale certs roll {file}` brings the new one"
            ));
        }
    }
}
