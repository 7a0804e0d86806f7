//! Whatever waits or reads has a limit: programs are started in one room, and files are read whole by
//! one function. What else reads is listed with the reason why it may.

use std::collections::BTreeMap;

use super::sources;
use crate::support::repository;

/// Text that is only in files that read without `file::read`, with the files that may have it.
const READS: &[(&str, &[(&str, &str)])] = &[
    ("fs::read(", &[]),
    ("fs::read_to_string(", &[]),
    (
        "File::open(",
        &[("file/replacement.rs", "opens a directory to sync it"), ("tree/store.rs", "opens a directory to lock it")],
    ),
    (
        "read_to_end(",
        &[
            ("file/read.rs", "is the function itself"),
            ("file/replacement.rs", "compares with at most one byte more than the expected content"),
            ("source.rs", "reads standard input up to the limit of inventories"),
            ("tree/directory.rs", "reads a stored file up to a limit of its own"),
            ("try_fleet/host.rs", "reads new lines of a log up to a limit"),
            ("try_fleet/programs.rs", "reads the end of a log"),
        ],
    ),
    (".read_to_string(", &[("try_fleet/stats.rs", "reads a socket up to a limit, with time limits")]),
    (
        "read_until(",
        &[
            ("commands/init/lines.rs", "reads the answer of a person at a terminal, up to a limit"),
            ("process/conversation.rs", "reads a line up to a limit; who waits for it has a time limit"),
            ("sandbox/wire.rs", "reads from the command, whose end ends the process"),
        ],
    ),
    ("read_line(", &[("commands/confirm.rs", "reads the answer of a person at a terminal")]),
];

/// The code of every file without its tests and comments.
fn code() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    sources(&repository().join("src"), "", &mut files);
    files.retain(|file, _| !file.contains("/tests/") && !file.ends_with("/tests.rs"));
    for text in files.values_mut() {
        let code = text.split("#[cfg(test)]").next().unwrap().lines();
        *text = code.filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    }
    files
}

/// The files that read where they may not, and the permissions that nobody needs any more.
fn wrong_reads(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (words, allowed) in READS {
        let reads = |file: &str| files.get(file).is_some_and(|text| text.contains(words));
        wrong.extend(
            files
                .keys()
                .filter(|file| reads(file) && !allowed.iter().any(|(it, _)| it == file))
                .map(|file| format!("{file} has `{words}`: use `file::read` or `file::read_secret`")),
        );
        wrong.extend(
            allowed
                .iter()
                .filter(|(file, _)| !reads(file))
                .map(|(file, _)| format!("{file} has no `{words}` any more: remove it from the list")),
        );
    }
    wrong
}

/// The files outside of `process` that can start a program.
fn starts(files: &BTreeMap<String, String>) -> Vec<&str> {
    let names = ["Command", "Child", "Stdio", "*"];
    let imports = |text: &str| {
        let paths = text.match_indices("std::process::").map(|(at, found)| &text[at + found.len()..]);
        let used = paths.map(|rest| if rest.starts_with('{') { rest.split('}').next().unwrap() } else { word(rest) });
        used.flat_map(|used| used.split(['{', ',', ' ', '\n'])).any(|name| names.contains(&name))
    };
    let other =
        ["os::unix::process", "std::process;", "std::process as", "unistd::exec", "unistd::fork", "posix_spawn"];
    let other = |text: &str| other.iter().any(|words| text.contains(words));
    let outside = files.iter().filter(|(file, _)| !file.starts_with("process/"));
    outside.filter(|(_, text)| imports(text) || other(text)).map(|(file, _)| file.as_str()).collect()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).next().unwrap()
}

#[test]
fn files_are_read_by_one_function() {
    assert_eq!(wrong_reads(&code()), Vec::<String>::new());
}

#[test]
fn programs_are_started_in_one_room() {
    assert_eq!(starts(&code()), Vec::<&str>::new());
}

#[test]
fn planted_reads_and_programs_are_caught() {
    let mut files = code();
    files.insert("lint/new.rs".to_owned(), "fn f() { std::fs::read(\"a\"); }".to_owned());
    assert_eq!(wrong_reads(&files).len(), 1);
    for text in [
        "use std::process::Command;",
        "use std::process::{ExitCode, Command};",
        "use std::process::{\n    Child,\n    ExitCode,\n};",
        "fn f() { std::process::Command::new(\"ip\"); }",
        "use std::os::unix::process::CommandExt;",
        "use std::process;\nfn f() { process::Command::new(\"ip\"); }",
    ] {
        files.insert("lint/new.rs".to_owned(), text.to_owned());
        assert_eq!(starts(&files), ["lint/new.rs"], "{text}");
    }
    files.insert("lint/new.rs".to_owned(), "use std::process::ExitCode;".to_owned());
    assert_eq!(starts(&files), Vec::<&str>::new());
}
