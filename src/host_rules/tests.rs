//! Rules over observations that nobody had to make.

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
    assert_eq!(reasons, ["AD09", "CP04", "DP01", "DP02", "DP04", "DP05", "DP08", "RS04"].map(|code| (code, reason)));
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
fn dp01_the_proxy_protocol_on_a_port_in_use() {
    let change = Change { path: FILE.to_owned(), kind: ChangeKind::Update };
    for (changes, listen, wanted) in [
        (true, (443, &["ssl"][..]), 1),
        (true, (443, &["ssl", "proxy_protocol"]), 0),
        (true, (443, &[]), 0),
        // The deploy serves both ports until balancers have changed.
        (true, (8443, &["ssl"]), 0),
        (false, (443, &["ssl"]), 0),
    ] {
        let mut world = World::new();
        world.facts("srv1").nginx.blocks = vec![block(FILE, &["example.com"], &[(None, listen.0, listen.1)])];
        world.plan("srv1").changes = changes.then(|| change.clone()).into_iter().collect();
        assert_eq!(world.found(), vec![("DP01", 5, Error); wanted], "{listen:?}");
    }
    // The other way round.
    for (listen, wanted) in
        [((443, &["ssl", "proxy_protocol"][..]), 1), ((443, &["ssl"]), 0), ((8443, &["ssl", "proxy_protocol"]), 0)]
    {
        let mut world = World::new();
        world.inventory += "haproxy: { proxy_protocol: \"off\" }\n";
        world.facts("srv1").nginx.blocks = vec![block(FILE, &["example.com"], &[(None, listen.0, listen.1)])];
        world.plan("srv1").changes = vec![change.clone()];
        assert_eq!(world.found(), vec![("DP01", 5, Error); wanted], "{listen:?}");
    }
    // While a deploy changes it, both ports are served.
    let both = [(None, 443, &["ssl", "proxy_protocol"][..]), (None, 8443, &["ssl"])];
    let mut world = World::new();
    world.inventory += "haproxy: { proxy_protocol: \"off\" }\nnginx: { port: 8443 }\n";
    world.facts("srv1").nginx.blocks = vec![block(FILE, &["example.com"], &both)];
    world.plan("srv1").changes = vec![change.clone()];
    assert_eq!(world.found(), []);
    // A balancer that the deploy leaves out goes on using the old port.
    let mut world = World::new();
    world.facts("srv1").nginx.blocks = vec![block(FILE, &["example.com"], &[(None, 8443, &["ssl", "proxy_protocol"])])];
    world.plan("srv1").changes = vec![change];
    assert_eq!(world.found(), []);
    world.hosts.remove("lb2");
    assert_eq!(world.found(), [("DP01", 5, Error)]);
}

#[test]
fn dp02_what_differs_from_what_was_deployed() {
    let kinds = [
        FileKind::Absent,
        FileKind::Link,
        FileKind::Regular(Found { mode: 0o644, owner: "root:root".to_owned(), sha256: "2".repeat(64) }),
    ];
    for kind in kinds {
        let mut world = World::new();
        world.seen("srv1").files.insert(FILE.to_owned(), kind);
        assert_eq!(world.found(), [("DP02", 5, Error)]);
    }
    let mut world = World::new();
    world.facts("srv1").unread = vec!["/etc/nginx/conf.d/other.conf".to_owned()];
    assert_eq!(world.found(), []);
    world.facts("srv1").unread.push(FILE.to_owned());
    assert_eq!(world.found(), [("DP02", 5, Error)]);
    // One that has changed as well is told once.
    let found = Found { mode: 0o644, owner: "root:root".to_owned(), sha256: "2".repeat(64) };
    world.seen("srv1").files.insert(FILE.to_owned(), FileKind::Regular(found));
    assert_eq!(world.found(), [("DP02", 5, Error)]);
    let messages: Vec<String> = world.findings().found.into_iter().map(|it| it.message).collect();
    assert_eq!(messages, [format!("`srv1` differs from what was deployed: `{FILE}` was changed and not loaded")]);
    let mut world = World::new();
    let lb1 = world.seen("lb1");
    lb1.managed.insert(HAPROXY.to_owned(), "1".repeat(64));
    lb1.files.insert(HAPROXY.to_owned(), lb1.files[FILE].clone());
    world.facts("lb1").unread = vec![HAPROXY.to_owned()];
    let message = format!("haproxy on `lb1` has not loaded `{HAPROXY}` since the last change");
    assert_eq!(world.findings().found.into_iter().map(|it| it.message).collect::<Vec<_>>(), [message]);
    let mut world = World::new();
    world.facts("lb1").revision = Some("0123456789ab".to_owned());
    assert_eq!(world.found(), []);
    world.facts("lb1").revision = Some("0123456789ac".to_owned());
    assert_eq!(world.found(), [("DP02", 2, Error)]);
    let mut world = World::new();
    world.seen("lb1").managed.clear();
    assert_eq!(world.found(), []);
    let not_run: Vec<String> = world.findings().not_run.into_iter().map(|it| it.reason).collect();
    assert_eq!(not_run, ["nothing was deployed to `lb1` yet"]);
}

#[test]
fn dp04_a_restart_of_the_only_one_that_serves() {
    let mut world = World::new();
    for name in ["lb1", "lb2", "srv1", "srv2"] {
        world.plan(name).actions = vec![Action::Restart];
    }
    // One after the other.
    assert_eq!(world.found(), []);
    world.seen("lb2").running = None;
    world.seen("lb2").servers.clear();
    assert_eq!(world.found(), [("DP04", 2, Error)]);
    for name in ["lb1", "lb2"] {
        world.seen(name).running = Some("0123456789ab".to_owned());
        world.seen(name).servers = vec![server("srv1", "UP"), server("srv2", "DOWN")];
    }
    assert_eq!(world.found(), [("DP04", 5, Error)]);
    world.plan("srv1").actions = vec![Action::Reload];
    assert_eq!(world.found(), []);
}

#[test]
fn dp05_what_takes_the_connections_of_rendered_servers() {
    const OTHER: &str = "/etc/nginx/sites-enabled/other";
    let same = &["ssl", "proxy_protocol"][..];
    for (names, listen, wanted) in [
        (&["_"][..], (None, 80, &["default_server"][..]), None),
        (&["example.com"], (None, 8443, &["ssl"]), None),
        (&["example.com"], (None, 80, &[]), None),
        (&["other.example"], (None, 443, same), Some(Warning)),
        (&["example.com"], (None, 443, same), Some(Error)),
        (&["other.example"], (None, 443, &["ssl"]), Some(Error)),
        (&["other.example"], (None, 443, &["proxy_protocol"]), Some(Error)),
        (&["other.example"], (Some("10.0.0.11"), 443, same), Some(Error)),
        (&["other.example"], (None, 443, &["ssl", "proxy_protocol", "default_server"]), Some(Error)),
    ] {
        let mut world = World::new();
        world.facts("srv1").nginx.blocks = vec![block(OTHER, names, &[listen]), block(FILE, names, &[listen])];
        let wanted: Vec<_> = wanted.map(|severity| ("DP05", 5, severity)).into_iter().collect();
        assert_eq!(world.found(), wanted, "{names:?} {listen:?}");
    }
    for (options, wanted) in [(&["ssl"][..], Warning), (same, Error), (&[], Error)] {
        let mut world = World::new();
        world.inventory += "haproxy: { proxy_protocol: \"off\" }\n";
        world.facts("srv1").nginx.blocks = vec![block(OTHER, &["other.example"], &[(None, 443, options)])];
        assert_eq!(world.found(), [("DP05", 5, wanted)], "{options:?}");
    }
    for (host, port, program, wanted) in [
        ("srv1", 443, "apache2", 1),
        ("srv1", 443, "nginx", 0),
        ("srv1", 80, "apache2", 0),
        ("lb1", 443, "nginx", 1),
        ("lb1", 443, "haproxy", 0),
    ] {
        let mut world = World::new();
        let address = "0.0.0.0".parse().unwrap();
        world.facts(host).listening = vec![Listening { address, port, program: program.to_owned() }];
        let line = if host == "lb1" { 2 } else { 5 };
        assert_eq!(world.found(), vec![("DP05", line, Error); wanted], "{host} {port} {program}");
    }
    for (host, line, key) in [("lb1", 2, "haproxy.metrics.port"), ("srv1", 5, "nginx.metrics.port")] {
        let mut world = World::new();
        world.inventory += "haproxy: { metrics: { allow: [10.0.0.5] } }\nnginx: { metrics: { allow: [10.0.0.5] } }\n";
        world.facts(host).listening =
            vec![Listening { address: "0.0.0.0".parse().unwrap(), port: 8404, program: "python3".to_owned() }];
        assert_eq!(world.found(), [("DP05", line, Error)], "{host}");
        assert!(world.findings().found[0].help.contains(key), "{host}");
    }
    // Both are wanted on one host, but not on one port.
    for (host, port, program, words) in [
        ("lb1", 80, "nginx", "/etc/nginx/sites-enabled/default"),
        ("srv1", 8443, "haproxy", "from haproxy on that host"),
    ] {
        let mut world = World::new();
        world.inventory = INVENTORY.replace("10.0.0.11", "10.0.0.10, nginx: { port: 8443 }");
        world.facts("srv1").addresses.insert("10.0.0.10".parse().unwrap());
        let address = "0.0.0.0".parse().unwrap();
        world.facts(host).listening = vec![Listening { address, port, program: program.to_owned() }];
        let helps: Vec<String> = world.findings().found.into_iter().map(|it| it.help).collect();
        assert!(matches!(&helps[..], [help] if help.contains(words)), "{helps:?}");
    }
    // Whoever stops that one has no way to the host any more.
    let mut world = World::new();
    let address = "0.0.0.0".parse().unwrap();
    world.facts("lb1").listening = vec![Listening { address, port: 443, program: "sshd".to_owned() }];
    let helps: Vec<String> = world.findings().found.into_iter().map(|it| it.help).collect();
    assert_eq!(helps, ["change `haproxy.port` in the inventory"]);
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
fn dp08_a_program_that_is_older_than_the_inventory_says() {
    let mut world = World::new();
    for (name, package) in [("lb1", "3.0.11-1"), ("srv1", "1.22.1-9+deb12u2"), ("srv2", "1.26.3-3+deb13u1")] {
        world.seen(name).package = Some(package.to_owned());
    }
    assert_eq!(world.found(), []);
    let fleet = |world: &mut World, more: &str| world.inventory = format!("{INVENTORY}{more}\n");
    fleet(&mut world, "nginx: { version: 1.22.1 }\nhaproxy: { version: 3.0.2 }");
    assert_eq!(world.found(), []);
    fleet(&mut world, "nginx: { version: 1.26.3 }\nhaproxy: { version: 3.1 }");
    assert_eq!(world.found(), [("DP08", 13, Warning), ("DP08", 12, Warning)]);
    let message = "files are rendered for nginx 1.26.3, but `srv1` has `1.22.1-9+deb12u2`";
    assert!(world.findings().found.iter().any(|it| it.message == message), "{:?}", world.findings().found);
    world.inventory = INVENTORY.replace("address: 10.0.0.11 }", "address: 10.0.0.11, nginx: { version: 1.24.0 } }");
    assert_eq!(world.found(), [("DP08", 5, Warning)]);
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
