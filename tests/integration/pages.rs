//! README.md and docs/ say what the code says: generated parts, sessions, other blocks of code, links.

mod archive;
pub mod blocks;
mod commands;
mod fragments;
pub mod links;

use std::process::Command;

use crate::docs::{generated, page, pages, sessions};
use crate::support::{Sslscale, repository};

#[test]
fn the_reference_is_made_of_the_table_of_keys() {
    generated("docs/reference.md", "reference", &sslscale::inventory::reference::markdown());
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    generated("docs/exit-codes.md", "exit codes", &sslscale::cli::exit_codes());
}

#[test]
fn the_readme_is_short_and_shows_the_smallest_inventory_whole() {
    let text = page("README.md");
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
    assert!(text.contains(&format!("```yaml\n{}```\n", page("inventories/blog.yaml"))));
}

#[test]
fn the_guide_has_every_command() {
    let text = page("docs/guide.md");
    let help = Sslscale::new(&["--help"]).run().stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        let rows = [' ', '`'].map(|end| format!("| `sslscale {command}{end}"));
        assert!(rows.iter().any(|row| text.contains(row)), "{command}");
    }
}

// Five pages began with a table or a list.
#[test]
fn the_first_lines_of_a_page_say_what_is_in_it() {
    for path in crate::docs::pages() {
        let text = page(&path);
        let mut paragraphs = text.split("\n\n").map(str::trim);
        let title = paragraphs.next().unwrap();
        assert!(title.starts_with("# ") && !title.contains('\n'), "{}: {title}", path.display());
        let first = paragraphs
            .find(|paragraph| !paragraph.contains("](README.md) · ") && !paragraph.contains("/README.md) · "));
        let first = first.unwrap_or_default();
        let is_sentence =
            first.starts_with(|c: char| c.is_alphabetic() || "`[".contains(c)) && first.contains(['.', ':']);
        assert!(is_sentence, "{}: {first}", path.display());
    }
}

// Three sections were missing.
#[test]
fn the_guide_begins_with_a_list_of_its_sections() {
    let text = page("docs/guide.md");
    let sections = text.lines().filter_map(|line| line.strip_prefix("## "));
    let contents = text.split("\n## ").next().unwrap();
    let listed = contents.lines().filter_map(|line| line.strip_prefix("- [")?.split_once("](#"));
    assert_eq!(listed.map(|(title, _)| title).collect::<Vec<_>>(), sections.collect::<Vec<_>>());
}

// A help said "exit status" where every page says "exit code".
#[test]
fn exit_codes_have_one_name() {
    for path in pages() {
        let elsewhere = !path.ends_with("docs/glossary.md");
        assert!(!(elsewhere && page(&path).to_lowercase().contains("exit status")), "{}", path.display());
    }
    let glossary = page("docs/glossary.md");
    assert!(glossary.lines().any(|line| line.starts_with("| exit code |") && line.contains("exit status")));
}

/// Those that build fleets are run by `tests/try_fleet/session.rs`, one at a time.
#[test]
fn sessions_are_real() {
    let count = sessions(env!("CARGO_BIN_EXE_sslscale"), |commands| !commands.concat().contains("sslscale try"));
    assert!(count >= 2, "the sessions are gone: {count}");
}

#[test]
fn the_install_script_says_what_it_takes() {
    let script = repository().join("docs/install.sh");
    for arguments in [&[][..], &["rendered"], &["rendered", "."], &["rendered", ".", "srv1"]] {
        let output = Command::new("sh").arg(&script).args(arguments).output().unwrap();
        let usage = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {usage}");
        assert_eq!(usage.lines().collect::<Vec<_>>(), ["usage: sh install.sh TREE SOURCES HOST COMMAND..."]);
    }
}

#[test]
fn the_slow_tests_that_are_listed_exist() {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let all = String::from_utf8(output.stdout).unwrap();
    let list = page(".ci/slow");
    let listed = list.lines().map(|line| line.split('#').next().unwrap().trim()).filter(|name| !name.is_empty());
    let gone: Vec<&str> = listed.filter(|name| !all.lines().any(|test| test.starts_with(name))).collect();
    assert_eq!(gone, Vec::<&str>::new());
}

#[test]
fn the_guide_lists_every_header_that_clients_cannot_set() {
    use sslscale::inventory::headers;
    let text = page("docs/guide.md");
    let section = text.split("\n## Headers that only a proxy may set\n").nth(1).unwrap();
    let table = section.lines().filter(|line| line.starts_with("| set by") || line.starts_with("| removed"));
    let listed: Vec<&str> = table.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    let all: Vec<&str> = headers::SET.iter().copied().chain(headers::removed()).collect();
    assert_eq!(listed, all);
    assert!(!text.contains("X-Forwarded-*"));
}
