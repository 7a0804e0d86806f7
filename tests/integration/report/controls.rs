//! Names of files and directories with control characters and what ends a value in a format: whatever command
//! meets them, in whatever format, a terminal that shows its output does not obey them, and programs read the
//! same name and the same findings.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use sslscale::visible::visible;

use super::{BLOG, github, gitlab, junit};
use crate::cases::{cases, first};
use crate::support::{Run, Sslscale};

/// What ends a name, a value, a line or an element in one of the formats, or looks like an escape.
const SEPARATORS: [&str; 20] = [
    "%",
    "%0A",
    "%3A",
    ":",
    "::",
    "::error::x",
    ",",
    ",line=9",
    "=",
    ";",
    " ",
    "\"",
    "'",
    "\\",
    "\\u{1b}",
    "<",
    "&amp;",
    "]]>",
    "{0}",
    "](x)",
];
/// Text and signs that are no ASCII; some of them are not seen, and two are no characters.
const OTHERS: [&str; 10] = [
    "é",
    "北京",
    "👩\u{200d}🚀",
    "e\u{301}",
    "\u{202e}",
    "\u{200f}",
    "\u{2066}",
    "\u{feff}",
    "\u{2028}",
    "\u{fffe}\u{ffff}",
];
/// What people do not see, or see in another order.
const UNSEEN: [char; 6] = ['\u{202e}', '\u{200f}', '\u{2066}', '\u{feff}', '\u{2028}', '\u{200d}'];
/// Each has three control characters: together they have all of them.
const NAMES: u32 = 25;
/// How many of them every command meets.
const RUNS: u32 = 8;
const FORMATS: [&str; 6] = ["human", "json", "sarif", "github", "gitlab", "junit"];

/// Writes to the clipboard of many terminals, rings, and clears the screen.
const EVIL: &str = "a\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}1m\u{202e}\r";

/// No control character is sent but a line break, and where people read it, nothing that hides or turns text.
fn assert_shown(run: &Run, what: &[&str]) {
    let data = FORMATS[1..].iter().any(|format| what.contains(format));
    let is_sent = |c: &char| *c != '\n' && (c.is_control() || (!data && UNSEEN.contains(c)));
    for text in [&run.stdout, &run.stderr] {
        let sent: String = text.chars().filter(is_sent).collect();
        assert!(sent.is_empty(), "{what:?} sends {sent:?}: {text:?}");
    }
}

#[test]
fn every_command_shows_names_and_sends_none() {
    (first()..first() + cases(RUNS)).for_each(|number| shown_by_every_command(&name(number)));
    shown_by_every_command(EVIL);
}

/// Files and directories whose names begin like this are met by every command.
fn shown_by_every_command(start: &str) {
    let name = |end: &str| format!("{start}{end}");
    let broken = BLOG.replace("10.0.0.12", "10.0.0.11");
    let run = Sslscale::new(&[])
        .file(&name("good.yaml"), BLOG)
        .file(&name("bad.yaml"), &broken)
        .file(&name("not.yaml"), "load_balancers:\n")
        .file(&name("file"), "x")
        .file(&name("templates/haproxy.cfg.tera"), "{{ nonsense }}")
        .file(&name("templates2/other.tera"), "");
    fs::create_dir(run.dir().join(name("roots"))).unwrap();
    let [good, bad, not, gone] = ["good.yaml", "bad.yaml", "not.yaml", "gone.yaml"].map(name);
    let [out, out2, file, roots] = ["out", "out/none/here", "file", "roots"].map(name);
    let [templates, templates2, link] = ["templates", "templates2", "out/srv1/etc"].map(name);
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for inventory in [&good, &bad, &not, &gone] {
        for format in FORMATS {
            commands.push(vec!["check", "--format", format, inventory]);
        }
        commands.push(vec!["check", "--explain", inventory]);
        commands.push(vec!["check", "--fix", "--unsafe-fixes", inventory]);
        commands.push(vec!["render", inventory, "--host", &gone]);
        commands.push(vec!["try", inventory, "--host", &gone]);
    }
    for (first, dir) in [("-o", &out), ("-o", &out), ("-o", &file), ("-o", &out2), ("--templates", &templates)] {
        commands.push(vec!["render", &good, first, dir]);
    }
    commands.push(vec!["render", &good, "--templates", &templates2]);
    commands.push(vec!["render", &good, "-o", &out, "--check"]);
    for to in [&file, &out2, &out] {
        commands.push(vec!["check", "--format", "json", "-o", to, &good]);
    }
    for hosts in [["--roots", &roots], ["--roots", &gone], ["--hosts-file", &file], ["--hosts-file", &gone]] {
        commands.push(vec!["tickets", "status", &good, hosts[0], hosts[1]]);
    }
    for command in &commands {
        let done = run.run_with(command);
        assert!(!done.all().is_empty(), "{command:?}");
        assert_shown(&done, command);
    }
    fs::remove_dir_all(run.dir().join(&link)).unwrap();
    let command = ["render", &good, "-o", &out, "--check", "--diff"];
    let missing = run.run_with(&command);
    assert_eq!(missing.status, 1, "{}", missing.all());
    assert_shown(&missing, &command);
    std::os::unix::fs::symlink("/", run.dir().join(&link)).unwrap();
    let command = ["render", &good, "-o", &out];
    let refused = run.run_with(&command);
    assert_eq!(refused.status, 2);
    assert_shown(&refused, &command);
}

/// The name of this number.
fn name(number: u32) -> String {
    let controls: Vec<char> = (1..=0x9f).filter_map(char::from_u32).filter(|c| c.is_control()).collect();
    let at = |step: u32, count: usize| usize::try_from(number * step + number / 7).unwrap() % count;
    let control = |offset: usize| controls[(3 * number as usize + offset) % controls.len()];
    format!(
        "n{}{}{}x{}{}{}{}",
        control(0),
        SEPARATORS[at(1, SEPARATORS.len())],
        OTHERS[at(3, OTHERS.len())],
        SEPARATORS[at(7, SEPARATORS.len())],
        control(1),
        OTHERS[at(7, OTHERS.len())],
        control(2),
    )
}

/// The name as a program reads it in this format: logs of GitHub and XML show control characters, and XML has no
/// place for what is no character.
fn as_read(name: &str, format: &str) -> String {
    let shown = |c: char| match (format, c) {
        ("github", '\n' | '\r') => c.to_string(),
        ("github" | "junit", c) if c.is_control() => c.escape_default().to_string(),
        ("junit", '\u{fffe}' | '\u{ffff}') => char::REPLACEMENT_CHARACTER.to_string(),
        _ => c.to_string(),
    };
    name.chars().map(shown).collect()
}

/// How often a file has a finding of a code on a line.
type Findings = BTreeMap<(String, String, u64), usize>;

fn counted(all: impl IntoIterator<Item = (String, String, u64)>) -> Findings {
    all.into_iter().fold(Findings::new(), |mut sum, finding| {
        *sum.entry(finding).or_default() += 1;
        sum
    })
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn code(title: &str) -> String {
    title.split(' ').next().unwrap().to_owned()
}

/// The findings that a program reads in a report of this format.
fn read(format: &str, text: &str) -> Findings {
    let json = || serde_json::from_str::<Value>(text).unwrap();
    match format {
        "json" => counted(json()["inventories"].as_array().unwrap().iter().flat_map(|one| {
            let of =
                |it: &Value| (word(&one["inventory"]), word(&it["code"]), it["location"]["line"].as_u64().unwrap());
            one["findings"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
        })),
        "sarif" => {
            let of = |it: &Value| {
                let place = &it["locations"][0]["physicalLocation"];
                let line = place["region"]["startLine"].as_u64().unwrap_or(1);
                (decoded(&word(&place["artifactLocation"]["uri"])), word(&it["ruleId"]), line)
            };
            counted(json()["runs"][0]["results"].as_array().unwrap().iter().map(of))
        }
        "github" => counted(github::read(text).iter().map(|it| {
            let of = |name: &str| it.property(name).unwrap_or_else(|| panic!("{it:?}")).to_owned();
            (of("file"), code(&of("title")), of("line").parse().unwrap())
        })),
        "gitlab" => counted(gitlab::valid(text).iter().map(|it| {
            let line = it["location"]["lines"]["begin"].as_u64().unwrap();
            (word(&it["location"]["path"]), code(&word(&it["check_name"])), line)
        })),
        "junit" => {
            counted(junit::valid(text).descendants().filter(|it| it.has_tag_name("testsuite")).flat_map(|suite| {
                let file = suite.attribute("name").unwrap();
                // `FILE:LINE:COLUMN: SEVERITY[CODE]: …`
                let bodies = suite.descendants().filter(|it| ["failure", "system-out"].contains(&it.tag_name().name()));
                let lines = bodies.flat_map(|it| it.text().unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
                let places = lines.filter_map(|line| {
                    let mut rest = line.strip_prefix(file)?.strip_prefix(':')?.splitn(4, [':', '[']);
                    let (line, code) = (rest.next()?.parse().ok()?, rest.nth(2)?.split(']').next()?.to_owned());
                    Some((file.to_owned(), code, line))
                });
                places.collect::<Vec<_>>()
            }))
        }
        _ => panic!("no program reads {format}"),
    }
}

/// A URI as a path.
fn decoded(uri: &str) -> String {
    let mut parts = uri.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_format_shows_every_name_and_programs_read_the_same_findings() {
    let broken = BLOG.replace("10.0.0.12", "10.0.0.11").replace("name: srv2,", "name: srv2, weigth: 5,");
    for number in first()..first() + cases(NAMES) {
        let (dir, end) = (name(number + 1), name(number));
        let [bad, good, gone] = ["bad", "good", "gone"].map(|it| format!("{dir}/{it}{end}.yaml"));
        let run = Sslscale::new(&[]).file(&bad, &broken).file(&good, BLOG);
        let files = [&*bad, &*good, &*gone];
        let checked = |format: &str| {
            let words = [&["check", "--format", format][..], &files].concat();
            let done = run.run_with(&words);
            assert_eq!(done.status, 2, "{words:?}: {}", done.all());
            assert_shown(&done, &words);
            // A file may be shown later.
            let written = run.run_with(&[&words[..], &["-o", "report"]].concat());
            let report = fs::read_to_string(run.dir().join("report")).unwrap();
            assert_shown(&Run { stdout: report, ..written }, &words);
            done
        };
        let expected = read("json", &checked("json").stdout);
        assert_eq!(expected.keys().filter(|it| it.0 == gone && it.1 == "IN01").count(), 1, "{expected:?}");
        assert!(expected.keys().filter(|it| it.0 == bad).count() > 1, "{expected:?}");
        assert!(expected.keys().all(|it| files.contains(&&*it.0)), "{expected:?}");
        for format in FORMATS {
            let done = checked(format);
            if format == "human" {
                let places =
                    expected.keys().filter(|it| done.stderr.contains(&format!("{}:{}:", visible(&it.0), it.2)));
                assert_eq!(places.count(), expected.len(), "{}", done.all());
                continue;
            }
            let read_as = |((file, code, line), n): (&(String, String, u64), &usize)| {
                ((as_read(file, format), code.clone(), *line), *n)
            };
            let expected: Findings = expected.iter().map(read_as).collect();
            assert_eq!(read(format, &done.stdout), expected, "{format}: {:?}", done.stdout);
        }
    }
}
