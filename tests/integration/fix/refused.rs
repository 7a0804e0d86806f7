//! Files that cannot be replaced, and arguments that make no sense: a clear word, exit code 2,
//! and nothing half-written.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::{BROKEN, fixed, names, text};
use crate::support::{Run, Sslscale, pin};

/// Somebody who owns nothing here.
const NOBODY: u32 = 65_534;

/// The program as root must not be run: root may write anything. `None` where the machine does
/// not let that be tried.
fn run_as_nobody(run: &Sslscale, arguments: &[&str]) -> Run {
    let program = assert_cmd::cargo::cargo_bin("sslscale");
    let mut command = Command::new(&program);
    if nix::unistd::geteuid().is_root() {
        // The build's directory may be root's own.
        let copy = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap().keep();
        // By another process: a test that forks meanwhile would keep the file open for writing, and it
        // could not be executed.
        assert!(Command::new("cp").arg(&program).arg(&copy).status().unwrap().success());
        command = Command::new(copy.join("sslscale"));
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.args(arguments).current_dir(run.dir()).env_clear().output().unwrap();
    if nix::unistd::geteuid().is_root() {
        fs::remove_dir_all(PathBuf::from(command.get_program()).parent().unwrap()).unwrap();
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { stdout: text(&output.stdout), stderr: text(&output.stderr), status: output.status.code().unwrap_or(-1) }
}

/// Gives what the run works on to nobody, where that is not who runs the tests anyhow.
fn give_away(run: &Sslscale, names: &[&str]) {
    if nix::unistd::geteuid().is_root() {
        names.iter().for_each(|name| chown(run.dir().join(name), Some(NOBODY), Some(NOBODY)).unwrap());
    }
}

fn mode(run: &Sslscale, name: &str, mode: u32) {
    fs::set_permissions(run.dir().join(name), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_that_may_not_be_written_is_left_alone_and_the_others_are_not() {
    let run = Sslscale::new(&[]).inventory(BROKEN).file("other.yaml", BROKEN);
    give_away(&run, &[".", "inventory.yaml", "other.yaml"]);
    mode(&run, "inventory.yaml", 0o444);
    let said = run_as_nobody(&run, &["check", "--fix", "inventory.yaml", "other.yaml"]).without_skipped();
    assert_eq!(said.status, 2, "{}", said.all());
    // What is not fixed is reported.
    pin("fix-read-only-file", &said.all());
    assert_eq!(text(&run), BROKEN);
    assert_eq!(fs::read_to_string(run.dir().join("other.yaml")).unwrap(), fixed());
}

#[test]
fn a_directory_that_may_not_be_written_leaves_everything_as_it_was() {
    let run = Sslscale::new(&[]).file("d/inventory.yaml", BROKEN);
    give_away(&run, &[".", "d", "d/inventory.yaml"]);
    mode(&run, "d", 0o555);
    let said = run_as_nobody(&run, &["check", "--fix", "--exit-zero", "d/inventory.yaml"]);
    mode(&run, "d", 0o755);
    assert_eq!(said.status, 2);
    pin("fix-read-only-directory", &said.all());
    assert_eq!(fs::read_to_string(run.dir().join("d/inventory.yaml")).unwrap(), BROKEN);
    assert_eq!(fs::read_dir(run.dir().join("d")).unwrap().count(), 1);
}

#[test]
fn a_file_of_another_owner_is_not_taken_from_them() {
    if !nix::unistd::geteuid().is_root() {
        return; // Only root can give a file away.
    }
    let run = Sslscale::new(&[]).inventory(BROKEN);
    give_away(&run, &["."]);
    mode(&run, "inventory.yaml", 0o666);
    let said = run_as_nobody(&run, &["check", "--fix", "inventory.yaml"]);
    assert_eq!(said.status, 2);
    pin("fix-other-owner", &said.all());
    assert_eq!((text(&run).as_str(), names(&run).len()), (BROKEN, 1));
    // Root can give it back to its owner.
    chown(run.dir().join("inventory.yaml"), Some(NOBODY), Some(NOBODY)).unwrap();
    assert_eq!(run.run_with(&["check", "--fix", "inventory.yaml"]).status, 0);
    let metadata = fs::metadata(run.dir().join("inventory.yaml")).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (NOBODY, NOBODY, 0o666));
}

#[test]
fn a_file_that_is_gone_does_not_keep_the_others_from_being_fixed() {
    let run = Sslscale::new(&["check", "--fix", "gone.yaml", "inventory.yaml"]).inventory(BROKEN);
    let said = run.run();
    assert_eq!((said.status, text(&run)), (2, fixed()));
    assert!(said.stderr.contains("error[IN01]"), "{}", said.stderr);
    let diff = run.run_with(&["check", "--diff", "gone.yaml", "inventory.yaml"]);
    assert!(diff.status == 2 && diff.stderr.contains("error[IN01]"), "{}", diff.all());
}

#[test]
fn what_a_killed_run_left_is_used_up() {
    let run = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(BROKEN);
    std::os::unix::fs::symlink("victim", run.dir().join(".inventory.yaml.sslscale-new")).unwrap();
    fs::write(run.dir().join("victim"), "mine").unwrap();
    assert_eq!(run.run().status, 0);
    assert_eq!(names(&run), ["inventory.yaml", "victim"]);
    assert_eq!(fs::read_to_string(run.dir().join("victim")).unwrap(), "mine");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let run = Sslscale::new(&[]).inventory(BROKEN);
    for arguments in [
        &["check", "--unsafe-fixes", "inventory.yaml"][..],
        &["check", "--diff", "--format", "json", "inventory.yaml"],
        &["check", "--diff", "--output", "report", "inventory.yaml"],
    ] {
        let said = run.run_with(arguments);
        assert_eq!((said.status, said.stdout.as_str(), text(&run).as_str()), (2, "", BROKEN), "{arguments:?}");
    }
    assert_eq!(run.run_with(&["check", "--diff", "--unsafe-fixes", "inventory.yaml"]).status, 1);
}
