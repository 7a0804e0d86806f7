//! Findings for people: what, where with the text underlined, and what to do.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::reported::INCLUDED;
use super::{Checked, summary};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Position, Source, Span};
use crate::visible::{hidden, visible};

/// Places further apart than this many lines are shown apart.
const NEAR: usize = 20;
/// Longer lines are cut around the place, in bytes.
const LONGEST_LINE: usize = 160;

/// One finding. Ends without a line break.
pub fn diagnostic(source: &Source, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let related = diagnostic.related.iter().map(|r| (r.span, Some(r.label.as_str())));
    let inventory = visible(source.name());
    // What is about another file is shown there first.
    let own = diagnostic.within.as_ref().map_or((diagnostic.span, None), |_| (diagnostic.span, Some(INCLUDED)));
    let marks: Vec<Mark<'_>> = std::iter::once(own).chain(related).collect();
    let mut all: Vec<(&str, Window<'_>)> = Vec::new();
    let elsewhere = diagnostic.within.as_ref().map(|it| (visible(it.source.name()), it));
    if let Some((name, within)) = &elsewhere {
        all.extend(windows(&within.source, vec![(within.span, None)]).into_iter().map(|it| (&**name, it)));
    }
    all.extend(windows(source, marks).into_iter().map(|it| (&*inventory, it)));
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id));
    // Of a file that could not be read, or is empty, there is nothing to show.
    if source.text().is_empty() {
        group = group.element(Origin::path(&*inventory).line(1).char_column(1));
    }
    for (name, window) in all.iter().filter(|_| !source.text().is_empty()) {
        group = group.element(window.snippet(name));
    }
    let group = group.element(Level::HELP.message(diagnostic.help.as_str()));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    // The library counts columns in the text that it is shown, of which a long line is a part.
    let place = |name: &str, at: Position| format!("{name}:{}:{}", at.line, at.column);
    let cut = all.iter().filter(|(_, w)| w.position != w.shown);
    cut.fold(renderer.render(&[group]), |text, (name, w)| {
        text.replacen(&place(name, w.shown), &place(name, w.position), 1)
    })
}

/// Everything on one inventory, for a file.
pub fn page(checked: Checked<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in &checked.linted.findings {
        writeln!(out, "{}\n", diagnostic(checked.source, finding, false))?;
    }
    let mut lines = summary::line(checked).into_iter().chain(summary::sound(checked));
    lines.try_for_each(|line| writeln!(out, "{line}"))
}

/// A place to mark, with what is to be said there.
type Mark<'l> = (Span, Option<&'l str>);

/// Some lines of the source with what is to be marked in them.
struct Window<'l> {
    /// Of the first mark in the source.
    position: Position,
    /// Of the first mark in the text below, which may be cut.
    shown: Position,
    first_line: usize,
    text: String,
    marks: Vec<(std::ops::Range<usize>, Option<&'l str>)>,
}

impl<'l> Window<'l> {
    fn snippet<'w>(&'w self, name: &'w str) -> Snippet<'w, annotate_snippets::Annotation<'w>>
    where
        'l: 'w,
    {
        let mut snippet = Snippet::source(self.text.as_str()).line_start(self.first_line).path(name);
        for (range, label) in &self.marks {
            let kind = if label.is_none() { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(range.clone()).label(*label));
        }
        snippet
    }

    /// Adds one line of the source, of which `shown` is shown, with the marks that are on it.
    fn line(&mut self, source: &Source, line: Span, shown: Span, marks: impl Iterator<Item = Mark<'l>>) {
        let text = source.shown(shown);
        let mut at = self.text.len();
        if shown.start > line.start {
            self.text.push('…');
            at = self.text.len();
        }
        self.text.extend(text.chars().map(seen));
        self.text.push_str(if shown.end < line.end { "…\n" } else { "\n" });
        for (span, label) in marks {
            // A character that is not shown as itself may take more bytes or fewer.
            let place = |offset: u32| {
                let before = text.get(..(offset.clamp(shown.start, shown.end) - shown.start) as usize);
                at + before.unwrap_or_default().chars().map(|c| seen(c).len_utf8()).sum::<usize>()
            };
            let range = place(span.start)..place(span.end);
            if label.is_none() || self.marks.is_empty() {
                let start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
                self.shown.column = self.text[start..range.start].chars().count() + 1;
            }
            self.marks.push((range, label));
        }
    }
}

/// What a terminal would obey or not show, as a character that it shows.
fn seen(c: char) -> char {
    if hidden(c) && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

/// The lines around each mark; the first window holds the first mark. A source may be large
/// and its lines may be long, so only what is shown is handed on.
fn windows<'l>(source: &Source, marks: Vec<Mark<'l>>) -> Vec<Window<'l>> {
    let mut groups: Vec<(usize, usize, Vec<Mark<'l>>)> = Vec::new();
    for (span, label) in marks {
        let line = source.position(span.start).line;
        match groups.iter_mut().find(|(low, high, _)| line + NEAR > *high && line < *low + NEAR) {
            Some((low, high, group)) => {
                (*low, *high) = ((*low).min(line), (*high).max(line));
                group.push((span, label));
            }
            None => groups.push((line, line, vec![(span, label)])),
        }
    }
    groups.into_iter().map(|(low, high, marks)| window(source, low, high, &marks)).collect()
}

fn window<'l>(source: &Source, low: usize, high: usize, marks: &[Mark<'l>]) -> Window<'l> {
    let position = source.position(marks.first().map_or(0, |(span, _)| span.start));
    let mut window = Window { position, shown: position, first_line: low, text: String::new(), marks: Vec::new() };
    for number in low..=high {
        let line = source.line_span(number);
        let here: Vec<Mark<'l>> =
            marks.iter().filter(|(span, _)| source.position(span.start).line == number).copied().collect();
        // A long line is cut to the surroundings of its first mark.
        let focus = here.first().map_or(line.start, |(span, _)| span.start);
        let shown = if (line.end - line.start) as usize <= LONGEST_LINE { line } else { around(source, line, focus) };
        window.line(source, line, shown, here.into_iter());
    }
    window
}

/// The part of `line` around `focus`, in whole characters.
fn around(source: &Source, line: Span, focus: u32) -> Span {
    let boundary = |mut at: u32| {
        while !source.text().is_char_boundary(at as usize) {
            at -= 1;
        }
        at
    };
    let start = boundary(focus.saturating_sub(LONGEST_LINE as u32 / 4).max(line.start));
    Span { start, end: boundary((start + LONGEST_LINE as u32).min(line.end)) }
}
