//! Who may connect to a balancer, and how often, on every release: by the client's own address, before anything is read.

use super::{HOSTS, Served, on_every_release, script, site};

/// How many connections stay open, of those that each line asks for.
fn open(served: &mut Served, to: &str, lines: &[&str]) -> Vec<usize> {
    let lines = lines.join("\n");
    let output = served.run(&format!("printf '{lines}\n' | python3 {} {to}", script("shield.py"))).output;
    output.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("{output}"))).collect()
}

fn sources(served: &mut Served, sources: &[&str]) {
    let commands: String = sources.iter().map(|it| format!("ip address add {it}/32 dev lo\n")).collect();
    assert_eq!(served.run(&commands).status, 0);
}

fn fleet(haproxy: &str) -> String {
    let site = site("a.test", "    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n");
    format!("{HOSTS}nginx: {{ http2: true }}\nhaproxy: {{ {haproxy} }}\nsites:\n{site}")
}

#[test]
fn a_client_gets_as_many_connections_as_the_limit_has_and_others_get_theirs() {
    let all = "deny: [10.0.0.12], allow: [10.0.0.0/24], limit: { rate: 1r/m, burst: 4, connections: 3 }";
    on_every_release(&fleet(all), &[], &[], |served| {
        let name = served.name();
        sources(served, &["10.0.0.12", "10.0.0.13", "10.0.0.14", "10.0.9.1"]);
        // Denied, at most three at a time, another client, one who is not allowed, and the balancer itself.
        let lines = ["10.0.0.12 2", "10.0.0.13 5", "10.0.0.14 2", "10.0.9.1 2", "10.0.0.10 9", "127.0.0.1 9"];
        assert_eq!(open(served, "10.0.0.10:443", &lines), [0, 3, 2, 0, 9, 9], "{name}");
        // Two more of five in a minute, over plain HTTP: what was refused did not count.
        let lines = ["10.0.0.12 2", "10.0.0.13 1", "10.0.0.13 1", "10.0.0.13 1", "10.0.0.14 3"];
        assert_eq!(open(served, "10.0.0.10:80", &lines), [0, 1, 1, 0, 3], "{name}");
        for (from, status) in [("10.0.0.12", 0), ("10.0.0.13", 0), ("10.0.0.10", 308)] {
            for url in ["https://a.test/", "http://a.test/"] {
                let answer = served.curl(url, &format!("--interface {from}"));
                assert_eq!(answer.status, status, "{url} from {from} on {name}: {answer:?}");
            }
        }
    });
}

#[test]
fn a_flood_from_one_source_leaves_connections_to_others() {
    for (limit, flood, visits) in [(", limit: { connections: 20 }", "20", "308 308"), ("", "100", "000 000")] {
        on_every_release(&fleet(&format!("maxconn: 60{limit}")), &[], &[], |served| {
            sources(served, &["10.0.0.13", "10.0.0.14"]);
            let visit = "curl -sk -o /dev/null -w %{http_code}: --max-time 3 --interface 10.0.0.14 \
                         --connect-to ::10.0.0.10: https://a.test/";
            let script = script("shield.py");
            let run = format!("echo 10.0.0.13 100 | python3 {script} 10.0.0.10:443 '{visit}; {visit}; echo'");
            let output = served.run(&run).output;
            let mut lines = output.lines();
            assert_eq!(
                lines.next().map(|line| line.replace(':', " ")).as_deref().map(str::trim),
                Some(visits),
                "{output}"
            );
            assert_eq!(lines.next(), Some(flood), "{}: {output}", served.name());
        });
    }
}

#[test]
fn behind_something_else_the_address_in_the_header_counts() {
    let all = "accept_proxy_from: [10.0.0.12], deny: [203.0.113.9], limit: { rate: 1r/m, burst: 4, connections: 5 }";
    on_every_release(&fleet(all), &[], &[], |served| {
        sources(served, &["10.0.0.12", "10.0.0.13"]);
        let lines = [
            "10.0.0.12 7 203.0.113.1",
            "10.0.0.12 3 203.0.113.2",
            "10.0.0.12 2 203.0.113.9",
            // One network of 64 bits, and another.
            "10.0.0.12 4 2001:db8::1",
            "10.0.0.12 3 2001:db8::ffff:1",
            "10.0.0.12 3 2001:db8:0:1::1",
            // IPv4 addresses as something that listens on IPv6 writes them.
            "10.0.0.12 4 ::ffff:192.0.2.1",
            "10.0.0.12 4 ::ffff:192.0.2.2",
            "10.0.0.12 3 192.0.2.2",
            "10.0.0.12 2 ::ffff:203.0.113.9",
            // Its own checks, and a client that comes directly.
            "10.0.0.12 9 UNKNOWN",
            "10.0.0.13 7",
        ];
        let found = open(served, "10.0.0.10:443", &lines);
        assert_eq!(found, [5, 3, 0, 4, 1, 3, 4, 4, 1, 0, 9, 5], "{}", served.name());
        let lines = ["10.0.0.12 2 203.0.113.2", "10.0.0.12 1 203.0.113.9", "10.0.0.12 1 203.0.113.2"];
        assert_eq!(open(served, "10.0.0.10:80", &lines), [2, 0, 0], "{}", served.name());
    });
}

/// Whether the balancer at the first address learns from that at the second how often a client connected: some are tried,
/// until there can have been a connection between them.
fn learns(served: &mut Served, from: &str, to: &str, tries: &[String]) -> bool {
    tries.iter().any(|client| {
        assert_eq!(open(served, &format!("{from}:443"), &[&format!("{client} 7")]), [5], "{}", served.name());
        open(served, &format!("{to}:443"), &[&format!("{client} 1")]) == [0]
    })
}

#[test]
fn a_balancer_that_takes_over_knows_who_has_connected_too_often() {
    let fleet = format!(
        "load_balancers: [ {{ name: lb1, address: 10.0.0.10, haproxy: {{ bind: [10.0.0.10] }} }}, \
         {{ name: lb2, address: 10.0.0.20, haproxy: {{ bind: [10.0.0.20] }} }} ]\n\
         app_servers: [ {{ name: srv1, address: 10.0.0.11 }} ]\ntrusted_proxies: [10.0.0.10, 10.0.0.11, 10.0.0.20]\n\
         nginx: {{ http2: true }}\nhaproxy: {{ limit: {{ rate: 1r/m, burst: 4 }} }}\nsites:\n{}",
        site("a.test", "    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n")
    );
    on_every_release(&fleet, &[], &[], |served| {
        let clients: Vec<String> = (1..=40).map(|last| format!("10.0.1.{last}")).collect();
        sources(served, &clients.iter().map(String::as_str).chain(["10.0.0.20"]).collect::<Vec<_>>());
        let lb2 = |served: &mut Served, edit: &str| {
            let run = format!(
                "sed '{edit}' mnt/etc/haproxy/lb2.cfg >mnt/etc/haproxy/started.cfg && \
                 chroot mnt haproxy -D -W -p /run/lb2.pid -f /etc/haproxy/started.cfg >started.log 2>&1 || cat started.log"
            );
            let outcome = served.run(&run);
            assert_eq!((outcome.status, outcome.output.as_str()), (0, ""), "{}", served.name());
        };
        // Alone it knows of nobody.
        lb2(served, "/server lb1 /d");
        assert!(!learns(served, "10.0.0.10", "10.0.0.20", &clients[..3]), "{}", served.name());
        // Nobody waits for its end: what is left is a zombie.
        let ended = "kill $(cat mnt/run/lb2.pid); \
                     while grep -q '^State:.*[^Z] (' /proc/$(cat mnt/run/lb2.pid)/status 2>/dev/null; do sleep 0.05; done";
        served.run(ended);
        lb2(served, "");
        assert!(learns(served, "10.0.0.10", "10.0.0.20", &clients[3..36]), "{}", served.name());
        // A new worker knows what the one before it knew, at the latest when it has asked a second time.
        let line = format!("{} 7", clients[36]);
        assert_eq!(open(served, "10.0.0.20:443", &[&line]), [5], "{}", served.name());
        served.run("kill -USR2 $(cat mnt/run/lb2.pid); sleep 7");
        assert_eq!(open(served, "10.0.0.20:443", &[&line]), [0], "{}", served.name());
        assert_eq!(open(served, "10.0.0.20:443", &[&format!("{} 7", clients[37])]), [5], "{}", served.name());
        served.run("kill $(cat mnt/run/lb2.pid)");
    });
}
