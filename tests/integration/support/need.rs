//! What a test needs of the machine. A test that lacks something is skipped with a line on the
//! terminal, or fails when `SSLSCALE_REQUIRE=1`, as CI sets it: nothing goes unproved in silence.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

/// Reports that a test cannot run because of `what`; `fix` is what to do about it.
///
/// # Panics
/// When `SSLSCALE_REQUIRE=1`.
pub fn missing(what: &str, fix: &str) {
    let required = env::var("SSLSCALE_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "SSLSCALE_REQUIRE=1, and {what}\nfix: {fix}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test runner swallows what a passing test prints that way.
    let line = format!("SKIPPED {test}: {what} (fix: {fix})\n");
    io::stderr().write_all(line.as_bytes()).expect("standard error is open");
}

/// Whether every one of `names` is a program on the path; reports the first that is not.
pub fn programs(names: &[&str]) -> bool {
    match names.iter().find(|name| find(name).is_none()) {
        None => true,
        Some(name) => {
            missing(&format!("`{name}` is not installed"), "make setup");
            false
        }
    }
}

/// Whether the test runs as root; reports when it does not.
#[allow(dead_code, reason = "for tests that no user namespace can serve")]
pub fn root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    missing("the test needs root", "sudo make test");
    false
}

/// Where `name` is. An unprivileged user's path often lacks the sbin folders: they are searched too.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
