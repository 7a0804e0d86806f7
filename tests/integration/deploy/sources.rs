//! Certificate sources on this machine that cannot be used.

use std::fs;

use crate::support::Sslscale;
use crate::support::roots::{self, INVENTORY, fleet, params, run, write_pair};

/// A fleet with a release that has a certificate from this machine, and the paths of its sources.
fn deployed() -> Option<Sslscale> {
    let sources = "    ssl_certificate_source: ssl.crt\n    ssl_certificate_key_source: ssl.key\n";
    let shared = roots::inventory(sources).replace("tickets: per_host", "tickets: shared");
    let fleet = fleet(&shared)?;
    write_pair(&fleet, "ssl", params("example.com"));
    run(&fleet, &["deploy", "--yes"], 0);
    Some(fleet)
}

/// An operator has to get back to the release before while a renewal is broken. All of these ended with 1 and TL06.
#[test]
fn a_broken_source_keeps_nobody_from_going_back() {
    let Some(fleet) = deployed() else { return };
    let whole = fs::read_to_string(fleet.dir().join("ssl.crt")).unwrap();
    for broken in [Some(""), Some(&whole[..whole.len() / 2]), None] {
        match broken {
            Some(text) => fs::write(fleet.dir().join("ssl.crt"), text).unwrap(),
            None => fs::remove_file(fleet.dir().join("ssl.crt")).unwrap(),
        }
        run(&fleet, &["plan"], 1);
        for words in [&["history"][..], &["unlock"]] {
            let sound = run(&fleet, words, 0);
            assert_eq!(sound.stderr, "", "{words:?}");
        }
        for what in ["status", "rotate", "sync"] {
            let run = fleet.run_with(&["tickets", what, "inventory.yaml", "--roots", "roots"]);
            assert!(!run.all().contains("TL06") && run.status != 2, "{what}: {}", run.all());
        }
        let status = run(&fleet, &["status", "--format", "json"], 1);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let of_fleet = status["problems"].as_array().unwrap().iter().filter(|it| it["host"].is_null());
        let of_fleet: Vec<&str> = of_fleet.map(|it| it["problem"].as_str().unwrap()).collect();
        assert!(matches!(of_fleet[..], [problem] if problem.contains("ssl.crt")), "{status:#}");
        // What hosts have is what was deployed.
        for host in status["hosts"].as_array().unwrap() {
            assert_eq!(host["differing"], serde_json::json!([]), "{status:#}");
        }
    }
    run(&fleet, &["rollback", "--yes"], 0);
    assert!(!fleet.dir().join("roots/srv1/etc/ssl/example/ssl.crt").exists());
}

/// `certs roll` brings the newer one again, from a timer perhaps: it was not said.
#[test]
fn a_rollback_to_an_older_certificate_says_so() {
    let Some(fleet) = deployed() else { return };
    let pair = |year| {
        let mut params = params("example.com");
        params.not_before = rcgen::date_time_ymd(year, 1, 1);
        write_pair(&fleet, "ssl", params);
    };
    pair(2025);
    run(&fleet, &["deploy", "--yes"], 0);
    pair(2026);
    let newer = run(&fleet, &["deploy", "--yes"], 0);
    // People compare what certificates say, not Base64.
    let shown = newer.stdout.lines().filter(|line| line.starts_with(['-', '+']) && line.contains("valid from"));
    let shown: Vec<&str> = shown.collect();
    assert!(
        matches!(shown[..], [old, new] if old.starts_with("-  valid from 2025-01-01 00:00 to ")
        && new.starts_with("+  valid from 2026-01-01 00:00 to ")),
        "{}",
        newer.all()
    );
    assert!(!newer.stdout.contains("CERTIFICATE-----") && newer.stdout.contains("certificate for example.com"));
    let back = run(&fleet, &["rollback", "--yes"], 0);
    let warning = "warning: srv1, srv2: `/etc/ssl/example/ssl.crt` of this release was issued before the one in use";
    assert!(back.stderr.contains(warning), "{}", back.all());
    assert!(
        back.stderr.contains("`sslscale certs roll inventory.yaml --roots roots`, also from a timer"),
        "{}",
        back.all()
    );
    // Forward again nothing is older.
    let again = run(&fleet, &["rollback", "--yes"], 0);
    assert!(!again.stderr.contains("was issued before"), "{}", again.all());
}

/// Nothing but hosts counts for them, and an inventory that is invalid still has none.
#[test]
fn an_invalid_inventory_is_refused_by_every_command() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    fs::write(fleet.dir().join("inventory.yaml"), INVENTORY.replace("10.0.0.10", "nowhere")).unwrap();
    for words in [&["history"][..], &["unlock"], &["rollback", "--yes"], &["status"]] {
        run(&fleet, words, 1);
    }
}

/// It said that rules were not run, under their findings for the site with a source on this machine.
#[test]
fn rules_that_ran_for_some_sites_are_told_from_those_that_did_not_run() {
    let source = |of: &str| format!("    ssl_certificate_source: {of}.crt\n    ssl_certificate_key_source: {of}.key\n");
    let of_host = roots::inventory(&source("srv1:/etc/x"));
    let site = &of_host[of_host.find("  - server_name").unwrap()..of_host.find("tickets").unwrap()];
    let local = site.replace("example.com", "www.example.org").replace("/etc/ssl/example", "/etc/ssl/www");
    let local = local.replace("srv1:/etc/x", "none");
    let both = of_host.replace("tickets", &format!("{local}tickets"));
    let end = |yaml: &str| {
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(yaml).run();
        run.all().lines().rfind(|line| line.starts_with("inventory.yaml: ")).unwrap().to_owned()
    };
    let none = end(&of_host);
    let on_hosts = "need a certificate source on this machine";
    assert!(none.contains(on_hosts) && !none.contains("for some sites"), "{none}");
    let some = end(&both);
    let (_, partly) = some.split_once(" not run for some sites: ").unwrap_or_else(|| panic!("{some}"));
    assert!(partly.contains(on_hosts), "{some}");
    assert_eq!(some.matches(on_hosts).count(), 1, "{some}");
}
