//! What a deploy would meet on the hosts.

use super::*;

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
    // The other program does not run yet, or no more.
    for (listen, bind, wanted) in [
        ((None, 80, &[][..]), "", 1),
        ((None, 8080, &[]), "", 0),
        ((Some("127.0.0.1"), 80, &[]), "", 1),
        ((Some("127.0.0.1"), 80, &[]), ", haproxy: { bind: [10.0.0.10] }", 0),
        ((Some("10.0.0.10"), 80, &[]), ", haproxy: { bind: [10.0.0.10] }", 1),
        ((None, 80, &[]), ", haproxy: { bind: [10.0.0.10] }", 1),
    ] {
        let mut world = World::new();
        let beside = INVENTORY.replace("10.0.0.11", "10.0.0.10, nginx: { port: 8443 }");
        world.inventory = beside.replace("address: 10.0.0.10 }", &format!("address: 10.0.0.10{bind} }}"));
        world.facts("srv1").addresses.insert("10.0.0.10".parse().unwrap());
        let default = "/etc/nginx/sites-enabled/default";
        world.facts("srv1").nginx.blocks = vec![block(default, &["_"], &[listen]), block(FILE, &["_"], &[listen])];
        assert_eq!(world.found(), vec![("DP05", 5, Error); wanted], "{listen:?} {bind}");
        // Found once, where it runs.
        let address = "0.0.0.0".parse().unwrap();
        world.facts("lb1").listening = vec![Listening { address, port: 80, program: "nginx".to_owned() }];
        assert_eq!(world.found(), [("DP05", 2, Error)], "{listen:?} {bind}");
    }
    // Balancers listen to each other at their address.
    for (address, wanted) in [("0.0.0.0", 1), ("::", 1), ("10.0.0.10", 1), ("127.0.0.1", 0)] {
        let mut world = World::new();
        world.inventory += "haproxy: { limit: { rate: 9r/s, burst: 9 } }\n";
        let address = address.parse().unwrap();
        world.facts("lb1").listening = vec![Listening { address, port: 10_000, program: "python3".to_owned() }];
        assert_eq!(world.found(), vec![("DP05", 2, Error); wanted], "{address}");
        assert!(world.findings().found.iter().all(|it| it.help.contains("haproxy.peers_port")), "{address}");
    }
    // Whoever stops that one has no way to the host any more.
    let mut world = World::new();
    let address = "0.0.0.0".parse().unwrap();
    world.facts("lb1").listening = vec![Listening { address, port: 443, program: "sshd".to_owned() }];
    let helps: Vec<String> = world.findings().found.into_iter().map(|it| it.help).collect();
    assert_eq!(helps, ["change `haproxy.port` in the inventory"]);
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
