//! README.md and docs/ say what the code says: generated parts, sessions, links.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
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

/// The targets of the links of a page, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let targets = line.split("](").skip(1).filter(|_| !code);
        found.extend(targets.filter_map(|rest| rest.split(')').next()).map(str::to_owned));
    }
    found
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
        }
        let Some(heading) = line.strip_prefix('#').filter(|_| !code) else { continue };
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    found
}

/// A path without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(parts.pop(), "{} leaves the repository", path.display()),
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

/// Each page with the file and anchor that each of its links leads to.
fn linked() -> Vec<(PathBuf, PathBuf, String)> {
    let mut found = Vec::new();
    for from in pages() {
        for link in links(&page(&from)).into_iter().filter(|link| !link.contains("://")) {
            let (to, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to = if to.is_empty() { from.clone() } else { resolved(&from.parent().unwrap().join(to)) };
            found.push((from.clone(), to, anchor.to_owned()));
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let linked = linked();
    assert!(linked.len() > 50, "{}", linked.len());
    let broken: Vec<_> = linked
        .into_iter()
        .filter(|(_, to, anchor)| {
            let is_there = repository().join(to).exists();
            !is_there || !(anchor.is_empty() || anchors(&page(to)).contains(anchor))
        })
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_readme_and_the_pages_of_docs_link_to_each_other() {
    let linked: BTreeSet<(PathBuf, PathBuf)> = linked().into_iter().map(|(from, to, _)| (from, to)).collect();
    let readme = PathBuf::from("README.md");
    let own = |path: &&PathBuf| path.parent() == Some(Path::new("docs"));
    let found = pages();
    let missing: Vec<_> = found
        .iter()
        .filter(own)
        .flat_map(|path| [(readme.clone(), path.clone()), (path.clone(), readme.clone())])
        .filter(|link| !linked.contains(link))
        .collect();
    assert!(missing.is_empty(), "no link from and to: {missing:#?}");
}

#[test]
fn anchors_and_links_are_found() {
    let text = "# A `key[]` of it\n[x](a.md#b) and [y](#c)\n```\n# no heading [z](d)\n```\n## Two, words_\n";
    assert_eq!(links(text), ["a.md#b", "#c"]);
    assert_eq!(anchors(text), ["a-key-of-it", "two-words_"].map(str::to_owned).into());
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
