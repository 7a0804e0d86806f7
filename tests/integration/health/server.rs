//! A real haproxy in a directory of its own, with its frontends on sockets in it: no port is
//! taken that another test could want. It ends with the value.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::need;

/// How long a test waits for what it knows must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Goes in front of every configuration.
const HEAD: &str = "\
global
    stats socket unix@stats level admin
    log stdout format raw local0
    GLOBAL
defaults
    mode tcp
    log global
    option tcplog
    timeout connect 5s
    timeout client 60s
    timeout server 60s
";

/// A running haproxy.
pub struct Haproxy {
    child: Child,
    dir: TempDir,
}

/// Writes `text` behind the usual head; `unix@name` means the socket of this name in `dir`.
/// Lines that start with `global ` go into that section.
fn written(dir: &Path, text: &str) -> PathBuf {
    let (global, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("global "));
    let global: Vec<&str> = global.iter().map(|line| line.trim_start_matches("global ")).collect();
    let whole = format!("{}{}\n", HEAD.replace("GLOBAL", &global.join("\n    ")), rest.join("\n"));
    let path = dir.join("haproxy.cfg");
    std::fs::write(&path, whole.replace("unix@", &format!("unix@{}/", dir.display()))).unwrap();
    path
}

/// What `haproxy -c` makes of a configuration: its exit code and its words.
pub fn checked(text: &str) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(program()).arg("-c").arg("-f").arg(written(dir.path(), text)).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Where haproxy is: an unprivileged user's path often lacks it.
pub fn program() -> PathBuf {
    need::find("haproxy").expect("the test has looked for it")
}

impl Haproxy {
    /// Starts it and waits until it answers.
    pub fn start(text: &str) -> Self {
        let mut command = Command::new(program());
        command.arg("-db").arg("-f");
        Self::spawn(text, command)
    }

    /// The same in a network namespace that `setup`, a shell command, has prepared; `None` where
    /// this machine allows none, which is reported.
    pub fn start_apart(text: &str, setup: &str) -> Option<Self> {
        let mut unshare = Command::new("unshare");
        unshare.arg("--net");
        if !nix::unistd::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        let tried = Command::new(unshare.get_program()).args(unshare.get_args()).args(["sh", "-c", setup]).output();
        if let Some(failed) = tried.ok().filter(|output| !output.status.success()) {
            let output = String::from_utf8_lossy(&failed.stderr);
            need::missing(&format!("network namespaces are not allowed: {}", output.trim()), "run as root");
            return None;
        }
        unshare.args(["sh", "-c", &format!("{setup} && exec \"$@\""), "sh"]).arg(program()).args(["-db", "-f"]);
        Some(Self::spawn(text, unshare))
    }

    fn spawn(text: &str, mut command: Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path(), text);
        let log = File::create(dir.path().join("log")).unwrap();
        command.arg(path).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut this = Self { child: command.spawn().unwrap(), dir };
        let deadline = Instant::now() + PATIENCE;
        while this.stats().is_err() {
            let ended = this.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "haproxy does not start: {}", this.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        this
    }

    /// Its table of servers. It answers once all of its sockets are there: the stats socket
    /// comes first.
    fn stats(&self) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(self.dir.path().join("stats"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"show stat\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Connects to the socket of this name.
    pub fn connect(&self, name: &str) -> UnixStream {
        UnixStream::connect(self.dir.path().join(name)).unwrap()
    }

    /// Everything that it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// The first line of the log that holds `words`, once it is there.
    pub fn logged(&self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "`{words}` is not logged: {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Name, status and last check of every server.
    pub fn servers(&self) -> Vec<(String, String, String)> {
        let answer = self.stats().unwrap();
        let mut lines = answer.lines().map(|line| line.trim_start_matches("# ").split(',').collect::<Vec<_>>());
        let head = lines.next().unwrap();
        let column = |name: &str| head.iter().position(|column| *column == name).unwrap();
        let (name, status, check) = (column("svname"), column("status"), column("check_status"));
        let word = |text: &str| text.trim_start_matches("* ").split(' ').next().unwrap_or_default().to_owned();
        let servers = lines.filter(|line| line.len() > check && !matches!(line[name], "FRONTEND" | "BACKEND"));
        servers.map(|line| (line[name].to_owned(), word(line[status]), word(line[check]))).collect()
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
