//! The reader of haproxy's configuration. haproxy 3.0 and later print the words of every line with `-c -dC`; they are
//! asked about many texts at once, one after the other in a file.
//!
//! What they do not agree on:
//! - A variable of the environment stays as it is written: who reads the file need not have it.
//! - `\x80` and above stand for bytes, which need not be text; the reader takes them for characters.
//! - haproxy reads nothing after a NUL byte; the reader says that there is one, and goes on.
//! - A line that begins with `[` is a scope, which haproxy has for other files.
//! - haproxy refuses a file whose last line is not ended; the reader reads texts, and these are rendered with their end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sslscale::config::haproxy::{File, Line};

use super::{Base, bases, mutation};
use crate::cases::{cases, first};
use crate::oracles::Numbers;
use crate::support::need;
use crate::support::release::roots;

/// Mutations that each haproxy is asked about.
const COUNT: u32 = 2_000;
/// haproxy stops at the fiftieth line that it cannot read.
const REFUSED: usize = 40;
/// Lines that it is asked about at once.
const LINES: usize = 20_000;

/// The roots of the releases that can show what they read.
fn programs() -> Vec<PathBuf> {
    if !need::root() {
        return Vec::new();
    }
    let found: Vec<PathBuf> = ["trixie", "sid"].map(|release| roots().join(release)).into();
    if let Some(missing) = found.iter().find(|root| !root.is_dir()) {
        need::missing(&format!("there is no root of {}", missing.display()), "make roots");
        return Vec::new();
    }
    found
}

/// What haproxy makes of a file: the words of lines as it prints them, and the lines that it refuses.
struct Shown {
    lines: BTreeMap<usize, String>,
    refused: Vec<usize>,
    output: String,
}

fn shown(root: &Path, text: &str) -> Shown {
    let mut file = tempfile::Builder::new().prefix("sslscale").tempfile_in(root.join("tmp")).unwrap();
    // What haproxy prints at the end belongs to no line of the text.
    file.write_all(format!("{text}end\n").as_bytes()).unwrap();
    let name = Path::new("/tmp").join(file.path().file_name().unwrap());
    let done = Command::new("chroot").arg(root).args(["haproxy", "-c", "-dC,line", "-f"]).arg(name).output().unwrap();
    let (mut lines, mut last) = (BTreeMap::<usize, String>::new(), 0);
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        let begins = line.split_once('\t').and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
        match begins.filter(|(number, _)| *number > last) {
            Some((number, rest)) => {
                last = number;
                lines.insert(number, rest.trim_end().to_owned());
            }
            // A word has a line break in it.
            None => write!(lines.entry(last).or_default(), "\n{}", line.trim_end()).unwrap(),
        }
    }
    let output = String::from_utf8_lossy(&done.stderr).into_owned();
    let alerts = output.lines().filter(|line| line.contains("[ALERT]"));
    let number = |line: &str| line.split_once("parsing [")?.1.split_once(']')?.0.rsplit(':').next()?.parse().ok();
    let refused = alerts.filter_map(number).collect();
    Shown { lines, refused, output }
}

/// The words of a line as haproxy prints them.
fn printed(line: &Line<'_>, begins: bool) -> String {
    let mut text = String::from(if begins { "" } else { "\t" });
    line.words.iter().for_each(|word| write!(text, "{} ", word.value).unwrap());
    let ends: Vec<&str> = text.lines().map(str::trim_end).collect();
    ends.join("\n").trim_end().to_owned()
}

/// Whether the reader and haproxy take the line for something else, as the first lines say.
fn is_explained(raw: &str) -> bool {
    raw.contains('"') && raw.contains('$') || raw.contains("\\x")
}

/// What differs between the reader and haproxy.
fn differences(root: &Path, text: &str) -> Vec<String> {
    let shown = shown(root, text);
    let file = File::read(text);
    let end = text.split('\n').position(|line| line.contains('\0')).map_or(usize::MAX, |index| index + 1);
    let most = file.lines().filter(|(_, line)| line.problem.is_some()).nth(REFUSED);
    let end = most.map_or(end, |(_, line)| end.min(line.number));
    let mut differences = Vec::new();
    for (section, line) in file.lines().filter(|(_, line)| line.number < end) {
        let raw = file.part(&line.span);
        if raw.trim_start().starts_with('[') {
            continue;
        }
        let refuses = shown.refused.contains(&line.number);
        let begins = section.is_some_and(|section| std::ptr::eq(&section.begin, line));
        let words = shown.lines.get(&line.number);
        // Releases know more and more sections.
        let same = |shown: &String| shown.trim() == printed(line, begins).trim();
        if line.problem.is_some() != refuses || !refuses && !words.is_some_and(|it| same(it) || is_explained(raw)) {
            let at = format!(":{}]", line.number);
            let said = shown.output.lines().find(|it| it.contains(&at)).unwrap_or_default();
            differences.push(format!("{raw:?}: {:?} {:?}, haproxy: {words:?} {said}", line.words, line.problem));
        }
    }
    let known = |number: &usize| file.lines().any(|(_, line)| line.number == *number) || *number >= end;
    differences.extend(shown.refused.iter().filter(|it| !known(it)).map(|it| format!("line {it}: {}", shown.output)));
    differences.truncate(20);
    differences
}

/// A text that haproxy is asked about: with its end.
fn ended(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[derive(Default)]
struct Batch {
    text: String,
    refused: usize,
    lines: usize,
}

/// The texts, one after the other, in as many files as needed.
fn batches(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = vec![Batch::default()];
    for text in texts.map(ended) {
        let refused = File::read(&text).lines().filter(|(_, line)| line.problem.is_some()).count();
        let lines = text.split('\n').count();
        let last = all.last_mut().unwrap();
        let full = last.refused + refused > REFUSED || last.lines + lines > LINES || last.text.contains('\0');
        let batch = if full {
            all.push(Batch::default());
            all.last_mut().unwrap()
        } else {
            last
        };
        batch.text += &text;
        batch.refused += refused;
        batch.lines += lines;
    }
    all.into_iter().map(|batch| batch.text).collect()
}

/// Whether every word of the reader is where it says.
fn round_trips(text: &str) {
    let file = File::read(text);
    let mut end = 0;
    for (_, line) in file.lines() {
        assert!(line.span.start >= end && text[end..line.span.start].lines().all(is_empty), "{line:?}");
        let mut at = line.span.start;
        for word in &line.words {
            assert!(text[at..word.span.start].chars().all(|it| " \t\x0b\x0c\r".contains(it)), "{line:?}");
            at = word.span.end;
        }
        assert!(line.problem.is_some() || is_empty(&text[at..line.span.end]), "{line:?}");
        end = line.span.end;
    }
    assert!(text[end..].lines().all(is_empty));
}

/// Nothing, a comment, or what haproxy takes for the end of a line.
fn is_empty(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\x0b', '\x0c']).chars().next().is_none_or(|it| "#\r\n\0".contains(it))
}

#[test]
fn haproxy_reads_the_files_that_people_have_as_the_reader_does() {
    let bases = bases("haproxy");
    bases.iter().for_each(|it| round_trips(&it.text));
    for root in programs() {
        for Base { name, text } in bases {
            let differences = differences(&root, &ended(text.clone()));
            assert!(differences.is_empty(), "{name}, {}:\n{}", root.display(), differences.join("\n"));
        }
    }
    super::figures(&format!("{} files of haproxy round-trip", bases.len()));
    assert!(bases.len() > 20, "{}", bases.len());
}

#[test]
fn haproxy_and_the_reader_agree_on_mutations() {
    let bases: Vec<&Base> = bases("haproxy").iter().filter(|it| it.text.len() < super::MUTATED).collect();
    let count = cases(COUNT);
    let texts = (first()..first() + count).map(|case| {
        let mut numbers = Numbers::of(case);
        let base = &bases[numbers.below(bases.len())];
        let text = mutation::mutated(&base.text, &mut numbers);
        round_trips(&text);
        text
    });
    let batches = batches(texts);
    for root in programs() {
        let (mut lines, mut refused) = (0, 0);
        for batch in &batches {
            let differences = differences(&root, batch);
            assert!(differences.is_empty(), "{}:\n{}", root.display(), differences.join("\n"));
            lines += batch.lines().count();
            refused += File::read(batch).lines().filter(|(_, line)| line.problem.is_some()).count();
        }
        let name = root.file_name().unwrap().display();
        super::figures(&format!(
            "{count} mutations, {lines} lines, {refused} refused, haproxy of {name}: 0 differences"
        ));
        assert!(refused > 5, "{refused}");
    }
}
