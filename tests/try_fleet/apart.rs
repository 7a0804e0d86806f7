//! A machine of its own for a test that compares what is on a machine before and after.

use std::env;
use std::path::Path;
use std::process::Command;

use nix::unistd::Uid;

const INSIDE: &str = "SSLSCALE_APART";

/// An empty /tmp and /run, but for the directories of the binaries and of the sources, where these are below /tmp.
const SCRIPT: &str = r#"
set -e
mount -t tmpfs none /mnt
for path; do
    case $path in
        /tmp/*) mkdir -p "/mnt${path#/tmp}"; mount --bind "$path" "/mnt${path#/tmp}" ;;
    esac
done
chmod 1777 /mnt
mount --move /mnt /tmp
mount -t tmpfs none /run
"$TEST_BINARY" --exact "$TEST_NAME" --nocapture
"#;

/// Whether the caller shall do its work: inside of mounts, processes and links that no other program on this machine can
/// change. Otherwise its work is done in a second process there, and has succeeded. Without root there is no such place,
/// and the caller does its work here.
///
/// # Panics
/// Where the test in the other process fails.
pub fn is_apart(test: &str) -> bool {
    if !Uid::effective().is_root() || env::var_os(INSIDE).is_some() {
        return true;
    }
    let binary = env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]);
    // The binary is in target/debug/deps, the command that it tests one level above.
    let target = binary.parent().and_then(Path::parent).unwrap();
    command.args(["--", "sh", "-c", SCRIPT, "sh"]).arg(target).arg(env!("CARGO_MANIFEST_DIR"));
    command.env(INSIDE, "1").env("TEST_NAME", test).env("TEST_BINARY", &binary);
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{test}: {:?}\n{text}\n{}", done.status, String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("test result: ok. 1 passed"), "{test} has another name: {text}");
    false
}
