//! How commands are run on hosts. What they mean is others' business: here are words, bytes to
//! standard input, and what comes back. Whatever is secret goes over standard input and output,
//! never as a word or a variable, which every user of a host can read.

mod process;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

/// What a command left.
#[derive(Debug)]
pub struct Output {
    /// Its exit code, unless a signal ended it.
    pub status: Option<i32>,
    /// Its standard output, overwritten when it is dropped.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error.
    pub stderr: String,
}

/// A host that commands can be run on, from several threads at once.
pub trait Host: Sync {
    /// What people call it.
    fn name(&self) -> &str;

    /// Where its `/` is for the commands: empty, or the directory that stands for it.
    fn root(&self) -> &str;

    /// Runs a command to its end, with these bytes as its standard input.
    ///
    /// # Errors
    /// It could not be started, wrote more than it may, or had not ended after `limit`; then what
    /// this machine can end of it was ended.
    fn run(&self, words: &[&str], stdin: &[u8], limit: Duration) -> io::Result<Output>;
}

/// A directory on this machine that stands for a host's root; commands are told where it is.
#[derive(Debug)]
pub struct Local {
    name: String,
    root: String,
}

impl Local {
    /// The host of this name with its root below `roots`.
    ///
    /// # Errors
    /// The directory is not there, or its path is no text.
    pub fn below(roots: &Path, name: &str) -> io::Result<Self> {
        let path: PathBuf = roots.join(name).canonicalize()?;
        if !path.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let root = path.into_os_string().into_string().map_err(|_| io::Error::other("its path is no text"))?;
        Ok(Self { name: name.to_owned(), root })
    }
}

impl Host for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn root(&self) -> &str {
        &self.root
    }

    fn run(&self, words: &[&str], stdin: &[u8], limit: Duration) -> io::Result<Output> {
        process::run(words, stdin, limit)
    }
}

/// A host into which a command of this machine leads, such as `nsenter … -t PID`.
#[derive(Debug)]
pub struct Command {
    name: String,
    /// Come before the words of what is run.
    words: Vec<String>,
}

impl Command {
    /// The host of this name, behind these words.
    pub fn new(name: &str, words: Vec<String>) -> Self {
        Self { name: name.to_owned(), words }
    }
}

impl Host for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn root(&self) -> &'static str {
        ""
    }

    fn run(&self, words: &[&str], stdin: &[u8], limit: Duration) -> io::Result<Output> {
        let all: Vec<&str> = self.words.iter().map(String::as_str).chain(words.iter().copied()).collect();
        process::run(&all, stdin, limit)
    }
}
