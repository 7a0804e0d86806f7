//! What becomes of findings: levels from the command line and from the inventory, comments that
//! ignore them, and the findings about those; and what the program says of its rules.

mod comments;
mod explain;

use crate::support::{Run, Sslscale, pin};

/// Two balancers, of which one is not trusted: a finding of PX05 where `TRUST` stands, line 7.
const FLEET: &str = "\
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
TRUST
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

/// The same fleet with these lines in the place of `TRUST`, and a `lint` section at the end.
fn fleet(lines: &str, lint: &str) -> String {
    let lint = if lint.is_empty() { String::new() } else { format!("lint: {lint}\n") };
    FLEET.replace("TRUST", lines) + &lint
}

const BAD: &str = "trusted_proxies: [10.0.0.10/32]";
const GOOD: &str = "trusted_proxies: [10.0.0.0/24]";

fn check(text: impl AsRef<[u8]>, arguments: &[&str]) -> Run {
    Sslscale::new(&[&["check", "inventory.yaml"], arguments].concat()).inventory(text).run()
}

/// Every finding above info as `CODE line:column severity`, and every ignored one as `CODE (reason)`.
fn seen(text: impl AsRef<[u8]>, arguments: &[&str]) -> (Vec<String>, i32) {
    let run = check(text, &[&["--format", "json"], arguments].concat());
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e} {}", run.all()));
    assert_eq!(run.stderr, "");
    let one = &document["inventories"][0];
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = one["findings"].as_array().unwrap().iter().filter(|f| f["severity"] != "info").map(|f| {
        let place = &f["location"];
        format!("{} {}:{} {}", word(&f["code"]), place["line"], place["column"], word(&f["severity"]))
    });
    let ignored = one["suppressed"].as_array().unwrap();
    let ignored = ignored.iter().map(|s| format!("{} ({})", word(&s["finding"]["code"]), word(&s["reason"])));
    (findings.chain(ignored).collect(), run.status)
}

fn assert_seen(text: impl AsRef<[u8]>, arguments: &[&str], wanted: &[&str], status: i32) {
    let text = text.as_ref();
    let (found, ended) = seen(text, arguments);
    assert_eq!(
        (found, ended),
        (wanted.iter().map(|w| (*w).to_owned()).collect(), status),
        "{arguments:?}\n{}",
        String::from_utf8_lossy(text)
    );
}

#[test]
fn the_command_line_allows_and_denies() {
    let text = fleet(BAD, "");
    assert_seen(&text, &[], &["PX05 7:19 error"], 1);
    for allow in ["PX05", "px05", "trusted-missing-lb", "PX07, Trusted-Missing-LB"] {
        assert_seen(&text, &["--allow", allow], &[], 0);
    }
    // Denying makes an error of a warning.
    let unused = fleet(&format!("{GOOD} # sslscale: ignore[PX05]"), "");
    assert_seen(&unused, &[], &["IG02 7:51 warning"], 0);
    assert_seen(&unused, &["--deny", "IG02"], &["IG02 7:51 error"], 1);
    assert_seen(&unused, &["--deny", "unused-ignore"], &["IG02 7:51 error"], 1);
    assert_seen(&unused, &["--allow", "IG02"], &[], 0);
}

#[test]
fn the_inventory_allows_and_denies_and_the_command_line_comes_first() {
    assert_seen(fleet(BAD, "{ allow: [PX05] }"), &[], &[], 0);
    assert_seen(fleet(BAD, "{ allow: trusted-missing-lb }"), &[], &[], 0);
    assert_seen(fleet(BAD, "{ allow: [PX05] }"), &["--deny", "PX05"], &["PX05 7:19 error"], 1);
    let unused = format!("{GOOD} # sslscale: ignore[PX05]");
    assert_seen(fleet(&unused, "{ deny: [IG02] }"), &[], &["IG02 7:51 error"], 1);
    assert_seen(fleet(&unused, "{ deny: [IG02] }"), &["--allow", "IG02"], &[], 0);
    assert_seen(fleet(&unused, "{ allow: [IG02] }"), &[], &[], 0);
    // What is allowed renders, what is denied does not.
    let render = |text: String| Sslscale::new(&["render", "inventory.yaml"]).inventory(text).run().status;
    assert_eq!(render(fleet(BAD, "{ allow: [PX05] }")), 0);
    assert_eq!(render(fleet(&unused, "{ deny: [IG02] }")), 1);
}

#[test]
fn the_least_severity_that_fails_is_the_flags_or_the_inventorys() {
    let unused = format!("{GOOD} # sslscale: ignore[PX05]");
    let status = |lint: &str, arguments: &[&str]| check(fleet(&unused, lint), arguments).status;
    assert_eq!(status("", &[]), 0);
    assert_eq!(status("", &["--fail-on", "warning"]), 1);
    assert_eq!(status("{ fail_on: warning }", &[]), 1);
    assert_eq!(status("{ fail_on: info }", &[]), 1);
    assert_eq!(status("{ fail_on: error }", &[]), 0);
    assert_eq!(status("{ fail_on: warning }", &["--fail-on", "error"]), 0);
    assert_eq!(status("{ fail_on: warning }", &["--exit-zero"]), 0);
}

#[test]
fn what_cannot_be_said_is_a_usage_error_or_a_finding_at_its_place() {
    let mut shown = Vec::new();
    for arguments in [
        &["--allow", "PX5"][..],
        &["--deny", "unused-ignor"],
        &["--allow", "zebra"],
        &["--allow", "AD02"],
        &["--allow", "IG02", "--deny", "unused-ignore"],
        &["--fail-on", "errors"],
    ] {
        let run = check(fleet(GOOD, ""), arguments);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}");
        shown.push(format!("### {}\n{}", arguments.join(" "), run.stderr));
    }
    for lint in [
        "{ allow: [PX5] }",
        "{ deny: [PX07, zebra] }",
        "{ allow: [PX07, IG02], deny: [unused-ignore] }",
        "{ allow: [AD02] }",
        "{ allow: [] }",
        "{ allow: { PX07: true } }",
        "{ fail_on: warnings }",
        "{ certificate_days: 0 }",
        "{ ignore: [PX07] }",
        "[PX07]",
    ] {
        shown.push(format!("### lint: {lint}\n{}", check(fleet(GOOD, lint), &[]).all()));
    }
    pin("control-refused", &shown.join("\n"));
}

#[test]
fn certificates_are_near_their_end_when_the_inventory_says_so() {
    let days = |lint: &str| {
        let source = sslscale::source::Source::new("t", fleet(GOOD, lint));
        sslscale::inventory::check(&source).lint.certificate_days
    };
    assert_eq!(
        [days(""), days("{ certificate_days: 90 }"), days("{ certificate_days: 3651 }")],
        [None, Some(90), None]
    );
}
