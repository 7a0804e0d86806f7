//! A report that nobody can read or nobody reads changes neither how a run ends nor what is left.

use std::fs::{self, File};
use std::io::{Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::alone;
use crate::apart::is_apart;
use crate::build::Fleet;
use crate::run::{Traces, Try};

// It exited with 2, although every request was answered.
#[test]
fn a_full_output_changes_no_verdict() {
    if !is_apart("streams::a_full_output_changes_no_verdict") {
        return;
    }
    let _alone = alone();
    let try_out = Try::new(&Fleet::blog(1));
    let before = Traces::now(&try_out);
    for format in ["human", "json"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = try_out.command(&["--format", format]).stdout(full).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{format}: {stderr}");
        assert!(stderr.contains("error: could not write to standard output\n"), "{format}: {stderr}");
    }
    before.assert_again(&try_out);
}

// The write to the pipe waited in the kernel, where no signal reached it.
#[test]
fn a_signal_ends_a_run_whose_report_nobody_reads() {
    if !is_apart("streams::a_signal_ends_a_run_whose_report_nobody_reads") {
        return;
    }
    let _alone = alone();
    let try_out = Try::new(&Fleet::blog(1));
    let before = Traces::now(&try_out);
    let (_unread, mut to) = pipe().unwrap();
    // The first of its two pages is full. The second takes the note on the certificate, which comes
    // before the fleet; the command then waits to report that nginx runs, while the fleet goes on.
    fcntl(&to, FcntlArg::F_SETPIPE_SZ(2 * 4096)).unwrap();
    to.write_all(&[b'\n'; 4096]).unwrap();
    let mut child = try_out.command(&["--keep", "--format", "json"]).stdout(to).stderr(Stdio::null()).spawn().unwrap();
    until("haproxy runs", || Traces::now(&try_out) != before && haproxy_runs());
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    until("the command has ended", || child.try_wait().unwrap().is_some());
    // What it had been told before the signal decides which.
    let status = child.wait().unwrap();
    assert!(status.code() == Some(0) || status.signal() == Some(Signal::SIGTERM as i32), "{status:?}");
    before.assert_again(&try_out);
}

#[test]
fn an_interrupted_run_ends_by_the_signal() {
    if !is_apart("streams::an_interrupted_run_ends_by_the_signal") {
        return;
    }
    let _alone = alone();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let try_out = Try::new(&Fleet::blog(1));
        let before = Traces::now(&try_out);
        let mut child: Child = try_out.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("something runs", || Traces::now(&try_out) != before);
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        before.assert_again(&try_out);
    }
}

fn haproxy_runs() -> bool {
    let lines = fs::read_dir("/proc").unwrap().flatten().map(|entry| fs::read(entry.path().join("cmdline")));
    lines.flatten().any(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains("haproxy -W -db"))
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "it never came that {what}");
        sleep(Duration::from_millis(5));
    }
}
