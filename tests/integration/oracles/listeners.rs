//! No two programs of a host listen on one socket. haproxy and nginx both share a port with another program
//! in silence, or fail only when they start.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sslscale::inventory::{Inventory, check};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF};
use sslscale::source::Source;
use sslscale::tree::Tree;

use super::{Numbers, rendered, small, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 500;
/// So few that listeners often meet.
const PORTS: &[&str] = &["80", "443", "8080"];
/// Where the generator's apps listen that are not on the host itself.
const ELSEWHERE: [&str; 2] = ["10.255.255.254", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]"];

/// The addresses of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    All4,
    All6,
    One(IpAddr),
}

/// A socket of a host: what has it, its addresses and its port.
type Socket = (&'static str, At, u16);

/// Whether a packet could be for either.
fn meet((one, at, port): &Socket, (other, other_at, other_port): &Socket) -> bool {
    let within = |all: At, address: &IpAddr| match all {
        At::All4 => address.is_ipv4(),
        At::All6 => address.is_ipv6(),
        At::One(_) => false,
    };
    let addresses = match (at, other_at) {
        (At::One(one), At::One(other)) => one == other,
        (all, At::One(address)) | (At::One(address), all) => within(*all, address),
        (one, other) => one == other,
    };
    one != other && port == other_port && addresses
}

/// The sockets that haproxy.cfg binds, and the servers of plain HTTP on app servers.
fn of_balancer(config: &str) -> (BTreeSet<Socket>, Vec<SocketAddr>) {
    let (mut binds, mut challenges, mut section) = (BTreeSet::new(), Vec::new(), ("", ""));
    for line in config.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [kind, name, ..] if !line.starts_with([' ', '#']) => section = (kind, name),
            ["bind", address, ..] => {
                let (host, port) = address.rsplit_once(':').unwrap();
                let at = match host {
                    "*" => At::All4,
                    "::" => At::All6,
                    host => At::One(host.trim_matches(['[', ']']).parse().unwrap()),
                };
                let taker = match section.1 {
                    "https-in" => "haproxy for TLS",
                    "metrics-in" => "haproxy for metrics",
                    "counts" => "haproxy for other balancers",
                    _ => "haproxy for plain HTTP",
                };
                binds.insert((taker, at, port.parse().unwrap()));
            }
            ["server", _, address, ..] if section == ("backend", "acme-challenge") => {
                challenges.push(address.parse().unwrap());
            }
            _ => {}
        }
    }
    (binds, challenges)
}

/// The sockets that nginx listens on, and the addresses that it passes requests to.
fn of_nginx(config: &str) -> (BTreeSet<Socket>, BTreeSet<SocketAddr>) {
    let (mut listens, mut upstreams) = (BTreeSet::new(), BTreeSet::new());
    for line in config.lines() {
        let words: Vec<&str> = line.trim().trim_end_matches(';').split(' ').collect();
        if let ["listen", address, parameters @ ..] = &words[..] {
            let (at, port) = address.strip_prefix("[::]:").map_or((At::All4, *address), |port| (At::All6, port));
            let taker = if parameters.contains(&"ssl") { "nginx for TLS" } else { "nginx for plain HTTP" };
            listens.insert((taker, at, port.parse().unwrap()));
        } else if let ["server", address, ..] = words[..] {
            // Of a named upstream; others have names, or are Unix sockets.
            upstreams.extend(address.parse::<SocketAddr>());
        } else if let [directive, to] = words[..]
            && directive.ends_with("_pass")
        {
            let (scheme, rest) = to.split_once("://").unwrap_or(("", to));
            let host = rest.split('/').next().unwrap();
            let usual = if scheme.ends_with('s') { 443 } else { 80 };
            let address: Option<SocketAddr> = host.parse().ok().or_else(|| format!("{host}:{usual}").parse().ok());
            // A named upstream, or a variable.
            let named = !host.contains(['.', ':']);
            assert!(address.is_some() || named || rest.starts_with("unix:"), "{line}");
            upstreams.extend(address);
        }
    }
    (listens, upstreams)
}

/// Two sockets of one host that meet.
fn conflict(inventory: &Inventory, tree: &Tree) -> Option<String> {
    let mut expected: BTreeSet<SocketAddr> = BTreeSet::new();
    let mut hosts = Vec::new();
    for balancer in &inventory.load_balancers {
        let (binds, challenges) = of_balancer(text(tree, balancer.name.as_str(), HAPROXY_CFG));
        assert!(!binds.is_empty());
        expected.extend(challenges);
        hosts.push((balancer.name.as_str(), binds));
    }
    for app in &inventory.app_servers {
        let (mut sockets, upstreams) = of_nginx(text(tree, app.name.as_str(), NGINX_CONF));
        assert!(!sockets.is_empty());
        let own = |address: &SocketAddr| app.addresses.iter().any(|it| it.0 == address.ip());
        let local = |address: &SocketAddr| address.ip().is_loopback() || own(address);
        // What answers challenges may be nginx itself, or any other program; an app would be one, too.
        for address in expected.iter().filter(|address| own(address)) {
            let nginx = ("nginx for plain HTTP", At::All4, address.port());
            if !sockets.iter().any(|it| it.0 == nginx.0 && it.2 == nginx.2) {
                sockets.insert(("another program for challenges", At::One(address.ip()), address.port()));
            }
        }
        let apps = upstreams.iter().filter(|address| local(address));
        let apps: Vec<Socket> = apps.map(|it| ("an app", At::One(it.ip()), it.port())).collect();
        let answers = |app: &Socket| sockets.iter().any(|it| it.0.starts_with("another") && meet(it, app));
        let apps: Vec<Socket> = apps.into_iter().filter(|app| !answers(app)).collect();
        sockets.extend(apps);
        hosts.push((app.name.as_str(), sockets));
    }
    hosts.into_iter().find_map(|(host, sockets)| {
        let all: Vec<Socket> = sockets.into_iter().collect();
        let mut pairs = all.iter().enumerate().flat_map(|(at, one)| all[at + 1..].iter().map(move |it| (one, it)));
        let (one, other) = pairs.find(|(one, other)| meet(one, other))?;
        Some(format!("{host}: {one:?} and {other:?}"))
    })
}

/// The same inventory with ports of a few, and with apps on the app servers themselves.
fn crowded(number: u32) -> Option<String> {
    let (yaml, mut numbers) = (small(number), Numbers::of(number));
    let inventory = check(&Source::new("generated.yaml", &yaml)).inventory?;
    let own: Vec<String> =
        inventory.app_servers.iter().flat_map(|app| app.addresses.iter()).map(|it| socket(it.0)).collect();
    let local = Ipv4Addr::LOCALHOST.to_string();
    let mut out = String::new();
    let mut rest = yaml.as_str();
    let marks = || ["port: ", "127.0.0.1:", "[::1]:"].into_iter().chain(ELSEWHERE);
    while let Some((at, mark)) = marks().filter_map(|mark| Some((rest.find(mark)?, mark))).min() {
        out.push_str(&rest[..at]);
        rest = &rest[at + mark.len()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if ELSEWHERE.contains(&mark) {
            // An own address of an app server, or still one of no host.
            let all = [own.as_slice(), &[local.clone(), mark.to_owned()]].concat();
            out.push_str(&all[numbers.below(all.len())]);
        } else if digits == 0 || out.ends_with("openssl: ") {
            out.push_str(mark);
        } else {
            out.push_str(mark);
            out.push_str(PORTS[numbers.below(PORTS.len())]);
            rest = &rest[digits..];
        }
    }
    Some(out + rest)
}

fn socket(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

#[test]
fn no_two_programs_of_an_accepted_host_have_one_socket() {
    let (count, mut accepted, mut refused) = (cases(COUNT), 0, 0);
    for number in first()..first() + count {
        let Some(yaml) = crowded(number) else { continue };
        match rendered(&yaml) {
            Ok((inventory, tree)) => {
                accepted += 1;
                let found = conflict(&inventory, &tree);
                assert!(found.is_none(), "inventory {number}: {}\n{yaml}", found.unwrap_or_default());
            }
            Err(why) if why.contains("IN09") => refused += 1,
            Err(_) => {}
        }
    }
    if all_of(COUNT, count) {
        assert!(accepted > COUNT / 8 && refused > COUNT / 8, "{accepted} accepted, {refused} refused");
    }
}

// The control: the reader of rendered files finds two sockets that meet.
#[test]
fn sockets_that_meet_are_found() {
    let (binds, challenges) = of_balancer(
        "frontend https-in\n    bind *:80\n    bind :::80 v6only\nfrontend http-in\n    bind *:80\nbackend \
         acme-challenge\n    server srv1 10.0.0.11:8888\n",
    );
    assert_eq!((binds.len(), challenges.len()), (3, 1));
    let (listens, upstreams) = of_nginx(
        "server {\n    listen 443 ssl http2 proxy_protocol default_server;\n    listen [::]:443 ssl;\n    listen 80;\n\
         \x20       proxy_pass http://127.0.0.1/x;\n        uwsgi_pass [::1]:443;\n        grpc_pass grpcs://10.0.0.1;\n",
    );
    assert_eq!((listens.len(), upstreams.len()), (3, 3));
    let count = |sockets: &BTreeSet<Socket>, more: &BTreeSet<Socket>| {
        sockets.iter().map(|one| more.iter().filter(|other| meet(one, other)).count()).sum::<usize>()
    };
    let apps = upstreams.iter().map(|it| ("an app", At::One(it.ip()), it.port())).collect();
    assert_eq!((count(&binds, &binds), count(&listens, &apps)), (2, 3));
}
