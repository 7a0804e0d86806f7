//! Hosts with real systemd, sshd, haproxy and nginx on this machine: containers of systemd-nspawn over
//! the roots that tests/releases/roots.sh makes, joined by a bridge in a network namespace. Nothing of
//! them outlives the test process, however it ends; supervisor.sh says how.

mod host;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};

pub use host::{Host, Release};

use crate::need;

/// Generous: a loaded machine may be slow, and a host that does not boot fails the test anyway.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// How many hosts run at once. Each has some six inotify instances of root's, who gets 128 of them.
const HOSTS_AT_ONCE: usize = 18;

/// How many hosts run.
static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Hosts that count as running, until this is dropped.
struct Places(usize);

impl Places {
    /// Waits until there is room for so many.
    fn wait(hosts: usize) -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |running: &mut usize| *running + hosts > HOSTS_AT_ONCE;
        *ENDED.wait_while(running, full).unwrap_or_else(PoisonError::into_inner) += hosts;
        Self(hosts)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        ENDED.notify_all();
    }
}

/// A host to boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    pub name: &'static str,
    /// In 10.0.0.0/24. The tests' own address there is 10.0.0.1.
    pub address: &'static str,
    pub release: Release,
}

/// Hosts that run. They end when this is dropped.
pub struct Fleet {
    supervisor: Child,
    /// The supervisor ends when this is closed. The system does that however this process ends.
    alive: Option<ChildStdin>,
    /// The process whose namespaces the hosts run in.
    inside: u32,
    cgroup: PathBuf,
    hosts: Vec<Host>,
    /// Dropped last.
    _places: Places,
}

impl Fleet {
    /// Boots hosts and waits until each runs. `None` if this machine cannot, which has been reported.
    pub fn boot(specs: &[Spec]) -> Option<Self> {
        if !need::root() || !need::programs(&["systemd-nspawn", "ssh", "ssh-keygen", "unshare", "nsenter", "ip"]) {
            return None;
        }
        if let Some(spec) = specs.iter().find(|spec| !spec.release.root().is_dir()) {
            need::missing(&format!("there is no {}", spec.release.root().display()), "make roots");
            return None;
        }
        let mut fleet = Self::supervised(Places::wait(specs.len()))?;
        fleet.make_keys(specs);
        let mut booting: Vec<Child> = specs.iter().map(|spec| fleet.start(spec)).collect();
        for (spec, nspawn) in specs.iter().zip(&mut booting) {
            let host = Host::new(spec, fleet.inside);
            fleet.wait_for(&host, nspawn);
            fleet.hosts.push(host);
        }
        Some(fleet)
    }

    fn wait_for(&self, host: &Host, nspawn: &mut Child) {
        let deadline = Instant::now() + BOOT_LIMIT;
        while let Some(reason) = host.not_ready() {
            let ended = nspawn.try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.path(&format!("{}/console.log", host.name)));
                panic!("{} did not boot ({ended:?}): {reason}\n{}", host.name, log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends all processes of a host at once, as a power failure does. What it wrote to files stays.
    pub fn power_off(&self, name: &str) {
        let cgroup = self.cgroup.join(name);
        fs::write(cgroup.join("cgroup.kill"), "1").unwrap();
        let deadline = Instant::now() + BOOT_LIMIT;
        while fs::read_to_string(cgroup.join("cgroup.events")).unwrap().contains("populated 1") {
            assert!(Instant::now() < deadline, "{name} did not end");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.host(name).hang_up();
    }

    /// Boots a host that was powered off.
    pub fn power_on(&self, name: &str) {
        let host = self.host(name);
        let spec = Spec { name: host.name, address: host.address, release: host.release };
        self.wait_for(host, &mut self.start(&spec));
    }

    fn supervised(places: Places) -> Option<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("supervisor.sh"), "supervisor.sh"]).arg(roots());
        // A signal of the terminal is for the test process alone.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut supervisor = command.spawn().unwrap();
        let alive = supervisor.stdin.take();
        let mut lines = BufReader::new(supervisor.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (Some(cgroup), Some(Ok(inside))) = (lines.next(), lines.next().map(|pid| pid.parse())) else {
            drop(alive);
            let mut reason = String::new();
            supervisor.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
            supervisor.wait().unwrap();
            need::missing(
                &format!("hosts cannot be booted here: {}", reason.trim()),
                "run as real root, with a writable cgroup v2",
            );
            return None;
        };
        Some(Self { supervisor, alive, inside, cgroup: cgroup.into(), hosts: Vec::new(), _places: places })
    }

    /// One key that may log in everywhere and one for each sshd, made for this run.
    fn make_keys(&self, specs: &[Spec]) {
        let mut known = String::new();
        for name in specs.iter().map(|spec| format!("{}.key", spec.name)).chain(["login".to_owned()]) {
            let mut keygen = self.command("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "sslscale", "-f", &format!("/run/hosts/{name}")]);
            assert!(keygen.status().unwrap().success());
            if let Some(spec) = specs.iter().find(|spec| format!("{}.key", spec.name) == name) {
                known +=
                    &format!("{} {}", spec.address, fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap());
            }
        }
        fs::write(self.path("known_hosts"), known).unwrap();
    }

    fn start(&self, spec: &Spec) -> Child {
        let mut boot = self.command("sh");
        boot.args(["-c", include_str!("boot.sh"), "boot.sh", spec.name, spec.address]);
        boot.arg(spec.release.root()).arg(&self.cgroup).stdin(Stdio::null());
        boot.args((spec.release == Release::TrixieWithCertbot).then_some("certbot"));
        boot.spawn().unwrap()
    }

    /// A command in the namespaces of the hosts: it can reach them, and ends with them. Its files are
    /// the machine's, but for `/run`.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        inside(self.inside, program)
    }

    /// The words that lead to a host over ssh, as in a hosts file.
    pub fn leads(&self) -> serde_json::Value {
        let words = |host: &Host| {
            let ssh = host.ssh();
            let words = std::iter::once(ssh.get_program()).chain(ssh.get_args());
            words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        self.hosts
            .iter()
            .map(|host| (host.name.to_owned(), words(host).into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// A file below `/run/hosts`, as this process sees it.
    pub fn path(&self, file: &str) -> PathBuf {
        format!("/proc/{}/root/run/hosts/{file}", self.inside).into()
    }

    /// The host of this name.
    pub fn host(&self, name: &str) -> &Host {
        self.hosts.iter().find(|host| host.name == name).unwrap_or_else(|| panic!("there is no host {name}"))
    }

    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The cgroup that all processes of the hosts are in.
    pub fn cgroup(&self) -> &Path {
        &self.cgroup
    }

    /// What keeps the fleet alive, for tests of how it ends.
    pub fn supervisor(&self) -> u32 {
        self.supervisor.id()
    }

    /// The network of the hosts, for threads that are clients.
    pub fn network(&self) -> Network {
        Network(self.inside)
    }

    /// Takes the host off the network without a word to anybody, until the result is dropped.
    pub fn cut(&self, name: &'static str) -> Cut<'_> {
        // Later commands notice at once, where a kept connection would wait for a minute.
        self.host(name).hang_up();
        Cut::set(self, name, "down");
        Cut { fleet: self, name }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.alive.take());
        let _ = self.supervisor.wait();
    }
}

/// The network of the hosts.
#[derive(Clone, Copy, Debug)]
pub struct Network(u32);

impl Network {
    /// Puts the calling thread into it for good, and with it those that this thread starts.
    pub fn join(self) {
        let network = fs::File::open(format!("/proc/{}/ns/net", self.0)).unwrap();
        setns(network, CloneFlags::CLONE_NEWNET).unwrap();
    }
}

/// A host whose link is down.
pub struct Cut<'a> {
    fleet: &'a Fleet,
    name: &'static str,
}

impl Cut<'_> {
    fn set(fleet: &Fleet, name: &str, state: &str) {
        let link = format!("vb-{name}");
        assert!(fleet.command("ip").args(["link", "set", &link, state]).status().unwrap().success());
    }
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        Self::set(self.fleet, self.name, "up");
    }
}

fn inside(pid: u32, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &pid.to_string(), "--mount", "--net", "--pid", "--"]).arg(program.as_ref());
    command
}

fn roots() -> PathBuf {
    let fallback = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/roots");
    std::env::var_os("SSLSCALE_ROOTS").map_or(fallback, PathBuf::from)
}
