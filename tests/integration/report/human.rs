//! What people see beside the findings themselves: one line on each inventory, and colour
//! where it is seen.

use std::process::Command;

use sslscale::diagnostic::Code;
use sslscale::lint::NotRun;
use sslscale::report::Format;

use super::{BLOG, hostile, known, report};
use crate::support::{Sslscale, need};

/// The last line of the report, which is the one on the inventory.
fn line(known: super::Known) -> String {
    report(&[known], Format::Human).lines().last().unwrap().to_owned()
}

fn not_run(code: &Code, needs: &'static str) -> NotRun {
    NotRun { code: code.id, reason: "x".to_owned(), needs, partial: false }
}

#[test]
fn one_line_says_how_many_what_is_fixable_and_what_was_not_looked_at() {
    let (source, mut linted) = hostile("x");
    linted.not_run.push(not_run(Code::TL02, "`ssl_certificate_source`"));
    let shown = line((source, linted));
    let wanted = "dir/x.yaml: 4 errors, 1 warning, 1 note; 2 fixable with `--fix`, 1 more with `--unsafe-fixes`; 1 ignored; 3 rules not run: 2 need `ssl_certificate_source`, 1 needs `--hosts`";
    assert_eq!(shown, wanted);
}

#[test]
fn a_sound_inventory_says_on_its_line_what_was_not_looked_at() {
    let (source, mut linted) = known("a.yaml", BLOG);
    linted.findings.clear();
    linted.not_run.clear();
    let ok = "a.yaml: ok: 1 balancer, 2 app servers, 1 site";
    assert_eq!(report(&[(source.clone(), linted)], Format::Human), format!("{ok}\n"));
    let with = |not_run: &[NotRun]| {
        let (source, mut linted) = known("a.yaml", BLOG);
        linted.findings.clear();
        linted.not_run = not_run.to_vec();
        report(&[(source, linted)], Format::Human)
    };
    let chains = [Code::TL01, Code::TL02].map(|code| not_run(code, "`ssl_certificate_source`"));
    assert_eq!(with(&chains), format!("{ok}; 2 rules not run: 2 need `ssl_certificate_source`\n"));
    // A rule that lacks two things is one; the most frequent need comes first.
    let keys = [Code::TL02, Code::SE03].map(|code| not_run(code, "`ssl_certificate_key_source`"));
    let all = [&keys[1..], &chains, &keys[..1]].concat();
    let wanted = "3 rules not run: 2 need `ssl_certificate_source`, 1 needs `ssl_certificate_key_source`";
    assert_eq!(with(&all), format!("{ok}; {wanted}\n"));
    let hosts = [Code::AD09, Code::DP01].map(|code| not_run(code, "`--hosts`"));
    assert_eq!(with(&hosts), format!("{ok}; 2 rules not run: 2 need `--hosts`\n"));
}

#[test]
fn what_is_refused_speaks_of_its_errors_alone() {
    let shown = line(known("a.yaml", &BLOG.replace("10.0.0.12", "x")));
    assert!(shown.starts_with("a.yaml: 1 error") && !shown.contains("not run"), "{shown}");
}

#[test]
fn each_severity_has_its_word() {
    let shown = report(&[hostile("x")], Format::Human);
    for word in ["error[PX05]: x", "warning[CP06]: x", "info[CP07]: x", "  = help: x"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    if !need::programs(&["script"]) {
        return;
    }
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(BLOG.replace("10.0.0.12", "10.0.0.300"));
    assert!(!run.run().stderr.contains('\u{1b}'), "a pipe is no terminal");
    let on_terminal = |setting: &str, rest: &str| {
        let line = format!("{setting} {} check inventory.yaml {rest}", env!("CARGO_BIN_EXE_sslscale"));
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(run.dir()).env_remove("NO_COLOR").env("TERM", "xterm");
        String::from_utf8(script.output().unwrap().stdout).unwrap()
    };
    let coloured = |text: &str| text.contains("\u{1b}[") && text.contains("IN06");
    assert!(coloured(&on_terminal("env", "")));
    assert!(coloured(&on_terminal("env NO_COLOR=", "")), "an empty NO_COLOR is none");
    assert!(!on_terminal("env NO_COLOR=1", "").contains('\u{1b}'));
    // Findings go to standard error: that one counts.
    assert!(coloured(&on_terminal("env", ">stdout")));
    assert_eq!(on_terminal("env", "2>stderr"), "");
    assert!(!std::fs::read_to_string(run.dir().join("stderr")).unwrap().contains('\u{1b}'));
}

#[test]
fn a_run_of_a_fleet_is_for_people_or_as_json_lines() {
    let help = Sslscale::new(&["try", "--help"]).run().stdout;
    assert!(help.contains("- human:") && help.contains("- json:"), "{help}");
    assert!(!help.contains("sarif") && Sslscale::new(&["try", "--format", "junit", "x"]).run().status == 2);
}
