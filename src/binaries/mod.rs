//! Findings of the installed haproxy and nginx about the rendered files: `run` shows them the files
//! in a private view of this machine, `parse` reads their messages, `outline` and `map` find the
//! value of the inventory that a line was rendered from, `advice` says what to do.

mod advice;
mod inside;
mod installed;
pub mod map;
pub mod outline;
pub mod parse;
mod run;
mod shapes;

use std::collections::HashMap;
use std::sync::Arc;

pub use inside::{INSIDE, run as inside};
pub use installed::{Installed, installed};

use self::map::Map;
use self::outline::Outline;
use self::parse::Message;
use self::run::Answer;
use self::shapes::Shape;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::event::Missing;
use crate::inventory::model::NGINX_SNIPPETS;
use crate::lint::{Findings, Fleet, Included};
use crate::progress::Count;
use crate::sandbox::{Program, machine};
use crate::source::{Source, Span};
use crate::tree::Tree;
use crate::visible::visible;

/// Longer messages of a program are cut, in characters.
const LONGEST: usize = 240;

/// What is missing where no private view can be built.
const NEEDS_VIEW: &str = "a private mount namespace";
/// What is missing where a program does not validate the files.
const NEEDS_PROGRAMS: &str = "haproxy and nginx on this machine";

/// The code of the findings of a program.
fn code(program: Program) -> &'static Code {
    match program {
        Program::Haproxy => Code::RP01,
        Program::Nginx => Code::RP02,
    }
}

/// Whether a code belongs to the findings of a program.
pub fn is_asked_for(code: &str) -> bool {
    Program::ALL.iter().any(|program| self::code(*program).id == code)
}

/// No findings, as no program was run: what is missing, and why.
pub fn not_run(needs: &'static str, reason: &str) -> Findings {
    let mut findings = Findings::default();
    for program in Program::ALL {
        findings.reporter(code(program)).not_run(needs, reason);
    }
    findings
}

/// Lets the installed programs validate the fleet's rendered files; their messages as findings. `count` counts the
/// different sets of files.
pub fn find(fleet: &Fleet<'_>, tree: &Tree, count: &Count) -> Findings {
    let no_view = |missing: Missing| not_run(NEEDS_VIEW, &format!("{}: {}", missing.what, missing.help));
    if let Some(missing) = machine::program("unshare", "util-linux").or_else(machine::namespaces) {
        return no_view(missing);
    }
    let mut findings = Findings::default();
    let mut shapes = shapes::of(fleet.inventory, tree);
    for program in Program::ALL {
        if let Some(missing) = machine::program(program.name(), program.package()) {
            let reason = format!("{}: {}", missing.what, missing.help);
            findings.reporter(code(program)).not_run(NEEDS_PROGRAMS, reason);
            shapes.retain(|shape| shape.program != program);
        }
    }
    let answers = match run::validate(fleet.inventory, &shapes, count) {
        Ok(answers) => answers,
        Err(missing) => return no_view(missing),
    };
    let map = Map::new(fleet);
    let mut messages = PlacedMessages::default();
    for (shape, answer) in shapes.iter().zip(answers) {
        if let Err(reason) = answer.and_then(|answer| messages.add(&map, shape, &answer)) {
            findings.reporter(code(shape.program)).not_run(NEEDS_PROGRAMS, reason);
        }
    }
    findings.found.extend(messages.found.into_iter().map(PlacedMessage::diagnostic));
    findings
}

/// Messages with their places in the inventory; the same message about several hosts is one.
#[derive(Default)]
struct PlacedMessages {
    found: Vec<PlacedMessage>,
    known: HashMap<(Program, Severity, Place, String), usize>,
}

/// Where a message belongs: in the inventory, and in the file that it names there.
type Place = (Span, Option<(String, Span)>);

/// A message with its place in the inventory, and the hosts that it is about.
struct PlacedMessage {
    code: &'static Code,
    severity: Severity,
    span: Span,
    within: Option<(Arc<Source>, Span)>,
    /// The program with its version.
    program: String,
    message: String,
    help: String,
    host: String,
    /// The first host of the last shape with this message.
    shape: usize,
    /// How many more hosts it is about.
    others: usize,
}

impl PlacedMessages {
    /// Adds the messages about the files of one shape.
    ///
    /// # Errors
    /// Why the program has not validated these files.
    fn add(&mut self, map: &Map<'_>, shape: &Shape, answer: &Answer) -> Result<(), String> {
        let program = shape.program;
        let messages = parse::messages(program, &answer.output);
        if let Some(message) = parse::no_ipv6(&messages) {
            return Err(format!("this machine has no IPv6: `{}`", quoted(&message.text)));
        }
        if let Some(unread) = shape.unread(&answer.output).filter(|_| answer.output.accepted) {
            return Err(format!("the nginx.conf of this machine does not include `{unread}`"));
        }
        let mut outlines: HashMap<&str, Option<Outline<'_>>> = HashMap::new();
        for message in &messages {
            let file = message.place.as_ref().map_or("", |place| place.file.as_str());
            let outline =
                outlines.entry(file).or_insert_with(|| shape.text(file).map(|text| Outline::of(program, text)));
            self.put(map, shape, &answer.version, (message, outline.as_ref()));
        }
        Ok(())
    }

    /// The place of a message about the user's own text: what names the file in the inventory, and the line in it.
    fn own(&self, map: &Map<'_>, shape: &Shape, message: &Message) -> Option<(Span, (Arc<Source>, Span))> {
        let place = message.place.as_ref()?;
        let fleet = map.fleet();
        let (found, line) = match shape.program {
            Program::Nginx if place.file.starts_with(NGINX_SNIPPETS) => {
                let named = |it: &Included<'_>| it.block.is_nginx() && it.snippet.path() == place.file;
                (fleet.included().into_iter().find(named)?, place.line)
            }
            Program::Nginx => return None,
            Program::Haproxy => {
                let include = &fleet.inventory.load_balancers[shape.first].haproxy.include;
                let (snippet, line) = include.source_of(shape.text(&place.file)?, place.line)?;
                (fleet.included().into_iter().find(|it| !it.block.is_nginx() && it.snippet == snippet)?, line)
            }
        };
        let source = found.snippet.source();
        let span = source.line_span(line);
        Some((found.written.span(), (source, span)))
    }

    fn put(&mut self, map: &Map<'_>, shape: &Shape, version: &str, what: (&Message, Option<&Outline<'_>>)) {
        let (message, outline) = what;
        let statement = map::statement(message, outline);
        let span = match shape.program {
            Program::Haproxy => map.haproxy(shape.first, message, statement.as_ref()),
            Program::Nginx => map.nginx(shape.first, message, statement.as_ref()),
        }
        .span();
        let own = self.own(map, shape, message);
        let (span, within) = own.map_or((span, None), |(span, within)| (span, Some(within)));
        let named = within.as_ref().map(|(source, span)| (source.name().to_owned(), *span));
        let key = (shape.program, message.severity, (span, named), message.text.clone());
        if let Some(index) = self.known.get(&key) {
            let found = &mut self.found[*index];
            // Two lines of one file can come from one value.
            if found.shape != shape.first {
                found.others += 1 + shape.others;
                found.shape = shape.first;
            }
            return;
        }
        self.known.insert(key, self.found.len());
        let advice = match within {
            Some(_) => "correct this line of your file".to_owned(),
            None => advice::of(shape.program, version, message, statement.is_some()),
        };
        let rendered = match (&message.place, statement) {
            (Some(place), Some(statement)) => {
                format!("; rendered as `{}` at {}:{}", quoted(&statement.text()), visible(&place.file), place.line)
            }
            (Some(place), None) => format!("; reported at {}:{}", visible(&place.file), place.line),
            (None, _) => String::new(),
        };
        self.found.push(PlacedMessage {
            code: code(shape.program),
            severity: message.severity,
            span,
            within,
            program: format!("{} {}", shape.program.name(), visible(version)),
            message: quoted(&message.text),
            help: advice + &rendered,
            host: shape.host.clone(),
            shape: shape.first,
            others: shape.others,
        });
    }
}

impl PlacedMessage {
    fn diagnostic(self) -> Diagnostic {
        let verb = match self.severity {
            Severity::Error => "rejects the files of",
            Severity::Warning => "warns about",
            Severity::Info => "notes about",
        };
        let others = match self.others {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            n => format!(" and {n} others"),
        };
        let message = format!("{} {verb} `{}`{others}: `{}`", self.program, self.host, self.message);
        let found = Diagnostic::new(self.code, self.span, message, self.help).with_severity(self.severity);
        match self.within {
            Some((source, span)) => found.within(source, span),
            None => found,
        }
    }
}

/// A program's message for use between backticks: cut, and safe on a terminal.
fn quoted(message: &str) -> String {
    let cut = match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    };
    visible(&cut).replace('`', "'")
}
