//! Machines on which haproxy and nginx run side by side.

use nix::sys::signal::{Signal, kill};
use sslscale::event::{Request, Verdict};

use crate::beside;
use crate::run::Try;

/// Two machines, one of them with a further address of nginx, and an app server of its own.
const FLEET: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: [10.0.0.20, \"fd00::20\"] }
app_servers:
  - { name: web1, address: [10.0.0.10, \"fd00::10\"], nginx: { port: 8443 } }
  - { name: web2, address: [\"fd00::20\", 10.0.0.20], nginx: { port: 8444 } }
  - { name: web3, address: [10.0.0.30, \"fd00::30\"] }
haproxy: { limit: { rate: 100r/s, burst: 100 }, metrics: { allow: [192.0.2.1] } }
nginx: { metrics: { allow: [192.0.2.1], port: 9113 } }
http: { acme_challenge: { app_server: web1, port: 8888, root: /srv/acme } }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn balancers_and_app_servers_on_one_host_serve_side_by_side() {
    let _beside = beside();
    let try_out = Try::inventory(FLEET);
    let (code, requests) = try_out.requests();
    let wrong: Vec<&Request> = requests.iter().filter(|it| it.verdict != Verdict::Ok).collect();
    assert_eq!((code, wrong), (Some(0), vec![]));
    // Each balancer reaches all three, also the one on its own host, and nginx sees clients everywhere.
    for balancer in ["lb1", "lb2"] {
        for app in ["web1", "web2", "web3"] {
            let mut there =
                requests.iter().filter(|it| it.balancer == balancer && it.app_server.as_deref() == Some(app));
            assert!(there.any(|it| it.seen == Some(it.client)), "{balancer} {app}: {requests:#?}");
        }
    }
    let kept = try_out.keep();
    let get = |host: &str, more: &[&str], url: &str| {
        let words = ["curl", "-qsk", "--max-time", "5", "-o", "/dev/null", "-w", "%{http_code}"];
        let done = kept.inside(host, &[&words, more, &[url]].concat());
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let name = ["--resolve", "example.com:443:10.0.0.10"];
    // A program on the host gets there through haproxy, and to nginx with a PROXY header.
    assert_eq!(get("web1", &name, "https://example.com/"), "200");
    let nginx = |port: u16, address: &str| {
        let resolve = format!("example.com:{port}:{address}");
        get("clients", &["--haproxy-protocol", "--resolve", &resolve], &format!("https://example.com:{port}/"))
    };
    assert_eq!([nginx(8443, "10.0.0.10"), nginx(8444, "10.0.0.20")], ["200", "200"]);
    // The revision is for the host itself alone, also where haproxy connects from its address.
    let revision = |host: &str, port: u16, address: &str, more: &[&str]| {
        let name = "revision.sslscale.invalid";
        let resolve = format!("{name}:{port}:{address}");
        get(host, &[more, &["--resolve", &resolve]].concat(), &format!("https://{name}:{port}/"))
    };
    for _ in 0..3 {
        assert_eq!(revision("clients", 443, "10.0.0.10", &[]), "404");
        assert_eq!(revision("web1", 443, "10.0.0.10", &[]), "404");
    }
    assert_eq!(revision("web1", 8443, "127.0.0.1", &["--haproxy-protocol"]), "200");
    // haproxy goes on without the nginx beside it.
    let pid = kept.program("web1");
    kill(pid, Signal::SIGTERM).unwrap();
    while kill(pid, None).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for _ in 0..6 {
        assert_eq!(get("clients", &name, "https://example.com/"), "200");
    }
    assert_eq!([nginx(8443, "10.0.0.10"), nginx(8444, "10.0.0.20")], ["000", "200"]);
}
