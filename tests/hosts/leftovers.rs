//! Hosts end with the test that booted them, however it ends, and leave nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fleet::{Fleet, Release, Spec};
use crate::served::Shared;

const WANTED: &str = "SSLSCALE_BOOT_AND_WAIT";
const HOST: [Spec; 1] = [Spec { name: "lonely", address: "10.0.0.99", release: Release::Trixie }];

#[test]
#[ignore = "the process that other tests end"]
#[allow(clippy::print_stdout, reason = "its answer")]
fn a_test_that_never_ends() {
    // Nobody asks for it where all ignored tests are run.
    if std::env::var_os(WANTED).is_none() {
        return;
    }
    let fleet = Fleet::boot(&HOST).unwrap();
    println!("\nbooted {} {}", fleet.supervisor(), fleet.cgroup().display());
    std::thread::sleep(Duration::from_secs(600));
}

/// Another test process with a host that runs.
struct Other {
    process: Child,
    supervisor: Pid,
    cgroup: PathBuf,
    /// All processes of the host.
    pids: BTreeSet<PathBuf>,
}

impl Other {
    fn boot() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "leftovers::a_test_that_never_ends", "--ignored", "--nocapture"]);
        command.env(WANTED, "1").env("SSLSCALE_REQUIRE", "1").stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("booted ")).expect("the other process booted a host");
        let words: Vec<&str> = line.split(' ').collect();
        let (supervisor, cgroup) = (Pid::from_raw(words[1].parse().unwrap()), PathBuf::from(words[2]));
        let pids = processes(&cgroup);
        assert!(pids.iter().all(|pid| pid.join("exe").read_link().is_ok()), "{pids:?}");
        assert!(pids.len() > 8, "systemd, sshd and others: {pids:?}");
        Self { process, supervisor, cgroup, pids }
    }

    fn end(&mut self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), signal).unwrap();
        self.process.wait().unwrap();
    }

    /// A process that nobody has waited for yet has ended, too: it has no program any more.
    fn are_gone(&self) -> bool {
        self.pids.iter().all(|pid| pid.join("exe").read_link().is_err())
    }
}

/// The folders in /proc of all processes in a cgroup and those below it.
fn processes(cgroup: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(cgroup).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(processes(&entry.path()));
        }
    }
    let own = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    found.extend(own.lines().map(|pid| Path::new("/proc").join(pid)));
    found
}

/// What the hosts of a run may leave on a machine: its cgroups in any hierarchy, mounts, links. Other runs
/// may be at work here.
fn traces(cgroup: &Path) -> Vec<String> {
    let name = cgroup.file_name().unwrap().to_str().unwrap();
    let find = Command::new("find").args(["/sys/fs/cgroup", "-type", "d", "-name", name]).output().unwrap();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let links = fs::read_dir("/sys/class/net").unwrap().map(|link| link.unwrap().file_name().into_string().unwrap());
    let found = String::from_utf8(find.stdout).unwrap();
    let cgroups = found.lines().map(str::to_owned);
    let mounts = mounts.lines().filter(|mount| mount.contains("/run/hosts") || mount.contains(name)).map(str::to_owned);
    cgroups.chain(mounts).chain(links.filter(|link| link == "hosts" || link.starts_with("vb-"))).collect()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn nothing_is_left_however_a_test_ends() {
    // One test at a time has hosts; otherwise theirs would be taken for leftovers.
    let Some(shared) = Shared::get() else { return };
    assert!(!traces(shared.fleet.cgroup()).is_empty(), "hosts that run have traces");

    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGKILL] {
        let mut other = Other::boot();
        assert!(!traces(&other.cgroup).is_empty());
        other.end(signal);
        wait(&format!("{signal}: processes are left"), || other.are_gone());
        wait(&format!("{signal}: {:#?}", traces(&other.cgroup)), || traces(&other.cgroup).is_empty());
    }

    // Nobody is left to remove the cgroups, but no process survives. The next run removes them.
    let mut other = Other::boot();
    kill(other.supervisor, Signal::SIGKILL).unwrap();
    other.end(Signal::SIGKILL);
    wait("processes are left", || other.are_gone());
    drop(Fleet::boot(&HOST).unwrap());
    wait("cgroups are left", || traces(&other.cgroup).is_empty());

    // A test that fails.
    let (name, cgroup) = mpsc::channel();
    let booted = std::thread::spawn(move || {
        let fleet = Fleet::boot(&HOST).unwrap();
        name.send(fleet.cgroup().to_owned()).unwrap();
        assert!(fleet.host("lonely").succeeds("false"), "on purpose");
    });
    assert!(booted.join().is_err());
    let cgroup = cgroup.recv().unwrap();
    wait("a panic", || traces(&cgroup).is_empty());
    drop(shared);
}
