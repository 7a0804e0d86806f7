//! The real programs that hosts run: their names, and the command lines that print their version,
//! validate their files and run them in the foreground.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::{self, Invocation, Limits, patience};

/// How long a program may take to print its version.
const VERSION: Duration = Duration::from_secs(10);
/// How long a program may take to validate its files: nginx loads every certificate.
const VALIDATION: Duration = Duration::from_secs(60);
/// How much it may write: nginx prints all of its configuration, and some warnings for every site.
const VALIDATION_BYTES: usize = 64 << 20;

const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";

/// A real program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// On balancers.
    Haproxy,
    /// On app servers.
    Nginx,
}

/// What came out of a program that validated its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramOutput {
    /// Whether it accepts them.
    pub accepted: bool,
    /// The lines that it wrote about them.
    pub lines: Vec<String>,
    /// The files that it has read, where it lists them: nginx does when it accepts them.
    pub read: Vec<String>,
}

/// A program could not be run to its end. The message includes the cause, as it crosses a pipe as text.
#[derive(Debug, thiserror::Error)]
#[error("`{command}` {}", source.with_cause())]
pub struct ProgramError {
    /// The command line.
    pub command: String,
    /// Why it could not.
    pub source: process::Error,
}

impl ProgramError {
    /// Whether it took too long, as it probably would again.
    pub fn is_timeout(&self) -> bool {
        matches!(self.source, process::Error::TimedOut { .. })
    }
}

impl Program {
    /// Every program, those of balancers first.
    pub const ALL: [Self; 2] = [Self::Haproxy, Self::Nginx];

    /// The name of its command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
        }
    }

    /// Debian's package.
    pub fn package(self) -> &'static str {
        self.name()
    }

    /// Debian's systemd unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy.service",
            Self::Nginx => "nginx.service",
        }
    }

    /// The file that it starts from.
    pub fn configuration(self) -> &'static str {
        match self {
            Self::Haproxy => HAPROXY,
            Self::Nginx => "/etc/nginx/nginx.conf",
        }
    }

    /// The arguments that make it validate its files. nginx also prints the files that it has read,
    /// which shows whether the rendered ones are among them.
    fn validation(self) -> &'static [&'static str] {
        match self {
            Self::Haproxy => &["-c", "-f", HAPROXY],
            Self::Nginx => &["-T"],
        }
    }

    /// As Debian's unit runs it, but in the foreground and without systemd's notification socket.
    pub fn foreground(self) -> Invocation {
        let arguments: &[&str] = match self {
            Self::Haproxy => &["-W", "-db", "-f", HAPROXY],
            Self::Nginx => &["-g", "daemon off;"],
        };
        Invocation::new(self.name()).args(arguments.iter().copied())
    }

    /// The installed version, such as `1.22.1`.
    ///
    /// # Errors
    /// It could not be run.
    pub fn version(self) -> Result<String, ProgramError> {
        let done = self.run(&["-v"], Limits::new(patience(VERSION), 64 * 1024))?;
        Ok(parse_version(&[done.stdout.as_slice(), done.stderr.as_slice()].concat()))
    }

    /// The command line of [`Program::validate`].
    pub fn validation_command(self) -> String {
        self.command(self.validation())
    }

    /// Validates the files that are at their paths in this view.
    ///
    /// # Errors
    /// It could not be run.
    pub fn validate(self) -> Result<ProgramOutput, ProgramError> {
        let done = self.run(self.validation(), Limits::new(patience(VALIDATION), VALIDATION_BYTES))?;
        let mut written = lines(&done.stderr);
        let read = match self {
            Self::Haproxy => {
                written.extend(lines(&done.stdout));
                Vec::new()
            }
            Self::Nginx => String::from_utf8_lossy(&done.stdout).lines().filter_map(dumped).collect(),
        };
        Ok(ProgramOutput { accepted: done.status.success(), lines: written, read })
    }

    fn run(self, arguments: &[&str], limits: Limits) -> Result<process::Output, ProgramError> {
        let invocation = Invocation::new(self.name()).args(arguments.iter().copied());
        invocation.run(b"", limits).map_err(|source| ProgramError { command: self.command(arguments), source })
    }

    fn command(self, arguments: &[&str]) -> String {
        [&[self.name()], arguments].concat().join(" ")
    }
}

/// The path in a heading of what `nginx -T` prints.
fn dumped(line: &str) -> Option<String> {
    Some(line.strip_prefix("# configuration file ")?.strip_suffix(':')?.to_owned())
}

/// The version in `nginx version: nginx/1.22.1` or `HAProxy version 2.6.12-1+deb12u4 …`.
fn parse_version(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut words = text.split([' ', '/', '-', '+', '\n']);
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default().to_owned()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both() {
        assert_eq!(parse_version(b"nginx version: nginx/1.22.1\n"), "1.22.1");
        assert_eq!(parse_version(b"HAProxy version 2.6.12-1+deb12u4 2026/05/01 - https://haproxy.org/\n"), "2.6.12");
        assert_eq!(parse_version(b"HA-Proxy version 2.2.9-2+deb11u8 2026/01/01\n"), "2.2.9");
    }

    #[test]
    fn only_headings_name_files() {
        assert_eq!(dumped("# configuration file /etc/nginx/nginx.conf:").as_deref(), Some("/etc/nginx/nginx.conf"));
        assert_eq!(dumped("# configuration file"), None);
    }
}
