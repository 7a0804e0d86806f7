//! Directories of this machine instead of hosts.

use std::io;
use std::path::Path;

use super::carrier;
use super::error::TransportError;
use super::host::{Host, Output};
use super::script::Script;
use crate::process::{Invocation, Limits};

/// A directory of this machine that stands for the root of a host.
#[derive(Debug)]
pub struct Local {
    name: String,
    root: String,
}

impl Local {
    /// The host of this name, with its root at `roots/name`.
    ///
    /// # Errors
    /// There is no such directory, or its path is not UTF-8.
    pub fn below(roots: &Path, name: &str) -> io::Result<Self> {
        let path = roots.join(name).canonicalize()?;
        if !path.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let root = path.into_os_string().into_string().map_err(|_| io::Error::other("its path is not UTF-8"))?;
        Ok(Self { name: name.to_owned(), root })
    }
}

impl Host for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, script: &Script<'_>, limits: Limits) -> Result<Output, TransportError> {
        carrier::run(Invocation::new("sh").args(["-s"]), "sh", Some(&self.root), script, limits)
    }
}
