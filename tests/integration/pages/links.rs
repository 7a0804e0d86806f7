//! Links of README.md, docs/, CONTRIBUTING.md and CHANGELOG.md lead somewhere.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::docs::{page, pages};
use crate::support::repository;

/// A page with each line outside of blocks of code replaced by what `change` makes of it.
pub fn prose(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut code = false;
    let lines = text.lines().map(|line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        if fence || code { format!("{line}\n") } else { format!("{}\n", change(line)) }
    });
    lines.collect()
}

/// The targets of the links of a page, outside of blocks of code.
pub fn links(text: &str) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    prose(text, |line| {
        let targets = line.split("](").skip(1);
        found.borrow_mut().extend(targets.filter_map(|rest| rest.split(')').next()).map(str::to_owned));
        String::new()
    });
    found.into_inner()
}

/// The anchors of a page's headings, as GitHub makes them: a second heading of the same text gets `-1`.
fn anchors(text: &str) -> BTreeSet<String> {
    let found = RefCell::new(BTreeSet::new());
    prose(text, |line| {
        if let Some(heading) = line.strip_prefix('#') {
            let kept = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let names = std::iter::once(name.clone()).chain((1..).map(|count| format!("{name}-{count}")));
            let mut found = found.borrow_mut();
            let free = names.into_iter().find(|name| !found.contains(name)).unwrap();
            found.insert(free);
        }
        String::new()
    });
    found.into_inner()
}

/// A path without `.` and `..`.
pub fn resolved(path: &Path) -> PathBuf {
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
pub fn linked() -> Vec<(PathBuf, PathBuf, String)> {
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

/// The hosts that pages link to. Tests use no network: look at a new one yourself.
const ELSEWHERE: [&str; 7] = [
    "github.com",
    "keepachangelog.com",
    "mutants.rs",
    "pre-commit.com",
    "rustup.rs",
    "semver.org",
    "ssl-config.mozilla.org",
];

#[test]
fn links_to_other_hosts_are_well_formed_and_known() {
    let found = pages().into_iter().flat_map(|path| links(&page(&path)));
    let found: Vec<String> = found.filter(|link| link.contains("://")).collect();
    let host = |link: &String| {
        let rest = link.strip_prefix("https://").filter(|rest| !rest.contains(char::is_whitespace))?;
        let host = rest.split('/').next()?;
        ELSEWHERE.contains(&host).then(|| host.to_owned())
    };
    let wrong: Vec<&String> = found.iter().filter(|link| host(link).is_none()).collect();
    assert_eq!(wrong, Vec::<&String>::new());
    let used: BTreeSet<String> = found.iter().filter_map(host).collect();
    assert_eq!(used, ELSEWHERE.map(str::to_owned).into());
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
    assert_eq!(anchors("# A\n## B\n## B\n"), ["a", "b", "b-1"].map(str::to_owned).into());
}
