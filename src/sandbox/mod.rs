//! A private view of this machine for real programs: rendered files at their exact paths, in
//! namespaces of their own, with everything else as it is. The machine does not change, and nothing of
//! the view outlives its processes. It works as root, and for any user whom the kernel allows user
//! namespaces. It knows neither what the files are nor where they come from.

mod accounts;
mod enter;
mod file;
pub mod machine;
pub mod paths;
mod program;
mod tree;
pub mod wire;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

pub use enter::{enter, is_of_system, refill};
pub use file::FileSpec;
pub use program::{Program, ProgramError, ProgramOutput};

use crate::process::{Invocation, SECONDS};

/// The hidden subcommand that starts the processes inside.
pub const HIDDEN: &str = "__fleet";

/// What a private root contains in addition to this machine's files.
#[derive(Debug, Clone, Copy)]
pub struct RootPlan<'p> {
    /// The host's name, for the pages of document roots.
    pub name: &'p str,
    /// Files by absolute path.
    pub files: &'p BTreeMap<PathBuf, FileSpec>,
    /// Directories that must exist, in addition to those that the files expect.
    pub directories: &'p [PathBuf],
    /// Document roots: with a page, and without the files of this machine, unless these are
    /// [needed](is_of_system).
    pub roots: &'p [PathBuf],
    /// The private /etc/hosts.
    pub names: &'p str,
    /// Whether all users must be mapped to the only one there is.
    pub unprivileged: bool,
}

/// This program as the first process of new namespaces, which does `what`. When it ends, the kernel
/// ends everything that it started.
///
/// # Errors
/// The program cannot find itself.
pub fn inside(what: &str, unprivileged: bool) -> io::Result<Invocation> {
    let user: &[&str] = if unprivileged { &["--user", "--map-root-user"] } else { &[] };
    let others = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    let unshare = Invocation::new("unshare").args(user.iter().copied()).args(others);
    Ok(unshare.args([std::env::current_exe()?]).args([HIDDEN, what]).pass([SECONDS]).directory(Path::new("/")))
}

/// The /etc/hosts of these hosts: rendered files may name hosts, and there is no DNS inside.
pub fn names<'h>(hosts: impl Iterator<Item = (&'h str, &'h [IpAddr])>) -> String {
    let local: [IpAddr; 2] = [[127, 0, 0, 1].into(), Ipv6Addr::LOCALHOST.into()];
    let mut names: String = local.map(|address| format!("{address} localhost\n")).concat();
    for (name, addresses) in hosts {
        for address in addresses {
            // Writing to a String cannot fail.
            let _ = writeln!(names, "{address} {name}");
        }
    }
    names
}
