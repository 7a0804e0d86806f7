//! Hosts behind a real `ssh` and a real `sshd`, each of which hands the words of a command to a login
//! shell. The hosts are this machine with another /etc and /run each, on ports of the loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::INVENTORY;
use crate::support::{Run, Sslscale, need, ports};

const HOSTS: [&str; 3] = ["srv1", "srv2", "srv3"];

/// What a login needs of /etc.
const ETC: [&str; 8] =
    ["passwd", "group", "shadow", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "bash.bashrc"];

/// Runs sshd in a view of this machine with another /etc and /run.
const START: &str = "\
set -e
mount -t tmpfs tmpfs /run
mkdir -m 0755 /run/sshd
mount --bind \"$1/etc\" /etc
exec \"$2\" -D -e -f \"$1/sshd_config\"
";

struct Fleet {
    run: Sslscale,
    servers: Vec<Child>,
}

impl Fleet {
    /// `None` where this machine cannot have one.
    fn new() -> Option<Self> {
        if !need::programs(&["sshd", "ssh", "ssh-keygen", "unshare"]) || !need::root() {
            return None;
        }
        let mut fleet = Self { run: Sslscale::new(&[]).inventory(INVENTORY), servers: Vec::new() };
        fleet.key("id");
        let ports: Vec<u16> = HOSTS.iter().map(|host| fleet.start(host)).collect();
        let mut client = String::new();
        for (host, port) in HOSTS.iter().zip(&ports) {
            let dir = fleet.dir();
            client += &format!(
                "Host {host}\n HostName 127.0.0.1\n Port {port}\n User root\n IdentityFile {0}/id\n IdentitiesOnly yes\n \
                 UserKnownHostsFile {0}/known_hosts\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n \
                 BatchMode yes\n LogLevel ERROR\n",
                dir.display()
            );
            let key = fs::read_to_string(dir.join(host).join("host_key.pub")).unwrap();
            let known = fs::read_to_string(dir.join("known_hosts")).unwrap_or_default();
            fs::write(dir.join("known_hosts"), format!("{known}[127.0.0.1]:{port} {key}")).unwrap();
        }
        fs::write(fleet.dir().join("ssh_config"), client).unwrap();
        let config = fleet.dir().join("ssh_config");
        let words = |host: &str| (host.to_owned(), json!(["ssh", "-F", config, host]));
        let hosts: serde_json::Map<String, serde_json::Value> = HOSTS.iter().map(|host| words(host)).collect();
        fs::write(fleet.dir().join("hosts.json"), serde_json::Value::Object(hosts).to_string()).unwrap();
        Some(fleet)
    }

    fn dir(&self) -> PathBuf {
        self.run.dir().canonicalize().unwrap()
    }

    fn key(&self, path: &str) {
        let mut generate = Command::new("ssh-keygen");
        generate.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(self.dir().join(path));
        assert!(generate.status().unwrap().success());
    }

    /// Starts the host, and returns its port once it listens.
    fn start(&mut self, host: &str) -> u16 {
        let (dir, port) = (self.dir().join(host), ports::free());
        fs::create_dir_all(dir.join("etc")).unwrap();
        fs::create_dir_all(dir.join("home")).unwrap();
        for name in ETC.iter().filter(|name| Path::new("/etc").join(name).exists()) {
            let copied = Command::new("cp").arg("-aL").arg(Path::new("/etc").join(name)).arg(dir.join("etc")).status();
            assert!(copied.unwrap().success());
        }
        // Login shells differ, and one of them has something to say on both streams.
        let passwd = fs::read_to_string(dir.join("etc/passwd")).unwrap();
        let shell = if host == "srv2" { "/bin/sh" } else { "/bin/bash" };
        let root = format!("root:x:0:0:root:{}:{shell}\n", dir.join("home").display());
        let others: String =
            passwd.lines().filter(|line| !line.starts_with("root:")).map(|l| format!("{l}\n")).collect();
        fs::write(dir.join("etc/passwd"), root + &others).unwrap();
        // Whether this machine lets root log in is no matter here.
        let shadow = fs::read_to_string(dir.join("etc/shadow")).unwrap();
        let others: String =
            shadow.lines().filter(|line| !line.starts_with("root:")).map(|l| format!("{l}\n")).collect();
        fs::write(dir.join("etc/shadow"), format!("root:*:20000:0:99999:7:::\n{others}")).unwrap();
        if host == "srv3" {
            fs::write(dir.join("home/.bashrc"), "echo welcome to srv3\necho news >&2\n").unwrap();
        }
        self.key(&format!("{host}/host_key"));
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\nAuthorizedKeysFile {1}/id.pub\nStrictModes no\n\
             UsePAM no\nPidFile none\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nLogLevel ERROR\n",
            dir.display(),
            self.dir().display()
        );
        fs::write(dir.join("sshd_config"), config).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", START, "sh"]).arg(&dir).arg(need::find("sshd").unwrap());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.servers.push(command.spawn().unwrap());
        let id = self.servers.last().unwrap().id();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ports::listens(id, port) {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(dir.join("log")).unwrap());
            sleep(Duration::from_millis(10));
        }
        port
    }

    fn tickets(&self, what: &str) -> Run {
        self.run.run_with(&["tickets", what, "inventory.yaml", "--hosts-file", "hosts.json"])
    }

    fn ring(&self, host: &str) -> [Vec<u8>; 3] {
        let base = self.dir().join(host).join("etc/sslscale/tickets");
        ["current", "previous", "next"].map(|key| fs::read(base.join(format!("{key}.key"))).unwrap())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

// `ssh` joins the words of a command with spaces, and the login shell splits them again: parts of the
// script ran in it, and the command failed.
#[test]
fn ssh_is_a_command_of_a_hosts_file() {
    let Some(mut fleet) = Fleet::new() else { return };
    let none = fleet.tickets("status");
    assert!(none.status == 1 && none.stderr.matches(": it has no keys\n").count() == 3, "{}", none.all());
    let synced = fleet.tickets("sync");
    assert!(
        synced.status == 0 && synced.stdout.starts_with("installed new keys: srv1, srv2, srv3 (current "),
        "{}",
        synced.all()
    );
    let first = fleet.ring("srv1");
    for round in 0..3 {
        let before = fleet.ring("srv1");
        let rotated = fleet.tickets("rotate");
        assert_eq!(rotated.status, 0, "{round}: {}", rotated.all());
        let after = fleet.ring("srv1");
        assert_eq!((&after[0], &after[1]), (&before[2], &before[0]));
        HOSTS.iter().for_each(|host| assert_eq!(fleet.ring(host), after, "{host}"));
    }
    let status = fleet.tickets("status");
    assert!(status.status == 0 && status.stdout.ends_with("3 app servers have the same keys\n"), "{}", status.all());
    // A host whose key is another one: all that is known of it is what `ssh` writes.
    let known = fs::read_to_string(fleet.dir().join("known_hosts")).unwrap();
    fs::write(fleet.dir().join("known_hosts"), known.lines().take(2).map(|l| format!("{l}\n")).collect::<String>())
        .unwrap();
    let before = fleet.ring("srv1");
    let lost = fleet.tickets("rotate");
    assert_eq!(lost.status, 3, "{}", lost.all());
    let line =
        "error: srv3: its keys could not be read: the command that reaches the host ended early (exit code 255)\n  | ";
    assert!(lost.stderr.starts_with(line) && lost.stderr.contains("nothing was changed"), "{}", lost.all());
    assert!(fleet.ring("srv1") == before && before != first);
    // And one whose sshd is gone.
    let mut server = fleet.servers.remove(1);
    server.kill().unwrap();
    server.wait().unwrap();
    let lost = fleet.tickets("rotate");
    assert!(lost.status == 3 && lost.stderr.contains("error: srv2: its keys could not be read: "), "{}", lost.all());
    assert_eq!(fleet.ring("srv1"), before);
}
