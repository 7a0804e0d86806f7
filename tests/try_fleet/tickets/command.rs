//! The command over a real fleet: what it changes, what it rolls back, what it leaves alone; and that
//! no key leaks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

use super::leaks::{Keys, processes};
use super::{APPS, FLEET};
use crate::beside;
use crate::run::{Kept, Try};

/// A fleet that is kept running, and all output of the commands that ran over it.
struct Fleet {
    try_out: Try,
    kept: Kept,
    output: RefCell<Vec<u8>>,
    keys: RefCell<Keys>,
}

impl Fleet {
    fn new() -> Self {
        let try_out = Try::inventory(FLEET);
        let file = try_out.folder().join("hosts.json");
        let kept = try_out.keep_with(&["--hosts-file", file.to_str().unwrap()]);
        Self { try_out, kept, output: RefCell::default(), keys: RefCell::default() }
    }

    fn hosts(&self) -> PathBuf {
        self.try_out.folder().join("hosts.json")
    }

    /// A hosts file in which some hosts have other commands.
    fn but(&self, changes: &[(&str, Vec<String>)]) -> PathBuf {
        let mut hosts: Value = serde_json::from_slice(&fs::read(self.hosts()).unwrap()).unwrap();
        changes.iter().for_each(|(name, words)| hosts[*name] = json!(words));
        let path = self.try_out.folder().join("other.json");
        fs::write(&path, hosts.to_string()).unwrap();
        path
    }

    fn command(&self, what: &str, hosts: &PathBuf) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
        command
            .args(["tickets"])
            .args(what.split(' '))
            .arg(self.try_out.folder().join("inventory.yaml"))
            .arg("--hosts-file")
            .arg(hosts);
        command.stdin(Stdio::null());
        command
    }

    /// The exit code and the output of a run; the keys after it are noted.
    fn run_over(&self, what: &str, hosts: &PathBuf) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(what, hosts).output().unwrap();
        let text = [stdout, stderr].concat();
        self.output.borrow_mut().extend(&text);
        self.rings();
        (status.code(), String::from_utf8(text).unwrap())
    }

    fn run(&self, what: &str) -> (Option<i32>, String) {
        self.run_over(what, &self.hosts())
    }

    fn done(&self, what: &str) -> String {
        let (code, text) = self.run(what);
        assert_eq!(code, Some(0), "{what}: {text}");
        text
    }

    /// The keys of each host: current, previous, next. They are noted.
    fn rings(&self) -> Vec<Vec<u8>> {
        let read = |name: &&str| {
            let script = "cd /etc/sslscale/tickets && cat current.key previous.key next.key";
            let keys = self.kept.inside(name, &["sh", "-c", script]).stdout;
            if !keys.is_empty() {
                self.keys.borrow_mut().add(&keys);
            }
            keys
        };
        APPS.iter().map(read).collect()
    }

    fn sh(&self, host: &str, script: &str) {
        let done = self.kept.inside(host, &["sh", "-c", script]);
        assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The command for a host, run by a script that gets its words as "$@" and what is to run there on
    /// standard input.
    fn behind(&self, host: &str, script: &str) -> Vec<String> {
        ["sh", "-c", script, "sh"].map(str::to_owned).into_iter().chain(self.kept.words(host)).collect()
    }
}

fn agree(rings: &[Vec<u8>]) -> bool {
    rings.iter().all(|ring| ring.len() == 240 && *ring == rings[0])
}

/// Whether `after` is `before` moved by one place.
fn is_next(before: &[u8], after: &[u8]) -> bool {
    after[..80] == before[160..] && after[80..160] == before[..80] && after[160..] != before[160..]
}

fn everything_goes_well(fleet: &Fleet) {
    let start = fleet.rings();
    assert!(agree(&start));
    assert!(fleet.done("status").ends_with("4 app servers have the same keys\n"));
    assert!(fleet.done("sync").contains("nothing to do"));
    // The keys are new: none has encrypted before.
    let text = fleet.done("rotate");
    assert!(text.contains("rotated to the next key: srv1, srv2, srv3, srv4 (current "), "{text}");
    let rotated = fleet.rings();
    assert!(agree(&rotated) && is_next(&start[0], &rotated[0]));
    let (code, text) = fleet.run("rotate");
    assert_eq!((code, fleet.rings()), (Some(3), rotated), "{text}");
    // Nothing is left of the old ring.
    let left = fleet.kept.inside("srv1", &["sh", "-c", "ls -A /etc/sslscale /etc/sslscale/tickets.d | wc -l"]);
    assert_eq!(String::from_utf8_lossy(&left.stdout).trim(), "7");
}

fn a_server_without_keys_gets_them(fleet: &Fleet) {
    let before = fleet.rings();
    fleet.sh("srv3", "rm -r /etc/sslscale");
    let (code, text) = fleet.run("status");
    assert_eq!(code, Some(1));
    assert!(text.contains("error: srv3: there are no session ticket keys\n1 of 4 app servers has problems"), "{text}");
    assert!(fleet.done("sync").contains("installed the other app servers' keys: srv3 (current "));
    assert_eq!(fleet.rings(), before);
    // A directory instead of the link is taken over.
    fleet.sh("srv4", "cd /etc/sslscale; cp -rL tickets t; rm -r tickets tickets.d; mv t tickets; rm tickets/loaded");
    let (code, text) = fleet.run("status");
    assert_eq!(
        (code, text.contains("srv4: nothing confirms that nginx has loaded the keys")),
        (Some(1), true),
        "{text}"
    );
    fleet.done("sync");
    fleet.sh("srv4", "test -L /etc/sslscale/tickets && test ! -e /etc/sslscale/tickets.d/ring.plain");
    assert_eq!(fleet.rings(), before);
    fleet.done("status");
}

fn an_unreachable_host_stops_the_run(fleet: &Fleet) {
    let before = fleet.rings();
    let gone = fleet.but(&[("srv2", ["nsenter", "-n", "-t", "999999999"].map(str::to_owned).to_vec())]);
    for what in ["rotate", "sync"] {
        let (code, text) = fleet.run_over(what, &gone);
        assert_eq!(code, Some(3), "{text}");
        assert!(
            text.contains("error: srv2: the keys could not be read: the command that reaches the host ended early ("),
            "{text}"
        );
    }
    assert_eq!(fleet.run_over("status", &gone).0, Some(1));
    assert_eq!(fleet.rings(), before);
}

fn a_configuration_that_nginx_rejects_is_left_alone(fleet: &Fleet) {
    let before = fleet.rings();
    let file = "/etc/nginx/conf.d/zz-broken.conf";
    fleet.sh("srv1", &format!("echo 'no_such_thing on;' >{file}"));
    let (code, text) = fleet.run("rotate --early");
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("error: srv1: not changed: nginx rejects its configuration"), "{text}");
    assert!(text.contains("no_such_thing") && text.contains("no change was started on: srv2, srv3, srv4"), "{text}");
    assert_eq!(fleet.rings(), before);
    fleet.sh("srv1", &format!("rm {file}"));
    fleet.done("status");
    // Not on the first host: by then, others have changed.
    fleet.sh("srv3", &format!("echo 'no_such_thing on;' >{file}"));
    let (code, text) = fleet.run("rotate --early");
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("rotated to the next key: srv1, srv2, srv4 (current "), "{text}");
    assert!(text.contains("error: srv3: not changed"), "{text}");
    let mixed = fleet.rings();
    assert!(mixed[2] == before[2] && is_next(&before[0], &mixed[0]));
    assert!(fleet.run("status").1.contains("error: srv3: it has missed 1 rotation"));
    fleet.sh("srv3", &format!("rm {file}"));
    assert!(fleet.done("rotate").contains("completed the last rotation: srv3"));
    assert!(agree(&fleet.rings()) && fleet.rings()[0] == mixed[0]);
}

fn a_killed_run_is_completed(fleet: &Fleet) {
    let before = fleet.rings();
    // Two hosts that never get to their change.
    let stuck =
        "text=$(cat); case $text in *\"'advance'\"*) sleep 2; exit 1 ;; esac; printf '%s\\n' \"$text\" | \"$@\"";
    let slow = fleet.but(&[("srv2", fleet.behind("srv2", stuck)), ("srv4", fleet.behind("srv4", stuck))]);
    let mut run = fleet.command("rotate --early", &slow).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while [0, 2].iter().any(|host| fleet.rings()[*host] == before[0]) {
        assert!(Instant::now() < deadline, "nothing changes");
        sleep(Duration::from_millis(20));
    }
    kill(nix::unistd::Pid::from_raw(run.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
    run.wait().unwrap();
    assert_eq!(fleet.run("status").0, Some(1));
    let text = fleet.done("sync");
    assert!(text.contains("completed the last rotation: "), "{text}");
    let after = fleet.rings();
    assert!(agree(&after) && is_next(&before[0], &after[0]));
    fleet.done("status");
}

fn a_reload_that_is_not_observed_is_reported(fleet: &Fleet) {
    let before = fleet.rings();
    // It waits for one second instead of twenty.
    let hasty = "sed \"s/^\\(set -- .*\\)'20'\\$/\\1'1'/\" | \"$@\"";
    let hasty = fleet.but(&[("srv1", fleet.behind("srv1", hasty))]);
    kill(fleet.kept.program("srv1"), Signal::SIGSTOP).unwrap();
    let (code, text) = fleet.run_over("rotate --early", &hasty);
    kill(fleet.kept.program("srv1"), Signal::SIGCONT).unwrap();
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("error: srv1: state unknown: nginx started no workers"), "{text}");
    assert_eq!(fleet.rings(), before);
    assert!(fleet.run("status").1.contains("error: srv1: nothing confirms that nginx has loaded the keys"));
    fleet.done("sync");
    fleet.done("status");
}

#[test]
fn every_host_changes_or_is_reported() {
    let _beside = beside();
    let fleet = Fleet::new();
    let ((), seen) = processes(|| {
        everything_goes_well(&fleet);
        a_server_without_keys_gets_them(&fleet);
        an_unreachable_host_stops_the_run(&fleet);
        a_configuration_that_nginx_rejects_is_left_alone(&fleet);
        a_killed_run_is_completed(&fleet);
        a_reload_that_is_not_observed_is_reported(&fleet);
        for what in ["status", "rotate --early"] {
            let json = fleet.command(what, &fleet.hosts()).args(["--format", "json"]).output().unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&json.stdout).unwrap()["version"], 1);
            fleet.output.borrow_mut().extend([json.stdout, json.stderr].concat());
        }
    });
    no_key_leaked(&fleet, &seen);
    let file = fleet.hosts();
    assert!(file.exists());
    fleet.kept.signal(Signal::SIGTERM);
    drop(fleet.kept);
    assert!(!file.exists(), "the hosts file outlives its fleet");
}

fn no_key_leaked(fleet: &Fleet, seen: &BTreeSet<Vec<u8>>) {
    fleet.rings();
    let keys = fleet.keys.borrow();
    assert!(keys.count() >= 7, "{}", keys.count());
    assert!(seen.iter().any(|words| words.ends_with(b"\0sh\0-s\0")), "the sampler saw no change");
    assert!(!seen.iter().any(|bytes| keys.in_bytes(bytes)), "a key is among the words or variables of a process");
    assert!(!keys.in_bytes(&fleet.output.borrow()), "a key was printed");
    for host in APPS.iter().chain(&["lb1"]) {
        let logs = fleet.kept.inside(host, &["sh", "-c", "find /var/log /run -type f -exec cat {} +"]).stdout;
        assert!(!keys.in_bytes(&logs), "a key is in a log of {host}");
    }
    let rendered = fleet.try_out.folder().join("rendered");
    let mut render = Command::new(env!("CARGO_BIN_EXE_sslscale"));
    render.arg("render").arg(fleet.try_out.folder().join("inventory.yaml")).arg("-o").arg(&rendered);
    assert!(render.status().unwrap().success());
    let none = Vec::<String>::new();
    assert_eq!(keys.below(&rendered, &[]), none);
    assert_eq!(keys.below(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), &["target", ".git"]), none);
    // The search does find them where they belong.
    let ring = fleet.kept.inside("srv1", &["cat", "/etc/sslscale/tickets/current.key"]).stdout;
    assert!(keys.in_bytes(&ring));
}
