//! `--output`: a report appears whole or not at all, and a place that takes none is known before
//! any work is done.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use super::BLOG;
use crate::support::{Sslscale, pin};

const FORMATS: [&str; 6] = ["human", "json", "sarif", "github", "gitlab", "junit"];

fn broken() -> String {
    BLOG.replace("10.0.0.12", "10.0.0.11")
}

/// What is in the directory, dotfiles included.
fn names(run: &Sslscale) -> Vec<String> {
    let entries = fs::read_dir(run.dir()).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_file_holds_what_standard_output_would() {
    for format in &FORMATS[1..] {
        let run = Sslscale::new(&[]).inventory(broken()).input(BLOG);
        let wanted = run.run_with(&["check", "--format", format, "inventory.yaml", "-"]);
        let said = run.run_with(&["check", "--format", format, "-o", "report", "inventory.yaml", "-"]);
        assert_eq!((wanted.status, wanted.stderr.as_str()), (1, ""), "{format}");
        assert_eq!((said.status, said.stdout.as_str()), (1, ""), "{format}");
        let lines: Vec<&str> = said.stderr.lines().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(lines, ["inventory.yaml", "<stdin>", "<stdin>"], "{}", said.stderr);
        assert_eq!(fs::read_to_string(run.dir().join("report")).unwrap(), wanted.stdout, "{format}");
        assert_eq!(names(&run), ["inventory.yaml", "report"]);
    }
}

#[test]
fn for_people_everything_is_in_it() {
    let run = Sslscale::new(&["check", "--output", "report", "inventory.yaml"]).inventory(broken());
    let shown = run.run_with(&["check", "inventory.yaml"]);
    let said = run.run();
    assert_eq!((said.status, said.stdout.as_str(), said.stderr.lines().count()), (1, "", 1), "{}", said.stderr);
    assert_eq!(fs::read_to_string(run.dir().join("report")).unwrap(), shown.stderr);
}

#[test]
fn it_has_the_mode_of_a_new_file_or_of_the_one_it_replaces() {
    let run = Sslscale::new(&[]).inventory(BLOG);
    let path = run.dir().join("report");
    let binary = env!("CARGO_BIN_EXE_sslscale");
    let line = format!("umask 027; {binary} check --format json -o report inventory.yaml");
    let written = || {
        assert!(Command::new("sh").args(["-c", &line]).current_dir(run.dir()).output().unwrap().status.success());
        assert!(fs::read_to_string(&path).unwrap().starts_with("{\n  \"version\": 2"));
        let metadata = fs::metadata(&path).unwrap();
        (metadata.mode() & 0o777, metadata.ino())
    };
    assert_eq!(written().0, 0o640);
    for mode in [0o600, 0o444, 0o666] {
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let old = fs::metadata(&path).unwrap().ino();
        let (kept, new) = written();
        assert_eq!((kept, new == old), (mode, false));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_link_stays_one() {
    let run = Sslscale::new(&[]).inventory(BLOG).file("real/report", "old");
    symlink("real/report", run.dir().join("report")).unwrap();
    let said = run.run_with(&["check", "--format", "json", "-o", "report", "inventory.yaml"]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(fs::symlink_metadata(run.dir().join("report")).unwrap().is_symlink());
    assert!(fs::read_to_string(run.dir().join("real/report")).unwrap().starts_with("{\n  \"version\": 2"));
}

/// Nothing can replace a pipe. The paths lie where a rename would fail: were it tried on
/// `/dev/stdout`, the machine would lose it.
#[test]
fn a_pipe_is_written_to() {
    let run = Sslscale::new(&[]).inventory(BLOG);
    let said = run.run_with(&["check", "--format", "json", "-o", "/dev/fd/1", "inventory.yaml"]);
    assert!(said.stdout.starts_with("{\n  \"version\": 2"), "{}", said.all());
    Command::new("mkfifo").arg("fifo").current_dir(run.dir()).status().unwrap();
    let reader = Command::new("cat").arg("fifo").current_dir(run.dir()).stdout(Stdio::piped()).spawn().unwrap();
    let said = run.run_with(&["check", "--format", "json", "-o", "fifo", "inventory.yaml"]);
    let read = String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.status == 0 && read.starts_with("{\n  \"version\": 2"), "{read}");
    assert_eq!(names(&run), ["fifo", "inventory.yaml"]);
}

/// What a shell opened is written to where the shell is in it, and stays the same file.
#[test]
fn a_descriptor_is_written_to_whatever_file_it_is_open_on() {
    let binary = env!("CARGO_BIN_EXE_sslscale");
    for (target, open) in [
        ("/dev/fd/1", ">>log"),
        ("/proc/self/fd/1", ">>log"),
        ("link", ">>log"),
        ("/dev/fd/2", "2>>log"),
        ("/dev/fd/7", "7>>log"),
    ] {
        let run = Sslscale::new(&[]).inventory(BLOG).file("log", "before\n");
        symlink("/dev/fd/1", run.dir().join("link")).unwrap();
        let old = fs::metadata(run.dir().join("log")).unwrap().ino();
        let line = format!("{{ {binary} check --format json -o {target} inventory.yaml; echo after >>log; }} {open}");
        assert!(Command::new("sh").args(["-c", &line]).current_dir(run.dir()).output().unwrap().status.success());
        let log = fs::read_to_string(run.dir().join("log")).unwrap();
        assert!(log.starts_with("before\n{\n  \"version\": 2") && log.ends_with("after\n"), "{target}: {log}");
        assert_eq!(fs::metadata(run.dir().join("log")).unwrap().ino(), old, "{target}");
        assert_eq!(names(&run), ["inventory.yaml", "link", "log"]);
    }
    // Not only at its end: what comes next is behind it.
    let run = Sslscale::new(&[]).inventory(BLOG);
    let line = format!("{{ echo before; {binary} check --format json -o /dev/fd/1 inventory.yaml; echo after; }} >log");
    assert!(Command::new("sh").args(["-c", &line]).current_dir(run.dir()).output().unwrap().status.success());
    let log = fs::read_to_string(run.dir().join("log")).unwrap();
    assert!(log.starts_with("before\n{\n") && log.ends_with("}\nafter\n"), "{log}");
}

#[test]
fn a_place_that_takes_none_is_known_first() {
    let run = Sslscale::new(&[]).inventory(BLOG).file("dir/x", "").file("file", "");
    symlink("gone/report", run.dir().join("nowhere")).unwrap();
    // A fix that is made before the report fails would be half of a run.
    let fix = |path: &'static str| run.run_with(&["check", "--fix", "--format", "json", "-o", path, "inventory.yaml"]);
    let refused = |path| {
        let report = fix(path);
        assert!(report.status == 2 && !report.stderr.contains("os error"), "{}", report.all());
        format!("# {path}\n{}", report.all())
    };
    let places = ["dir", "dir/", "inventory.yaml", "none/report", "none/deep/report", "new/", "file/x", "nowhere"];
    pin("check-output-refused", &places.map(refused).join("\n"));
    assert_eq!(fs::read_to_string(run.dir().join("inventory.yaml")).unwrap(), BLOG);
    assert_eq!(names(&run), ["dir", "file", "inventory.yaml", "nowhere"]);
}

#[test]
fn an_inventory_that_cannot_be_read_is_reported_all_the_same() {
    for format in FORMATS {
        let run = Sslscale::new(&["check", "--format", format, "-o", "report", "gone.yaml", "inventory.yaml"])
            .inventory(BLOG);
        let said = run.run();
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{format}");
        let report = fs::read_to_string(run.dir().join("report")).unwrap();
        assert!(report.contains("gone.yaml") && report.contains("IN01"), "{format}: {report}");
    }
}

#[test]
fn standard_input_is_read_once() {
    let said = Sslscale::new(&["check", "-", "-"]).input(BLOG).run();
    assert_eq!(
        (said.status, said.stderr.as_str()),
        (2, "error: `-` is given more than once, but standard input can be read only once\n")
    );
}
