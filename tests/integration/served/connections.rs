//! The same connection in haproxy's log and in nginx's, on every release: by its id where nginx knows that, else by the
//! client's address and port. And what haproxy logs of names that clients make up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sslscale::tickets::{KEYS, RING};

use super::{Served, on_every_release, script, site};
use crate::cases::cases;
use crate::docs::page;

/// As long as names may be: nginx that does not know ids refuses headers that are as long as this one.
const BALANCER: &str = "a-balancer-with-a-name-that-is-as-long-as-any-that-a-host-may-1";
/// Two app servers; the second has the port 8444.
const FLEET: &str = "load_balancers: [ { name: BALANCER, address: 10.0.0.10 } ]\n\
    app_servers: [ { name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 } ]\n\
    haproxy: { proxy_protocol: v2, log: \"127.0.0.1:514\", check: { type: tcp, inter: 60m } }\n\
    nginx: { log_format: json }\n";
/// The file that has the guide's block about failed handshakes.
const HANDSHAKES: &str = "/etc/nginx/conf.d/handshakes.conf";

/// The key of tickets, which are of one session on both app servers.
const KEY: &str = "01234567890123456789012345678901234567890123456789012345678901234567890123456789";

/// A second nginx beside the first, with the same sites.
const SECOND: &str = "set -e
cp -R mnt/etc/nginx mnt/etc/nginx2
sed -i 's/:8443/:8444/; s/listen 8443/listen 8444/; s/access[.]log/access2.log/' mnt/etc/nginx2/conf.d/sslscale.conf
sed -i 's/handshakes[.]log/handshakes2.log/' mnt/etc/nginx2/conf.d/handshakes.conf
sed -i 's,/etc/nginx/,/etc/nginx2/,; s,/run/nginx.pid,/run/nginx2.pid,' mnt/etc/nginx2/nginx.conf
sed 's/10.0.0.12:8443/10.0.0.12:8444/' mnt/etc/haproxy/haproxy.cfg >mnt/etc/haproxy/two.cfg
grep -q 10.0.0.12:8444 mnt/etc/haproxy/two.cfg
chroot mnt nginx -c /etc/nginx2/nginx.conf
kill $(cat mnt/run/haproxy.pid)
for last in 1 2 3; do ip address add 10.0.1.$last/32 dev lo; done
chroot mnt haproxy -D -p /run/haproxy.pid -f /etc/haproxy/two.cfg
sleep 1";

/// A line of haproxy's log about a connection to app servers.
#[derive(Debug, Clone)]
struct Forwarded {
    client: String,
    /// When it began, as text.
    time: String,
    server: String,
    /// What is behind the format of `option tcplog`.
    more: String,
}

impl Forwarded {
    fn parse(message: &str) -> Option<Self> {
        // The time and the process come first.
        let (_, line) = message.trim_end().split_once("]: ")?;
        let words: Vec<&str> = line.splitn(10, ' ').collect();
        let [client, time, "https-in", server, timers, bytes, state, counts, queues, ..] = words[..] else {
            return None;
        };
        let numbers = |text: &str, count| {
            let all: Vec<&str> = text.split('/').collect();
            all.len() == count && all.iter().all(|it| it.parse::<i64>().is_ok())
        };
        let fits = time.starts_with('[') && time.ends_with(']') && numbers(timers, 3) && numbers(bytes, 1);
        assert!(fits && state.len() == 2 && numbers(counts, 5) && numbers(queues, 2), "{message:?}");
        let more = words.get(9).copied().unwrap_or("").to_owned();
        Some(Self {
            client: client.to_owned(),
            time: time.to_owned(),
            server: server.rsplit('/').next()?.to_owned(),
            more,
        })
    }
}

/// A block of the guide.
fn block(language: &str, begin: &str) -> String {
    let page = page("docs/guide.md");
    let (_, rest) = page.split_once(&format!("```{language}\n{begin}")).expect("the guide has this block");
    format!("{begin}{}", rest.split("```").next().unwrap_or_default())
}

#[test]
fn the_line_in_the_guide_is_one_that_haproxy_may_log() {
    let line = Forwarded::parse(&format!("<134>Nov 28 07:12:56 haproxy[39]: {}", block("text", "192.0.2.1:"))).unwrap();
    assert_eq!((line.client.as_str(), line.server.as_str()), ("192.0.2.1:50231", "srv1"));
    assert_eq!(line.more, "lb1-1795849976582-39-0 {shop.example.com}");
}

/// Starts to write haproxy's log.
fn write_log(served: &mut Served) {
    let outcome = served.run(&format!("python3 {} log haproxy.log apps.pid", script("connections.py")));
    assert_eq!((outcome.status, outcome.output.as_str()), (0, ""));
}

/// What haproxy logged, when it is this much.
fn logged(served: &mut Served, count: usize) -> Vec<String> {
    let wait = format!(
        "for second in $(seq 300); do\n  \
         [ \"$(tr -dc '\\0' <haproxy.log | wc -c)\" -ge {count} ] && break\n  sleep 0.1\ndone\ntr '\\0' '\\1' <haproxy.log"
    );
    served.run(&wait).output.split_terminator('\u{1}').map(str::to_owned).collect()
}

/// What an nginx logged: its requests, and the first line about each connection without one, in their order.
struct Nginx {
    requests: Vec<Value>,
    others: Vec<String>,
}

impl Nginx {
    fn of(served: &mut Served, number: &str, before: &BTreeSet<String>) -> Self {
        let access = served.run(&format!("cat mnt/var/log/nginx/access{number}.log")).output;
        let requests: Vec<Value> = access.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut seen: BTreeSet<String> = requests.iter().map(|it| it["connection"].to_string()).collect();
        seen.extend(before.iter().cloned());
        let lines = served.run(&format!("cat mnt/var/log/nginx/handshakes{number}.log")).output;
        let of_connections = lines.lines().filter_map(|line| Some((connection(line)?, line.to_owned())));
        let others = of_connections.filter(|(id, _)| seen.insert(id.clone())).map(|(_, line)| line).collect();
        Self { requests, others }
    }

    /// The connections that checks have made.
    fn checked(served: &mut Served, number: &str) -> BTreeSet<String> {
        let lines = served.run(&format!("cat mnt/var/log/nginx/handshakes{number}.log")).output;
        lines.lines().filter_map(connection).collect()
    }
}

/// The number that nginx gave the connection.
fn connection(line: &str) -> Option<String> {
    let (_, after) = line.split_once(": *")?;
    Some(after.split(' ').next()?.to_owned())
}

/// Each of nginx's keys and the one connection in haproxy's log that it belongs to; what is wrong if it is not one.
fn joined<'l>(
    lines: &'l [Forwarded],
    key: impl Fn(&Forwarded) -> String,
    keys: &[String],
) -> Result<Vec<&'l Forwarded>, String> {
    let mut by_key: HashMap<String, &Forwarded> = HashMap::new();
    for line in lines {
        if let Some(other) = by_key.insert(key(line), line) {
            return Err(format!("{other:?} and {line:?} are one"));
        }
    }
    keys.iter().map(|key| by_key.remove(key).ok_or_else(|| format!("{key} is in one log alone, or twice"))).collect()
}

#[test]
fn one_connection_is_one_in_both_logs() {
    let location = "    locations: [ { path: /, return: { code: 200, body: hello } } ]\n";
    let inventory = format!("{FLEET}sites:\n{}", site("a.test", location)).replace("BALANCER", BALANCER);
    let text = block("nginx", "error_log ");
    let keys = KEYS.map(|key| format!("{RING}/{key}"));
    let files: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), KEY)).chain([(HANDSHAKES, &*text)]).collect();
    on_every_release(&inventory, &files, &[], |served| {
        let has_ids = served.release.nginx() >= (1, 23, 2);
        // All of them where both logs have the id, and once.
        let count = cases(if served.release.name() == "trixie" { 10_000 } else { 500 }).max(200) as usize;
        write_log(served);
        let second = served.run(SECOND);
        assert_eq!(second.status, 0, "{}: {second:?}", served.name());
        let before = ["", "2"].map(|number| Nginx::checked(served, number));
        let opened = served.run(&format!("python3 {} open {count}", script("connections.py"))).output;
        let kinds: HashMap<&str, &str> = opened.lines().filter_map(|line| line.split_once(' ')).collect();
        let told = logged(served, count);
        let lines: Vec<Forwarded> = told.iter().filter_map(|message| Forwarded::parse(message)).collect();
        let nginx = [("", &before[0]), ("2", &before[1])].map(|(number, before)| Nginx::of(served, number, before));
        served.run("kill $(cat mnt/run/nginx2.pid)");
        assert_eq!(lines.len(), count, "{}", served.name());
        assert_eq!(kinds.len(), count, "{}", served.name());
        requests_are_joined(&lines, &nginx, has_ids, &served.name());
        failures_are_joined(&lines, &nginx, &kinds, &served.name());
    });
}

fn requests_are_joined(lines: &[Forwarded], nginx: &[Nginx; 2], has_ids: bool, name: &str) {
    let text = |request: &Value, key: &str| request[key].as_str().unwrap_or_default().to_owned();
    let client = |it: &Value| format!("{}:{}", text(it, "proxy_protocol_addr"), text(it, "proxy_protocol_port"));
    let requests: Vec<&Value> = nginx.iter().flat_map(|it| &it.requests).collect();
    let ids: Vec<String> = requests.iter().map(|it| text(it, "unique_id")).collect();
    assert!(requests.len() > lines.len() * 8 / 10, "{name}: {}", requests.len());
    if has_ids {
        let found = joined(lines, |line| line.more.clone(), &ids).unwrap_or_else(|why| panic!("{name}: {why}"));
        for (line, request) in found.iter().zip(&requests) {
            // Both are the connection that asked for its own address and port.
            assert_eq!(text(request, "uri"), format!("/{}", line.client), "{name}");
            assert!(line.more.starts_with(&format!("{BALANCER}-")) && line.more.len() < 128, "{name}: {}", line.more);
        }
        // An id that is not there, and one that is there twice.
        let mut wrong = ids.clone();
        wrong[0] = format!("{}0", wrong[0]);
        joined(lines, |line| line.more.clone(), &wrong).expect_err("a wrong id is in one log alone");
        wrong[0] = ids[1].clone();
        joined(lines, |line| line.more.clone(), &wrong).expect_err("an id is there twice");
    } else {
        assert!(ids.iter().all(String::is_empty) && lines.iter().all(|line| line.more.is_empty()), "{name}");
        let clients: Vec<String> = requests.iter().map(|it| client(it)).collect();
        let found = joined(lines, |line| line.client.clone(), &clients).unwrap_or_else(|why| panic!("{name}: {why}"));
        for (line, request) in found.iter().zip(&requests) {
            assert_eq!(text(request, "uri"), format!("/{}", line.client), "{name}");
        }
    }
    // Without the id and the port there is only the client's address and the app server.
    let address = |line: &Forwarded| line.client.split(':').next().unwrap_or_default().to_owned() + &line.server;
    joined(lines, address, &[]).expect_err("one address has many connections");
}

/// nginx does not log whose handshakes fail: of one app server, the connections that have no request, in their order.
fn failures_are_joined(lines: &[Forwarded], nginx: &[Nginx; 2], kinds: &HashMap<&str, &str>, name: &str) {
    let mut reasons: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut count = 0;
    for (server, nginx) in ["srv1", "srv2"].iter().zip(nginx) {
        let asked: BTreeSet<&str> =
            nginx.requests.iter().map(|it| it["uri"].as_str().unwrap().trim_start_matches('/')).collect();
        let mut without: Vec<&Forwarded> =
            lines.iter().filter(|line| line.server == *server && !asked.contains(line.client.as_str())).collect();
        // The last thing that a thread of haproxy does about a connection is to log it, maybe after the next one.
        without.sort_by_key(|line| &line.time);
        assert_eq!(without.len(), nginx.others.len(), "{name} {server}: {:?}", nginx.others.first());
        for (line, said) in without.iter().zip(&nginx.others) {
            // What is between the number of the connection and what depends on the host.
            let reason = said.split_once(": *").and_then(|(_, it)| it.split_once(' ')).unwrap().1;
            let reason = reason.split(", client: ").next().unwrap();
            reasons.entry(kinds[line.client.as_str()]).or_default().insert(reason.to_owned());
            count += 1;
        }
    }
    // Each failed in a way of its own, and so no line belongs to another connection.
    let kinds_of_failures: Vec<&str> = reasons.keys().copied().collect();
    assert_eq!(kinds_of_failures, ["early", "garbage", "version"], "{name}: {reasons:?}");
    assert!(reasons.values().all(|it| it.len() == 1), "{name}: {reasons:?}");
    assert_eq!(reasons.values().flatten().collect::<BTreeSet<_>>().len(), 3, "{name}: {reasons:?}");
    assert!(count > lines.len() / 10, "{name}: {count}");
}

/// Names that are none: each as it is logged.
const NAMES: [(&[u8], &str); 7] = [
    (b"a.test", "{a.test}"),
    (b"A.Test.", "{A.Test.}"),
    (
        b"evil\n<134>Nov 28 07:12:56 haproxy[39]: 10.9.9.9:1 [28/Nov",
        "{evil#0A<134>Nov 28 07:12:56 haproxy[39]: 10.9.9.9:1 [28/Nov}",
    ),
    (b"} quo\"te {x|y", "{#7D quo#22te #7Bx#7Cy}"),
    (b"\x1b[31m%[src]\\n", "{#1B[31m%[src]\\n}"),
    (b"\xc3\xa9\xff", "{#C3#A9#FF}"),
    (&[b'x'; 300], "{}"),
];

#[test]
fn a_name_that_a_client_makes_up_stays_within_its_braces() {
    let location = "    locations: [ { path: /, return: { code: 200, body: hello } } ]\n";
    let inventory = format!(
        "{}haproxy: {{ proxy_protocol: v2, log: \"127.0.0.1:514\", unknown_names: reject }}\n\
         nginx: {{ log_format: json }}\nsites:\n{}",
        super::HOSTS,
        site("a.test", location)
    );
    on_every_release(&inventory, &[], &[], |served| {
        write_log(served);
        let hex: String = NAMES.iter().map(|(name, _)| hex::encode(name) + "\\n").collect();
        served.run(&format!("printf '{hex}' | python3 {} names", script("connections.py")));
        let told = logged(served, NAMES.len());
        let lines: Vec<Forwarded> = told.iter().filter_map(|message| Forwarded::parse(message)).collect();
        let mut names: Vec<&str> = lines
            .iter()
            .map(|line| match served.release.nginx() >= (1, 23, 2) {
                true => line.more.split_once(' ').map_or("", |(_, name)| name),
                false => line.more.as_str(),
            })
            .collect();
        let long = format!("{{{}}}", "x".repeat(255));
        let mut expected: Vec<&str> = NAMES.iter().map(|(_, it)| if *it == "{}" { &*long } else { *it }).collect();
        // Threads of haproxy may log two that follow each other the other way round.
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{}", served.name());
        // One message for each, in one line.
        assert_eq!(told.iter().map(|it| it.trim_end().lines().count()).collect::<Vec<_>>(), [1; NAMES.len()]);
    });
}
