//! The master connections of a run. Their sockets are in a private directory, which goes with the
//! connections when the run ends, however it ends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;
use std::{fs, io};

use nix::unistd::{User, geteuid};

use super::problem::{self, ConnectProblem};
use super::{CHECK, ENVIRONMENT, SshOptions};
use crate::file;
use crate::process::{Conversation, Invocation, Limits};
use crate::transport::error::TransportError;
use crate::transport::text::HostText;

/// How long opening a connection may take: `ssh` itself gives up after 10 s, and after as long at each jump host.
const OPEN: Limits = Limits::new(Duration::from_secs(60), 64 * 1024);
/// How many connections through one jump host may be before their login: sshd drops some from 10 on.
const BEFORE_LOGIN: usize = 8;
/// How long an sshd since 9.8 shuts out an address whose logins fail.
const PENALTY: Duration = Duration::from_secs(20);
/// How long the connections may take to close.
const CLOSE: Duration = Duration::from_secs(60);
/// How much of a master's log is read.
const LOG: u64 = 1 << 20;

/// Ends every connection of a directory, and removes it, when standard input ends: when this process does, whatever
/// ends it. A connection that is still before its login has no socket, so they are found by their command line; the
/// brackets keep `grep` from finding itself. One that is just being opened writes into the directory while that is
/// removed.
const SWEEP: &str = r#"cat >/dev/null
for pause in 0.02 0.05 0.1 0.2 0.5 0.5 0.5 1 1 1; do
    pids=$(grep -als -- "ControlPath=$1[/]" /proc/[0-9]*/cmdline | cut -d / -f 3)
    if [ -n "$pids" ]; then
        kill $pids 2>/dev/null
    elif rm -rf -- "$1" 2>/dev/null; then
        break
    fi
    sleep "$pause"
done
rm -rf -- "$1""#;

/// The master connections of a run.
pub struct Masters {
    directory: PathBuf,
    count: AtomicUsize,
    gates: Mutex<HashMap<String, usize>>,
    passed: Condvar,
    /// Whether `ssh_config` may lead through other hosts.
    jumps: OnceLock<bool>,
    sweeper: Mutex<Option<Conversation>>,
}

impl Masters {
    /// Makes the private directory.
    ///
    /// # Errors
    /// It cannot be made, or the process that removes it cannot be started.
    pub fn new() -> Result<Self, TransportError> {
        let failed = |source| TransportError::NotStarted { program: "ssh".to_owned(), source };
        let directory = private_directory().map_err(failed)?;
        let sweep = Invocation::new("sh").args(["-c", SWEEP, "sh"]).args([&directory]).detached();
        let (sweeper, _) = Conversation::start(&sweep, 1).map_err(|error| TransportError::new("sh", error))?;
        Ok(Self {
            directory,
            count: AtomicUsize::new(0),
            gates: Mutex::new(HashMap::new()),
            passed: Condvar::new(),
            jumps: OnceLock::new(),
            sweeper: Mutex::new(Some(sweeper)),
        })
    }

    /// A place for a connection.
    pub(super) fn register(&self) -> usize {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn path(&self, index: usize, what: &str) -> PathBuf {
        self.directory.join(format!("{index}.{what}"))
    }

    pub(super) fn socket(&self, index: usize) -> String {
        self.path(index, "s").to_string_lossy().into_owned()
    }

    /// The last lines that the master wrote.
    pub(super) fn log(&self, index: usize) -> HostText {
        HostText::new(&read(&self.path(index, "log")))
    }

    /// Opens the connection of a host.
    pub(super) fn open(&self, index: usize, name: &str, options: &SshOptions) -> Result<(), TransportError> {
        let mut words = self.words(index, name, options)?;
        let log = self.path(index, "log");
        words.insert(0, log.to_string_lossy().into_owned());
        // An older `ssh` keeps its streams open in the background.
        let script = r#"exec "$@" >/dev/null 2>"$0""#;
        let invocation = Invocation::new("sh").args(["-c", script]).args(words).pass(ENVIRONMENT.iter().copied());
        let jump = self.jump(options);
        for again in [true, false] {
            let _gate = jump.as_deref().map(|jump| self.pass(jump));
            let done = invocation.run(b"", OPEN).map_err(|error| TransportError::new("ssh", error))?;
            if done.status.success() {
                return Ok(());
            }
            let written = read(&log);
            let problem = problem::of_ssh(&String::from_utf8_lossy(&written), options);
            if problem != ConnectProblem::Closed || !again {
                return Err(problem::error(problem, options, HostText::new(&written)));
            }
            thread::sleep(PENALTY);
        }
        Ok(())
    }

    fn words(&self, index: usize, name: &str, options: &SshOptions) -> Result<Vec<String>, TransportError> {
        let option = |text: String| ["-o".to_owned(), text];
        let mut words: Vec<String> = ["ssh", "-M", "-N", "-f"].map(str::to_owned).to_vec();
        words.extend(option(format!("ControlPath={}", self.socket(index))));
        for text in [
            "ControlPersist=no",
            "BatchMode=yes",
            "ConnectTimeout=10",
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
            "ForwardAgent=no",
            "ForwardX11=no",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RemoteCommand=none",
            "RequestTTY=no",
        ] {
            words.extend(option(text.to_owned()));
        }
        if !options.host_keys.is_empty() {
            // A name of its own, so that neither the address nor the port makes a difference.
            let alias = format!("sslscale-{name}");
            let file = self.path(index, "keys");
            let text: String = options.host_keys.iter().map(|key| format!("{alias} {key}\n")).collect();
            let failed = |source| TransportError::NotStarted { program: "ssh".to_owned(), source };
            file::create(&file, text.as_bytes(), 0o600).map_err(failed)?;
            words.extend(option(format!("HostKeyAlias={alias}")));
            words.extend(option(format!("UserKnownHostsFile={}", file.display())));
            for text in ["GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes", "UpdateHostKeys=no"] {
                words.extend(option(text.to_owned()));
            }
        }
        words.extend(options.words());
        words.extend(["--".to_owned(), options.destination()]);
        Ok(words)
    }

    /// What leads to the host instead of a connection of its own, by the options or by `ssh_config`. Hosts with the
    /// same are behind one sshd.
    fn jump(&self, options: &SshOptions) -> Option<String> {
        if options.proxy_jump.is_none() && !*self.jumps.get_or_init(may_jump) {
            return None;
        }
        let words = options.words().into_iter().chain(["-G", "--"].map(str::to_owned)).chain([options.destination()]);
        let show = Invocation::new("ssh").args(words).pass(ENVIRONMENT.iter().copied());
        // What is wrong with the configuration is told when the connection is opened.
        let done = show.run(b"", CHECK).ok().filter(|done| done.status.success())?;
        jump_of(&String::from_utf8_lossy(&done.stdout))
    }

    /// Waits until fewer than [`BEFORE_LOGIN`] connections through a jump host are before their login.
    fn pass(&self, jump: &str) -> Gate<'_> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |gates: &mut HashMap<String, usize>| gates.get(jump).is_some_and(|count| *count >= BEFORE_LOGIN);
        let mut gates = self.passed.wait_while(gates, full).unwrap_or_else(PoisonError::into_inner);
        *gates.entry(jump.to_owned()).or_default() += 1;
        Gate { masters: self, jump: jump.to_owned() }
    }
}

impl Drop for Masters {
    fn drop(&mut self) {
        if let Some(sweeper) = self.sweeper.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = sweeper.end(CLOSE);
        }
    }
}

/// A connection that is before its login.
struct Gate<'m> {
    masters: &'m Masters,
    jump: String,
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        let mut gates = self.masters.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = gates.get_mut(&self.jump) {
            *count -= 1;
        }
        self.masters.passed.notify_one();
    }
}

/// Whether a host may be behind another one by `ssh_config`. Where no file can say so, `ssh` need not be asked about
/// each host.
fn may_jump() -> bool {
    let home = User::from_uid(geteuid()).ok().flatten().map(|user| user.dir.join(".ssh/config"));
    let parts = fs::read_dir("/etc/ssh/ssh_config.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let files = parts.chain(home).chain(["/etc/ssh/ssh_config".into()]);
    files.into_iter().any(|path| match file::read(&path, LOG) {
        Ok(text) => mentions_jumps(&String::from_utf8_lossy(&text)),
        Err(_) => path.exists(),
    })
}

/// Whether a file of `ssh_config` has a proxy, or includes files that are not looked at.
fn mentions_jumps(text: &str) -> bool {
    text.lines().map(|line| line.trim().to_ascii_lowercase()).filter(|line| !line.starts_with('#')).any(|line| {
        line.contains("proxy") || (line.starts_with("include") && line != "include /etc/ssh/ssh_config.d/*.conf")
    })
}

/// The jump hosts or the proxy command in what `ssh -G` shows.
fn jump_of(settings: &str) -> Option<String> {
    let value = |key: &str| settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let found = value("proxyjump").or_else(|| value("proxycommand")).filter(|value| *value != "none")?;
    Some(found.to_owned())
}

/// What a master wrote.
fn read(log: &Path) -> Vec<u8> {
    file::read(log, LOG).unwrap_or_default()
}

/// A new directory that only this user can enter, with a short path: that of a socket has at most 108 bytes,
/// of which `ssh` needs 17 for itself.
fn private_directory() -> io::Result<PathBuf> {
    let run = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
    let fits = |path: &PathBuf| path.as_os_str().len() <= 50 && !path.to_string_lossy().contains('%');
    let parent = run.filter(fits).unwrap_or_else(|| "/tmp".into());
    nix::unistd::mkdtemp(&parent.join("sslscale-XXXXXX")).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn the_way_to_a_host_is_what_ssh_shows() {
        assert_eq!(jump_of("user root\nproxyjump a,b:22\nport 22\n").as_deref(), Some("a,b:22"));
        assert_eq!(jump_of("proxycommand nc %h %p\n").as_deref(), Some("nc %h %p"));
        for none in ["", "user root\nport 22\n", "proxyjump none\n", "proxycommandx y\n"] {
            assert_eq!(jump_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_configuration_without_proxies_leads_through_no_host() {
        let debian = "Include /etc/ssh/ssh_config.d/*.conf\n\nHost *\n#   ProxyCommand ssh -q\n    SendEnv LANG LC_*\n";
        assert!(!mentions_jumps(debian));
        for text in ["Host a\n\tProxyJump b\n", "proxycommand=nc %h %p", "Include ~/.ssh/work", "include=x"] {
            assert!(mentions_jumps(text), "{text}");
        }
    }

    #[test]
    fn few_connections_through_one_jump_host_are_before_their_login() {
        let masters = Masters::new().unwrap();
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let other = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..4 * BEFORE_LOGIN {
                scope.spawn(|| {
                    let _gate = masters.pass("bastion");
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(5));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
            // Another jump host has a count of its own.
            scope.spawn(|| other.store(masters.pass("other").jump == "other", Ordering::SeqCst));
        });
        assert!(most.load(Ordering::SeqCst) <= BEFORE_LOGIN && other.load(Ordering::SeqCst));
    }

    #[test]
    fn the_directory_is_private_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let masters = Masters::new().unwrap();
        let directory = masters.directory.clone();
        assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let longest = masters.socket(masters.register() + 99_999);
        assert!(longest.len() <= 90, "{longest}");
        drop(masters);
        assert!(!directory.exists());
    }
}
