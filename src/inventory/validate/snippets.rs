//! Reads the files that `include` names, and refuses those that are not nginx's or haproxy's text, or whose blocks reach
//! beyond them.

use std::sync::Arc;

use super::fields::{Placed, at_most, scalar};
use crate::config::{haproxy, nginx};
use crate::diagnostic::{Code, Diagnostic};
use crate::file;
use crate::inventory::model::{HaproxyInclude, Snippet};
use crate::inventory::node::Node;
use crate::inventory::raw::RawHaproxyInclude;
use crate::inventory::schema::{Reader, SnippetKind as Kind};
use crate::inventory::types::LocalPath;
use crate::source::{ReadError, Source, Span};
use crate::visible::visible;

/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;
/// The longest list.
pub const MOST: usize = 64;

/// Why a file cannot be used: where in its text, if it has one, what is wrong, and what to do.
struct Problem {
    within: Option<(Arc<Source>, Span)>,
    message: String,
    help: String,
}

/// The files of a list; `base` if nothing is written.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, kind: Kind, base: Vec<Snippet>) -> Vec<Snippet> {
    let Some(node) = node else { return base };
    let nodes = reader.items(node, "include").unwrap_or_default();
    let nodes = at_most(reader, node, nodes, ("include", MOST));
    let mut found: Vec<Placed<LocalPath>> = Vec::new();
    for node in nodes {
        let Some(path) = scalar::<LocalPath>(reader, node, "include") else { continue };
        if let Some(first) = found.iter().find(|it| it.value == path.value) {
            let message = format!("`include` names `{}` twice", path.value.as_str());
            let twice = Diagnostic::refusal(Code::IN12, path.span, message, "remove one of them");
            reader.diagnostics.push(twice.related(first.span, "the first one"));
            continue;
        }
        found.push(path);
    }
    found.into_iter().filter_map(|path| one(reader, path, kind)).collect()
}

/// The files of haproxy.
pub fn haproxy(reader: &mut Reader<'_>, node: Option<&Node>, base: HaproxyInclude) -> HaproxyInclude {
    let Some(raw) = node.and_then(|node| RawHaproxyInclude::read(reader, node)) else { return base };
    HaproxyInclude {
        global: read(reader, raw.global, Kind::Lines, base.global),
        defaults: read(reader, raw.defaults, Kind::Lines, base.defaults),
        sections: read(reader, raw.sections, Kind::Sections, base.sections),
    }
}

fn one(reader: &mut Reader<'_>, path: Placed<LocalPath>, kind: Kind) -> Option<Snippet> {
    let written = path.value;
    let key = (written.as_str().to_owned(), kind);
    if let Some(source) = reader.snippets.get(&key) {
        return Some(snippet(written, source));
    }
    match usable(reader.source, written.as_str(), kind) {
        Ok(source) => {
            let found = snippet(written, &source);
            reader.snippets.insert(key, source);
            Some(found)
        }
        Err(problem) => {
            let mut refused = Diagnostic::refusal(Code::IN13, path.span, problem.message, problem.help);
            if let Some((source, span)) = problem.within {
                refused = refused.within(source, span);
            }
            reader.diagnostics.push(refused);
            None
        }
    }
}

fn snippet(written: LocalPath, (name, text): &(Arc<str>, Arc<str>)) -> Snippet {
    Snippet { written, name: Arc::clone(name), text: Arc::clone(text) }
}

/// The name and the text of a file, if it can be used there.
fn usable(inventory: &Source, path: &str, kind: Kind) -> Result<(Arc<str>, Arc<str>), Problem> {
    let source = match inventory.beside(path, LARGEST) {
        None => return Ok((path.into(), "".into())),
        Some(Ok(source)) => Arc::new(source),
        Some(Err(error)) => return Err(unread(inventory, path, &error)),
    };
    let problem = |span: Span, message: String, help: String| Problem {
        within: Some((Arc::clone(&source), span)),
        message,
        help,
    };
    if source.text().starts_with('\u{feff}') {
        let message = format!("`{path}` begins with a byte order mark, which would be a part of its first word");
        return Err(problem(Span::new(0, 3), message, "save the file as UTF-8 without one".to_owned()));
    }
    let control = |c: char| c.is_control() && !['\n', '\t', '\r'].contains(&c);
    if let Some((at, bad)) = source.text().char_indices().find(|(_, c)| control(*c)) {
        let message = format!("`{path}` contains the control character `{}`", bad.escape_default());
        return Err(problem(Span::new(at, at + bad.len_utf8()), message, "remove it from the file".to_owned()));
    }
    let wrong = match kind {
        Kind::Nginx => nginx(source.text()),
        Kind::Lines | Kind::Sections => lines(source.text(), kind),
    };
    match wrong {
        None => Ok((source.name().into(), source.text().into())),
        Some((line, what, help)) => {
            let program = if kind == Kind::Nginx { "nginx" } else { "haproxy" };
            let message = format!("{program} cannot read `{path}` there: {what}");
            Err(problem(source.line_span(line), message, help.to_owned()))
        }
    }
}

/// The line that is wrong, what is, and what to do.
type Wrong = Option<(usize, &'static str, &'static str)>;

fn nginx(text: &str) -> Wrong {
    let error = nginx::File::read(text).err()?;
    let help = match error.what {
        "a brace closes no block" => "remove the brace: the file is inside of a block that it cannot close",
        "a block is not closed" => "close every block that the file opens",
        _ => "correct the file: a directive ends with `;`, a block is in braces",
    };
    Some((error.line, error.what, help))
}

fn lines(text: &str, kind: Kind) -> Wrong {
    let file = haproxy::File::read(text);
    if let Some((line, what)) = file.refused {
        return Some((line, what, "correct the line"));
    }
    let is_condition = |line: &haproxy::Line<'_>| line.keyword().starts_with('.');
    match (kind, file.sections.first()) {
        (Kind::Lines, Some(section)) => {
            let help = "name the file under `sections`, or remove the line: the file is inside of a section";
            return Some((section.begin.number, "a section begins there", help));
        }
        (Kind::Sections, _) => {
            if let Some(line) = file.head.iter().find(|line| !is_condition(line)) {
                let help = "begin the file with a section, such as `backend NAME`";
                return Some((line.number, "the line is in no section", help));
            }
        }
        _ => {}
    }
    let mut open: Vec<usize> = Vec::new();
    for (_, line) in file.lines().filter(|(_, line)| is_condition(line)) {
        match line.keyword() {
            ".if" => open.push(line.number),
            ".endif" if open.pop().is_none() => {
                return Some((line.number, "`.endif` ends no `.if`", "remove the line"));
            }
            ".elif" | ".else" if open.is_empty() => {
                return Some((line.number, "the line belongs to no `.if`", "remove the line"));
            }
            _ => {}
        }
    }
    open.first().map(|line| (*line, "`.if` is not ended", "add `.endif`"))
}

fn unread(inventory: &Source, path: &str, error: &ReadError) -> Problem {
    let named = inventory.directory().join(path).display().to_string();
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let help = match error {
        ReadError::File(file::ReadError::TooLarge { .. }) => "check that this is the right file",
        ReadError::File(error) => error.help(),
        ReadError::Utf16 | ReadError::NotUtf8(_) => "save the file as UTF-8",
        ReadError::Binary(_) => "check that this is the right file: it has to be text",
    };
    let within = error.excerpt().map(|it| (Arc::new(Source::new(named.clone(), it.text.clone())), it.span));
    let message = format!("the file `{}` cannot be read: {error}{cause}", visible(&named));
    Problem { within, message, help: help.to_owned() }
}
