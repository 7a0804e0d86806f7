//! The questions, on a real terminal.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::accepts;
use crate::support::{Sslscale, need};

/// The program on a terminal of its own.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn new(run: &Sslscale, arguments: &str) -> Self {
        let line = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_sslscale"));
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP,INT,TERM", "script", "-qec", &line, "/dev/null"]).current_dir(run.dir());
        command.env("HOME", run.dir()).env("TERM", "dumb");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, shown: String::new() }
    }

    /// Reads until the question, and types the answer.
    fn answer(&mut self, question: &str, answer: &str) -> &mut Self {
        let start = self.shown.len();
        let mut byte = [0];
        while !(self.shown[start..].contains(question) && self.shown.ends_with(": ")) {
            let count = self.child.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert_eq!(count, 1, "no `{question}`: {}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
        self.child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        self
    }

    /// The exit code, and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.child.wait().unwrap().code(), self.shown)
    }
}

const SSH_CONFIG: &str = "\
Host lb-eu
    HostName 10.1.0.10
Host web-a web-b
    User admin
Host web-a
    HostName 10.1.0.11
Host web-b
    HostName 10.1.0.12
";

fn run() -> Option<Sslscale> {
    need::programs(&["script", "env"]).then(|| Sslscale::new(&[]).file(".ssh/config", SSH_CONFIG))
}

#[test]
fn enter_is_enough_where_ssh_config_has_the_hosts() {
    let Some(run) = run() else { return };
    let mut terminal = Terminal::new(&run, "init");
    terminal.answer("balancer, as [NAME=]IP [lb-eu]: ", "\n").answer("another balancer [no more]: ", "\n");
    terminal.answer("app server, as [NAME=]IP [web-a]: ", "\n").answer("another app server [web-b]: ", "\n");
    terminal.answer("another app server [no more]: ", "\n");
    terminal.answer("names of the site", "shop.example www.shop.example\n");
    terminal.answer("on the app servers [/etc/ssl/shop.example/fullchain.pem]: ", "\n");
    terminal.answer("private key, on the app servers [/etc/ssl/shop.example/privkey.pem]: ", "\n");
    terminal.answer("which of these [proxy_pass]: ", "\n").answer("[http://127.0.0.1:8000]: ", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    let text = fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
    accepts(&run, "inventory.yaml");
    let written: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(written["load_balancers"][0]["ssh"]["host"], "lb-eu");
    assert_eq!(written["app_servers"][1]["address"], "10.1.0.12");
    assert_eq!(written["sites"][0]["server_name"][1], "www.shop.example");
}

#[test]
fn a_bad_answer_is_told_at_once_and_asked_again() {
    let Some(run) = run() else { return };
    let mut terminal = Terminal::new(&run, "init fleet.yaml --server-name a.example --root /srv/a");
    terminal.answer("balancer, as [NAME=]IP", "10.0.0.300\n");
    terminal.answer("each of the four numbers must be at most 255", "10.0.0.10\n");
    terminal.answer("another balancer", "lb9=10.0.0.10\n").answer("another balancer", "-\n");
    terminal.answer("app server", "10.0.0.10\n").answer("app server", "10.0.0.11\n");
    terminal.answer("another app server", "s=10.0.0.12\n").answer("another app server", "-\n");
    terminal.answer("on the app servers", "ssl.crt\n").answer("starting with `/`", "/etc/ssl/a.crt\n");
    terminal.answer("[/etc/ssl/a.key]: ", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("`address` is not an IP address: `10.0.0.300` (IN06)"), "{shown}");
    accepts(&run, "fleet.yaml");
}

#[test]
fn answers_that_end_too_early_leave_nothing() {
    let Some(run) = run() else { return };
    for (last, status) in [("\x04", 3), ("\x03", 130)] {
        let mut terminal = Terminal::new(&run, "init");
        terminal.answer("balancer, as [NAME=]IP", "10.0.0.10\n").answer("another balancer", last);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, Some(status), "{shown}");
        assert_eq!(super::entries(&run), [".ssh"]);
    }
}

#[test]
fn a_file_that_exists_is_told_before_the_first_question() {
    let Some(run) = run() else { return };
    fs::write(run.dir().join("inventory.yaml"), "mine\n").unwrap();
    let (status, shown) = Terminal::new(&run, "init").end();
    assert!(status == Some(2) && shown.contains("exists already") && !shown.contains("balancer"), "{shown}");
}
