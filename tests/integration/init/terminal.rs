//! The questions, on a real terminal.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::accepts;
use crate::keys;
use crate::support::{Sslscale, need};

/// The program on a terminal of its own.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn new(run: &Sslscale, arguments: &str) -> Self {
        Self::start(run, &format!("'{}' {arguments}", env!("CARGO_BIN_EXE_sslscale")))
    }

    fn start(run: &Sslscale, line: &str) -> Self {
        // A question that never comes ends with an error instead of a test that hangs.
        let mut command = Command::new("timeout");
        command
            .args(["--signal=KILL", "60", "env", "--default-signal=HUP,INT,TERM", "script", "-qec", line, "/dev/null"])
            .current_dir(run.dir());
        command.env("HOME", run.dir()).env("TERM", "dumb");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, shown: String::new() }
    }

    /// The same for a command of a shell, in which `sslscale` is the program.
    fn of_shell(run: &Sslscale, script: &str) -> Self {
        Self::start(run, &script.replace("sslscale", env!("CARGO_BIN_EXE_sslscale")))
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
    need::programs(&["script", "env", "timeout"]).then(|| Sslscale::new(&[]).file(".ssh/config", SSH_CONFIG))
}

#[test]
fn enter_is_enough_where_ssh_config_has_the_hosts() {
    let Some(run) = run() else { return };
    let mut terminal = Terminal::new(&run, "init");
    terminal.answer("balancer, as [NAME=]IP [lb-eu]: ", "\n").answer("another balancer [no more]: ", "\n");
    terminal.answer("app server, as [NAME=]IP [web-a]: ", "\n").answer("another app server [web-b]: ", "\n");
    terminal.answer("another app server [no more]: ", "\n");
    terminal.answer("names of the site", "shop.example www.shop.example\n");
    terminal.answer("or `-` if the app servers have theirs [-]: ", "\n");
    terminal.answer("on the app servers [/etc/ssl/shop.example/fullchain.pem]: ", "\n");
    terminal.answer("private key, on the app servers [/etc/ssl/shop.example/privkey.pem]: ", "\n");
    terminal.answer("which of these [proxy_pass]: ", "\n").answer("[http://127.0.0.1:8000]: ", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    let text = fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
    accepts(&run, "inventory.yaml");
    let written: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let login = |host: &serde_json::Value| (host["ssh"]["host"].clone(), host["ssh"]["become"].clone());
    assert_eq!(login(&written["app_servers"][0]), ("web-a".into(), "sudo".into()));
    // Without a `User` the login is the user of this machine.
    let own = if nix::unistd::getuid().is_root() { serde_json::Value::Null } else { "sudo".into() };
    assert_eq!(login(&written["load_balancers"][0]), ("lb-eu".into(), own));
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
    terminal.answer("certificate on this machine", "-\n");
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

/// Answers that end the questions after those about certificates.
fn app(terminal: &mut Terminal) {
    terminal.answer("which of these [proxy_pass]: ", "\n").answer("[http://127.0.0.1:8000]: ", "\n");
}

const HOSTS: &str = "--balancer 10.0.0.10 --app-server 10.0.0.11 --app-server 10.0.0.12";

#[test]
fn an_empty_answer_is_told_why_it_is_asked_again() {
    let Some(run) = run() else { return };
    let mut terminal = Terminal::new(&run, &format!("init {HOSTS} --root /srv/a --certificate /a.crt"));
    terminal.answer("names of the site", "\n").answer("this needs an answer", "shop.example\n");
    terminal.answer("private key", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn an_app_is_known_by_other_names() {
    let Some(run) = run() else { return };
    let options = format!("{HOSTS} --server-name shop.example --certificate /a.crt --certificate-key /a.key");
    let mut terminal = Terminal::new(&run, &format!("init {options}"));
    terminal.answer("which of these", "cobol\n").answer("`cobol` is none of them", "php\n");
    terminal.answer("fastcgi_pass on each app server", "\n").answer("directory of the files", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    accepts(&run, "inventory.yaml");
}

#[test]
fn where_an_app_listens_is_an_answer_to_what_it_is() {
    let Some(run) = run() else { return };
    let options = format!("{HOSTS} --server-name shop.example --certificate /a.crt --certificate-key /a.key");
    let mut terminal = Terminal::new(&run, &format!("init {options}"));
    terminal.answer("which of these", "http://127.0.0.1:3000\n");
    terminal.answer("proxy_pass on each app server [http://127.0.0.1:3000]: ", "\n");
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn what_check_refuses_is_not_proposed() {
    let Some(run) = run().filter(|_| need::programs(&["unshare", "ip"])) else { return };
    let run = run.file(
        ".ssh/config",
        "Host lb-doc\nHostName 192.0.2.7\nHost lb-six\nHostName fd00::7\nHost web\nHostName 10.0.0.20\n",
    );
    let script = "unshare --user --map-root-user --net sh -c 'ip link set lo up && ip address add 203.0.113.9/24 dev lo \
        && ip address add 10.9.0.1/24 dev lo && exec sslscale init'";
    let mut terminal = Terminal::of_shell(&run, script);
    terminal.answer("balancer, as [NAME=]IP [lb-six]: ", "lb1=10.9.0.1\n");
    terminal.answer("another balancer [no more]: ", "\n").answer("app server, as [NAME=]IP [web]: ", "\n");
    terminal.answer("another app server: ", "\x03");
    let (_, shown) = terminal.end();
    assert!(shown.contains("addresses of this machine: 10.9.0.1\r\n"), "{shown}");
    assert!(shown.contains("can be answers: lb-six (fd00::7), web (10.0.0.20)\r\n"), "{shown}");
}

/// A directory with certificates, which is /etc/ssl for the program.
fn with_certificates() -> Option<(Sslscale, String)> {
    let run = run().filter(|_| need::programs(&["unshare", "mount"]))?;
    let [good, other] =
        [("p256", "shop.example"), ("p384", "other.example")].map(|(kind, name)| keys::pair(kind, &[name.to_owned()]));
    let run = run.file("ssl/shop.example/fullchain.pem", &good.0).file("ssl/shop.example/privkey.pem", &good.1);
    let run = run.file("ssl/other.example/fullchain.pem", &other.0).file("ssl/other.example/privkey.pem", &other.1);
    let run = run.file("ssl/mixed/ssl.crt", &good.0).file("ssl/mixed/ssl.key", &other.1);
    let run = run.file("ssl/alone/ssl.crt", &good.0).file("mine/a.crt", &good.0).file("mine/a.key", &good.1);
    let keys = ["ssl/shop.example/privkey.pem", "ssl/other.example/privkey.pem", "ssl/mixed/ssl.key", "mine/a.key"];
    keys.iter().for_each(|key| super::hide(&run, key));
    let options = format!("{HOSTS} --certificate-key /etc/keys/shop.key");
    let script =
        "unshare --user --map-root-user --mount sh -c 'mount --bind ssl /etc/ssl && exec sslscale init OPTIONS'";
    Some((run, script.replace("OPTIONS", &options)))
}

fn site(run: &Sslscale) -> serde_json::Value {
    let text = fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
    serde_yaml::from_str::<serde_json::Value>(&text).unwrap()["sites"][0].clone()
}

#[test]
fn certificates_that_fit_the_site_are_offered_and_others_are_said_not_to() {
    let Some((run, script)) = with_certificates() else { return };
    let mut terminal = Terminal::of_shell(&run, &script);
    terminal.answer("[other.example]: ", "shop.example\n").answer("have theirs [1]: ", "\n");
    app(&mut terminal);
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("  1  /etc/ssl/shop.example/fullchain.pem\r\ncertificates on this machine that"), "{shown}");
    assert!(!shown.contains("  2  ") && !shown.contains("alone"), "{shown}");
    let site = site(&run);
    let paths = ["ssl_certificate", "ssl_certificate_key", "ssl_certificate_source", "ssl_certificate_key_source"];
    assert_eq!(
        paths.map(|key| site[key].as_str().unwrap().to_owned()),
        [
            "/etc/ssl/shop.example/fullchain.pem",
            "/etc/keys/shop.key",
            "/etc/ssl/shop.example/fullchain.pem",
            "/etc/ssl/shop.example/privkey.pem"
        ]
    );
}

#[test]
fn a_certificate_can_be_named_by_its_path() {
    let Some((run, script)) = with_certificates() else { return };
    let mut terminal = Terminal::of_shell(&run, &script);
    terminal.answer("[other.example]: ", "shop.example\n").answer("have theirs [1]: ", "gone.crt\n");
    terminal.answer("`gone.crt` does not exist", "~/mine/a.crt\n");
    terminal.answer("mine/a.key]: ", "\n");
    app(&mut terminal);
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(0), "{shown}");
    let key = run.dir().join("mine/a.key");
    assert_eq!(site(&run)["ssl_certificate_key_source"], key.to_str().unwrap());
    accepts(&run, "inventory.yaml");
}
