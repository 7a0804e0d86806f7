//! Which files git has, or would take with the next `git add`. It asks git itself, once, and
//! only where there is a repository to ask about.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// More paths than this go past the longest command line: git is then asked for all files.
const LISTED: usize = 500;

/// Those of `paths` that git has or would take, in the work tree around `directory`.
///
/// # Errors
/// Why git could not say.
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
    let mut git = Command::new("git");
    // A repository may be anybody's: it must not say what programs to run.
    git.args(["-c", "core.fsmonitor=false", "--literal-pathspecs", "-C"]).arg(root);
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]).args(paths);
    // A hook is told of the repository that it runs in, which may be another.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    git.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C").stdin(Stdio::null());
    let output = git.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "git is not installed, so whether it has a key cannot be told".to_owned(),
        kind => format!("git does not start: {kind}"),
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git could not be asked about keys: {}", said.lines().next().unwrap_or("no reason given")));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}
