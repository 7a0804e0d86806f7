//! sslscale over SSH, as an operator with a home directory of his own runs it: logins, host keys, sudo and
//! jump hosts, with OpenSSH as Debian ships it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::served::{Served, Shared};

/// The operator's machine: `ssh` finds the files of its user below a home that only this process sees.
pub struct Operator<'f> {
    fleet: &'f Fleet,
    inventory: String,
    /// Files in the home's `.ssh`.
    files: Vec<(&'static str, String)>,
}

/// Where `command` of the fleet sees the files of the operator.
const FOLDER: &str = "/run/hosts/operator";
/// Where its connections have their directories, which no other fleet's operator sees.
const CONNECTIONS: &str = "/run/hosts/connections";

impl<'f> Operator<'f> {
    /// With this inventory, and nothing known of any host.
    pub fn new(served: &'f Served, inventory: &str) -> Self {
        let fleet = &served.fleet;
        let folder = fleet.path("operator");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("ssh")).unwrap();
        // The home of this machine's root, where the program may be, is hidden. A file that this process
        // writes cannot be run while a child of another test's thread still has it open.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_sslscale")).arg(folder.join("sslscale")).status();
        assert!(copied.unwrap().success());
        Self { fleet, inventory: inventory.to_owned(), files: Vec::new() }
    }

    fn file(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.files.push((name, text.into()));
        self
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let folder = self.fleet.path("operator");
        fs::write(folder.join("inventory.yaml"), &self.inventory).unwrap();
        // ssh's own choice takes tens of milliseconds of a processor, and tests open thousands of connections. Those
        // with a configuration of their own keep it.
        fs::write(folder.join("ssh/config"), "KexAlgorithms curve25519-sha256\n").unwrap();
        for (name, text) in &self.files {
            fs::write(folder.join("ssh").join(name), text).unwrap();
        }
        let mut command = self.fleet.command("unshare");
        let script = "mount -t tmpfs -o mode=0700 tmpfs ~root && cd ~root && cp -r \"$0\"/ssh .ssh && chmod -R go= .ssh \
                      && mkdir -p $XDG_RUNTIME_DIR && exec \"$0\"/sslscale \"$@\"";
        command.env("XDG_RUNTIME_DIR", CONNECTIONS);
        command.args(["--mount", "sh", "-c", script, FOLDER]).args(words).arg(format!("{FOLDER}/inventory.yaml"));
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The status and what is written to standard error, without what differs from run to run.
    fn fails(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// `address`, with more lines for each host and for all of them.
fn inventory(served: &Served, all: &str, own: impl Fn(&str) -> String) -> String {
    let mut text = served.inventory(all);
    for host in served.balancers().chain(served.apps()) {
        let entry = format!("{{ name: {}, address: {} }}", host.name, host.address);
        assert!(text.contains(&entry), "{text}");
        let more = own(host.name);
        text = text.replace(&entry, &format!("{{ name: {}, address: {}{more} }}", host.name, host.address));
    }
    text
}

/// The key of the host's sshd, as the inventory lists it.
pub fn host_key(served: &Served, name: &str) -> String {
    let line = fs::read_to_string(served.fleet.path(&format!("{name}.key.pub"))).unwrap();
    line.split(' ').nth(1).unwrap().to_owned()
}

const LOGIN: &str = "ssh: { user: root, identity_file: /run/hosts/login }";

pub fn pinned(served: &Served) -> String {
    inventory(served, LOGIN, |name| format!(", ssh: {{ host_keys: {} }}", host_key(served, name)))
}

/// The processes and directories of connections that are left on the operator's machine.
fn left(served: &Served) -> Vec<String> {
    let mut find = served.fleet.command("sh");
    let script = format!("ps -eo args | grep '^ssh -M .*ControlPath={CONNECTIONS}/'; ls -A {CONNECTIONS}; true");
    find.args(["-c", &script]);
    String::from_utf8(find.output().unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Waits until nothing is left: a master that has been told to end takes a moment.
fn all_closed(served: &Served) {
    let started = Instant::now();
    loop {
        let left = left(served);
        if left.is_empty() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{left:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How many connections are open.
fn open(served: &Served) -> usize {
    left(served).iter().filter(|line| line.starts_with("ssh ")).count()
}

#[test]
fn pinned_keys_need_no_known_hosts_and_nothing_is_left() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    served.on_apps("rm -rf /etc/sslscale");
    // A run that was killed may have left its directory.
    served.host("lb1").until("no connection is left", || open(&served) == 0);
    assert!(served.fleet.command("rm").args(["-rf", CONNECTIONS]).status().unwrap().success());
    let operator = Operator::new(&served, &pinned(&served));
    for words in [&["tickets", "sync"][..], &["tickets", "status"], &["tickets", "rotate"]] {
        let output = operator.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    }
    all_closed(&served);
}

#[test]
fn a_host_that_is_not_who_it_should_be_is_refused() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let status = ["tickets", "rotate"];
    let told = |operator: &Operator<'_>, wanted: [&str; 2]| {
        let (code, stderr) = operator.fails(&status);
        assert_eq!(code, Some(3), "{stderr}");
        for words in wanted {
            assert!(stderr.contains(words), "{words}: {stderr}");
        }
    };
    let unknown = Operator::new(&served, &served.inventory(LOGIN));
    told(
        &unknown,
        [
            "app1: the keys could not be read: its host key is not known on this machine",
            "help: run `ssh -i /run/hosts/login root@10.0.0.11` once, and compare the key that it shows; or list the key",
        ],
    );
    let of_another = host_key(&served, "app2");
    let changed = Operator::new(&served, &served.inventory(LOGIN))
        .file("known_hosts", format!("10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.14 ssh-ed25519 {of_another}\n"));
    told(
        &changed,
        [
            "app1: the keys could not be read: its host key is not the one that this machine knows",
            "if the host is new, run `ssh-keygen -R 10.0.0.11`, then `ssh -i /run/hosts/login root@10.0.0.11`",
        ],
    );
    let wrong = inventory(&served, LOGIN, |_| format!(", ssh: {{ host_keys: {of_another} }}"));
    told(
        &Operator::new(&served, &wrong),
        ["app1: the keys could not be read: its host key is not in `host_keys`", "put its key into `ssh.host_keys`"],
    );
}

#[test]
fn a_login_that_is_refused_names_the_command_to_try() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let mut keygen = served.fleet.command("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", "/run/hosts/stranger"]);
    assert!(keygen.status().unwrap().success());
    let text = pinned(&served).replace("/run/hosts/login", "/run/hosts/stranger");
    let (code, stderr) = Operator::new(&served, &text).fails(&["tickets", "rotate"]);
    fs::remove_file(served.fleet.path("stranger")).unwrap();
    assert_eq!(code, Some(3), "{stderr}");
    for words in [
        "app1: the keys could not be read: the login was refused",
        "root@10.0.0.11: Permission denied (publickey,",
        "help: make this command work without a question: `ssh -i /run/hosts/stranger root@10.0.0.11 true`",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
}

#[test]
fn a_user_becomes_root_through_sudo_or_is_told_why_not() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    served.on_apps("rm -rf /etc/sslscale");
    served.on_apps(
        "id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy; \
         install -d -m 0700 -o deploy -g deploy ~deploy/.ssh; \
         install -m 0600 -o deploy -g deploy ~/.ssh/authorized_keys ~deploy/.ssh/; rm -f /etc/sudoers.d/deploy",
    );
    let text = pinned(&served).replace("user: root", "user: deploy");
    let operator = Operator::new(&served, &text);
    let told = |wanted: &str| {
        let (code, stderr) = operator.fails(&["tickets", "sync"]);
        assert_eq!(code, Some(3), "{stderr}");
        let help = "so that this works: `ssh -i /run/hosts/login deploy@10.0.0.11 sudo -n true`";
        assert!(stderr.contains(wanted) && stderr.contains(help), "{stderr}");
    };
    told("app1: the keys could not be read: sudo asks for a password");
    served.on_apps("printf 'deploy ALL=(root) NOPASSWD: /usr/bin/true\\n' >/etc/sudoers.d/deploy");
    told("app1: the keys could not be read: sudo asks for a password");
    served.on_apps("printf 'deploy ALL=(root) NOPASSWD: ALL\\n' >/etc/sudoers.d/deploy");
    let output = operator.run(&["tickets", "sync"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    served.on_apps("rm -f /etc/sudoers.d/deploy; stat -c %U /etc/sslscale/tickets/current.key | grep -qx root");
}

#[test]
fn a_jump_host_leads_there_and_aliases_are_those_of_ssh_config() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    served.on_apps("rm -rf /etc/sslscale");
    let config = "Host jump\n  HostName 10.0.0.10\n  User root\n  IdentityFile /run/hosts/login\n\
                  Host alias-*\n  User root\n  IdentityFile /run/hosts/login\n  RemoteCommand false\n  RequestTTY force\n\
                  Host alias-app1\n  HostName 10.0.0.11\nHost alias-app2\n  HostName 10.0.0.12\n\
                  Host alias-app3\n  HostName 10.0.0.13\nHost alias-app4\n  HostName 10.0.0.14\n";
    let known = fs::read_to_string(served.fleet.path("known_hosts")).unwrap();
    let text = inventory(&served, "ssh: { proxy_jump: jump }", |name| format!(", ssh: {{ host: alias-{name} }}"));
    let operator = Operator::new(&served, &text).file("config", config).file("known_hosts", known);
    let output = operator.run(&["tickets", "sync"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // The app servers saw the jump host.
    let seen = served
        .host("app1")
        .run("journalctl -u ssh -o cat --since -1min | grep -c 'Accepted publickey for root from 10.0.0.10'");
    assert_ne!(seen, "0");
}

#[test]
fn a_run_that_is_killed_leaves_no_connection() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    // What asks this host waits for as long as the test needs it to.
    served.host("app1").run("mv /usr/bin/flock /usr/bin/flock.real; printf '#!/bin/sh\\nsleep 20\\n' >/usr/bin/flock; chmod 755 /usr/bin/flock");
    let operator = Operator::new(&served, &pinned(&served));
    let mut run: Child = operator.command(&["tickets", "status"]).stdout(Stdio::null()).spawn().unwrap();
    served.host("app1").until("connections are open", || open(&served) > 1);
    // `unshare` and `sh` have become the program.
    let mut kill = served.fleet.command("pkill");
    assert!(kill.args(["-KILL", "-f", "^/run/hosts/operator/sslscale"]).status().unwrap().success());
    assert_eq!(run.wait().unwrap().signal(), Some(9));
    served.host("app1").run("mv /usr/bin/flock.real /usr/bin/flock");
    served.host("lb1").until("no connection is left", || open(&served) == 0);
}
