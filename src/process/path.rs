//! Where programs are looked up.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where Debian keeps daemons; an unprivileged user's `PATH` lacks some of these.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The `PATH` of this process, then the system's.
pub fn search_path() -> OsString {
    let mut path = env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push(SYSTEM_PATH);
    path
}

/// The program of this name in the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    first(&search_path(), program)
}

fn first(path: &OsStr, program: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_can_be_run_is_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sh");
        fs::write(&program, "").unwrap();
        let path = env::join_paths([folder.path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        assert_ne!(first(&path, "sh").unwrap(), program);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(first(&path, "sh").unwrap(), program);
        assert_eq!(first(&path, "no-such-program"), None);
    }
}
