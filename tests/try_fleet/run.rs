//! Runs the binary on a fleet, and looks for what a run may have left on the machine.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use serde_json::Value;
use sslscale::event::Request;
use sslscale::try_fleet::spec::FleetSpec;
use tempfile::TempDir;

use crate::build::Fleet;
use crate::signalled::program;

/// A spec or an inventory on disk, removed with this value, and the command that tries it.
pub struct Try {
    folder: TempDir,
    arguments: Vec<String>,
    unprivileged: bool,
}

impl Try {
    pub fn new(fleet: &Fleet) -> Self {
        Self::of(&fleet.spec())
    }

    pub fn of(spec: &FleetSpec) -> Self {
        Self::file("spec.json", &serde_json::to_vec(spec).unwrap(), &["--spec"])
    }

    /// An inventory as it is shipped, or as a test makes it.
    pub fn inventory(text: &str) -> Self {
        Self::file("inventory.yaml", text.as_bytes(), &[])
    }

    fn file(name: &str, bytes: &[u8], options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let path = path.to_str().unwrap();
        let arguments = ["try", path].iter().chain(options).map(|word| (*word).to_owned()).collect();
        Self { folder, arguments, unprivileged: false }
    }

    /// A file beside it, and its path inside every host, where the machine's own files are.
    pub fn beside(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        if name.ends_with(".key") && !self.unprivileged {
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        format!("/.machine{}", path.display())
    }

    /// The directory of what is beside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As a user without rights; the caller itself when it is one.
    pub fn unprivileged(mut self) -> Self {
        self.unprivileged = Uid::effective().is_root();
        self
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = if self.unprivileged {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            let program = program();
            command.arg(program.get_program()).args(program.get_args());
            command
        } else {
            program()
        };
        command.args(&self.arguments).args(args);
        command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command
    }

    pub fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What `check` reports about it, as JSON.
    pub fn check(&self) -> String {
        let mut command = program();
        command.args(["check", &self.arguments[1], "--format", "json"]).env_clear().env("PATH", "/usr/bin:/bin");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    /// The exit code and all of stdout.
    pub fn text(&self) -> (Option<i32>, String) {
        let done = self.output(&[]);
        let text = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8(text).unwrap())
    }

    /// The exit code and every request.
    pub fn requests(&self) -> (Option<i32>, Vec<Request>) {
        let done = self.output(&["--format", "json"]);
        let text = String::from_utf8(done.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let requests = lines
            .filter_map(|line| line.get("request").cloned())
            .map(|request| serde_json::from_value(request).unwrap());
        (done.status.code(), requests.collect())
    }

    /// A fleet that is left running.
    pub fn keep(&self) -> Kept {
        self.keep_with(&[])
    }

    /// The same with more options.
    pub fn keep_with(&self, options: &[&str]) -> Kept {
        let options = [&["--keep", "--format", "json"][..], options].concat();
        let mut child = self.command(&options).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // From here on a panic ends the fleet too.
        let mut running = Kept { kept: Value::Null, child, out };
        let mut line = String::new();
        while running.out.read_line(&mut line).unwrap() > 0 {
            let mut event: Value = serde_json::from_str(&line).unwrap();
            if let Some(kept) = event.get_mut("kept") {
                running.kept = kept.take();
                return running;
            }
            line.clear();
        }
        panic!("the fleet was not kept");
    }
}

/// A running fleet.
pub struct Kept {
    kept: Value,
    pub child: Child,
    out: BufReader<ChildStdout>,
}

impl Kept {
    fn host(&self, name: &str) -> &Value {
        let hosts = self.kept["hosts"].as_array().unwrap();
        hosts.iter().find(|host| host["name"] == name).unwrap()
    }

    /// The names of the hosts that run nginx.
    pub fn app_servers(&self) -> Vec<String> {
        let hosts = self.kept["hosts"].as_array().unwrap().iter();
        hosts
            .filter(|host| host["programs"][0]["program"] == "nginx")
            .map(|host| host["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The process id of the host's haproxy or nginx.
    pub fn program(&self, name: &str) -> Pid {
        Pid::from_raw(self.host(name)["programs"][0]["pid"].as_i64().unwrap().try_into().unwrap())
    }

    /// The words that run a command inside a host.
    pub fn words(&self, name: &str) -> Vec<String> {
        let enter = self.kept["enter"].as_array().unwrap();
        let words = enter.iter().map(|word| word.as_str().unwrap().to_owned());
        words.chain([self.host(name)["pid"].to_string()]).collect()
    }

    /// A command to run inside a host.
    pub fn command(&self, name: &str, command: &[&str]) -> Command {
        let words = self.words(name);
        let mut enter = Command::new(&words[0]);
        enter.args(&words[1..]).args(command);
        enter
    }

    /// Runs a command inside a host.
    pub fn inside(&self, name: &str, command: &[&str]) -> Output {
        self.command(name, command).output().unwrap()
    }

    /// One request as the report suggests it; the body, when it succeeded.
    pub fn request(&self) -> Option<String> {
        let done = self.request_with(&[]);
        done.status.success().then(|| String::from_utf8(done.stdout).unwrap())
    }

    /// The same request with more options.
    pub fn request_with(&self, options: &[&str]) -> Output {
        let client = self.kept["client"].as_array().unwrap();
        let mut words: Vec<&str> = client.iter().map(|word| word.as_str().unwrap()).collect();
        words.splice(1..1, options.iter().copied());
        words.splice(1..1, ["-sS", "--max-time", "5"]);
        self.inside("clients", &words)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Kept {
    /// A failed test must not leave its fleet running. Asked, not killed: then the wait covers
    /// the whole fleet, and the next test finds a quiet machine.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// What a run could leave behind: its processes, namespaces, mounts and temporary files.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    processes: BTreeSet<String>,
    mounts: String,
    files: BTreeSet<PathBuf>,
    links: String,
}

impl Traces {
    /// What is there now, outside of `own`.
    pub fn now(try_out: &Try) -> Self {
        let mut processes = BTreeSet::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            // By name: other work on this machine may use namespaces of its own.
            let ours = ["__fleet", "daemon off", "haproxy -W -db"];
            if ours.iter().any(|it| line.replace('\0', " ").contains(it)) {
                processes.insert(format!("{} {line}", entry.file_name().display()));
            }
        }
        let skip = try_out.folder.path();
        let files = ["/tmp", "/run", "/var/lib/haproxy", "/var/log/nginx", "/mnt", "/run/haproxy"]
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
            .filter(|path| path != skip)
            .collect();
        let links = Command::new("ip").args(["-o", "link"]).output().unwrap().stdout;
        Self {
            processes,
            mounts: fs::read_to_string("/proc/self/mountinfo").unwrap(),
            files,
            links: String::from_utf8(links).unwrap(),
        }
    }

    /// Waits until everything is as it was.
    pub fn assert_again(&self, try_out: &Try) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let now = Self::now(try_out);
            if now == *self {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {now:#?}\nbefore: {self:#?}");
            sleep(Duration::from_millis(20));
        }
    }
}
