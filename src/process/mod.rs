//! Runs local programs. Nothing else in this crate starts a process, so that every program has a
//! time limit, a limit for its output, an environment that was chosen, and a process group that can
//! be ended as a whole. This module knows nothing about the programs that it runs.

mod buffer;
mod child;
mod conversation;
mod duplex;
mod errors;
mod path;
mod run;
mod service;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::visible::with_causes;

pub use conversation::{Conversation, Line, Lines};
pub use duplex::Duplex;
pub use path::{find, search_path};
pub use service::Service;

/// How long a program may run, and how many bytes it may write to each of its streams.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From its start until it has ended and both streams are closed.
    pub time: Duration,
    /// Bytes of standard output.
    pub stdout: usize,
    /// Bytes of standard error.
    pub stderr: usize,
}

impl Limits {
    /// The same number of bytes for both streams.
    pub const fn new(time: Duration, bytes: usize) -> Self {
        Self { time, stdout: bytes, stderr: bytes }
    }
}

/// What a program left when it ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit code, or the signal that ended it.
    pub status: ExitStatus,
    /// Its standard output, overwritten when it is dropped.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error, overwritten when it is dropped.
    pub stderr: Zeroizing<Vec<u8>>,
}

/// One of a program's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "standard output",
            Self::Stderr => "standard error",
        })
    }
}

/// Why there is no output of a program; the message continues a sentence that begins with its name.
/// Except for `NotStarted`, it ran, and was ended together
/// with everything in its process group.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed, not executable, or the kernel refused.
    #[error("could not be started")]
    NotStarted(#[source] io::Error),
    /// It, or something that it started and that holds its streams open, was still there.
    #[error("did not answer within {} and was stopped", Seconds(*limit))]
    TimedOut {
        /// The time that it had.
        limit: Duration,
    },
    /// It wrote more than it may.
    #[error("wrote more than {limit} bytes to {stream} and was stopped")]
    TooMuchOutput {
        /// Where to.
        stream: Stream,
        /// The bytes that it may write there.
        limit: usize,
    },
    /// Its pipes or its exit status could not be read.
    #[error("was started, but its result could not be read")]
    Lost(#[source] io::Error),
}

impl Error {
    /// The message with its cause, for where it has to be text: in a line to another process.
    pub fn with_cause(&self) -> String {
        with_causes(self)
    }

    /// Of what failed while `limit` was running.
    fn of(error: io::Error, limit: Duration) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut { limit },
            _ => Self::Lost(error),
        }
    }
}

/// A limit as people say it: `10 s`, `1.5 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

/// A program with its arguments and environment, ready to be run.
///
/// The environment contains only `PATH` (see [`search_path`]), `LC_ALL=C`, and what
/// [`Invocation::env`] and [`Invocation::pass`] add.
#[derive(Debug, Clone)]
pub struct Invocation {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    group: Group,
}

/// Whom a program goes with when this process is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// It has its group, which [`end`] kills.
    Separate,
    /// It has its group, and goes on.
    Detached,
    /// It is in the group of this process, so that Ctrl-C reaches it.
    Shared,
}

impl Invocation {
    /// The program of this name, which is looked up in its `PATH`, or of this path.
    pub fn new(program: impl Into<OsString>) -> Self {
        let variables = vec![("PATH".into(), search_path()), ("LC_ALL".into(), "C".into())];
        Self { program: program.into(), arguments: Vec::new(), variables, directory: None, group: Group::Separate }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable, in place of an earlier value.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Passes on those of these variables that are set here.
    #[must_use]
    pub fn pass<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let set = names.into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        self.variables.extend(set);
        self
    }

    /// The working directory, which otherwise is this process's.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// Lets the program go on when this process is interrupted (see [`end`] and [`end_all`]), for work that must
    /// not stop half way. Its limits hold all the same.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.group = Group::Detached;
        self
    }

    /// Leaves the program in the process group of this process, so that Ctrl-C in a terminal reaches
    /// it, too. For programs that start no others: at a limit only the program itself is killed.
    #[must_use]
    pub fn attached(mut self) -> Self {
        self.group = Group::Shared;
        self
    }

    /// What is run.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Runs it to its end with these bytes as its standard input.
    ///
    /// # Errors
    /// See [`Error`]. An exit status other than 0 is not an error.
    pub fn run(&self, stdin: &[u8], limits: Limits) -> Result<Output, Error> {
        run::run(self, stdin, limits)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.group != Group::Shared {
            command.process_group(0);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// The variable that replaces the time that a program gets on this machine, in seconds.
pub const SECONDS: &str = "SSLSCALE_PROGRAM_SECONDS";

/// The time that a program on this machine gets: `usual`, unless [`SECONDS`] says otherwise.
pub fn patience(usual: Duration) -> Duration {
    let seconds = std::env::var(SECONDS).ok().and_then(|value| value.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.map_or(usual, Duration::from_secs)
}

/// Ends every program that runs, with its process group, and starts no more, unless they are detached or something
/// is [`Protected`]: for the way out after a signal, which reaches only this process.
pub fn end() {
    child::end();
}

/// The same whatever is protected, for the end of this process. Only detached programs go on.
pub fn end_all() {
    child::end_all();
}

/// Work that needs programs to its end: while a value of this exists, [`end`] neither ends one nor keeps one from being
/// started.
#[derive(Debug)]
#[must_use = "the work is protected until this is dropped"]
pub struct Protected(());

impl Protected {
    /// The work that begins now.
    pub fn begin() -> Self {
        child::protect();
        Self(())
    }
}

impl Drop for Protected {
    fn drop(&mut self) {
        child::unprotect();
    }
}
