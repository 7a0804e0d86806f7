//! Which haproxy and nginx this machine has.

use std::path::PathBuf;

use crate::process;
use crate::sandbox::Program;

/// A program of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// Where it is, if it is installed.
    pub path: Option<PathBuf>,
    /// Its version, if it tells it.
    pub version: Option<String>,
}

/// haproxy and nginx.
pub fn installed() -> Vec<Installed> {
    let of = |program: Program| {
        let path = process::find(program.name());
        let version = path.as_ref().and_then(|_| program.version().ok()).filter(|version| !version.is_empty());
        Installed { name: program.name(), path, version }
    };
    Program::ALL.map(of).to_vec()
}
