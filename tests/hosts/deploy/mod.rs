//! `sslscale deploy` on hosts over SSH.

mod checked;
mod install;
mod killed;
mod kinds;
mod long;
mod lost;
mod one_host;
mod past;
mod proxy_header;
mod refused;
mod revision;
mod shipped;
mod trust;

use std::fs;
use std::process::{Command, Output};

use crate::fleet::Host;
use crate::served::{Served, Shared, UP_TO_DATE};
use crate::ssh::{Operator, pinned};

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A run that has to end with this exit code, and what it wrote.
pub fn run(served: &Served, inventory: &str, words: &[&str], code: i32) -> String {
    let output = Operator::new(served, inventory).run(words);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}, {}: {text}", output.status);
    text
}

/// Gives all hosts the files that their packages bring, and nothing else.
pub fn to_stock(served: &Served) {
    for host in served.fleet.hosts() {
        let config = fs::read(host.release.root().join("etc/haproxy/haproxy.cfg")).unwrap();
        served.put(host, &[("/etc/haproxy/haproxy.cfg", "0644", config)]);
    }
    served.on_all(
        "rm -rf /var/lib/sslscale /etc/sslscale /etc/nginx/conf.d/sslscale* /etc/nginx/modules-enabled/90-sslscale* \
         /etc/haproxy/sslscale* /etc/systemd/system/haproxy.service.d /etc/systemd/system/sslscale-undo*.service \
         /etc/systemd/system/*.wants/sslscale-undo*.service; \
         systemctl daemon-reload; systemctl reset-failed; systemctl stop haproxy nginx",
    );
    served.on_apps("systemctl start app nginx");
    run_on_balancers(served, "systemctl start haproxy");
}

fn run_on_balancers(served: &Served, script: &str) {
    served.balancers().for_each(|host| drop(host.run(script)));
}

/// What a host has of ours.
fn files(host: &Host) -> String {
    host.run("find /etc/haproxy /etc/nginx /etc/systemd/system/haproxy.service.d -type f -exec md5sum {} + | sort -k 2")
}

/// What must not be left behind on any host when nothing runs.
pub fn nothing_pending(served: &Served) {
    for host in served.fleet.hosts() {
        let left = host.run(
            "ls -d /var/lib/sslscale/pending /var/lib/sslscale/lease /var/lib/sslscale/backup/* 2>/dev/null; \
             systemctl list-timers --all --plain --no-legend 'sslscale-undo-*' 2>/dev/null; \
             find /etc -name '.sslscale*'; true",
        );
        assert_eq!(left, "", "{}", host.name);
    }
}

/// The lines that say what is wrong, and the last one.
fn told(text: &str) -> Vec<&str> {
    let is_told = |line: &&str| line.starts_with("error: ") || line.starts_with("  | ") || line.starts_with("  help: ");
    // What rules about hosts found stands before it, each with the place in the inventory and an empty line after it.
    let mut of_rule = false;
    let others = text.lines().filter(|line| {
        of_rule = line.starts_with("warning[") || of_rule && !line.is_empty();
        !of_rule
    });
    others.filter(is_told).chain(text.lines().last()).collect()
}

/// Makes a user `deploy` on all hosts, who may become root without a password.
fn user_with_sudo(served: &Served) {
    served.on_all(
        "id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy; \
         install -d -m 0700 -o deploy -g deploy ~deploy/.ssh; \
         install -m 0600 -o deploy -g deploy ~/.ssh/authorized_keys ~deploy/.ssh/; \
         printf 'deploy ALL=(root) NOPASSWD: ALL\\n' >/etc/sudoers.d/deploy",
    );
}

/// Hosts that a deploy has brought to serving, and an inventory that changes them all.
struct Deployed {
    served: Shared,
    first: String,
    second: String,
    /// The files of the hosts, in their order.
    before: Vec<String>,
}

impl Deployed {
    fn new() -> Option<Self> {
        let served = Shared::get()?;
        let first = pinned(&served) + "tickets: per_host\n";
        let second = format!("{first}nginx: {{ keepalive_timeout: 30s }}\nhaproxy: {{ maxconn: 7000 }}\n");
        to_stock(&served);
        run(&served, &first, &["deploy", "--yes"], 0);
        let before = served.fleet.hosts().iter().map(files).collect();
        Some(Self { served, first, second, before })
    }

    fn host(&self, name: &str) -> &Host {
        self.served.host(name)
    }

    /// A run with an inventory that has to end with this exit code, and what it wrote.
    fn run(&self, inventory: &str, words: &[&str], code: i32) -> String {
        run(&self.served, inventory, words, code)
    }

    /// The fleet is as it was after the first deploy, and nothing waits anywhere.
    fn is_as_before(&self) {
        nothing_pending(&self.served);
        let after: Vec<String> = self.served.fleet.hosts().iter().map(files).collect();
        assert_eq!(after, self.before);
    }

    /// All hosts have what the inventory says, and nothing waits anywhere.
    fn has(&self, inventory: &str) {
        nothing_pending(&self.served);
        assert_eq!(self.run(inventory, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    }
}

/// A program of a host that does something else, until this is dropped.
pub struct Replaced<'h> {
    host: &'h Host,
    name: &'static str,
}

impl<'h> Replaced<'h> {
    /// `script` may end with the program itself, `"$real" "$@"`.
    pub fn new(host: &'h Host, name: &'static str, script: &str) -> Self {
        let text = format!("#!/bin/sh\nreal=$(PATH=/usr/sbin:/usr/bin command -v {name})\n{script}\n");
        let path = format!("/usr/local/sbin/{name}");
        host.output(&format!("cat >{path}.new && chmod 755 {path}.new && mv {path}.new {path}"), text.as_bytes());
        Self { host, name }
    }
}

impl Drop for Replaced<'_> {
    fn drop(&mut self) {
        let _ = self.host.output(&format!("rm -f /usr/local/sbin/{}", self.name), b"");
    }
}

/// Sends a signal to the program that runs as the operator.
fn signal(served: &Served, name: &str) {
    let mut kill: Command = served.fleet.command("pkill");
    assert!(kill.args([&format!("-{name}"), "-f", "^/run/hosts/operator/sslscale"]).status().unwrap().success());
}
