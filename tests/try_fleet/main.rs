//! `try` end to end: whole fleets of real haproxy, nginx and curl, in namespaces.
//! A binary of its own, in which tests run one at a time: a run measures times by the clock, and cleanup by what is on the
//! machine, or on one apart from everything else that runs here.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, which clippy cannot see")]
#![allow(clippy::print_stderr, reason = "figures that a reader of a failure or of --nocapture wants")]

mod acme;
mod apart;
mod app;
mod apps;
mod before;
mod bound;
mod browser;
mod build;
#[path = "../support/cases.rs"]
mod cases;
mod certificates;
mod chromium;
#[path = "../support/docs.rs"]
mod docs;
#[path = "../support/engine.rs"]
mod engine;
mod fleets;
#[path = "../support/generate/mod.rs"]
mod generate;
mod inventories;
#[path = "../support/keys.rs"]
mod keys;
mod metrics;
mod names;
mod one_host;
mod other_pools;
mod own;
mod plain;
mod random;
mod resumption;
#[path = "../support/returning.rs"]
mod returning;
mod run;
mod scan;
mod session;
mod session_log;
mod shapes;
mod shield;
#[path = "../support/signalled.rs"]
mod signalled;
mod streams;
mod strict;
mod tickets;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use sslscale::event::{Request, Verdict};
use sslscale::try_fleet::spec::{FileSpec, Probe, SiteSpec, UpstreamProtocol};

use apart::is_apart;
use build::{Fleet, ip, site, upstream};
use run::{Traces, Try};

static ALONE: RwLock<()> = RwLock::new(());

/// For a test that looks at what is on this machine: no other runs with it.
fn alone() -> RwLockWriteGuard<'static, ()> {
    ALONE.write().unwrap_or_else(PoisonError::into_inner)
}

/// For a test whose fleets are on this machine beside those of others.
fn beside() -> RwLockReadGuard<'static, ()> {
    ALONE.read().unwrap_or_else(PoisonError::into_inner)
}

fn assert_all_ok((code, requests): (Option<i32>, Vec<Request>), expected: usize) -> Vec<Request> {
    let wrong: Vec<&Request> = requests.iter().filter(|it| it.verdict != Verdict::Ok).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((code, requests.len()), (Some(0), expected));
    requests
}

/// How many requests each app server answered.
fn shares(requests: &[Request]) -> BTreeMap<&str, usize> {
    let mut shares = BTreeMap::new();
    for request in requests {
        *shares.entry(request.app_server.as_deref().unwrap_or("none")).or_default() += 1;
    }
    shares
}

#[test]
fn the_blogs_fleet_as_this_user() {
    let _beside = beside();
    let requests = assert_all_ok(Try::new(&Fleet::blog(2)).requests(), 4);
    assert_eq!(shares(&requests), BTreeMap::from([("srv1", 2), ("srv2", 2)]));
    for request in &requests {
        assert_eq!(request.seen, Some(request.client));
        assert_eq!(request.http.as_deref(), Some("2"));
        assert_eq!(request.tls.as_deref(), Some("1.3"));
    }
}

#[test]
fn the_blogs_fleet_without_rights() {
    let _beside = beside();
    assert_all_ok(Try::new(&Fleet::blog(2)).unprivileged().requests(), 4);
}

#[test]
fn the_table_of_a_good_run() {
    let _beside = beside();
    let (code, text) = Try::new(&Fleet::blog(2)).text();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("a certificate was made for this run"), "{text}");
    assert!(text.contains("running: srv1 (nginx), srv2 (nginx), lb1 (haproxy)"), "{text}");
    assert!(text.contains("client         balancer  site         app server  nginx saw"), "{text}");
    assert!(text.ends_with("4 requests: all ok\n"), "{text}");
}

#[test]
fn two_balancers_and_ipv6_between_the_hosts() {
    let _beside = beside();
    let fleet = Fleet {
        balancers: vec![vec![ip("10.0.0.10"), ip("2001:db8::10")], vec![ip("10.0.0.20"), ip("2001:db8::20")]],
        apps: vec![vec![ip("2001:db8::11")], vec![ip("2001:db8::12")]],
        ..Fleet::blog(2)
    };
    let requests = assert_all_ok(Try::new(&fleet).unprivileged().requests(), 8);
    assert_eq!(requests.iter().filter(|it| it.balancer == "lb2").count(), 4);
}

#[test]
fn an_address_that_two_balancers_share() {
    let _beside = beside();
    let fleet = Fleet {
        balancers: vec![vec![ip("10.0.0.10"), ip("2001:db8::10")], vec![ip("10.0.0.20"), ip("2001:db8::20")]],
        ..Fleet::blog(2)
    };
    let mut spec = fleet.spec();
    for balancer in &mut spec.hosts[..2] {
        balancer.extra_addresses = vec![ip("10.0.0.1"), ip("2001:db8::1")];
        balancer.entries = balancer.extra_addresses.clone();
    }
    let requests = assert_all_ok(Try::of(&spec).requests(), 8);
    for name in ["lb1", "lb2"] {
        let through = requests.iter().filter(|it| it.balancer == name).cloned();
        assert_eq!(shares(&through.collect::<Vec<_>>()).len(), 2, "{name}");
    }
    assert!(requests.iter().all(|it| it.entry == ip("10.0.0.1") || it.entry == ip("2001:db8::1")));
}

#[test]
fn every_protocol_files_and_redirects() {
    let _beside = beside();
    let page = |path: &str, status: u16| {
        let probes = vec![Probe { status, ..Probe::new(path.to_owned()) }];
        SiteSpec { probes, ..site(path, 2) }
    };
    let fleet = Fleet {
        locations: "location /uwsgi { include uwsgi_params; uwsgi_pass unix:/var/run/a/u.sock; }
            location /php { include fastcgi_params; fastcgi_param SCRIPT_FILENAME /srv/a.php; fastcgi_pass unix:/run/php/fpm.sock; }
            location /gone { include fastcgi_params; fastcgi_param SCRIPT_FILENAME /srv/b.php; fastcgi_pass unix:/run/php/fpm.sock; }
            location /tcp { include fastcgi_params; fastcgi_param SCRIPT_FILENAME /srv/a.php; fastcgi_pass 127.0.0.1:9000; }
            location /http { include proxy_params; proxy_pass http://127.0.0.1:8000; }
            location /old { return 301 https://example.com/; }"
            .to_owned(),
        upstreams: vec![
            upstream(UpstreamProtocol::Uwsgi, "/var/run/a/u.sock"),
            upstream(UpstreamProtocol::FastCgi, "/run/php/fpm.sock"),
            upstream(UpstreamProtocol::FastCgi, "127.0.0.1:9000"),
            upstream(UpstreamProtocol::Http, "127.0.0.1:8000"),
        ],
        sites: vec![
            site("/uwsgi", 2),
            site("/php/a?b=c", 2),
            SiteSpec { probes: vec![Probe { status: 404, ..site("/gone", 2).probes[0].clone() }], ..site("/gone", 2) },
            site("/tcp", 2),
            site("/http", 2),
            page("/", 200),
            page("/old", 301),
            page("/nothing", 404),
            SiteSpec { driven: Err("gRPC has no stand-in".to_owned()), ..site("/rpc", 2) },
        ],
        ..Fleet::blog(2)
    };
    let mut spec = fleet.spec();
    for host in &mut spec.hosts {
        host.files.insert("/srv/a.php".into(), FileSpec::new(&b"<?php"[..], 0o644));
    }
    assert_all_ok(Try::of(&spec).requests(), 32);
    let (code, text) = Try::of(&spec).unprivileged().text();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("no requests to one location of example.com: gRPC has no stand-in"), "{text}");
}

#[test]
fn redirects_are_followed_within_the_fleet() {
    let _beside = beside();
    let cases = [
        (
            "return 301 https://example.com/x;",
            "a browser would fail: redirects lead in a circle: https://example.com/x",
        ),
        ("return 301 /x$request_uri;", "a browser would fail: more than 8 redirects"),
        ("return 301 https://example.com/;", "ok"),
        ("return 301 https://example.org/x;", "ok"),
        ("return 301 https://example.com:8443/x;", "ok"),
    ];
    for (location, wanted) in cases {
        let probes = vec![Probe { status: 301, ..Probe::new("/x".to_owned()) }];
        let fleet = Fleet {
            locations: format!("location /x {{ {location} }}"),
            sites: vec![SiteSpec { probes, ..site("/x", 1) }],
            clients: vec![ip("192.0.2.1")],
            ..Fleet::blog(1)
        };
        let (_, requests) = Try::new(&fleet).requests();
        // It is followed once.
        assert!(requests[0].verdict.to_string().starts_with(wanted), "{location}: {}", requests[0].verdict);
        assert_eq!(requests[1].verdict, Verdict::Ok, "{location}");
    }
}

#[test]
fn a_balancer_that_nginx_does_not_trust() {
    let _beside = beside();
    let fleet = Fleet { trusted: vec![ip("10.9.9.9")], ..Fleet::blog(2) };
    let (code, requests) = Try::new(&fleet).requests();
    assert_eq!((code, requests.len()), (Some(1), 4));
    for request in requests {
        assert_eq!(request.seen, Some(ip("10.0.0.10")));
        assert!(request.verdict.to_string().starts_with("nginx saw 10.0.0.10, not the client's address"));
    }
}

#[test]
fn an_app_that_is_told_what_clients_say_of_themselves() {
    let _beside = beside();
    let (code, requests) = Try::new(&Fleet { scrubbed: false, ..Fleet::blog(2) }).requests();
    assert_eq!((code, requests.len()), (Some(1), 4));
    for request in requests {
        let verdict = request.verdict.to_string();
        assert!(
            verdict.starts_with("the app received the address that the client forged, as HTTP_CF_CONNECTING_IP, "),
            "{verdict}"
        );
    }
}

#[test]
fn an_app_server_that_expects_no_proxy_header() {
    let _beside = beside();
    // A check that does not speak TLS leaves the servers up: only the clients can tell.
    let fleet = Fleet { listen: "ssl http2".to_owned(), check: "send-proxy".to_owned(), ..Fleet::blog(2) };
    let (code, requests) = Try::new(&fleet).requests();
    assert_eq!(code, Some(1));
    assert!(requests.iter().all(|it| it.verdict.to_string().starts_with("curl: (35)")));
}

#[test]
fn a_health_check_that_cannot_pass() {
    let _beside = beside();
    // The default server rejects every handshake without a name.
    let fleet = Fleet { check: "send-proxy check check-ssl verify none".to_owned(), ..Fleet::blog(2) };
    let (code, text) = Try::new(&fleet).text();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: lb1: health check: app/srv1 is DOWN (L6RSP)"), "{text}");
}

#[test]
fn files_that_the_real_program_refuses() {
    if !is_apart("files_that_the_real_program_refuses") {
        return;
    }
    let _alone = alone();
    let try_out = Try::new(&Fleet { locations: "no_such_thing on;".to_owned(), ..Fleet::blog(2) });
    let before = Traces::now(&try_out);
    let (code, text) = try_out.text();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: srv1: `nginx -T` rejects the rendered files"), "{text}");
    assert!(text.contains("no_such_thing"), "{text}");
    before.assert_again(&try_out);
}

#[test]
fn more_descriptors_than_the_machine_has() {
    let _beside = beside();
    let try_out = Try::new(&Fleet { nofile: 1 << 40, ..Fleet::blog(2) });
    let (code, text) = try_out.text();
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("error: lb1 needs 1099511627776 open files (LimitNOFILE)"), "{text}");
    assert!(text.contains("help: run from a root shell after `ulimit -Hn"), "{text}");
}

#[test]
fn programs_that_are_missing_are_named_with_their_packages() {
    let _beside = beside();
    let try_out = Try::new(&Fleet::blog(2));
    let run = try_out.command(&[]);
    // In a mount namespace of its own the machine is without them.
    let hide = "for p in haproxy nginx; do mount --bind /dev/null /usr/sbin/$p; done; exec \"$@\"";
    let mut shell = std::process::Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", hide, "sh"]).arg(run.get_program());
    let done = shell.args(run.get_args()).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(3), "{text}");
    for program in ["haproxy", "nginx"] {
        let wanted = format!("error: the program `{program}` is not installed\n  help: apt install {program}\n");
        assert!(text.contains(&wanted), "{text}");
    }
}

#[test]
fn a_real_certificate_is_used_and_not_verified() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["example.com".to_owned()]).unwrap();
    let (chain, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let source = chain.display().to_string();
    let try_out = Try::new(&Fleet { source: Some((chain, key)), ..Fleet::blog(2) });
    let (code, text) = try_out.text();
    assert_eq!(code, Some(0), "{text}");
    // The note names the file that was read, and not the path that app servers have.
    // Newer versions of nginx have notes of their own.
    let notes: Vec<&str> = text.lines().filter(|line| line.starts_with("note: `")).collect();
    assert!(matches!(notes[..], [note] if note.contains(&format!("is `{source}`"))), "{text}");
}

#[test]
fn thirty_app_servers() {
    let _beside = beside();
    let started = Instant::now();
    let requests = assert_all_ok(Try::new(&Fleet::blog(30)).requests(), 60);
    assert_eq!(shares(&requests).len(), 30);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_stopped_app_server_costs_no_request() {
    if !is_apart("a_stopped_app_server_costs_no_request") {
        return;
    }
    let _alone = alone();
    let try_out = Try::new(&Fleet::blog(2));
    let before = Traces::now(&try_out);
    let mut kept = try_out.keep();
    let hosts = || (0..6).filter_map(|_| kept.request()).collect::<String>();
    let both = hosts();
    assert!(both.contains("srv1") && both.contains("srv2"), "{both}");
    // Not SIGKILL: workers of a killed master go on serving, as on any host.
    kill(kept.program("srv1"), Signal::SIGTERM).unwrap();
    while kill(kept.program("srv1"), None).is_ok() {
        sleep(Duration::from_millis(5));
    }
    // Connections that srv1 refuses go to srv2, before and after the check notices.
    let answers: Vec<Option<String>> = (0..10).map(|_| kept.request()).collect();
    assert!(answers.iter().all(|it| it.as_ref().is_some_and(|it| it.contains("srv2"))), "{answers:?}");
    kept.signal(Signal::SIGTERM);
    assert_eq!(kept.child.wait().unwrap().code(), Some(0));
    before.assert_again(&try_out);
}

#[test]
fn a_kept_fleet_can_be_entered_without_rights() {
    let _beside = beside();
    let kept = Try::new(&Fleet::blog(1)).unprivileged().keep();
    let passwd = kept.inside("srv1", &["cat", "/etc/nginx/conf.d/sslscale.conf", "/etc/passwd"]);
    let text = String::from_utf8(passwd.stdout).unwrap();
    assert!(text.contains("server_name example.com;") && text.contains("haproxy:x:0:0"), "{text}");
    assert!(kept.request().is_some_and(|answer| answer.contains("srv1")));
}

#[test]
fn nothing_is_left_however_it_ends() {
    if !is_apart("nothing_is_left_however_it_ends") {
        return;
    }
    let _alone = alone();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL] {
        for unprivileged in [false, true] {
            let try_out = Try::new(&Fleet::blog(2));
            let try_out = if unprivileged { try_out.unprivileged() } else { try_out };
            let before = Traces::now(&try_out);
            let mut kept = try_out.keep();
            assert_ne!(Traces::now(&try_out), before, "a running fleet has traces");
            kept.signal(signal);
            kept.child.wait().unwrap();
            before.assert_again(&try_out);
        }
    }
}

#[test]
fn nothing_is_left_when_it_is_stopped_midway() {
    if !is_apart("nothing_is_left_when_it_is_stopped_midway") {
        return;
    }
    let _alone = alone();
    let try_out = Try::new(&Fleet::blog(2));
    let before = Traces::now(&try_out);
    for after in [0, 5, 20, 50, 100, 200, 400, 800] {
        for signal in [Signal::SIGINT, Signal::SIGKILL] {
            let mut child = try_out.command(&[]).stdout(std::process::Stdio::null()).spawn().unwrap();
            sleep(Duration::from_millis(after));
            let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
            let _ = kill(pid, signal);
            child.wait().unwrap();
            before.assert_again(&try_out);
        }
    }
}
