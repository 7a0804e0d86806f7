//! What rules of the families HP and CP say that the real haproxy does: each of them a
//! configuration that `haproxy -c` accepts, and what becomes of its clients.

mod capacity;
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{need, ports};
use server::{Haproxy, PATIENCE, checked};

/// Answers every connection with `word` and closes it; returns its address.
fn answers(word: &'static str) -> String {
    served(move |mut stream| {
        let _ = stream.write_all(word.as_bytes());
    })
}

/// Handles every connection on a thread of its own; returns the address.
fn served(handle: impl Fn(std::net::TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = handle.clone();
            std::thread::spawn(move || handle(stream));
        }
    });
    address
}

/// An address of this machine that nobody listens on.
fn closed() -> String {
    format!("127.0.0.1:{}", ports::free())
}

/// What each of `count` clients, one after the other, gets before its connection ends.
fn answers_to(haproxy: &Haproxy, count: usize) -> Vec<String> {
    (0..count).map(|_| rest(&mut haproxy.connect("in"))).collect()
}

/// Everything until the end of the connection, of which a reset is one.
fn rest(stream: &mut UnixStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut text, mut part) = (String::new(), [0; 64]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => return text,
            Ok(read) => text.push_str(std::str::from_utf8(&part[..read]).unwrap()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return text,
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }
}

const FRONTEND: &str = "frontend in\n    bind unix@in\n    default_backend app\nbackend app\n";

/// What haproxy says to a file that it has nothing to say to: since 3.0 that is nothing.
fn unremarkable(output: &str) -> bool {
    ["", "Configuration file is valid\n"].contains(&output)
}

#[test]
fn hp01_a_check_of_the_connection_alone_finds_a_server_well_whose_handshakes_fail() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let broken = answers("");
    let haproxy = Haproxy::start(&format!(
        "{FRONTEND}    server tcp {broken} send-proxy check inter 100ms\n    \
         server tls {broken} send-proxy check check-ssl verify none inter 100ms\n"
    ));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = haproxy.servers();
        let of = |name: &str| seen.iter().find(|(server, ..)| server == name).cloned().unwrap();
        if of("tls").1 == "DOWN" && of("tcp").2 == "L4OK" {
            assert_eq!((of("tcp").1.as_str(), of("tls").2.as_str()), ("UP", "L6RSP"));
            return;
        }
        assert!(Instant::now() < deadline, "{seen:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn hp07_without_redispatch_half_of_the_clients_stay_with_a_dead_server() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    for (redispatch, served) in [("    option redispatch 1\n", 6), ("", 3)] {
        let (well, dead) = (answers("a"), closed());
        let haproxy = Haproxy::start(&format!(
            "{FRONTEND}{redispatch}    retries 2\n    timeout connect 200ms\n    server a {well}\n    server b {dead}\n"
        ));
        let got = answers_to(&haproxy, 6);
        assert_eq!(got.iter().filter(|word| *word == "a").count(), served, "{redispatch:?}: {got:?}");
    }
}

#[test]
fn hp08_haproxy_takes_some_durations_for_something_else() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let with = |client: &str| {
        checked(
            &format!("{FRONTEND}    server a 127.0.0.1:1\n")
                .replace("frontend in\n", &format!("frontend in\n    timeout client {client}\n")),
        )
    };
    let (code, output) = with("0s");
    assert!(code == Some(0) && output.contains("[WARNING]") && output.contains("'in'"), "{output}");
    let (code, output) = with("25d");
    assert!(code == Some(1) && output.contains("'25d'"), "{output}");
    assert_eq!(with("24d").0, Some(0));
}

#[test]
fn hp09_a_bare_timeout_of_5_is_over_after_5_milliseconds() {
    if !need::programs(&["haproxy", "unshare", "ip"]) {
        return;
    }
    // Packets to a neighbour that does not exist are lost: the log tells when haproxy gave up.
    let given_up = |connect: &str| {
        let text = format!("{FRONTEND}    retries 0\n    timeout connect {connect}\n    server a 10.98.0.2:443\n");
        let lost = "ip link add near type veth peer name far && ip link set near up && ip link set far up && \
                    ip addr add 10.98.0.1/24 dev near && ip neigh add 10.98.0.2 lladdr 02:00:00:00:00:02 dev near";
        let haproxy = Haproxy::start_apart(&text, lost)?;
        assert_eq!(answers_to(&haproxy, 1), [""]);
        // Milliseconds in the queue, to connect, and in total.
        let line = haproxy.logged(" app/a ");
        let total = line.split(" app/a ").nth(1).unwrap().split(' ').next().unwrap().rsplit('/').next().unwrap();
        Some(total.parse::<u64>().unwrap())
    };
    let (code, output) = checked(&format!("{FRONTEND}    timeout connect 5\n    server a 10.98.0.2:443\n"));
    assert!(code == Some(0) && unremarkable(&output), "{output}");
    let Some(bare) = given_up("5") else { return };
    assert!((5..1_000).contains(&bare), "{bare} ms");
    let control = given_up("1s").unwrap();
    assert!(control >= 1_000, "{control} ms");
}

#[test]
fn hp10_an_idle_connection_is_cut_though_the_app_server_would_keep_it() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    // Like nginx between two requests: it waits for more, and closes when the other side has.
    let patient = served(|mut stream| {
        let _ = stream.write_all(b"answer");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let text = format!("{FRONTEND}    server a {patient}\n");
    let haproxy = Haproxy::start(&text.replace("frontend in\n", "frontend in\n    timeout client 300ms\n"));
    // Neither side closes of its own accord: that it ends at all is haproxy's doing.
    assert_eq!(answers_to(&haproxy, 1), ["answer"]);
    let line = haproxy.logged(" app/a ");
    assert!(line.contains(" cD "), "{line}");
}

#[test]
fn hp17_one_failed_check_closes_open_connections() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    // Otherwise a check has the time of `inter` for its answer, which is too short on a busy machine.
    let checks = "    option tcp-check\n    tcp-check expect string ok\n    timeout check 20s\n";
    for (fall, survives) in [(1, false), (3, true)] {
        let app = served(|mut stream| {
            let mut part = [0; 1];
            while stream.read_exact(&mut part).is_ok() && stream.write_all(&part).is_ok() {}
        });
        // The next check gets a wrong answer while `wrong` is set; it is set once.
        let (wrong, checked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (next, count) = (Arc::clone(&wrong), Arc::clone(&checked));
        let address = served(move |mut stream| {
            let _ = stream.write_all(if next.swap(false, Ordering::SeqCst) { b"no" } else { b"ok" });
            count.fetch_add(1, Ordering::SeqCst);
        });
        let (_, port) = address.rsplit_once(':').unwrap();
        let haproxy = Haproxy::start(&format!(
            "{FRONTEND}{checks}    server a {app} check port {port} inter 100ms fall {fall} rise 1 \
             on-marked-down shutdown-sessions\n"
        ));
        let mut open = haproxy.connect("in");
        open.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut echo = || {
            let mut part = [0; 1];
            open.write_all(b"x").is_ok() && open.read_exact(&mut part).is_ok()
        };
        assert!(echo());
        wrong.store(true, Ordering::SeqCst);
        let (before, deadline) = (checked.load(Ordering::SeqCst), Instant::now() + PATIENCE);
        while wrong.load(Ordering::SeqCst) || checked.load(Ordering::SeqCst) < before + 4 {
            assert!(Instant::now() < deadline, "no more checks");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(echo(), survives, "fall {fall}");
    }
}

#[test]
fn hp12_backups_alone_do_not_share_and_the_weight_0_serves_nobody() {
    if !need::programs(&["haproxy"]) {
        return;
    }
    let (a, b, c) = (answers("a"), answers("b"), answers("c"));
    for balance in ["roundrobin", "leastconn", "random"] {
        let got = |servers: [&str; 3]| {
            let lines = [("a", &a), ("b", &b), ("c", &c)].into_iter().zip(servers);
            let lines: String = lines.map(|((name, at), more)| format!("    server {name} {at} {more}\n")).collect();
            let text = format!("{FRONTEND}    balance {balance}\n{lines}");
            assert!(unremarkable(&checked(&text).1), "{text}");
            let mut got = answers_to(&Haproxy::start(&text), 6);
            got.sort_unstable();
            got.concat()
        };
        assert_eq!(got(["backup", "backup", "backup"]), "aaaaaa", "{balance}");
        assert_eq!(got(["weight 0", "weight 0", "weight 0"]), "", "{balance}");
        assert_eq!(got(["weight 0", "weight 0 backup", "weight 0"]), "", "{balance}");
        assert_eq!(got(["weight 0", "backup", "backup"]), "bbbbbb", "{balance}");
        let shared = got(["weight 0", "weight 100", "weight 100"]);
        assert!(shared.len() == 6 && !shared.contains('a'), "{balance}: {shared}");
    }
}

/// A server for TLS with these options of `openssl s_server`; it ends with the value.
struct TlsServer {
    child: std::process::Child,
    _dir: tempfile::TempDir,
}

impl TlsServer {
    fn start(port: u16, version: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let openssl = |words: &[&str]| {
            let mut command = std::process::Command::new("openssl");
            command.args(words).current_dir(dir.path()).stdin(std::process::Stdio::null());
            command
        };
        let new = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=a"];
        let made = openssl(&[&new[..], &["-keyout", "a.key", "-out", "a.crt"]].concat()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = port.to_string();
        let serve = ["s_server", "-quiet", "-accept", &port, "-cert", "a.crt", "-key", "a.key", version, "-cipher"];
        let mut serve = openssl(&[&serve[..], &["ALL:@SECLEVEL=0"]].concat());
        let child = serve.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        Self { child, _dir: dir }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why TLS 1.1 alone is refused with such checks: see `check_versions`.
#[test]
fn checks_over_tls_find_a_server_down_that_has_tls_1_1_alone() {
    if !need::programs(&["haproxy", "openssl"]) {
        return;
    }
    let (old, new) = (ports::free(), ports::free());
    let _servers = [TlsServer::start(old, "-tls1_1"), TlsServer::start(new, "-tls1_2")];
    let check = "check check-ssl verify none inter 100ms fall 2 rise 1";
    let raised = "ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0";
    let haproxy = Haproxy::start(&format!(
        "{FRONTEND}    server old 127.0.0.1:{old} {check}\n    server new 127.0.0.1:{new} {check}\n    \
         server raised 127.0.0.1:{old} {check} {raised}\n"
    ));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = haproxy.servers();
        let of = |name: &str| seen.iter().find(|(server, ..)| server == name).map(|it| (it.1.as_str(), it.2.as_str()));
        let well = Some(("UP", "L6OK"));
        if of("new") == well && of("raised") == well && of("old") == Some(("DOWN", "L6RSP")) {
            return;
        }
        assert!(Instant::now() < deadline, "{seen:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `option allbackups` is rendered if several backups wait for an app server that is none.
#[test]
fn several_backups_share_the_connections() {
    let inventory = "load_balancers: [ { name: lb1, address: 10.0.0.10 } ]\napp_servers:
  - { name: a, address: 10.0.0.11 }\n  - { name: b, address: 10.0.0.12, backup: true }
  - { name: c, address: 10.0.0.13, backup: true }\nsites:\n  - server_name: example.com
    ssl_certificate: /etc/ssl/e.crt\n    ssl_certificate_key: /etc/ssl/e.key
    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8000\" } ]\n";
    let rendered = |inventory: &str| {
        let run = crate::support::Sslscale::new(&["render", "inventory.yaml", "--host", "lb1"]).inventory(inventory);
        run.run().stdout.matches("option allbackups").count()
    };
    assert_eq!(rendered(inventory), 1);
    assert_eq!(rendered(&inventory.replacen(", backup: true", "", 1)), 0);
    // HP12: then one app server takes everything.
    assert_eq!(rendered(&inventory.replace("10.0.0.11 }", "10.0.0.11, backup: true }")), 0);
    if !need::programs(&["haproxy"]) {
        return;
    }
    let (a, b, c) = (answers("a"), answers("b"), answers("c"));
    let got = |option: &str| {
        let text = format!(
            "{FRONTEND}    balance roundrobin\n{option}    server a {a} disabled\n    server b {b} backup\n    server c {c} backup\n"
        );
        assert!(unremarkable(&checked(&text).1), "{text}");
        let mut got = answers_to(&Haproxy::start(&text), 6);
        got.sort_unstable();
        got.concat()
    };
    assert_eq!(got(""), "bbbbbb");
    assert_eq!(got("    option allbackups\n"), "bbbccc");
}
