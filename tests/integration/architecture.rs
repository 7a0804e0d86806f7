//! The direction of imports: which module may name which. Data flows one way, and a test is
//! what keeps it so.

mod limits;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::repository;

/// Module → the modules of the crate that it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("count", &[]),
    ("shell", &[]),
    ("config", &[]),
    ("visible", &[]),
    ("parallel", &[]),
    ("progress", &[]),
    ("source", &["file"]),
    ("diagnostic", &["file", "source"]),
    ("inventory", &["config", "count", "diagnostic", "file", "source", "visible"]),
    ("file", &[]),
    ("interrupt", &["file", "process"]),
    ("tree", &["file", "interrupt", "parallel", "progress"]),
    ("event", &[]),
    ("process", &["visible"]),
    ("lint", &["config", "count", "diagnostic", "file", "inventory", "process", "shell", "source"]),
    ("render", &["file", "inventory", "tickets", "tree"]),
    ("starter", &["diagnostic", "file", "inventory", "lint", "shell", "source", "visible"]),
    ("transport", &["file", "process", "shell", "visible"]),
    ("probes", &["config", "inventory", "visible"]),
    ("rollout", &["parallel", "transport", "visible"]),
    ("tickets", &["count", "rollout", "transport", "tree"]),
    ("deploy", &["config", "probes", "rollout", "transport", "tree"]),
    ("sandbox", &["event", "file", "process"]),
    ("stand_ins", &["file", "inventory", "sandbox", "tickets"]),
    ("try_fleet", &["event", "file", "interrupt", "inventory", "process", "sandbox", "stand_ins", "tree"]),
    (
        "binaries",
        &[
            "config",
            "diagnostic",
            "event",
            "inventory",
            "lint",
            "process",
            "progress",
            "sandbox",
            "source",
            "stand_ins",
            "tree",
            "visible",
        ],
    ),
    ("host_rules", &["count", "deploy", "diagnostic", "inventory", "lint", "source", "tickets", "tree", "visible"]),
    (
        "report",
        &[
            "count",
            "deploy",
            "diagnostic",
            "event",
            "file",
            "interrupt",
            "inventory",
            "lint",
            "progress",
            "rollout",
            "source",
            "tickets",
            "transport",
            "tree",
            "visible",
        ],
    ),
    ("cli", &["deploy", "diagnostic", "lint", "report"]),
    ("completion", &["cli", "diagnostic", "inventory", "lint", "manual", "source", "starter"]),
    ("manual", &["cli", "diagnostic"]),
    (
        "commands",
        &[
            "binaries",
            "cli",
            "completion",
            "count",
            "deploy",
            "diagnostic",
            "event",
            "file",
            "host_rules",
            "interrupt",
            "inventory",
            "lint",
            "manual",
            "parallel",
            "probes",
            "render",
            "report",
            "rollout",
            "shell",
            "source",
            "starter",
            "tickets",
            "transport",
            "tree",
            "try_fleet",
            "visible",
        ],
    ),
    ("main", &["cli", "commands", "interrupt"]),
    ("lib", &[]),
];

/// `from` names `to` in `file`, and may not.
type Violation = (String, String, String);

fn violations(files: &BTreeMap<String, String>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, text) in files {
        let module = file.split('/').next().unwrap().trim_end_matches(".rs");
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            found.push((file.clone(), module.to_owned(), "(not in the table)".to_owned()));
            continue;
        };
        for marker in ["crate::", "sslscale::"] {
            for (at, _) in text.match_indices(marker) {
                found.extend(named(&text[at + marker.len()..]).into_iter().filter_map(|to| {
                    let known = MAY_NAME.iter().any(|(name, _)| *name == to);
                    let fine = to == module || allowed.contains(&to.as_str());
                    (known && !fine).then(|| (file.clone(), module.to_owned(), to))
                }));
            }
        }
    }
    found
}

/// The first segments of a path behind `crate::`, of which a group has several.
fn named(rest: &str) -> Vec<String> {
    let word = |t: &str| t.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            c if depth == 0 => parts.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    parts.iter().map(|p| word(p)).collect()
}

fn sources(dir: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap()) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            sources(&entry.path(), &format!("{name}/"), files);
        } else if name.ends_with(".rs") {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn imports_run_one_way() {
    let mut files = BTreeMap::new();
    sources(&repository().join("src"), "", &mut files);
    assert!(files.len() > 20, "the sources are gone");
    assert_eq!(violations(&files), []);
}

#[test]
fn a_planted_violation_is_caught_in_every_room() {
    let mut files = BTreeMap::new();
    sources(&repository().join("src"), "", &mut files);
    for (room, allowed) in MAY_NAME {
        let is_in = |file: &&String| file.split('/').next().unwrap().trim_end_matches(".rs") == *room;
        let file = files.keys().rfind(is_in).unwrap_or_else(|| panic!("`{room}` has no file"));
        let marker = if *room == "main" { "sslscale" } else { "crate" };
        let forbidden = MAY_NAME.iter().map(|(to, _)| *to).filter(|to| to != room && !allowed.contains(to));
        let mut planted = 0;
        for to in forbidden {
            let wrong = vec![(file.clone(), (*room).to_owned(), to.to_owned())];
            for text in [
                format!("use {marker}::{to}::Thing;"),
                format!("fn f() {{ {marker}::{to}::f() }}"),
                format!("use {marker}::{{{room}::{{A, B}}, {to}::{{C, D}}}};"),
            ] {
                let planted_in = BTreeMap::from([(file.clone(), format!("{}{text}", files[file]))]);
                assert_eq!(violations(&planted_in), wrong, "{text}");
                planted += 1;
            }
        }
        assert!(planted > 0, "`{room}` may name everything");
    }
}

#[test]
fn no_two_rooms_may_name_each_other_even_by_a_detour() {
    fn below<'t>(room: &'t str, way: &mut Vec<&'t str>) {
        assert!(!way.contains(&room), "a circle: {way:?}, {room}");
        way.push(room);
        let (_, allowed) = MAY_NAME.iter().find(|(name, _)| *name == room).expect("a room of the table");
        for to in *allowed {
            below(to, way);
        }
        way.pop();
    }
    for (room, _) in MAY_NAME {
        below(room, &mut Vec::new());
    }
}

#[test]
fn every_room_is_in_the_page_about_them() {
    let page = crate::docs::page("docs/architecture.md");
    let missing = MAY_NAME.iter().map(|(room, _)| *room).filter(|room| !page.contains(&format!("| `{room}` |")));
    assert_eq!(missing.filter(|room| *room != "lib").collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn only_report_prints_and_only_main_exits() {
    let mut files = BTreeMap::new();
    sources(&repository().join("src"), "", &mut files);
    let offenders = files.iter().filter(|(file, text)| {
        // To processes in private views, standard input and output are pipes to one another.
        let pipes = file.starts_with("try_fleet/") || file == &"binaries/inside.rs";
        let streams = ["io::stdout", "io::stderr"].iter().any(|word| text.contains(word));
        let prints = ["println!", "print!("].iter().any(|word| text.contains(word)) || (streams && !pipes);
        let exits = text.contains("process::exit");
        let allowed = file.starts_with("report/") || file.contains("/tests/");
        (prints && !allowed) || exits
    });
    assert_eq!(offenders.map(|(file, _)| file).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn haproxy_and_nginx_syntax_stays_in_the_templates() {
    let mut files = BTreeMap::new();
    sources(&repository().join("src"), "", &mut files);
    let directives = ["proxy_set_header", "set_real_ip_from", "default_backend", "ssl_session_cache", "inspect-delay"];
    // Rules speak of directives in their pages, and complaints are of directives. A deploy puts parts of two rendered
    // files together, and compares them.
    let speak = ["binaries/map.rs", "deploy/expand.rs", "deploy/trust.rs"];
    let speaks = |file: &str| file.starts_with("lint/") || speak.contains(&file);
    for (file, text) in files.into_iter().filter(|(file, _)| !speaks(file)) {
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        assert!(directives.iter().all(|d| !code.contains(d)), "{file} writes configuration itself");
    }
}
