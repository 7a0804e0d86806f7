//! Findings for people: what, where with the text underlined, and what to do.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::inventory::Inventory;
use crate::source::{Source, Span};

/// Places further apart than this many lines are shown apart.
const NEAR: usize = 20;
/// Longer lines are cut around the place, in bytes.
const LONGEST_LINE: usize = 160;

/// One finding. Ends without a line break.
pub fn diagnostic(source: &Source, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let marks = std::iter::once((diagnostic.span, None))
        .chain(diagnostic.related.iter().map(|r| (r.span, Some(r.label.as_str()))));
    let windows = windows(source, marks.collect());
    let mut group =
        level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id).element(windows[0].snippet(source));
    for window in &windows[1..] {
        group = group.element(window.snippet(source));
    }
    let group = group.element(Level::HELP.message(diagnostic.help.as_str()));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// How many findings there are, by severity; nothing where there are none.
pub fn summary(source: &Source, diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity, word: &str| {
        let n = diagnostics.iter().filter(|d| d.severity() == severity).count();
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let parts = [count(Severity::Error, "error"), count(Severity::Warning, "warning"), count(Severity::Info, "note")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}: {}", source.name(), parts.join(", ")))
}

/// One line on an inventory that nothing stands against.
pub fn checked(source: &Source, inventory: &Inventory) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!(
        "{}: ok: {}, {}, {}\n",
        source.name(),
        count(inventory.load_balancers.len(), "load balancer"),
        count(inventory.app_servers.len(), "app server"),
        count(inventory.sites.len(), "site"),
    )
}

/// A place to mark, with what is to be said there.
type Mark<'l> = (Span, Option<&'l str>);

/// Some lines of the source with what is to be marked in them.
struct Window<'l> {
    first_line: usize,
    text: String,
    marks: Vec<(std::ops::Range<usize>, Option<&'l str>)>,
}

impl<'l> Window<'l> {
    fn snippet<'w>(&'w self, source: &'w Source) -> Snippet<'w, annotate_snippets::Annotation<'w>>
    where
        'l: 'w,
    {
        let mut snippet = Snippet::source(self.text.as_str()).line_start(self.first_line).path(source.name());
        for (range, label) in &self.marks {
            let kind = if label.is_none() { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(range.clone()).label(*label));
        }
        snippet
    }
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
    let mut window = Window { first_line: low, text: String::new(), marks: Vec::new() };
    for number in low..=high {
        let line = source.line_span(number);
        let here = |span: &Span| source.position(span.start).line == number;
        // A long line is cut to the surroundings of its first mark.
        let focus = marks.iter().find(|(span, _)| here(span)).map_or(line.start, |(span, _)| span.start);
        let shown = if (line.end - line.start) as usize <= LONGEST_LINE { line } else { around(source, line, focus) };
        let at = window.text.len();
        window.text.push_str(source.slice(shown));
        window.text.push('\n');
        for (span, label) in marks.iter().filter(|(span, _)| here(span)) {
            let start = span.start.clamp(shown.start, shown.end) - shown.start;
            let end = span.end.clamp(shown.start, shown.end) - shown.start;
            window.marks.push((at + start as usize..at + end.max(start) as usize, *label));
        }
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
