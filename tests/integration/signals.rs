//! Signals that ask the program to end. Before it changes anything they end it at once; a change
//! that has begun is brought to a state that may be left. Each test waits for a state of the
//! system (a pipe that was opened, a lock that is waited for), never for a time.

mod blocked;
mod deploys;
mod web;

use std::collections::BTreeSet;
use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::signalled::program;
use crate::streams::cases::{INVENTORY, ring, rotated};
use crate::support::{Sslscale, need};
use blocked::{Lock, until};

const SIGNALS: [Signal; 3] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(dir: &Path, arguments: &[&str]) -> Child {
    command(dir, arguments).spawn().unwrap()
}

/// A standard input that ends when its writer is dropped.
fn endless() -> (PipeReader, PipeWriter) {
    let (from, to) = pipe().unwrap();
    fcntl(&to, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    (from, to)
}

/// Returns when the program has begun to read: until then the pipe has room for one page.
fn reads(writer: &mut PipeWriter) {
    writer.write_all(&[b'#'; 2 * 4096]).unwrap();
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

/// What a shell has in `$?`.
fn shell(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

// `check -o` left its temporary file behind.
#[test]
fn every_command_ends_at_once_while_it_reads() {
    let commands: [&[&str]; 16] = [
        &["check", "-"],
        &["check", "--fix", "-"],
        &["check", "--format", "json", "-o", "report", "-"],
        &["render", "-"],
        &["render", "-o", "out", "-"],
        &["plan", "-", "--roots", "roots"],
        &["deploy", "-", "--roots", "roots"],
        &["rollback", "-", "--roots", "roots"],
        &["history", "-", "--roots", "roots"],
        &["unlock", "-", "--roots", "roots"],
        &["status", "-", "--roots", "roots"],
        &["certs", "roll", "-", "--roots", "roots"],
        &["tickets", "status", "-", "--roots", "roots"],
        &["tickets", "rotate", "-", "--roots", "roots"],
        &["tickets", "sync", "-", "--roots", "roots"],
        &["try", "-"],
    ];
    for arguments in commands {
        for signal in SIGNALS {
            let run = Sslscale::new(&[]);
            let (stdin, mut writer) = endless();
            let child = command(run.dir(), arguments).stdin(stdin).spawn().unwrap();
            reads(&mut writer);
            send(&child, signal);
            let done = child.wait_with_output().unwrap();
            assert_eq!(done.status.signal(), Some(signal as i32), "{arguments:?}: {done:?}");
            assert_eq!(names(run.dir()), BTreeSet::new(), "{arguments:?}, {signal}");
            // Whoever was about to change hosts is told that none has changed.
            let words = arguments.join(" ");
            let changes = ["deploy", "rollback", "unlock", "certs roll", "tickets rotate", "tickets sync"];
            let changes = changes.iter().any(|command| words.starts_with(command));
            let says = if changes { "interrupted: nothing was changed\n" } else { "" };
            assert_eq!(String::from_utf8(done.stderr).unwrap(), says, "{arguments:?}, {signal}");
        }
    }
}

// `nohup` has the program ignore SIGHUP, whatever it does.
#[test]
fn a_signal_that_was_ignored_stays_so() {
    let prepared = rotated();
    let lock = Lock::shared(prepared.path(), "srv1");
    let line = "trap '' HUP; exec \"$0\" tickets rotate inventory.yaml --roots roots";
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_sslscale")]).current_dir(prepared.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    lock.wanted();
    send(&child, Signal::SIGHUP);
    drop(lock);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let roots = prepared.path().join("roots");
    assert_eq!(ring(&roots, "srv1"), ring(&roots, "srv2"));
}

/// Two app servers with the same ticket ring.
struct Hosts {
    prepared: TempDir,
    before: Vec<Vec<u8>>,
}

impl Hosts {
    /// The hosts whose ring has changed.
    fn changed(&self) -> Vec<&str> {
        let roots = self.prepared.path().join("roots");
        ["srv1", "srv2"].into_iter().filter(|host| ring(&roots, host) != self.before).collect()
    }
}

/// A rotation that waits for the lock of one host.
struct Rotation {
    hosts: Hosts,
    lock: Lock,
    child: Child,
}

impl Rotation {
    /// Returns when the rotation waits for `host`.
    fn waiting(lock: fn(&Path, &str) -> Lock, host: &str) -> Self {
        let prepared = rotated();
        let roots = prepared.path().join("roots");
        let before = ring(&roots, "srv1");
        assert_eq!(ring(&roots, "srv2"), before);
        let lock = lock(prepared.path(), host);
        let child = start(prepared.path(), &["tickets", "rotate", "inventory.yaml", "--roots", "roots"]);
        lock.wanted();
        Self { hosts: Hosts { prepared, before }, lock, child }
    }

    /// Releases the lock and waits for the end.
    fn finish(self) -> (Output, Hosts) {
        drop(self.lock);
        (self.child.wait_with_output().unwrap(), self.hosts)
    }
}

#[test]
fn a_rotation_finishes_its_host_and_starts_no_other() {
    for signal in SIGNALS {
        let mut run = Rotation::waiting(Lock::shared, "srv1");
        send(&run.child, signal);
        seen(&mut run.child);
        let (done, hosts) = run.finish();
        let stderr = String::from_utf8(done.stderr.clone()).unwrap();
        assert_eq!(done.status.code(), Some(5), "{done:?}");
        assert_eq!(hosts.changed(), ["srv1"], "{done:?}");
        assert!(stderr.contains("srv2") && stderr.contains("tickets sync"), "{stderr}");
    }
}

#[test]
fn a_rotation_that_has_begun_with_all_hosts_is_whole() {
    let mut run = Rotation::waiting(Lock::shared, "srv2");
    send(&run.child, Signal::SIGINT);
    seen(&mut run.child);
    let (done, hosts) = run.finish();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(hosts.changed(), ["srv1", "srv2"]);
    let roots = hosts.prepared.path().join("roots");
    assert_eq!(ring(&roots, "srv1"), ring(&roots, "srv2"));
}

// It waited for every answer, and ended with 3 where a host failed.
#[test]
fn a_signal_while_hosts_are_observed_ends_it_at_once_and_nothing_is_changed() {
    for signal in SIGNALS {
        let mut run = Rotation::waiting(Lock::exclusive, "srv2");
        send(&run.child, signal);
        // The lock is still held: the host does not answer.
        until("the program has ended", || run.child.try_wait().unwrap().is_some());
        let (done, hosts) = run.finish();
        assert_eq!(shell(done.status), 128 + signal as i32, "{done:?}");
        assert!(hosts.changed().is_empty(), "{:?}", hosts.changed());
    }
}

#[test]
fn a_signal_ends_the_programs_that_ask_hosts() {
    for command in [
        &["tickets", "status"][..],
        &["tickets", "rotate"],
        &["tickets", "sync"],
        &["plan"],
        &["deploy", "--yes"],
        &["status"],
    ] {
        for signal in SIGNALS {
            let prepared = rotated();
            // Each host has one program, which never answers, and one that it started.
            let words = |host: &str| format!("\"{host}\":[\"sh\",\"-c\",\"sleep 600 & echo $! > {host}; wait\"]");
            let all = ["lb1", "srv1", "srv2"].map(words).join(",");
            fs::write(prepared.path().join("hosts.json"), format!("{{{all}}}")).unwrap();
            let arguments = [command, &["inventory.yaml", "--hosts-file", "hosts.json"]].concat();
            let mut child = start(prepared.path(), &arguments);
            let asked =
                |host: &&str| fs::read_to_string(prepared.path().join(host)).is_ok_and(|pid| pid.ends_with('\n'));
            until("both hosts are asked", || ["srv1", "srv2"].iter().all(asked));
            send(&child, signal);
            until("the program has ended", || child.try_wait().unwrap().is_some());
            for host in ["srv1", "srv2"] {
                let pid = fs::read_to_string(prepared.path().join(host)).unwrap();
                let stat = format!("/proc/{}/stat", pid.trim());
                // Nobody may have waited for it yet.
                until("its programs have ended", || {
                    fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
                });
            }
            let done = child.wait_with_output().unwrap();
            assert_eq!(shell(done.status), 128 + signal as i32, "{command:?}: {done:?}");
        }
    }
}

#[test]
fn a_second_signal_ends_it_at_once_and_the_host_still_finishes() {
    let mut run = Rotation::waiting(Lock::shared, "srv1");
    // Signals that come together are one: it takes a later one, while the host is still at work.
    until("the program has ended", || {
        send(&run.child, Signal::SIGINT);
        run.child.try_wait().unwrap().is_some()
    });
    assert_eq!(run.child.wait().unwrap().signal(), Some(Signal::SIGINT as i32));
    drop(run.lock);
    until("srv1 has the next ring", || run.hosts.changed() == ["srv1"]);
}

// Nobody reads the report: the signal ends the wait for a reader, and says nothing of what was done.
#[test]
fn a_signal_while_the_report_waits_for_its_reader_changes_no_status() {
    let prepared = rotated();
    let roots = prepared.path().join("roots");
    let before = ring(&roots, "srv1");
    let (_from, mut to) = pipe().unwrap();
    fcntl(&to, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    to.write_all(&[0; 4096]).unwrap();
    let mut command = program();
    command.args(["tickets", "rotate", "inventory.yaml", "--roots", "roots"]).current_dir(prepared.path());
    let child = command.stdout(to).stderr(Stdio::piped()).spawn().unwrap();
    until("all hosts have the next ring", || {
        let after = ["srv1", "srv2"].map(|host| ring(&roots, host));
        after.iter().all(|after| *after != before && after.len() == 3)
    });
    send(&child, Signal::SIGINT);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(String::from_utf8(done.stderr).unwrap().contains("could not write to standard output"));
}

// What a run that was ended left beside the directory stayed there.
#[test]
fn a_tree_that_is_written_for_the_first_time_is_there_or_nothing_is() {
    let hosts: String =
        (0..4000).map(|n| format!("  - {{ name: s{n}, address: 10.1.{}.{} }}\n", n / 250, n % 250)).collect();
    let head = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]\napp_servers:\n";
    let sites = INVENTORY.lines().last().unwrap();
    let run = Sslscale::new(&[]).inventory(format!("{head}{hosts}{sites}\n"));
    let child = start(run.dir(), &["render", "-o", "out", "inventory.yaml"]);
    until("the first file is written", || names(run.dir()).iter().any(|name| name.starts_with(".out.sslscale-")));
    // It goes on only after the signal is there.
    send(&child, Signal::SIGSTOP);
    let midway = !names(run.dir()).contains("out");
    send(&child, Signal::SIGINT);
    send(&child, Signal::SIGCONT);
    let done = child.wait_with_output().unwrap();
    assert!(midway, "the tree is too small for this test");
    assert_eq!(done.status.signal(), Some(Signal::SIGINT as i32), "{done:?}");
    assert_eq!(String::from_utf8(done.stderr).unwrap(), "error: interrupted: nothing was written\n");
    assert_eq!(names(run.dir()), BTreeSet::from(["inventory.yaml".to_owned()]));
}

// The kernel gives the first process of a container no signal that it has no handler for.
#[test]
fn the_first_process_of_a_container_ends_too() {
    if !need::programs(&["unshare"]) {
        return;
    }
    let (stdin, mut writer) = endless();
    let mut command = Command::new("unshare");
    command.args(["-Urpf", "env", "--default-signal=INT", env!("CARGO_BIN_EXE_sslscale"), "check", "-"]).stdin(stdin);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    reads(&mut writer);
    let inside = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    kill(Pid::from_raw(inside.trim().parse().unwrap()), Signal::SIGINT).unwrap();
    // `writer` is still open: nothing else ends it.
    until("the program has ended", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Reads standard error until the program says that it has seen the signal.
fn seen(child: &mut Child) {
    let mut said = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    let mut byte = [0];
    while !said.ends_with(b"interrupted: ") {
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&said));
        said.push(byte[0]);
    }
}
