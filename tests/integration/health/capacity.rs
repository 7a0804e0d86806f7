//! Limits that a balancer meets only when it starts, or only when it is full.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use super::FRONTEND;
use super::server::{Haproxy, PATIENCE, program};
use crate::support::{Sslscale, need, repository};

/// The limit on descriptors that haproxy says it lacks, started as Debian's unit does but with
/// one thread, from the file that is rendered for `inventory`.
fn asked_for(inventory: &str) -> u64 {
    let run = Sslscale::new(&["render", "inventory.yaml", "-o", "out", "--host", "lb1"]).inventory(inventory);
    assert_eq!(run.run().status, 0);
    let path = run.dir().join("out/lb1/etc/haproxy/haproxy.cfg");
    let text = std::fs::read_to_string(&path).unwrap();
    // What takes root, or folders and files that this machine may lack.
    let foreign = ["chroot ", "user ", "group ", "server-state-file ", "load-server-state"];
    let kept_line = |line: &&str| !foreign.iter().any(|word| line.trim_start().starts_with(word));
    let kept: Vec<&str> = text.lines().filter(kept_line).collect();
    let admin = run.dir().join("admin.sock").display().to_string();
    let text = kept.join("\n").replace("/run/haproxy/admin.sock", &admin);
    std::fs::write(&path, text.replace("\nglobal\n", "\nglobal\n    nbthread 1\n") + "\n").unwrap();
    let valid = limited().arg(program()).args(["-c", "-f"]).arg(&path).output().unwrap();
    let output = String::from_utf8_lossy(&valid.stdout);
    assert!(valid.status.success() && super::unremarkable(&output), "{output}");
    let master = run.dir().join("master.sock");
    let started = limited().arg(program()).args(["-W", "-S"]).arg(master).arg("-f").arg(&path).output().unwrap();
    let output = String::from_utf8(started.stderr).unwrap();
    assert_eq!(started.status.code(), Some(1), "{output}");
    // A line names the limit that it lacks and then the one that it has.
    let numbers = |line: &str| line.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect();
    let mut lines = output.lines().map(numbers).filter_map(|numbers: Vec<u64>| numbers.windows(2).find_map(limits));
    lines.next().unwrap_or_else(|| panic!("{output}"))
}

fn limits(pair: &[u64]) -> Option<u64> {
    (pair[1] == 1024).then_some(pair[0])
}

/// Whatever follows may have 1,024 descriptors, and may not raise that, as root in a container.
fn limited() -> Command {
    let mut command = Command::new("prlimit");
    command.arg("--nofile=1024:1024");
    if nix::unistd::geteuid().is_root() {
        command.args(["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]);
    }
    command
}

/// The version of the haproxy on this machine, as an inventory tells it.
fn version() -> String {
    let output = Command::new(program()).arg("-v").output().unwrap().stdout;
    let output = String::from_utf8_lossy(&output).into_owned();
    let (_, rest) = output.split_once("version ").unwrap();
    rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
}

#[test]
fn cp01_too_few_descriptors_pass_the_check_and_end_the_start() {
    if !need::programs(&["haproxy", "prlimit", "setpriv"]) {
        return;
    }
    for name in ["blog", "pools", "dual-stack"] {
        let path = repository().join(format!("inventories/{name}.yaml"));
        let inventory = std::fs::read_to_string(path).unwrap();
        let need = asked_for(&inventory);
        let version = version();
        // What `check` says of one descriptor less than haproxy asks for, and of just as many.
        let severity = |nofile: u64| {
            let run = Sslscale::new(&["check", "--format", "json", "--exit-zero", "inventory.yaml"])
                .inventory(format!("{inventory}haproxy: {{ version: {version}, nofile: {nofile} }}\n"));
            let document: serde_json::Value = serde_json::from_str(&run.run().stdout).unwrap();
            let findings = document["inventories"][0]["findings"].as_array().unwrap().clone();
            let mut of_rule = findings.iter().filter(|finding| finding["code"] == "CP01");
            of_rule.next().map(|finding| finding["severity"].as_str().unwrap().to_owned())
        };
        assert_eq!(severity(need - 1).as_deref(), Some("error"), "{name}: {need}");
        assert_eq!(severity(need).as_deref(), Some("warning"), "{name}: {need}");
        assert_eq!(severity(need + 3 * 63), None, "{name}: {need}");
    }
}

#[test]
fn cp03_without_source_ports_clients_fail_whose_app_server_is_well() {
    if !need::programs(&["haproxy", "unshare", "ip"]) {
        return;
    }
    // One haproxy is both sides: the balancer, and an app server that holds its connections,
    // since nothing outside has a way into its network.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("held");
    holding(UnixListener::bind(&path).unwrap());
    let text = |more: &str| {
        format!(
            "global maxconn 100\n{FRONTEND}    retries 0\n    server a 127.0.0.1:9001\n{more}\
         frontend app-server\n    bind 127.0.0.1:9001\n    default_backend held\n\
         backend held\n    server h {}\n",
            path.display()
        )
    };
    let ports = "ip link set lo up && echo '40000 40009' > /proc/sys/net/ipv4/ip_local_port_range";
    let answered = |haproxy: &Haproxy| {
        let mut clients: Vec<UnixStream> = (0..20).map(|_| haproxy.connect("in")).collect();
        clients.iter_mut().filter_map(first).count()
    };
    // As a balancer with one more address in `source`.
    let more = "    server a:127.0.0.2 127.0.0.1:9001 source 127.0.0.2\n";
    let Some(haproxy) = Haproxy::start_apart(&text(more), ports) else { return };
    assert_eq!(answered(&haproxy), 20, "{}", haproxy.log());
    drop(haproxy);
    let Some(haproxy) = Haproxy::start_apart(&text(""), ports) else { return };
    assert_eq!(answered(&haproxy), 10, "{}", haproxy.log());
    // haproxy, not the app server, ended the others: it had no connection to it.
    haproxy.logged(" SC ");
}

#[test]
fn cp05_what_an_app_server_does_not_hold_waits_and_then_fails() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("held");
    holding(UnixListener::bind(&path).unwrap());
    let server = format!("    timeout queue 200ms\n    server a {} maxconn 1\n", path.display());
    let haproxy = Haproxy::start(&format!("{FRONTEND}{server}"));
    let mut served = haproxy.connect("in");
    assert_eq!(first(&mut served), Some(b'a'));
    assert_eq!(first(&mut haproxy.connect("in")), None);
    let line = haproxy.logged(" app/<NOSRV> ");
    assert!(line.contains(" sQ "), "{line}");
}

/// Answers every connection with a byte and keeps it open.
fn holding(listener: UnixListener) {
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"a");
            open.push(stream);
        }
    });
}

/// The first byte that a client gets; `None` where the connection ends without one.
fn first(stream: &mut UnixStream) -> Option<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(1) => Some(byte[0]),
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("neither an answer nor an end: {error}"),
    }
}
