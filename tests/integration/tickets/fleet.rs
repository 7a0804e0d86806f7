//! Hosts with a real `sshd` and a real nginx. They are this machine with another /etc and /run each, on ports
//! of the loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::HOSTS;
use crate::support::{Run, Sslscale, need, ports, scripted};

/// The rendered file, from the root of a host.
pub const CONF: &str = "etc/nginx/conf.d/sslscale.conf";

/// What a login needs of /etc.
const ETC: [&str; 8] =
    ["passwd", "group", "shadow", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "bash.bashrc"];

/// Runs sshd and nginx in a view of this machine with another /etc and /run.
const START: &str = "\
set -e
mount -t tmpfs tmpfs /run
mkdir -m 0755 /run/sshd
mount --bind \"$1/etc\" /etc
\"$3\"
exec \"$2\" -D -e -f \"$1/sshd_config\"
";

/// What a package would install; everything that nginx writes is below /run.
const NGINX: &str = "\
pid /run/nginx.pid;
error_log /run/nginx.err;
worker_processes 2;
events {}
http {
    access_log off;
    client_body_temp_path /run/a; proxy_temp_path /run/b; fastcgi_temp_path /run/c; uwsgi_temp_path /run/d;
    scgi_temp_path /run/e;
    include /etc/nginx/conf.d/*.conf;
}
";

const INVENTORY: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11, nginx: { port: PORT1 } }
  - { name: srv2, address: 10.0.0.12, nginx: { port: PORT2 } }
  - { name: srv3, address: 10.0.0.13, nginx: { port: PORT3 } }
nginx: { log_format: stock }
sites:
  - server_name: example.com
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

pub struct Fleet {
    pub run: Sslscale,
    pub servers: Vec<Child>,
    /// The mount namespaces of the hosts. They stay open, as the number of one that is gone is that of the next one on
    /// the machine, whoever makes it.
    namespaces: Vec<(PathBuf, fs::File)>,
}

impl Fleet {
    /// `None` where this machine cannot have one.
    pub fn new() -> Option<Self> {
        if !need::programs(&["sshd", "ssh", "ssh-keygen", "unshare", "nsenter", "nginx", "openssl"]) || !need::root() {
            return None;
        }
        let inventory = (1..=3).fold(INVENTORY.to_owned(), |text, number| {
            text.replace(&format!("PORT{number}"), &ports::free().to_string())
        });
        let mut fleet =
            Self { run: Sslscale::new(&[]).inventory(&inventory), servers: Vec::new(), namespaces: Vec::new() };
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
        let hosts = scripted::hosts_file(HOSTS.map(|host| (host, json!(["ssh", "-F", config, host]))));
        fs::write(fleet.dir().join("hosts.json"), hosts).unwrap();
        Some(fleet)
    }

    pub fn dir(&self) -> PathBuf {
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
        // On Debian, awk is a link by way of /etc.
        let alternatives = dir.join("etc/alternatives");
        fs::create_dir_all(&alternatives).unwrap();
        if let Ok(awk) = fs::canonicalize("/etc/alternatives/awk") {
            std::os::unix::fs::symlink(awk, alternatives.join("awk")).unwrap();
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
        let conf_d = dir.join("etc/nginx/conf.d");
        fs::create_dir_all(&conf_d).unwrap();
        fs::write(dir.join("etc/nginx/nginx.conf"), NGINX).unwrap();
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
        command.arg(need::find("nginx").unwrap());
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.servers.push(command.spawn().unwrap());
        let id = self.servers.last().unwrap().id();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ports::listens(id, port) {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(dir.join("log")).unwrap());
            sleep(Duration::from_millis(10));
        }
        let mounts = mounts_of(&id.to_string()).expect("a host has mounts of its own");
        self.namespaces.push((mounts, fs::File::open(format!("/proc/{id}/ns/mnt")).unwrap()));
        port
    }

    /// The processes of hosts.
    fn remaining(&self) -> Vec<i32> {
        let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let is_hosts = |mounts: PathBuf| self.namespaces.iter().any(|(of_a_host, _)| *of_a_host == mounts);
        let of_a_host = |pid: &String| mounts_of(pid).is_some_and(is_hosts);
        all.filter(of_a_host).filter_map(|pid| pid.parse().ok()).collect()
    }

    pub fn tickets(&self, what: &str) -> Run {
        self.with(what, &[])
    }

    /// The same with more options.
    pub fn with(&self, what: &str, options: &[&str]) -> Run {
        self.run.run_with(&[&["tickets", what, "inventory.yaml", "--hosts-file", "hosts.json"], options].concat())
    }

    /// The problems of a host, as `tickets status` reports them.
    pub fn problems(&self, host: usize) -> Vec<String> {
        let status = self.with("status", &["--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("it is JSON");
        let problems = status["app_servers"][host]["problems"].as_array().unwrap();
        problems.iter().map(|problem| problem.as_str().unwrap().to_owned()).collect()
    }

    /// Runs a script as root on a host.
    pub fn sh(&self, host: usize, script: &str) -> String {
        let process = self.servers[host].id().to_string();
        let mut command = Command::new("nsenter");
        let done = command.args(["--mount", "-t", &process, "sh", "-c", script]).output().unwrap();
        assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Reloads nginx on a host, and returns when only new workers take connections.
    pub fn reload(&self, host: usize) {
        let workers = "ps -o pid=,args= --ppid $(cat /run/nginx.pid) | grep -v 'shutting down' | awk '{print $1}'";
        let before = self.sh(host, workers);
        self.sh(host, "nginx -s reload");
        let deadline = Instant::now() + Duration::from_secs(60);
        let remains = |now: &str| now.lines().any(|worker| before.lines().any(|it| it == worker));
        while let now = self.sh(host, workers)
            && (now.is_empty() || remains(&now))
        {
            assert!(Instant::now() < deadline, "nginx does not reload");
            sleep(Duration::from_millis(20));
        }
    }

    /// Installs the rendered files and a certificate on every host, and reloads nginx.
    pub fn install(&self) {
        let dir = self.dir();
        let rendered = self.run.run_with(&["render", "inventory.yaml", "-o", "out"]);
        assert_eq!(rendered.status, 0, "{}", rendered.all());
        let mut certificate = Command::new("openssl");
        certificate.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ]);
        certificate.args(["-subj", "/CN=example.com", "-keyout", "ssl.key", "-out", "ssl.crt"]).current_dir(&dir);
        assert!(certificate.output().unwrap().status.success());
        for (index, host) in HOSTS.iter().enumerate() {
            let etc = dir.join(host).join("etc");
            fs::create_dir_all(etc.join("ssl/example")).unwrap();
            for name in ["ssl.crt", "ssl.key"] {
                fs::copy(dir.join(name), etc.join("ssl/example").join(name)).unwrap();
            }
            fs::copy(dir.join("out").join(host).join(CONF), dir.join(host).join(CONF)).unwrap();
            self.reload(index);
        }
    }

    /// Makes a host's keys look as if they had been rotated so many hours ago.
    pub fn rotated(&self, hours: u64) {
        for host in 0..HOSTS.len() {
            self.sh(host, &format!("cd /etc/sslscale/tickets && touch -d '-{hours} hours' current.key previous.key"));
        }
    }

    /// Whether `ssh` believes that a host is the one it knows.
    pub fn reachable(&self, host: usize, is: bool) {
        let file = self.dir().join("known_hosts");
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().enumerate().map(|(index, line)| match (index == host, is) {
            (true, false) => format!("#{line}\n"),
            (true, true) => format!("{}\n", line.trim_start_matches('#')),
            (false, _) => format!("{line}\n"),
        });
        fs::write(&file, lines.collect::<String>()).unwrap();
    }

    /// A rotation although the last one was just now.
    pub fn early(&self) -> Run {
        self.run.run_with(&["tickets", "rotate", "inventory.yaml", "--hosts-file", "hosts.json", "--early"])
    }

    pub fn ring(&self, host: &str) -> [Vec<u8>; 3] {
        let base = self.dir().join(host).join("etc/sslscale/tickets");
        ["current", "previous", "next"].map(|key| fs::read(base.join(format!("{key}.key"))).unwrap())
    }
}

/// The mount namespace of a process, unless it is that of this one.
fn mounts_of(pid: &str) -> Option<PathBuf> {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    namespace(pid).filter(|mounts| Some(mounts) != namespace("self").as_ref())
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        // nginx is not a child of this process, and a test may have taken its pid file away: whatever sees a
        // host's mounts ends. A master that dies may just have started a worker.
        while let pids = self.remaining()
            && !pids.is_empty()
        {
            for pid in pids {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            sleep(Duration::from_millis(10));
        }
    }
}
