//! `check` on the ways in which people break the smallest inventory: the message, the place
//! and the advice, pinned whole.

use crate::support::{Sslscale, pin};

const BLOG: &str = include_str!("../../inventories/blog.yaml");

fn check(text: &str) -> String {
    Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run().all()
}

#[test]
fn every_problem_of_an_inventory_is_reported_in_one_run() {
    let broken = BLOG
        .replace("address: 10.0.0.11", "adress: 10.0.0.11")
        .replace("10.0.0.12", "10.0.0.10")
        .replace("/etc/ssl/example/ssl.key", "ssl.key")
        .replace("server_name: example.com", "server_name: example..com")
        .replace("uwsgi_pass: \"unix:/run/app/app.sock\"", "uwsgi_pass: 2001:db8::1:8000");
    pin("check-many", &check(&format!("{broken}trusted_proxies: [10.0.0.11/24, 0.0.0.0/0]\n")));
}

#[test]
fn trust_must_cover_what_the_balancers_connect_from() {
    let with = |list: &str| {
        let vips = "high_availability: { virtual_addresses: [10.0.0.100] }\n";
        check(&format!("{BLOG}{vips}trusted_proxies: {list}\n"))
    };
    let all =
        ["[10.0.0.100/32]", "[192.0.2.0/24]", "[\"2001:db8::/64\"]", "[0.0.0.0/0]", "[10.0.0.10/24]", "[10.0.0.0/24]"];
    let shown: Vec<String> = all.iter().map(|list| format!("### {list}\n{}", with(list))).collect();
    pin("check-trust", &shown.join("\n"));
}

#[test]
fn the_same_findings_for_programs() {
    let run = Sslscale::new(&["check", "--format", "json", "-"]).input(BLOG.replace("10.0.0.12", "10.0.0.11")).run();
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    pin("check-json", &run.stdout);
    let clean = Sslscale::new(&["check", "--format", "json", "-"]).input(BLOG).run();
    assert_eq!(clean.status, 0);
    assert!(clean.stdout.contains("\"errors\": 0"), "{}", clean.stdout);
}

#[test]
fn help_says_what_there_is() {
    pin("help", &Sslscale::new(&["--help"]).run().all());
    pin("help-init", &Sslscale::new(&["init", "--help"]).run().all());
    pin("help-man", &Sslscale::new(&["man", "--help"]).run().all());
    pin("help-completions", &Sslscale::new(&["completions", "--help"]).run().all());
    pin("help-check", &Sslscale::new(&["check", "--help"]).run().all());
    pin("help-render", &Sslscale::new(&["render", "--help"]).run().all());
    pin("help-try", &Sslscale::new(&["try", "--help"]).run().all());
    pin("help-explain", &Sslscale::new(&["explain", "--help"]).run().all());
    pin("help-rules", &Sslscale::new(&["rules", "--help"]).run().all());
    pin("help-schema", &Sslscale::new(&["schema", "--help"]).run().all());
    pin("help-show", &Sslscale::new(&["show", "--help"]).run().all());
    pin("help-plan", &Sslscale::new(&["plan", "--help"]).run().all());
    pin("help-deploy", &Sslscale::new(&["deploy", "--help"]).run().all());
    pin("help-rollback", &Sslscale::new(&["rollback", "--help"]).run().all());
    pin("help-history", &Sslscale::new(&["history", "--help"]).run().all());
    pin("help-unlock", &Sslscale::new(&["unlock", "--help"]).run().all());
    pin("help-status", &Sslscale::new(&["status", "--help"]).run().all());
    pin("help-certs", &Sslscale::new(&["certs", "--help"]).run().all());
    pin("help-certs-roll", &Sslscale::new(&["certs", "roll", "--help"]).run().all());
    pin("help-tickets", &Sslscale::new(&["tickets", "--help"]).run().all());
    pin("help-tickets-status", &Sslscale::new(&["tickets", "status", "--help"]).run().all());
    pin("help-tickets-rotate", &Sslscale::new(&["tickets", "rotate", "--help"]).run().all());
    pin("help-tickets-sync", &Sslscale::new(&["tickets", "sync", "--help"]).run().all());
    assert_eq!(Sslscale::new(&["rendr"]).run().status, 2);
}

#[test]
fn advice_can_be_followed_to_the_end() {
    // What people write, and what they are told to write, which is then accepted.
    let cases = [
        ("uwsgi_pass: /run/app/app.sock", "uwsgi_pass: unix:/run/app/app.sock"),
        ("uwsgi_pass: unix:///run/app/app.sock", "uwsgi_pass: unix:/run/app/app.sock"),
        ("uwsgi_pass: uwsgi://127.0.0.1:3031", "uwsgi_pass: 127.0.0.1:3031"),
        ("proxy_pass: http://localhost:8000", "proxy_pass: http://127.0.0.1:8000"),
        ("proxy_pass: http://app.internal", "proxy_pass: http://127.0.0.1:8000"),
        ("proxy_pass: http://localhost:8000/x", "proxy_pass: http://127.0.0.1:8000/x"),
        ("proxy_pass: 127.0.0.1:8000", "proxy_pass: http://127.0.0.1:8000"),
        ("proxy_pass: unix:/run/a.sock", "proxy_pass: http://unix:/run/a.sock"),
        ("proxy_pass: /run/a.sock", "proxy_pass: http://unix:/run/a.sock"),
        ("proxy_pass: http://unix:/run//a.sock:/x", "proxy_pass: http://unix:/run/a.sock:/x"),
        ("proxy_pass: http://https://127.0.0.1:80/x", "proxy_pass: http://127.0.0.1:80/x"),
        ("proxy_pass: http://::1:8000/x", "proxy_pass: 'http://[::1]:8000/x'"),
        ("proxy_pass: http://127.0.0.1:8000?x=1", "proxy_pass: http://127.0.0.1:8000"),
        ("grpc_pass: grpc://127.0.0.1:50051/x", "grpc_pass: grpc://127.0.0.1:50051"),
        ("grpc_pass: /tmp/g.sock", "grpc_pass: grpc://unix:/tmp/g.sock"),
        ("uwsgi_pass: '[127.0.0.1]:80'", "uwsgi_pass: 127.0.0.1:80"),
        ("uwsgi_pass: //tmp/a", "uwsgi_pass: unix:/tmp/a"),
        ("uwsgi_pass: 2001:db8::1:8000", "uwsgi_pass: '[2001:db8::1]:8000'"),
    ];
    for (wrong, right) in cases {
        let with = |line: &str| BLOG.replace("uwsgi_pass: \"unix:/run/app/app.sock\"", line);
        let (told, fixed) = (check(&with(wrong)), check(&with(right)));
        let advice = right.split_once(": ").unwrap().1.trim_matches('\'');
        assert!(told.contains(&format!("`{advice}`")), "{wrong}: {told}");
        assert!(told.contains("inventory.yaml: 1 error"), "a cascade: {told}");
        assert!(fixed.starts_with("exit code: 0\n"), "{right}: {fixed}");
    }
}

#[test]
fn halves_of_everything_are_everything() {
    let told = check(&format!("{BLOG}trusted_proxies: [0.0.0.0/1, 128.0.0.0/1]\n"));
    assert!(told.contains("error[PX07]: `trusted_proxies` covers every address"), "{told}");
}

#[test]
fn a_fleet_whose_hosts_do_not_answer_is_not_ok() {
    let commands =
        r#"{"lb1": ["false"], "srv1": ["sh", "-c", "exit 3"], "srv2": ["sh", "-c", "echo gone >&2; exit 4"]}"#;
    let check = Sslscale::new(&["check", "--hosts", "--hosts-file", "hosts.json", "inventory.yaml"]).inventory(BLOG);
    let done = check.file("hosts.json", commands).run();
    assert_eq!(done.status, 2, "{}", done.all());
    assert!(
        done.stderr.contains("error: srv2: the command that reaches the host ended early (exit code 4)\n  | gone\n")
    );
    assert!(!done.all().contains("ok:") && done.all().contains("9 need every host"), "{}", done.all());
}

#[test]
fn a_wrong_command_is_answered_with_those_that_there_are() {
    let tips = |words: &[&str]| {
        let done = Sslscale::new(words).run();
        assert_eq!(done.status, 2, "{}", done.all());
        let tips = done.stderr.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).map(str::to_owned);
        tips.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(tips(&["certs", "fleet.yaml"]), "there is the command `sslscale certs roll`");
    assert_eq!(tips(&["tickets", "fleet.yaml"]).lines().count(), 3);
    assert!(tips(&["tickets", "rotat"]).contains("'rotate'"));
    // `__fleet` and `__complete` are for no person.
    for name in ["fleet.yaml", "__flee", "flet", "complet"] {
        assert!(!tips(&[name]).contains("__"), "{name}");
    }
    let options = tips(&["deplo", "x"]);
    assert!(options.contains("'deploy'"), "{options}");
}
