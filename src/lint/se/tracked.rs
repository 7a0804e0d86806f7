//! The files that git has, or would take with the next `git add`. It runs git itself, once, and only
//! where there is a repository.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Error, Invocation, Limits, patience};

/// More paths than this do not fit in a command line: git then lists all files.
const LISTED: usize = 500;
/// How long git may take.
const TIME: Duration = Duration::from_secs(30);
/// How much it may list, in bytes: half a million files.
const LIST: usize = 64 << 20;
/// Variables that lead to the user's git and its configuration.
const USER: [&str; 4] = ["HOME", "PATH", "SUDO_UID", "XDG_CONFIG_HOME"];

/// Those of `paths` that git has or would take, in the work tree around `directory`.
///
/// # Errors
/// Why git did not list them.
pub fn in_git<'p>(directory: &Path, paths: impl Iterator<Item = &'p PathBuf>) -> Result<Vec<PathBuf>, String> {
    let start = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(start) = start.canonicalize() else { return Ok(Vec::new()) };
    let Some(root) = start.ancestors().find(|folder| folder.join(".git").exists()) else { return Ok(Vec::new()) };
    // Links are followed no further than to the folder: git looks at the name, not at what it leads to.
    let place = |path: &PathBuf| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let relative = folder.canonicalize().ok()?.join(path.file_name()?).strip_prefix(root).ok()?.to_owned();
        Some((relative, path.clone()))
    };
    let inside: Vec<(PathBuf, PathBuf)> = paths.filter_map(place).collect();
    if inside.is_empty() {
        return Ok(Vec::new());
    }
    let relative: Vec<&Path> = inside.iter().map(|(relative, _)| relative.as_path()).collect();
    let known = listed(root, if relative.len() > LISTED { &[] } else { &relative })?;
    Ok(inside.into_iter().filter(|(relative, _)| known.contains(relative)).map(|(_, path)| path).collect())
}

fn listed(root: &Path, paths: &[&Path]) -> Result<BTreeSet<PathBuf>, String> {
    // A repository may belong to anybody: it must not choose programs to run.
    let git = Invocation::new("git")
        .attached()
        .args(["-c", "core.fsmonitor=false", "--literal-pathspecs", "-C"])
        .args([root])
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"])
        .args(paths.iter().copied());
    // The user's configuration says what is ignored and which owners are trusted. A hook's other
    // variables are about the repository that it runs in, which may be a different one.
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let names: Vec<String> =
        names.filter(|name| name.starts_with("GIT_CONFIG_") || USER.contains(&name.as_str())).collect();
    let git = git.pass(names.iter().map(String::as_str)).env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
    let limits = Limits { time: patience(TIME), stdout: LIST, stderr: 64 * 1024 };
    let output = git.run(b"", limits).map_err(|error| match error {
        Error::NotStarted(error) if error.kind() == ErrorKind::NotFound => "`git` is not installed".to_owned(),
        error => format!("`git ls-files` {}", error.with_cause()),
    })?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`git ls-files` failed: {}", errors.lines().next().unwrap_or("no reason given")));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}
