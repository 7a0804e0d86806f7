//! The reason to exist: what the real haproxy and nginx say to a mistake, mostly nothing, beside
//! what sslscale says to the inventory that makes it.

mod ad;

use std::process::Command;

use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use crate::support::need;

pub const BLOG: &str = include_str!("../../inventories/blog.yaml");

/// Around a haproxy configuration, so that it complains of nothing else.
const HAPROXY: &str = "\
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
";

/// The same for an nginx `http` block. Nothing is written outside of the directory it runs in.
const NGINX: &str = "\
user root;
pid nginx.pid;
events {}
http {
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
";

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct ProgramOutput {
    pub status: i32,
    pub text: String,
}

/// Runs a script in a network and a process tree of its own: ports are free there, and whatever
/// it starts ends with it, also when it fails. `None` where this machine cannot do that.
fn alone(file: &str, content: &str, script: &str) -> Option<ProgramOutput> {
    if !need::programs(&["unshare", "ip", "ss", "haproxy", "nginx"]) {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(file), content).unwrap();
    let unshare = ["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"];
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(unshare).args(["bash", "-c", script]).current_dir(dir.path());
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin").output().unwrap()
    };
    if !run("ip link set lo up").status.success() {
        need::missing("no user namespace can be made", "sysctl kernel.unprivileged_userns_clone=1, or run as root");
        return None;
    }
    let output = run(&format!("ip link set lo up; {{ {script}\n}} 2>&1"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(ProgramOutput { status: output.status.code().unwrap_or(-1), text })
}

/// What `haproxy -c` says to these sections.
pub fn haproxy(sections: &str) -> Option<ProgramOutput> {
    haproxy_then(sections, "haproxy -c -f it.cfg")
}

/// Runs a script beside `it.cfg`, which holds these sections.
pub fn haproxy_then(sections: &str, script: &str) -> Option<ProgramOutput> {
    alone("it.cfg", &format!("{HAPROXY}{sections}"), script)
}

/// What `nginx -t` says to the inside of an `http` block.
pub fn nginx(http: &str) -> Option<ProgramOutput> {
    nginx_then(http, "nginx -e stderr -p . -c it.conf -t")
}

/// Runs a script beside `it.conf`, which holds this inside of an `http` block.
pub fn nginx_then(http: &str, script: &str) -> Option<ProgramOutput> {
    alone("it.conf", &format!("{NGINX}{http}\n}}\n"), script)
}

/// Passes where the program could be asked, was content, and had nothing to say.
pub fn is_passed(output: Option<ProgramOutput>) {
    let Some(output) = output else { return };
    let content = |line: &str| {
        line == "Configuration file is valid" || line.ends_with(" is ok") || line.ends_with(" is successful")
    };
    assert!(output.status == 0 && output.text.lines().all(content), "{output:?}");
}

/// Passes where the program could be asked, ended like this, and said these words.
pub fn is_printed(output: Option<ProgramOutput>, status: i32, words: &str) {
    let Some(output) = output else { return };
    assert!(output.status == status && output.text.contains(words), "{output:?}");
}

/// The codes of what sslscale finds in an inventory, without the notes.
pub fn found(inventory: &str) -> Vec<&'static str> {
    let linted = lint(&Source::new("inventory.yaml", inventory), &Settings::default());
    let loud = linted.findings.iter().filter(|finding| finding.severity > sslscale::diagnostic::Severity::Info);
    loud.map(|finding| finding.code.id).collect()
}
