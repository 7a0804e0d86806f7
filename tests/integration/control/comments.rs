//! `# sslscale: ignore[…]`: what is a comment, what it is about, and what is said of it.

use sslscale::lint::{Settings, fix, lint};
use sslscale::source::Source;

use super::{BAD, GOOD, assert_seen, check, fleet, pin, seen};
use crate::support::Sslscale;

const IGNORED: &str = "PX05 (lb2 is off)";

#[test]
fn a_comment_ignores_findings_on_its_line_or_on_the_next_that_holds_yaml() {
    for comment in [
        "BAD # sslscale: ignore[PX05] lb2 is off",
        "BAD   \t# sslscale: ignore[trusted-missing-lb] lb2 is off",
        "BAD # sslscale:ignore[px05]: lb2 is off",
        "BAD ## sslscale: Ignore [ Trusted-Missing-LB , ] - lb2 is off  ",
        "BAD # not for ever # sslscale: ignore[PX05] lb2 is off",
        "# sslscale: ignore[PX05] lb2 is off\nBAD",
        "    # sslscale: ignore[PX05] lb2 is off\n\n# And this.\n\nBAD",
        "# why # sslscale: ignore[PX05] lb2 is off\nBAD",
        "trusted_proxies:\n  # sslscale: ignore[PX05] lb2 is off\n  - 10.0.0.10/32",
        "trusted_proxies:\n  - 10.0.0.10/32 # sslscale: ignore[PX05] lb2 is off",
        "trusted_proxies: [ # the balancers\n  # sslscale: ignore[PX05] lb2 is off\n  10.0.0.10/32,\n]",
    ] {
        assert_seen(fleet(&comment.replace("BAD", BAD), ""), &[], &[IGNORED], 0);
    }
    let stacked = format!("# sslscale: ignore[PX07] x\n# sslscale: ignore[PX05] lb2 is off\n{BAD}");
    assert_seen(fleet(&stacked, ""), &[], &["IG02 7:20 warning", IGNORED], 0);
}

#[test]
fn line_breaks_and_marks_of_every_kind() {
    let comment = format!("# sslscale: ignore[PX05] lb2 is off\n{BAD}");
    let trailing = format!("{BAD} # sslscale: ignore[PX05] lb2 is off");
    for lines in [comment, trailing] {
        let text = fleet(&lines, "");
        for text in [
            text.replace('\n', "\r\n"),
            text.replace('\n', "\r"),
            format!("\u{feff}{text}"),
            format!("---\n{text}...\n# sslscale stops here\n"),
            text.trim_end().to_owned(),
        ] {
            assert_seen(&text, &[], &[IGNORED], 0);
        }
    }
    let first = format!("\u{feff}# sslscale: ignore[PX05] lb2 is off\n---\n{BAD}\n{}", fleet("", ""));
    assert_seen(&first, &[], &[IGNORED], 0);
}

#[test]
fn what_is_no_comment_is_not_one() {
    // Values may hold none of this, so it stands where the refusal of one says that it was read.
    for lines in [
        "\"# sslscale: ignore[PX7] x\": 1",
        "'# sslscale: ignore[PX7] x': 1",
        "\"\n  # sslscale: ignore[PX7] x\": 1",
        "x#: sslscale:ignore[PX7]",
        "x: a# sslscale:ignore[PX7]",
        "x: |\n  # sslscale: ignore[PX7] x",
        "x: >-\n\n  text\n  # sslscale: ignore[PX7] x\n    # sslscale: ignore[PX7] x\n\n",
        "x: |2\n    # sslscale: ignore[PX7] x\n  # sslscale: ignore[PX7] x",
        "x: [|\n  # sslscale: ignore[PX7] x]",
        "x: [\"a # sslscale: ignore[PX7] x\", 'b # sslscale: ignore[PX7]']",
        "? |\n  # sslscale: ignore[PX7] x\n: 1",
    ] {
        let (found, _) = seen(fleet(lines, ""), &[]);
        assert!(!found.is_empty() && !found.iter().any(|f| f.starts_with("IG")), "{lines:?}: {found:?}");
    }
    // Around scalars of every kind they are.
    for lines in [
        "x: | # sslscale: ignore[PX7] x\n  text",
        "x: |\n  # sslscale: ignore[PX05] x\n# sslscale: ignore[PX7] x",
        "x: >\n  text\n # sslscale: ignore[PX7] x\n\n",
        "x: |\n# sslscale: ignore[PX7] x",
        "x: |+\n  text\n\n# sslscale: ignore[PX7] x\n",
        "x: \"text\" # sslscale: ignore[PX7] x",
        "x: 'it''s\n  text' # sslscale: ignore[PX7] x",
        "x: text # sslscale: ignore[PX7] x",
        "x: text\n  more # sslscale: ignore[PX7] x",
        "x: # sslscale: ignore[PX7] x\n  text",
        "x: ~ # sslscale: ignore[PX7] x",
        "x: &a !!str text # sslscale: ignore[PX7] x",
        "x: [a, # sslscale: ignore[PX7] x\n  b]",
    ] {
        let (found, _) = seen(fleet(lines, ""), &[]);
        let about: Vec<&String> = found.iter().filter(|f| f.starts_with("IG")).collect();
        assert!(matches!(about[..], [one] if one.starts_with("IG01 ")), "{lines:?}: {found:?}");
    }
}

#[test]
fn comments_that_can_have_no_effect_are_found() {
    let said = [
        "ignore[PX5] x",
        "ignore[PX05, trusted-missing-lbs] lb2 is off",
        "ignore[zebra] x",
        "ignore[AD02] x",
        "ignore[IG02] x",
        "ignore[] x",
        "ignore[ , ] x",
        "ignore PX05 lb2 is off",
        "ignore[PX05 lb2 is off",
        "ignore",
        "disable[PX05]",
        "",
        "`x\u{202e}`",
    ];
    let shown = said.map(|said| check(fleet(&format!("{GOOD} # sslscale: {said}"), ""), &["--deny", "IG01"]).stderr);
    pin("control-ig01", &shown.join("\n"));
}

#[test]
fn comments_without_a_finding_are_found_and_removed() {
    let fixed = |lines: &str, wanted: &str| {
        let text = fleet(lines, "");
        let run = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(&text);
        let said = run.run();
        let left = std::fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
        assert_eq!(left, fleet(wanted, ""), "{lines:?}: {}", said.all());
    };
    fixed(&format!("{GOOD} # sslscale: ignore[PX05]"), GOOD);
    fixed(&format!("{GOOD} \t # sslscale: ignore[PX05] x  "), GOOD);
    fixed(&format!("{GOOD} # ours # sslscale: ignore[PX05] x"), &format!("{GOOD} # ours"));
    fixed(&format!("# ours\n  # sslscale: ignore[PX05] x\n\n{GOOD}"), &format!("# ours\n\n{GOOD}"));
    fixed(&format!("{GOOD} # sslscale: ignore[PX05, PX07]"), GOOD);
    let bad = |list: &str| format!("{BAD} # sslscale: ignore[{list}] lb2 is off");
    fixed(&bad("PX06, PX05"), &bad("PX05"));
    fixed(&bad("PX05,PX06"), &bad("PX05"));
    fixed(&bad("PX06, PX05, PX07"), &bad("PX05"));
    fixed(&bad("PX06, PX07, PX05"), &bad("PX05"));
    fixed(&bad("PX05 , PX06, PX07"), &bad("PX05"));
    fixed(&bad("PX05, trusted-missing-lb"), &bad("PX05"));
    fixed(&format!("{GOOD}\n# sslscale: ignore[PX05] x"), GOOD);
    // Its rule finds something elsewhere: a person moves it.
    let stray = format!("{BAD} # sslscale: ignore[PX06] x");
    fixed(&stray.replace("PX06", "PX05, PX06"), &stray.replace("PX06", "PX05"));
    let crlf = fleet(&format!("# sslscale: ignore[PX05] x\n{GOOD}"), "").replace('\n', "\r\n");
    let run = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(&crlf);
    run.run();
    let left = std::fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
    assert_eq!(left, fleet(GOOD, "").replace('\n', "\r\n"));
}

#[test]
fn wherever_a_comment_stands_removing_it_leaves_what_was_there() {
    let text = include_str!("../../fixtures/every-key.yaml");
    let settings = Settings::default();
    let fixed = |text: String| {
        let source = Source::new("t", text);
        let linted = lint(&source, &settings);
        let noted = linted.findings.iter().filter(|finding| finding.code.id == "IG02").count();
        (fix(&source, linted, &settings, false).source.text().to_owned(), noted)
    };
    let (wanted, _) = fixed(text.to_owned());
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..lines.len() {
        let with = |line: String| {
            let lines = lines.iter().enumerate().map(|(n, old)| if n == at { &*line } else { *old });
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        let line = lines[at];
        let indent = &line[..line.len() - line.trim_start().len()];
        for changed in
            [format!("{line}  # sslscale: ignore[PX07]"), format!("{indent}# sslscale: ignore[px07] x\n{line}")]
        {
            assert_eq!(fixed(with(changed)), (wanted.clone(), 1), "line {}", at + 1);
        }
    }
}

#[test]
fn a_comment_on_the_wrong_line_is_told_the_right_one() {
    let lines = "# sslscale: ignore[PX05] lb2 is off\ntrusted_proxies:\n  - 10.0.0.10/32";
    assert_seen(fleet(lines, ""), &[], &["IG02 7:20 warning", "PX05 9:5 error"], 1);
    let end = fleet(BAD, "") + "# sslscale: ignore[PX05] lb2 is off\n# the end";
    pin("control-ig02", &[fleet(lines, ""), end].map(|text| check(text, &[]).stderr).join("\n"));
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(fleet(lines, "{ allow: [PX07] }"));
    run.run_with(&["check", "--fix", "inventory.yaml"]);
    let left = std::fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
    assert!(left.contains("trusted_proxies:"), "{left}");
}

#[test]
fn a_rule_that_did_not_run_leaves_its_comments_alone() {
    // An inventory with a refusal: no rule on the fleet has run.
    let refused = fleet(&format!("{GOOD} # sslscale: ignore[PX05, AD02] x\nhaproxi: {{}}"), "");
    assert_seen(&refused, &[], &["IG01 7:57 warning", "AD03 8:1 error"], 1);
    // What the program says it skipped: rules that need hosts, or files that no site names.
    let json = check(fleet(GOOD, ""), &["--format", "json"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let skipped = document["inventories"][0]["skipped"].as_array().unwrap().iter();
    let skipped: Vec<&str> = skipped.map(|skipped| skipped["code"].as_str().unwrap()).chain(["PX05"]).collect();
    let comment = format!("{BAD} # sslscale: ignore[{}] lb2 is off", skipped.join(", "));
    assert_seen(fleet(&comment, ""), &[], &[IGNORED], 0);
    // What is allowed ran: a comment that had something to ignore is used, another is not.
    assert_seen(fleet(&format!("{BAD} # sslscale: ignore[PX05]"), "{ allow: [PX05] }"), &[], &[], 0);
    assert_seen(
        fleet(&format!("{GOOD} # sslscale: ignore[PX05]"), "{ allow: [PX05] }"),
        &[],
        &["IG02 7:51 warning"],
        0,
    );
}

#[test]
fn an_error_is_not_ignored_without_a_reason() {
    for comment in ["ignore[PX05]", "ignore[PX05] ", "ignore[PX05] .", "ignore[PX05] --"] {
        let text = fleet(&format!("{BAD} # sslscale: {comment}"), "");
        assert_seen(&text, &[], &["PX05 7:19 error", "IG03 7:52 error"], 1);
    }
    pin("control-ig03", &check(fleet(&format!("{BAD} # sslscale: ignore[PX05]"), ""), &[]).all());
    // Of two comments the one with a reason counts.
    let two = format!("# sslscale: ignore[PX05] lb2 is off\n{BAD} # sslscale: ignore[PX05]");
    assert_seen(fleet(&two, ""), &[], &["IG02 8:52 warning", IGNORED], 0);
}

#[test]
fn a_million_comments_take_seconds() {
    let started = std::time::Instant::now();
    for lines in [
        "# sslscale: ignore[PX05] x\n".repeat(200_000) + GOOD,
        format!("{GOOD} # sslscale: ignore[{}PX07] x", "PX05,".repeat(200_000)),
    ] {
        let linted = lint(&Source::new("t", fleet(&lines, "")), &Settings::default());
        assert!(linted.findings.len() >= 200_000, "{}", linted.findings.len());
    }
    // What is not linear takes hours.
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
}
