//! The JSON lines of a deploy.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Renewal;
use crate::rollout::Reason;

/// The version of the JSON lines.
pub(in crate::report) const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(in crate::report) enum Line<'l> {
    /// What became of a host in a step.
    Host {
        version: u32,
        step: &'static str,
        host: &'l str,
        result: &'static str,
        reason: Option<&'l Reason>,
        milliseconds: u128,
    },
    /// A certificate that hosts will get.
    Certificate {
        version: u32,
        #[serde(flatten)]
        renewal: &'l Renewal,
    },
    /// A file that hosts get again though they get no new certificate.
    Restored { version: u32, path: &'l str, hosts: &'l [String] },
    /// A host lacks packages, which this command installs, and what became of that.
    Install { version: u32, host: &'l str, command: &'l str, result: Option<&'static str>, reason: Option<&'l Reason> },
    /// A host that has a certificate and does not show it.
    Outdated { version: u32, host: &'l str },
    /// What a reader should know before the change.
    Warning { version: u32, host: &'l str, reason: String },
    /// Why nothing was begun, or why it went no further.
    Error { host: Option<&'l str>, reason: String },
    /// How it ended.
    End { version: u32, release: Option<&'l str>, result: &'static str, hosts: BTreeMap<&'l str, &'static str> },
}
