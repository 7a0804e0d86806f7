//! Rules over observations that nobody had to make.

mod dp;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::deploy::{Action, Block, Change, ChangeKind, FileKind, Found, Listen, Listening, Server, Unit};
use crate::diagnostic::Severity;
use crate::lint::{NotRun, Settings, read};
use crate::source::Source;
use crate::tree::Content;

const INVENTORY: &str = "\
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";
const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";
const FILE: &str = "/etc/nginx/conf.d/sslscale.conf";

/// What each host of the inventory told.
struct World {
    inventory: String,
    hosts: BTreeMap<&'static str, Option<(Observation, HostPlan)>>,
    files: BTreeMap<&'static str, Vec<Entry>>,
}

impl World {
    /// Everything is as it should be.
    fn new() -> Self {
        let mut hosts = BTreeMap::new();
        for (name, address) in
            [("lb1", "10.0.0.10"), ("lb2", "10.0.0.20"), ("srv1", "10.0.0.11"), ("srv2", "10.0.0.12")]
        {
            let addresses = ["127.0.0.1", address].map(|it| it.parse().unwrap()).into();
            let facts = Facts { addresses, nofile: Some(1024), ipv6: true, ..Facts::default() };
            let unit = Unit { active: "active".to_owned(), enabled: "enabled".to_owned() };
            let mut seen = Observation { facts: Some(facts), unit: Some(unit), ..Observation::default() };
            seen.managed.insert(FILE.to_owned(), "1".repeat(64));
            let found = Found { mode: 0o644, owner: "root:root".to_owned(), sha256: "1".repeat(64) };
            seen.files.insert(FILE.to_owned(), FileKind::Regular(found));
            if name.starts_with("lb") {
                seen.running = Some("0123456789ab".to_owned());
                seen.servers = ["srv1", "srv2"].map(|name| server(name, "UP")).into();
            }
            hosts.insert(name, Some((seen, HostPlan::default())));
        }
        Self { inventory: INVENTORY.to_owned(), hosts, files: BTreeMap::new() }
    }

    fn seen(&mut self, name: &str) -> &mut Observation {
        &mut self.hosts.get_mut(name).unwrap().as_mut().unwrap().0
    }

    fn plan(&mut self, name: &str) -> &mut HostPlan {
        &mut self.hosts.get_mut(name).unwrap().as_mut().unwrap().1
    }

    fn facts(&mut self, name: &str) -> &mut Facts {
        self.seen(name).facts.as_mut().unwrap()
    }

    fn file(&mut self, name: &'static str, path: &str, text: &str) {
        let content = Arc::new(Content::new(text.as_bytes().to_vec()));
        self.files.entry(name).or_default().push(Entry { path: path.into(), content });
    }

    fn findings(&self) -> Findings {
        let source = Source::new("inventory.yaml", self.inventory.as_str());
        let settings = Settings::default();
        let gathered = read(&source, &settings);
        let fleet = gathered.fleet().unwrap();
        let host = |(name, seen): (&&'static str, &'_ Option<(Observation, HostPlan)>)| {
            let role = if name.starts_with("lb") { Role::Balancer } else { Role::AppServer };
            let files = self.files.get(name).map_or(&[][..], Vec::as_slice);
            (*name, role, files, seen.clone())
        };
        let hosts: Vec<_> = self.hosts.iter().map(host).collect();
        let hosts: Vec<LiveHost<'_>> = hosts
            .iter()
            .map(|(name, role, files, seen)| LiveHost {
                name,
                role: *role,
                files,
                seen: seen.as_ref().map(|(seen, plan)| (seen, plan)).ok_or_else(|| "nothing answers".to_owned()),
            })
            .collect();
        find(&Live { fleet: &fleet, hosts: &hosts })
    }

    /// Codes, lines and severities.
    fn found(&self) -> Vec<(&'static str, usize, Severity)> {
        let source = Source::new("inventory.yaml", self.inventory.as_str());
        let place = |found: &crate::diagnostic::Diagnostic| source.position(found.span.start).line;
        self.findings().found.iter().map(|it| (it.code.id, place(it), it.severity)).collect()
    }
}

fn server(name: &str, status: &str) -> Server {
    Server { pool: "https-servers".to_owned(), name: name.to_owned(), sessions: 0, status: status.to_owned() }
}

fn block(file: &str, names: &[&str], listens: &[(Option<&str>, u16, &[&str])]) -> Block {
    let listen = |(address, port, options): &(Option<&str>, u16, &[&str])| Listen {
        address: address.map(str::to_owned),
        port: *port,
        options: options.iter().map(|it| (*it).to_owned()).collect(),
    };
    Block {
        file: file.to_owned(),
        names: names.iter().map(|it| (*it).to_owned()).collect(),
        listens: listens.iter().map(listen).collect(),
    }
}

use Severity::{Error, Warning};

#[test]
fn a_fleet_as_it_should_be_has_no_finding() {
    let findings = World::new().findings();
    assert!(findings.found.is_empty() && findings.not_run.is_empty(), "{findings:?}");
}

#[test]
fn a_rule_does_not_run_on_a_host_that_is_away_and_on_a_directory() {
    let mut world = World::new();
    world.hosts.insert("srv1", None);
    world.hosts.insert("srv2", None);
    let not_run: Vec<NotRun> = world.findings().not_run.into_iter().collect();
    let reasons: Vec<(&str, &str)> = not_run.iter().map(|it| (it.code, it.reason.as_str())).collect();
    let reason = "`srv1` and 1 other could not be observed: nothing answers";
    assert_eq!(
        reasons,
        ["AD09", "CP04", "DP01", "DP02", "DP04", "DP05", "DP08", "PX19", "RS04"].map(|code| (code, reason))
    );
    let mut world = World::new();
    world.seen("srv1").facts = None;
    let reasons = |world: &World| -> Vec<String> {
        world.findings().not_run.into_iter().filter(|it| it.code == "CP04").map(|it| it.reason).collect()
    };
    assert_eq!(reasons(&world), ["`srv1` has only a directory here, and no running programs"]);
    world.seen("srv1").missing_tools.push("perl".to_owned());
    assert_eq!(reasons(&world), ["`srv1` has no `perl`"]);
}

#[test]
fn ad09_an_address_that_the_host_does_not_have() {
    let mut world = World::new();
    world.facts("srv1").addresses.remove(&"10.0.0.11".parse().unwrap());
    assert_eq!(world.found(), [("AD09", 5, Warning)]);
    // Files of custom templates.
    let mut world = World::new();
    for (bind, ipv6, nonlocal, wanted) in [
        ("*:443", true, None, 0),
        ("0.0.0.0:443", true, None, 0),
        (":::443 v6only", true, None, 0),
        (":::443 v6only", false, None, 1),
        ("10.0.0.10:443", true, None, 0),
        ("10.0.0.99:443", true, None, 1),
        ("10.0.0.99:443", true, Some(4), 0),
        ("10.0.0.99:443 transparent", true, None, 0),
        ("[fd00::9]:443", true, Some(4), 1),
        ("[fd00::9]:443", true, Some(6), 0),
    ] {
        world.files.clear();
        world.file("lb1", "/etc/haproxy/haproxy.cfg", &format!("frontend f\n    bind {bind}\n"));
        world.facts("lb1").ipv6 = ipv6;
        world.facts("lb1").nonlocal = nonlocal.into_iter().collect();
        assert_eq!(world.found(), vec![("AD09", 2, Error); wanted], "{bind}");
    }
}

#[test]
fn px19_a_balancer_that_connects_from_another_address() {
    let old = "10.0.0.110";
    for (from, own, more, wanted) in [
        ("10.0.0.10", true, "", 0),
        (old, true, "", 1),
        // What is translated on the way is not known here.
        (old, false, "", 0),
        ("fd00::10", true, "", 0),
        (old, true, "haproxy: { proxy_protocol: \"off\" }\n", 0),
        (old, true, "trusted_proxies: [10.0.0.0/24]\n", 0),
    ] {
        let mut world = World::new();
        world.inventory += more;
        let facts = world.facts("lb1");
        facts.addresses.insert(old.parse().unwrap());
        facts.sources = vec![(from.parse().unwrap(), "10.0.0.12".parse().unwrap())];
        if !own {
            facts.addresses.remove(&"10.0.0.10".parse().unwrap());
        }
        let found: Vec<_> = world.found().into_iter().filter(|it| it.0 != "AD09").collect();
        assert_eq!(found, vec![("PX19", 2, Error); wanted], "{from} {own} {more}");
    }
    let mut world = World::new();
    world.facts("lb1").sources = vec![(old.parse().unwrap(), "10.0.0.12".parse().unwrap())];
    let found = &world.findings().found[0];
    let says = "`lb1` connects to `srv2` from `10.0.0.110`, which app servers do not believe: they would take it for the \
                address of all clients";
    assert_eq!(found.message, says);
    world.inventory = INVENTORY.replace("10.0.0.10 }", "10.0.0.10, haproxy: { source: [10.0.0.110] } }");
    world.facts("lb1").addresses.insert(old.parse().unwrap());
    assert_eq!(world.found(), []);
}

#[test]
fn cp04_worker_connections_and_descriptors() {
    for (connections, rlimit, nofile, wanted) in [
        (Some(768), None, Some(1024), 0),
        (Some(1025), None, Some(1024), 1),
        (Some(1025), Some(2050), Some(1024), 0),
        (Some(4096), Some(2048), Some(65536), 1),
        (None, None, Some(511), 1),
        (None, None, None, 0),
    ] {
        let mut world = World::new();
        let facts = world.facts("srv2");
        facts.nofile = nofile;
        (facts.nginx.connections, facts.nginx.rlimit) = (connections, rlimit);
        assert_eq!(world.found(), vec![("CP04", 6, Warning); wanted], "{connections:?} {rlimit:?} {nofile:?}");
    }
}

#[test]
fn rs04_a_ring_that_is_stale() {
    let mut world = World::new();
    world.inventory += "tickets: shared\n";
    world.facts("srv1").ring_age = Some(crate::tickets::STALE);
    assert_eq!(world.found(), []);
    world.facts("srv1").ring_age = Some(crate::tickets::STALE + 1);
    assert_eq!(world.found(), [("RS04", 5, Warning)]);
    world.inventory = INVENTORY.to_owned() + "tickets: per_host\n";
    assert_eq!(world.found(), []);
}

#[test]
fn what_a_host_writes_cannot_drive_a_terminal() {
    let mut world = World::new();
    let address = "0.0.0.0".parse().unwrap();
    world.facts("lb1").listening = vec![Listening { address, port: 443, program: "a\u{1b}[2J`b".to_owned() }];
    let found = world.findings().found;
    assert!(found[0].message.starts_with("`a\\u{1b}[2J'b` listens on port 443 of `lb1`"), "{}", found[0].message);
}

#[test]
fn ad09_an_address_of_bind_that_no_interface_has() {
    let mut world = World::new();
    let bind = |world: &mut World, list: &str, more: &str| {
        world.inventory =
            INVENTORY.replace("10.0.0.20 }", &format!("10.0.0.20, haproxy: {{ bind: [{list}] }} }}")) + more;
    };
    let moves = "high_availability: { virtual_addresses: [10.0.0.100] }\n";
    bind(&mut world, "10.0.0.20, 10.0.0.100", moves);
    assert_eq!(world.found(), []);
    bind(&mut world, "10.0.0.21, 10.0.0.100", moves);
    assert_eq!(world.found(), [("AD09", 3, Warning)]);
    bind(&mut world, "10.0.0.21", "");
    let message = "no interface of `lb2` has `10.0.0.21`, at which alone haproxy is to take connections";
    assert!(world.findings().found.iter().any(|it| it.message == message), "{:?}", world.findings().found);
    world.facts("lb2").addresses.insert("10.0.0.21".parse().unwrap());
    assert_eq!(world.found(), []);
}
