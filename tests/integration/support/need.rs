//! What a test needs on this machine. A test that lacks something is skipped with a line on the
//! terminal, or fails if `SSLSCALE_REQUIRE=1`, as in CI, so that nothing is skipped unnoticed.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

/// Reports that a test cannot run, why, and what to do about it.
///
/// # Panics
/// If `SSLSCALE_REQUIRE=1`.
pub fn missing(what: &str, fix: &str) {
    let required = env::var("SSLSCALE_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "SSLSCALE_REQUIRE=1, and {what}\nfix: {fix}");
    skipped(what, fix);
}

/// Reports that a test cannot run that no run has to have.
pub fn skipped(what: &str, fix: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test runner swallows what a passing test prints that way.
    let line = format!("SKIPPED {test}: {what} (fix: {fix})\n");
    io::stderr().write_all(line.as_bytes()).expect("standard error is open");
}

/// Whether all of these programs are installed; reports the first that is not.
pub fn programs(names: &[&str]) -> bool {
    match names.iter().find(|name| find(name).is_none()) {
        None => true,
        Some(name) => {
            missing(&format!("`{name}` is not installed"), "make setup");
            false
        }
    }
}

/// Whether the test runs as root; reports if it does not.
#[allow(dead_code, reason = "for tests that no user namespace can serve")]
pub fn root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    missing("the test needs root", "sudo make test");
    false
}

/// The path of a program. The sbin folders are searched, too: an unprivileged user's path often lacks them.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
