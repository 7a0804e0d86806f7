//! The shipped inventories as fleets, and the one of the README in front of a real uWSGI and
//! Flask app: what clients get, what the app is told, what a forged header changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use sslscale::event::{Request, Verdict};

use crate::app::{App, Received};
use crate::beside;
use crate::names::client;
use crate::run::{Kept, Try};

const BLOG: &str = include_str!("../../inventories/blog.yaml");
const TWO_BALANCERS: &str = include_str!("../../inventories/two-balancers.yaml");
const IPV6: &str = include_str!("../../inventories/ipv6.yaml");

fn wrong(requests: &[Request]) -> Vec<&Request> {
    requests.iter().filter(|request| request.verdict != Verdict::Ok).collect()
}

#[test]
fn every_shipped_inventory_is_a_fleet_that_works() {
    let _beside = beside();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        for try_out in [Try::inventory(&text), Try::inventory(&text).unprivileged()] {
            let (code, requests) = try_out.requests();
            assert_eq!((code, wrong(&requests)), (Some(0), vec![]), "{}", path.display());
            assert!(requests.len() > 1, "{}", path.display());
        }
    }
}

/// Twenty requests to the real app, which each app server answers in turn.
fn real_app(inventory: &str, client: &str) {
    let try_out = Try::inventory(inventory);
    let kept = try_out.keep();
    let _apps = ["srv1", "srv2"].map(|host| App::start(&try_out, &kept, host));
    // curl fails where TLS 1.3 cannot be negotiated.
    let written = ["--http2", "--tlsv1.3", "-w", "\n%{http_version} %{http_code}"];
    let received: Vec<Received> = (0..20).map(|_| received(&kept.request_with(&written))).collect();
    for pair in received.windows(2) {
        assert_ne!(pair[0].host, pair[1].host, "the app servers do not take turns: {received:#?}");
    }
    for received in &received {
        assert_eq!((received.remote_addr.as_str(), received.protocol.as_str()), (client, "HTTP/2.0"));
        assert_eq!(received.https, "on");
    }
    eprintln!("{client}: {} of 20 answered, in turns, address, HTTP/2 and TLS 1.3 right", received.len());
}

/// What the app was told, from an answer over HTTP/2 and TLS 1.3.
fn received(done: &Output) -> Received {
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout);
    let (body, written) = text.rsplit_once('\n').unwrap();
    assert_eq!(written, "2 200", "{body}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_real_flask_app_is_told_the_clients_address() {
    let _beside = beside();
    real_app(BLOG, "192.0.2.1");
}

#[test]
fn a_real_flask_app_is_told_the_clients_ipv6_address() {
    let _beside = beside();
    real_app(IPV6, "2001:db8:1::1");
}

const OFF: &str = "haproxy: { proxy_protocol: \"off\" }\n";

#[test]
fn without_a_proxy_header_a_real_flask_app_is_told_the_balancers_address() {
    let _beside = beside();
    real_app(&format!("{BLOG}{OFF}"), "10.0.0.10");
}

#[test]
fn without_a_proxy_header_apps_and_logs_have_the_balancers_address() {
    let _beside = beside();
    // Ports then come from the balancer's address, in both families.
    let second = "haproxy: { port: 8443, public_port: 444 }";
    let two = TWO_BALANCERS.replace("trusted_proxies: [10.0.0.10/32, 10.0.0.20/32]\n", OFF);
    let fleet = two.replace("name: lb2,", &format!("name: lb2, {second},"));
    assert!(fleet.contains(second) && fleet.contains(OFF), "{fleet}");
    for fleet in [fleet, format!("{IPV6}{OFF}")] {
        let (code, requests) = Try::inventory(&fleet).requests();
        assert_eq!((code, wrong(&requests)), (Some(0), vec![]));
        // A redirect of plain HTTP is not logged.
        let seen: Vec<_> = requests.iter().filter_map(|request| Some((request.seen?, request.client))).collect();
        assert!(seen.len() > 3 && seen.iter().all(|(seen, client)| seen != client), "{requests:?}");
    }
}

/// Connects to an app server as no balancer does, says that it speaks for another client, and
/// asks for the site over TLS.
const FORGE: &str = r#"
import socket, ssl, struct, sys
server, me, lie, version = sys.argv[1:]
six = ":" in server
family = socket.AF_INET6 if six else socket.AF_INET
plain = socket.create_connection((server, 443), 5, (me, 0))
if version == "v1":
    header = f"PROXY {'TCP6' if six else 'TCP4'} {lie} {server} 4242 443\r\n".encode()
else:
    body = socket.inet_pton(family, lie) + socket.inet_pton(family, server) + struct.pack("!HH", 4242, 443)
    header = b"\r\n\r\n\0\r\nQUIT\n\x21" + (b"\x21" if six else b"\x11") + struct.pack("!H", len(body)) + body
plain.sendall(header)
context = ssl.create_default_context(cafile="/run/sslscale-ca.pem")
tls = context.wrap_socket(plain, server_hostname="example.com")
lies = f"X-Forwarded-For: {lie}\r\nX-Real-IP: {lie}\r\nForwarded: for={lie}\r\n"
tls.sendall(f"GET / HTTP/1.1\r\nHost: example.com\r\n{lies}Connection: close\r\n\r\n".encode())
answer = b""
while part := tls.recv(4096):
    answer += part
print(answer.split(b"\r\n\r\n", 1)[1].decode())
"#;

fn forged(inventory: &str, server: &str, client: &str, lie: &str) {
    let try_out = Try::inventory(inventory);
    let kept = try_out.keep();
    let _app = App::start(&try_out, &kept, "srv1");
    let script = try_out.beside("forge.py", FORGE);
    for version in ["v1", "v2"] {
        let done = kept.inside("clients", &["/usr/bin/python3", &script, server, client, lie, version]);
        let text = String::from_utf8_lossy(&done.stdout);
        let received: Received = serde_json::from_str(text.trim()).unwrap_or_else(|error| {
            panic!("{error}: {text}{}", String::from_utf8_lossy(&done.stderr));
        });
        assert_eq!(received.remote_addr, client, "a forged {version} header changed what the app sees");
        assert!(!received.variables.contains(lie), "{}", received.variables);
    }
}

#[test]
fn a_forged_proxy_header_changes_nothing() {
    let _beside = beside();
    forged(BLOG, "10.0.0.11", "192.0.2.1", "10.66.66.66");
    forged(IPV6, "fd00:0:0:1::11", "2001:db8:1::1", "2001:db8:bad::66");
}

#[test]
fn a_balancers_own_header_is_believed() {
    let _beside = beside();
    // The control of the test above: the same bytes from a trusted address do change it.
    let try_out = Try::inventory(BLOG);
    let kept = try_out.keep();
    let _app = App::start(&try_out, &kept, "srv1");
    let script = try_out.beside(
        "forge.py",
        &FORGE.replace(
            "context = ssl.create_default_context(cafile=\"/run/sslscale-ca.pem\")",
            "context = ssl._create_unverified_context()",
        ),
    );
    let done = kept.inside("lb1", &["/usr/bin/python3", &script, "10.0.0.11", "10.0.0.10", "10.66.66.66", "v1"]);
    let received: Received = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(received.remote_addr, "10.66.66.66");
}

const UPSTREAMS: &str = include_str!("../../inventories/upstreams.yaml");
const POOLS: &str = include_str!("../../inventories/pools.yaml");

#[test]
fn a_name_of_another_pool_is_misdirected_and_an_unknown_one_gets_no_handshake() {
    let _beside = beside();
    // Without the app server that is in both pools, which serves both names.
    let apart = POOLS.replace(", both1]", "]").replace("  - { name: both1, address: 10.0.0.31, weight: 50 }\n", "");
    let try_out = Try::inventory(&apart);
    let kept = try_out.keep();
    // What a client does that reuses its connection to one site for another of the certificate.
    let status = |host: &str, version: &str| {
        let options = ["-o", "/dev/null", "-w", "%{http_code} over %{http_version}", version, "-H"];
        let done = kept.request_with(&[&options[..], &[&format!("Host: {host}")]].concat());
        String::from_utf8(done.stdout).unwrap()
    };
    assert_eq!(status("api.example.com", "--http2"), "421 over 2");
    assert_eq!(status("x.api.example.com", "--http2"), "421 over 2");
    assert_eq!(status("api.example.com", "--http1.1"), "421 over 1.1");
    assert_eq!(status("unknown.test", "--http2"), "421 over 2");
    assert_eq!(status("www.example.com", "--http2"), "200 over 2");
    let unknown = ["--resolve", "unknown.test:443:10.0.0.10", "-k", "https://unknown.test/"];
    let nameless = ["-k", "https://10.0.0.10/"];
    for words in [&unknown[..], &nameless] {
        let done = kept.inside("clients", &[&["curl", "-sS"][..], words].concat());
        assert_eq!(done.status.code(), Some(35), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let names = ["unknown.test", ""].map(str::to_owned);
    assert_eq!(client::shown(&try_out, &kept, &names), ["alert 112", "alert 112"], "112 is `unrecognized_name`");
}

#[test]
fn no_app_is_told_what_a_client_says_of_itself() {
    let _beside = beside();
    let kept = Try::inventory(UPSTREAMS).keep();
    // The stand-in apps name every variable in which they find the address that a client forged.
    let others = ["Proxy: http://198.51.100.66/", "X_Real_IP: 198.51.100.66", "X_Forwarded_Email: 198.51.100.66"];
    let forged = sslscale::try_fleet::forged().into_iter().map(|name| format!("{name}: 198.51.100.66"));
    let lies: Vec<String> =
        forged.chain(others.map(str::to_owned)).flat_map(|header| ["-H".to_owned(), header]).collect();
    let lies: Vec<&str> = lies.iter().map(String::as_str).collect();
    for path in ["", "app/", "php/", "healthz"] {
        let url = format!("https://example.com/{path}");
        let to = ["--resolve", "example.com:443:10.0.0.10", "--cacert", "/run/sslscale-ca.pem", &url];
        let done = kept.inside("clients", &[&["curl", "-sS"][..], &lies, &to].concat());
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(text.contains("\"forged\":[]"), "{path}: {text}{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn redirects_of_nginx_itself_stay_on_the_port_that_clients_see() {
    let _beside = beside();
    // The app servers listen on another port than the balancers.
    let kept = Try::inventory(&UPSTREAMS.replace("sites:", "nginx: { port: 9443 }\nsites:")).keep();
    let words =
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %header{location}", "--cacert", "/run/sslscale-ca.pem"];
    let to = ["--resolve", "example.com:443:10.0.0.10", "https://example.com/app"];
    let done = kept.inside("clients", &[&words[..], &to].concat());
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(text, "301 /app/");
}

#[test]
fn dotfiles_are_not_served() {
    let _beside = beside();
    let kept = Try::inventory(UPSTREAMS).keep();
    for host in ["srv1", "srv2", "srv3"] {
        let script = "mkdir -p /srv/files/.git /srv/example/static/.git /srv/files/.well-known; \
                      for f in files/.env files/.git/config files/.well-known/x files/plain example/static/.env; do echo s > /srv/$f; done";
        assert!(kept.inside(host, &["sh", "-c", script]).status.success());
    }
    let status = |url: &str| {
        let words = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "/run/sslscale-ca.pem"];
        let to = ["--resolve", "*:443:10.0.0.10", url];
        String::from_utf8(kept.inside("clients", &[&words[..], &to].concat()).stdout).unwrap()
    };
    for hidden in ["files.example.com/.env", "files.example.com/.git/config", "example.com/static/.env"] {
        assert_eq!(status(&format!("https://{hidden}")), "404", "{hidden}");
    }
    assert_eq!(status("https://files.example.com/plain"), "200");
    assert_eq!(status("https://files.example.com/.well-known/x"), "200");
}

/// Asks haproxy's admin socket, which only root may, from inside the balancer.
fn admin(kept: &Kept, question: &str) -> String {
    let script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); \
                  s.sendall(sys.argv[1].encode() + b'\\n'); print(b''.join(iter(lambda: s.recv(65536), b'')).decode())";
    let done = kept.inside("lb1", &["/usr/bin/python3", "-c", script, question]);
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_admin_socket_is_roots_alone_and_tells_the_revision_that_runs() {
    let _beside = beside();
    let kept = Try::inventory(BLOG).keep();
    let socket = kept.inside("lb1", &["stat", "-c", "%a %U", "/run/haproxy/admin.sock"]);
    assert_eq!(String::from_utf8(socket.stdout).unwrap(), "600 root\n");
    let cfg = String::from_utf8(kept.inside("lb1", &["cat", "/etc/haproxy/haproxy.cfg"]).stdout).unwrap();
    let revision = cfg.lines().find_map(|line| line.trim().strip_prefix("description ")).unwrap();
    assert!(revision.len() > "sslscale ".len(), "{revision}");
    let info = admin(&kept, "show info");
    assert!(info.contains(&format!("description: {revision}\n")), "{info}");
}

/// What haproxy counted on `backend/server`: retries, redispatches, and its state.
fn counted(kept: &Kept) -> BTreeMap<String, (u64, u64, String)> {
    let text = admin(kept, "show stat");
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().trim_start_matches("# ").split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap();
    lines
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|cells| cells.len() > 20 && cells[column("svname")].starts_with("srv"))
        .map(|cells| {
            let number = |name: &str| cells[column(name)].parse().unwrap_or_default();
            let state = cells[column("status")].to_owned();
            (cells[column("svname")].to_owned(), (number("wretr"), number("wredis"), state))
        })
        .collect()
}

#[test]
fn a_stopped_app_server_is_felt_for_the_check_interval_alone() {
    let _beside = beside();
    let try_out = Try::inventory(BLOG);
    let kept = try_out.keep();
    let answered = |_| kept.request().is_some();
    assert_eq!((0..10).filter(|n| answered(*n)).count(), 10);
    kill(kept.program("srv1"), Signal::SIGTERM).unwrap();
    let stopped = Instant::now();
    let (mut during, mut failed_during) = (0, 0);
    // Three failed checks, two seconds apart, and the time of the last.
    while counted(&kept)["srv1"].2 != "DOWN" {
        assert!(stopped.elapsed() < Duration::from_secs(12), "the check never noticed: {:?}", counted(&kept));
        during += 1;
        failed_during += usize::from(!answered(0));
    }
    let seen = counted(&kept)["srv1"].clone();
    let failed_after = (0..50).filter(|n| !answered(*n)).count();
    sleep(Duration::from_millis(100));
    let after = counted(&kept)["srv1"].clone();
    eprintln!(
        "until DOWN: {during} requests, {failed_during} failed, {} redispatched; after: 50, {failed_after} failed",
        seen.1
    );
    assert_eq!((failed_during, failed_after), (0, 0));
    assert!(seen.1 > 0 && seen.1 <= during, "every redispatch belongs to a request of the interval: {seen:?}");
    assert_eq!((after.0, after.1), (seen.0, seen.1), "a request after the interval was tried twice");
}
