//! `sslscale man`: a page for each command, which mandoc has nothing to say about.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::{Sslscale, need};

#[test]
fn every_command_has_a_page_and_mandoc_finds_nothing_wrong_with_it() {
    let run = Sslscale::new(&["man", "-o", "pages"]);
    let done = run.run();
    let found = fs::read_dir(run.dir().join("pages/man1")).unwrap().map(|entry| entry.unwrap().path());
    let found: BTreeSet<_> = found.collect();
    assert_eq!((done.status, done.stderr), (0, format!("pages/man1: {} pages written\n", found.len())));
    let has = |name: &str| found.contains(&run.dir().join("pages/man1").join(name));
    assert!(has("sslscale.1") && has("sslscale-deploy.1") && has("sslscale-tickets-rotate.1"), "{found:?}");
    let help = run.run_with(&["--help"]).stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(has(&format!("sslscale-{command}.1")), "{command}");
    }
    // Once more, over the old ones.
    assert_eq!(run.run().status, 0);
    if !need::programs(&["mandoc"]) {
        return;
    }
    for page in found {
        let lint = Command::new("mandoc").args(["-T", "lint", "-W", "all"]).arg(&page).output().unwrap();
        let said = String::from_utf8(lint.stdout).unwrap();
        assert!(lint.status.success() && said.is_empty(), "{said}");
        let shown = Command::new("mandoc").args(["-T", "utf8", "-O", "width=78"]).arg(&page).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        // A bold letter is the letter twice.
        let width = |line: &str| line.chars().count() - 2 * line.matches('\u{8}').count();
        let wide: Vec<&str> = shown.lines().filter(|line| width(line) > 80).collect();
        assert_eq!(wide, Vec::<&str>::new(), "{}", page.display());
    }
}

// The control: what mandoc would say about a page with a fault.
#[test]
fn mandoc_says_what_is_wrong_with_a_page() {
    if !need::programs(&["mandoc"]) {
        return;
    }
    let run = Sslscale::new(&["man", "deploy"]);
    fs::write(run.dir().join("a.1"), run.run().stdout.replacen(".TP\n", ".XY\n", 1)).unwrap();
    let lint = Command::new("mandoc").args(["-T", "lint", "-W", "all"]).arg(run.dir().join("a.1")).output().unwrap();
    assert!(!lint.status.success() && !lint.stdout.is_empty());
}

#[test]
fn a_page_is_printed_by_the_words_of_its_command() {
    let run = Sslscale::new(&["man", "-o", "."]);
    run.run();
    for (words, name) in [
        (&["man", "tickets", "rotate"][..], "sslscale-tickets-rotate"),
        (&["man", "tickets-rotate"], "sslscale-tickets-rotate"),
        (&["man", "sslscale-check"], "sslscale-check"),
        (&["man"], "sslscale"),
    ] {
        let printed = run.run_with(words);
        assert_eq!((printed.status, printed.stderr.as_str()), (0, ""));
        assert_eq!(printed.stdout, fs::read_to_string(run.dir().join(format!("man1/{name}.1"))).unwrap());
    }
    let unknown = run.run_with(&["man", "ticket", "rotate"]);
    let told = "error: there is no page `ticket rotate`\n  help: did you mean `tickets rotate`?\n";
    assert_eq!((unknown.status, unknown.stdout.as_str(), unknown.stderr.as_str()), (2, "", told));
    let nowhere = run.run_with(&["man", "-o", "/proc/pages"]);
    assert!(nowhere.status == 2 && nowhere.stderr.contains("could not create `/proc/pages/man1`"), "{nowhere:?}");
}

#[test]
fn a_terminal_shows_text() {
    if !need::programs(&["script"]) {
        return;
    }
    let run = Sslscale::new(&[]);
    let line = format!("stty cols 80 rows 40; '{}' man deploy", env!("CARGO_BIN_EXE_sslscale"));
    let shown = Command::new("script").args(["-qec", &line, "/dev/null"]).current_dir(run.dir()).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap().replace('\r', "");
    crate::support::pin("man-deploy", &shown);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

/// The examples that need neither a host nor privileges, as they are written.
#[test]
fn examples_that_need_no_host_can_be_run() {
    for command in ["init", "check", "explain", "rules", "schema", "render"] {
        let run = Sslscale::new(&["man", command]);
        let page = run.run().stdout;
        let blocks = page.split(".EX\n").skip(1).map(|rest| rest.split(".EE\n").next().unwrap());
        let lines: String = blocks.filter(|block| !block.contains("binaries")).collect();
        let lines = lines.replace("\\-", "-").replace("\\e", "\\").replace("\\(ha", "^");
        assert!(lines.contains(&format!("sslscale {command}")), "{lines}");
        // The first example of `init` has questions.
        let lines = lines.replace("sslscale init\n", "");
        if command != "init" {
            run.run_with(&["init", "--example", "two-balancers"]);
        }
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_sslscale")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let script = lines.replace("--diff inventory.yaml", "--diff inventory.yaml || true");
        let mut shell = Command::new("sh");
        let done = shell.args(["-ec", &script]).env("PATH", path).current_dir(run.dir()).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
