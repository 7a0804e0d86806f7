//! The reader of nginx's configuration. This machine's `nginx -t` is asked twice about a text: where it belongs, which
//! ends at the first directive that it does not like there; and as the content of `types`, where every word is one, and
//! the first block an error. Of the blocks that the reader found, as many as chance says are first made simple
//! directives, so that nginx has to find the next one.
//!
//! What they do not agree on, because the reader is asked for the text and nginx for more:
//! - `types`, `map` and the like have no blocks in them; the reader finds one.
//! - Programs in Lua are read as such only by an nginx that has the module, so that these texts are only put together.
//! - A file that `include` names is part of what nginx reads.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sslscale::config::nginx::{File, Statement};

use super::{Base, MUTATED, bases, mutation};
use crate::cases::{cases, first};
use crate::oracles::Numbers;
use crate::support::need;

/// Mutations that nginx is asked about.
const COUNT: u32 = 150;
/// Those that are only put together again.
const READ: u32 = 4_000;

/// Where a file can be included. `types` is for words alone.
const LEVELS: [(&str, &str); 6] = [
    ("main", "include FILE; end;"),
    ("http", "http { include FILE; end; }"),
    ("server", "http { server { include FILE; end; } }"),
    ("location", "http { server { location / { include FILE; end; } } }"),
    ("upstream", "http { upstream u { include FILE; end; } }"),
    ("stream", "stream { include FILE; end; }"),
];
const TYPES: &str = "http { types { include FILE; } end; }";

/// What nginx says about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It reads all of it.
    Reads,
    /// It cannot read this line.
    Syntax(usize, String),
    /// It stops there for another reason.
    Other(usize),
}

struct Judge {
    dir: tempfile::TempDir,
    nginx: PathBuf,
}

impl Judge {
    fn new() -> Option<Self> {
        need::programs(&["nginx"])
            .then(|| Self { dir: tempfile::tempdir().unwrap(), nginx: need::find("nginx").unwrap() })
    }

    /// Whatever the text says, nginx stops before it opens a file or a socket: `end` is no directive.
    fn ask(&self, level: &str, text: &str) -> Verdict {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let file = path("text");
        fs::write(&file, text).unwrap();
        let events = if level.starts_with("include") { "" } else { "events {}\n" };
        fs::write(path("nginx.conf"), format!("{events}{}\n", level.replace("FILE", &file))).unwrap();
        let mut command = Command::new(&self.nginx);
        let done = command.args(["-t", "-e", "stderr", "-c", &path("nginx.conf")]).output().unwrap();
        let output = String::from_utf8_lossy(&done.stderr).into_owned();
        let at = format!(" in {file}:");
        // What it quotes may have more than one line.
        let error = output.find("[emerg]").map_or("", |start| &output[start..]);
        let Some((message, line)) = error.split_once(&at) else {
            // If it does not know the block that the file is in, it does not come to it.
            return if output.contains("\"end\"") { Verdict::Reads } else { Verdict::Other(0) };
        };
        let line = line.lines().next().and_then(|it| it.trim().parse().ok()).unwrap();
        let syntax = ["unexpected \"", "unexpected end of file", "too long parameter"];
        match syntax.iter().any(|it| message.contains(it)) {
            true => Verdict::Syntax(line, message.rsplit("#").next().unwrap_or_default().to_owned()),
            false => Verdict::Other(line),
        }
    }

    /// The place where nginx reads most of a file.
    fn level(&self, text: &str) -> &'static str {
        let read = |level: &str| match self.ask(level, text) {
            Verdict::Reads => usize::MAX,
            Verdict::Other(line) | Verdict::Syntax(line, _) => line,
        };
        LEVELS.iter().max_by_key(|(_, level)| read(level)).unwrap().1
    }
}

/// The text put together from what was read of it.
fn together(file: &File<'_>) -> String {
    let mut text = String::new();
    all(file, &file.statements, &mut text);
    text + file.part(&file.rest)
}

fn all(file: &File<'_>, statements: &[Statement<'_>], text: &mut String) {
    for statement in statements {
        *text += file.part(&statement.lead);
        assert_eq!(text.len(), statement.span.start);
        let mut at = statement.span.start;
        for word in &statement.words {
            assert!(word.span.start >= at && word.span.end <= statement.span.end, "{statement:?}");
            at = word.span.end;
        }
        let Some(block) = &statement.block else {
            *text += file.part(&statement.span);
            continue;
        };
        let open = open(statement);
        assert_eq!(file.part(&(open..open + 1)), "{");
        *text += file.part(&(statement.span.start..open + 1));
        all(file, &block.statements, text);
        *text += file.part(&block.rest);
        *text += "}";
    }
}

/// Where the brace is that opens the statement's block.
fn open(statement: &Statement<'_>) -> usize {
    let block = statement.block.as_ref().unwrap();
    block.statements.first().map_or(block.rest.start, |first| first.lead.start) - 1
}

/// Whether it can be put together; what cannot be read is put together up to there.
fn round_trips(text: &str) {
    if let Ok(file) = File::read(text) {
        assert_eq!(together(&file), text);
    }
}

/// Compares the two where the file belongs.
fn whole(judge: &Judge, level: &str, text: &str) -> Result<Verdict, String> {
    let verdict = judge.ask(level, text);
    let (file, error) = File::read_until_error(text);
    let line = error.as_ref().map(|error| error.line);
    let agree = match &verdict {
        Verdict::Reads => line.is_none(),
        Verdict::Other(other) => line.is_none_or(|line| line >= *other),
        Verdict::Syntax(at, message) => line == Some(*at) || message.contains("unexpected \"{\"") && flat(&file, *at),
    };
    if agree { Ok(verdict) } else { Err(format!("{verdict:?}, reader: {error:?}")) }
}

/// Whether a block begins on this line inside of one that has only words.
fn flat(file: &File<'_>, line: usize) -> bool {
    let mut found = false;
    file.visit(|around, it| {
        let words = ["types", "map", "geo", "charset_map", "split_clients", "geoip2"];
        found |= it.block.is_some() && it.last_line == line && around.iter().any(|it| words.contains(&it.name()));
    });
    found
}

/// Compares the two where every word is one, with the first blocks made simple directives.
fn words(judge: &Judge, text: &str, blocks: usize) -> Result<Verdict, String> {
    let (file, _) = File::read_until_error(text);
    let mut bytes = text.as_bytes().to_vec();
    let mut left = blocks;
    file.visit(|_, statement| {
        if statement.name() == "include" {
            bytes[statement.words[0].span.clone()].fill(b'x');
        }
        if statement.block.is_some() && left > 0 {
            left -= 1;
            bytes[open(statement)] = b';';
            let last = statement.span.end - 1;
            bytes[last] = if bytes[last] == b'}' { b' ' } else { bytes[last] };
        }
    });
    let text = String::from_utf8(bytes).unwrap();
    let (file, error) = File::read_until_error(&text);
    let (mut block, mut include) = (None, false);
    file.visit(|_, statement| {
        include |= statement.name() == "include";
        block = block.or(statement.block.as_ref().map(|_| statement.last_line));
    });
    if include {
        return Ok(Verdict::Other(0));
    }
    let wanted = block.or(error.as_ref().map(|error| error.line));
    let verdict = judge.ask(TYPES, &text);
    let found = match &verdict {
        Verdict::Reads => None,
        Verdict::Syntax(line, _) | Verdict::Other(line) => Some(*line),
    };
    let agree = wanted == found && !matches!(verdict, Verdict::Other(_));
    if agree {
        Ok(verdict)
    } else {
        Err(format!("in `types`: {verdict:?}, reader: {error:?}, block: {block:?}\n{text:?}"))
    }
}

fn number_of_blocks(text: &str) -> usize {
    let mut count = 0;
    File::read_until_error(text).0.visit(|_, statement| count += usize::from(statement.block.is_some()));
    count
}

fn is_lua(text: &str) -> bool {
    text.contains("_by_lua_block")
}

#[test]
fn nginx_reads_the_files_that_people_have_as_the_reader_does() {
    let Some(judge) = Judge::new() else { return };
    let mut differences = Vec::new();
    let (mut read, mut asked) = (0, 0);
    for Base { name, text } in bases("nginx") {
        round_trips(text);
        read += 1;
        if is_lua(text) {
            continue;
        }
        asked += 1;
        let results = [whole(&judge, judge.level(text), text), words(&judge, text, usize::MAX)];
        differences.extend(results.into_iter().filter_map(|it| Some(format!("{name}: {}", it.err()?))));
    }
    super::figures(&format!("{read} files of nginx round-trip, nginx was asked about {asked}"));
    assert!(asked > 50, "{asked}");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn nginx_and_the_reader_agree_on_mutations() {
    let Some(judge) = Judge::new() else { return };
    let bases: Vec<&Base> = bases("nginx").iter().filter(|it| it.text.len() < MUTATED).collect();
    let mut levels = vec![None; bases.len()];
    let (mut differences, mut counts) = (Vec::new(), [0; 3]);
    for case in first()..first() + cases(COUNT) {
        let mut numbers = Numbers::of(case);
        let base = numbers.below(bases.len());
        let text = mutation::mutated(&bases[base].text, &mut numbers);
        if is_lua(&text) {
            continue;
        }
        let level = *levels[base].get_or_insert_with(|| judge.level(&bases[base].text));
        let blocks = numbers.below(number_of_blocks(&text) + 2);
        for result in [whole(&judge, level, &text), words(&judge, &text, blocks)] {
            match result {
                Ok(Verdict::Reads) => counts[0] += 1,
                Ok(Verdict::Syntax(..)) => counts[1] += 1,
                Ok(Verdict::Other(_)) => counts[2] += 1,
                Err(difference) => differences.push(format!("{case} of {}: {difference}", bases[base].name)),
            }
        }
    }
    let [reads, syntax, other] = counts;
    super::figures(&format!(
        "nginx and the reader: {reads} times both read all, {syntax} times both stop on the same line, {other} times \
         nginx stops earlier for another reason; {} differences",
        differences.len()
    ));
    assert!(reads > 2 && syntax > 2, "{counts:?}");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn what_is_read_of_a_mutation_can_be_put_together() {
    let bases = bases("nginx");
    for case in first()..first() + cases(READ) {
        let mut numbers = Numbers::of(case);
        let base = &bases[numbers.below(bases.len())];
        round_trips(&mutation::mutated(&base.text, &mut numbers));
    }
}
