//! One host: commands over ssh, files, and what its programs say of themselves.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{Spec, inside, roots};

/// The Debian release of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// haproxy 2.6, nginx 1.22, systemd 252, OpenSSH 9.2.
    Bookworm,
    /// haproxy 3.0, nginx 1.26, systemd 257, OpenSSH 10.0.
    Trixie,
    /// The same with certbot 4.0, and with Python, which that needs.
    TrixieWithCertbot,
}

impl Release {
    pub fn root(self) -> PathBuf {
        roots().join(match self {
            Self::Bookworm => "bookworm-host",
            Self::Trixie | Self::TrixieWithCertbot => "trixie-host",
        })
    }
}

/// A host that runs.
pub struct Host {
    pub name: &'static str,
    pub address: &'static str,
    pub release: Release,
    inside: u32,
}

impl Host {
    pub(super) fn new(spec: &Spec, inside: u32) -> Self {
        Self { name: spec.name, address: spec.address, release: spec.release, inside }
    }

    /// What it was booted as.
    pub fn spec(&self) -> Spec {
        Spec { name: self.name, address: self.address, release: self.release }
    }

    /// ssh to this host as root, over one kept connection, up to where the remote command follows.
    pub fn ssh(&self) -> Command {
        let mut ssh = inside(self.inside, "ssh");
        ssh.args(["-F", "none", "-i", "/run/hosts/login", "-o", "UserKnownHostsFile=/run/hosts/known_hosts"]);
        ssh.args(["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]);
        ssh.args(["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6"]);
        ssh.args(["-o", "ControlMaster=auto", "-o", "ControlPath=/run/hosts/%C", "-o", "ControlPersist=yes"]);
        ssh.arg(format!("root@{}", self.address));
        ssh
    }

    /// Ends the kept connection; the next command opens another.
    pub(super) fn hang_up(&self) {
        let _ = self.ssh().args(["-O", "exit"]).output();
    }

    /// Runs a shell script on the host, with its standard input.
    pub fn output(&self, script: &str, input: &[u8]) -> Output {
        let mut ssh = self.ssh();
        // The connection that is kept would hold a standard error open that is a pipe.
        ssh.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = ssh.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A script that fails early reads no more.
        let _ = stdin.write_all(input);
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// What a script prints, which has to succeed.
    pub fn run(&self, script: &str) -> String {
        let output = self.output(script, b"");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {script}: {}\n{errors}", self.name, output.status);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Whether a script succeeds.
    pub fn succeeds(&self, script: &str) -> bool {
        self.output(script, b"").status.success()
    }

    /// Unpacks a tar archive over the host's files.
    pub fn unpack(&self, tar: &[u8]) {
        let output = self.output("tar -x --no-overwrite-dir -C /", tar);
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until something is so, and says how long that took.
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Duration {
        let started = Instant::now();
        while !is_so() {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(120), "{}: not after {waited:?}: {what}", self.name);
            std::thread::sleep(Duration::from_millis(100));
        }
        started.elapsed()
    }

    /// What keeps the host from being ready, if anything does.
    pub(super) fn not_ready(&self) -> Option<String> {
        let output = self.output("systemctl is-system-running --wait", b"");
        let state = String::from_utf8_lossy(&output.stdout);
        // Degraded: a unit has failed. Containers have some that cannot work.
        (!matches!(state.trim(), "running" | "degraded"))
            .then(|| format!("{state}{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The whole answer of a unix socket. There is no socat on a stock host.
    pub fn ask(&self, socket: &str, command: &str) -> String {
        self.run(&format!(
            "perl -MIO::Socket::UNIX -e 'my($p,$c)=@ARGV;alarm 20;my $s=IO::Socket::UNIX->new(Peer=>$p)or die \"$p: $!\\n\";\
             print $s \"$c\\n\";shutdown $s,1;local $/;print scalar <$s>' {socket} '{command}'"
        ))
    }

    /// The state of a server as the live haproxy knows it, such as `UP` or `DOWN`.
    pub fn server_state(&self, server: &str) -> String {
        let table = self.ask("/run/haproxy/admin.sock", "show stat");
        // With HTTP checks there is a second backend with the same servers.
        let is_it = |row: &&str| {
            let mut fields = row.split(',');
            fields.next().is_some_and(|backend| !backend.ends_with(":tls")) && fields.next() == Some(server)
        };
        table.lines().find(is_it).unwrap_or_else(|| panic!("{server}: {table}")).split(',').nth(17).unwrap().to_owned()
    }

    /// Waits until haproxy gives a server this state, and says how long that took.
    pub fn wait_for_server(&self, server: &str, state: &str) -> Duration {
        self.until(&format!("{server} is {state}"), || self.server_state(server) == state)
    }
}
