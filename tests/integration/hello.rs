//! The TLS name in a post-quantum ClientHello, which is larger than a segment: rendered balancers of every
//! release send it to its pool wherever the network cuts it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sslscale::inventory::check;
use sslscale::render::{HAPROXY_CFG, HAPROXY_MAPS, Templates, render};
use sslscale::source::Source;

use crate::support::release::{RELEASES, roots};
use crate::support::{need, ports};

/// Chromium's, with a share of X25519MLKEM768, for `api.example.com`: its name is in the second segment of
/// most paths.
const HELLO: &str = include_str!("../fixtures/post-quantum-hello.hex");
/// How many connections are cut at once.
const BATCH: usize = 120;
/// How long the rest of a hello is held back; a busy machine only makes cuts of less use.
const GAP: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(30);

fn hello() -> Vec<u8> {
    hex::decode(HELLO.split_whitespace().collect::<String>()).unwrap()
}

/// What TLS records hold; nothing while the last one is incomplete.
fn content(mut records: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    while let Some((head, rest)) = records.split_first_chunk::<5>() {
        let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([head[3], head[4]])))?;
        content.extend_from_slice(part);
        records = rest;
    }
    Some(content)
}

/// Answers each connection with `pool`, once it has a PROXY header and all of `hello` after it.
fn pool(pool: &'static str, hello: &[u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let wanted = hello.to_vec();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let wanted = wanted.clone();
            std::thread::spawn(move || {
                let mut got = Vec::new();
                let mut part = [0; 4096];
                let _ = stream.set_read_timeout(Some(PATIENCE));
                loop {
                    match stream.read(&mut part) {
                        Ok(read) if read > 0 => got.extend_from_slice(&part[..read]),
                        _ => return,
                    }
                    let end =
                        got.windows(2).position(|pair| pair == b"\r\n").filter(|_| got.starts_with(b"PROXY TCP4 "));
                    let records = end.map(|end| &got[end + 2..]);
                    if records.and_then(content).is_some_and(|content| content == wanted[5..]) {
                        let _ = stream.write_all(pool.as_bytes());
                        return;
                    }
                }
            });
        }
    });
    port
}

/// An inventory with two pools; more than twenty names are looked up in a map.
fn inventory(names: usize, unknown: &str) -> String {
    let mut text = format!(
        "load_balancers: [ {{ name: lb1, address: 10.0.0.10 }} ]\n\
         app_servers: [ {{ name: web1, address: 10.0.0.11 }}, {{ name: api1, address: 10.0.0.12 }} ]\n\
         pools: [ {{ name: web, app_servers: [web1] }}, {{ name: api, app_servers: [api1] }} ]\n\
         http: {{ enabled: false }}\nhaproxy: {{ unknown_names: {unknown} }}\nsites:\n"
    );
    let all = (0..names).map(|number| (format!("n{number}.example.com"), "web"));
    for (name, pool) in all.chain([("api.example.com".to_owned(), "api")]) {
        let _ = writeln!(
            text,
            "  - {{ server_name: {name}, pool: {pool}, root: /srv/x, ssl_certificate: /etc/ssl/x.crt, \
             ssl_certificate_key: /etc/ssl/x.key }}"
        );
    }
    text
}

/// A balancer of one release with the rendered frontend and backends, on ports of loopback.
struct Balancer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Balancer {
    /// Starts it with the lines that `keep` keeps.
    fn start(root: &Path, inventory: &str, pools: [u16; 2], keep: impl Fn(&str) -> bool) -> Self {
        let inventory = check(&Source::new("t", inventory)).inventory.unwrap();
        let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        let found = |path: &str| {
            let entry = tree.host("lb1").unwrap().iter().find(|entry| entry.path.starts_with(path))?;
            Some((entry.path.to_string(), String::from_utf8(entry.content.bytes.clone()).unwrap()))
        };
        let (_, rendered) = found(HAPROXY_CFG).unwrap();
        let (_, sections) = rendered.split_once("\nfrontend https-in\n").unwrap();
        // Health checks would find that the pools speak no TLS.
        let lines = sections.lines().filter(|line| !line.contains("default-server") && keep(line));
        let mut sections = lines.collect::<Vec<_>>().join("\n").replace("*:443", &format!("127.0.0.1:{port}"));
        for (address, port) in [("10.0.0.11:443", pools[0]), ("10.0.0.12:443", pools[1])] {
            sections = sections.replace(address, &format!("127.0.0.1:{port}"));
        }
        for (path, map) in HAPROXY_MAPS.into_iter().filter_map(found) {
            let here = format!("/mnt{path}").replace("/etc/haproxy", "");
            sections = sections.replace(&path, &here);
            std::fs::write(folder.path().join(here.trim_start_matches("/mnt/")), map).unwrap();
        }
        let cfg = format!(
            "global\n    maxconn 2000\ndefaults\n    timeout connect 10s\n    timeout client 60s\n    timeout server 60s\n\
             frontend https-in\n{sections}\n"
        );
        std::fs::write(folder.path().join("haproxy.cfg"), cfg).unwrap();
        let mut command = Command::new("unshare");
        command.arg("--mount").args(["--kill-child", "--fork"]);
        if !nix::unistd::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let script = "mount --rbind /dev \"$1/dev\" && mount --bind \"$2\" \"$1/mnt\" && exec chroot \"$1\" haproxy -db -f /mnt/haproxy.cfg";
        command.args(["sh", "-c", script, "sh"]).arg(root).arg(folder.path()).stdin(Stdio::null());
        let mut balancer = Self { child: command.spawn().unwrap(), port, _folder: folder };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", balancer.port)).is_err() {
            let ended = balancer.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "haproxy does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        balancer
    }

    /// Which pool each hello reaches, given in its two parts; nothing if the connection is closed.
    fn reached(&self, cut: &[[&[u8]; 2]]) -> Vec<String> {
        let mut reached = Vec::new();
        for batch in cut.chunks(BATCH) {
            let send = |[first, _]: &[&[u8]; 2]| {
                let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.write_all(first).unwrap();
                stream
            };
            let mut streams: Vec<TcpStream> = batch.iter().map(send).collect();
            std::thread::sleep(GAP);
            for (stream, [_, rest]) in streams.iter_mut().zip(batch) {
                // A balancer that rejects a connection may have closed it.
                let _ = stream.write_all(rest);
            }
            for stream in &mut streams {
                let mut pool = String::new();
                match stream.read_to_string(&mut pool) {
                    Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("no answer: {error}"),
                    _ => reached.push(pool),
                }
            }
        }
        reached
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs on each release with the pools and the hello.
fn on_every_release(run: impl Fn(&str, &Path, [u16; 2], &[u8])) {
    if !need::programs(&["unshare", "mount", "chroot"]) {
        return;
    }
    let hello = hello();
    let pools = [pool("web", &hello), pool("api", &hello)];
    for release in RELEASES {
        let root = roots().join(release);
        if root.is_dir() {
            run(release, &root, pools, &hello);
        } else {
            need::missing(&format!("there is no root of {release}"), "make roots");
        }
    }
}

/// Names that are lines of haproxy.cfg, and names that are in a map.
const NAMES: [usize; 2] = [1, 30];

#[test]
fn a_hello_reaches_its_pool_wherever_it_is_cut() {
    on_every_release(|release, root, pools, hello| {
        let cuts: Vec<[&[u8]; 2]> = (1..hello.len()).map(|at| [&hello[..at], &hello[at..]]).collect();
        for names in NAMES {
            for unknown in ["forward", "reject"] {
                let balancer = Balancer::start(root, &inventory(names, unknown), pools, |_| true);
                let reached = balancer.reached(&cuts);
                let astray: Vec<usize> = (1..hello.len()).filter(|at| reached[at - 1] != "api").collect();
                assert!(astray.is_empty(), "{release}, {names} names, {unknown}: cut at {astray:?}");
            }
            // Control: haproxy decides at once, without the rule that waits for the name.
            let hasty = |line: &str| !line.contains("inspect-delay");
            let balancer = Balancer::start(root, &inventory(names, "forward"), pools, hasty);
            let reached = balancer.reached(&cuts);
            let right = reached.iter().filter(|pool| *pool == "api").count();
            assert!(right < cuts.len() / 2, "{release}, {names} names: {right} of {} by chance", cuts.len());
        }
    });
}

/// TLS allows a hello in several records, which no browser sends. haproxy reads a name only from the
/// first: without it there, such a client reaches the first pool, or is closed.
#[test]
fn a_name_is_read_from_the_first_record_of_a_hello() {
    on_every_release(|release, root, pools, hello| {
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&hello[..3], &length, part].concat()
        };
        for (unknown, wanted) in [("forward", "web"), ("reject", "")] {
            let balancer = Balancer::start(root, &inventory(1, unknown), pools, |_| true);
            let parts = [1, 50, 700, 1480, 1600, hello.len() - 6].map(|at| hello[5..].split_at(at));
            let sent = parts.map(|(first, second)| [record(first), record(second)].concat());
            let sent: Vec<[&[u8]; 2]> = sent.iter().map(|hello| [&hello[..], &[]]).collect();
            let reached = balancer.reached(&sent);
            assert_eq!(reached, [wanted, wanted, wanted, wanted, "api", "api"], "{release}, {unknown}");
        }
    });
}
