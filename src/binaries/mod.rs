//! What the installed haproxy and nginx say to the rendered files, as findings on the inventory:
//! `run` asks them in a private view of this machine, `parse` reads their answers, `outline` and
//! `map` find the value that a line was rendered from, `advice` says what to do.

mod advice;
mod inside;
pub mod map;
pub mod outline;
pub mod parse;
mod program;
mod run;
mod shapes;

use std::collections::HashMap;

pub use inside::{INSIDE, run as inside};
pub use program::{Program, Said};

use self::map::Map;
use self::outline::Outline;
use self::parse::Complaint;
use self::shapes::Shape;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inventory::node::visible;
use crate::lint::{Findings, Fleet};
use crate::private_root::machine;
use crate::source::Span;
use crate::tree::Tree;

/// Longer words of a program are cut.
const LONGEST: usize = 240;

/// Nothing found, and neither program run: what is missing, and why.
pub fn not_run(needs: &'static str, reason: &str) -> Findings {
    let mut findings = Findings::default();
    for program in Program::ALL {
        findings.reporter(program.code()).not_run(needs, reason);
    }
    findings
}

/// Whether a code is of what the programs say.
pub fn is_asked_for(code: &str) -> bool {
    Program::ALL.iter().any(|program| program.code().id == code)
}

/// Shows the fleet's rendered files to the installed programs: what they complain of, as findings.
pub fn find(fleet: &Fleet<'_>, tree: &Tree) -> Findings {
    if let Some(missing) = machine::program("unshare", "util-linux").or_else(machine::namespaces) {
        return not_run("a private mount namespace", &format!("{}: {}", missing.what, missing.help));
    }
    let mut findings = Findings::default();
    let mut shapes = shapes::of(fleet.inventory, tree);
    for program in Program::ALL {
        if let Some(missing) = machine::program(program.name(), program.name()) {
            findings
                .reporter(program.code())
                .not_run("haproxy and nginx on this machine", format!("{}: {}", missing.what, missing.help));
            shapes.retain(|shape| shape.program != program);
        }
    }
    let answers = match run::ask(fleet.inventory, &shapes) {
        Ok(answers) => answers,
        Err(missing) => return not_run("a private mount namespace", &format!("{}: {}", missing.what, missing.help)),
    };
    let map = Map::new(fleet);
    let mut said = Complaints::default();
    for (shape, answer) in shapes.iter().zip(answers) {
        let reason = match answer {
            Ok(answer) => said.add(&map, shape, &answer),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = reason {
            findings.reporter(shape.program.code()).not_run("haproxy and nginx on this machine", reason);
        }
    }
    findings.found.extend(said.found.into_iter().map(Found::diagnostic));
    findings
}

/// Complaints with their places in the inventory; one that several hosts share is one.
#[derive(Default)]
struct Complaints {
    found: Vec<Found>,
    known: HashMap<(&'static str, Severity, Span, String), usize>,
}

/// One complaint.
struct Found {
    code: &'static Code,
    severity: Severity,
    span: Span,
    /// The program with its version.
    program: String,
    words: String,
    help: String,
    host: String,
    /// The first host of the shape that said it last.
    shape: usize,
    /// How many hosts of the same files, or the same complaint, there are beside it.
    others: usize,
}

impl Complaints {
    /// Adds what one program said to the files of one shape; an error where it judged something
    /// else than these files.
    fn add(&mut self, map: &Map<'_>, shape: &Shape, said: &Said) -> Result<(), String> {
        let program = shape.program;
        let complaints = parse::complaints(program, said);
        if let Some(lacking) = parse::lacking(&complaints) {
            return Err(format!("this machine has no IPv6: `{}`", spoken(&lacking.words)));
        }
        if let Some(unread) = shape.unread(said).filter(|_| said.success) {
            return Err(format!("the nginx.conf of this machine does not include `{unread}`: it was not judged"));
        }
        let mut outlines: HashMap<&str, Option<Outline<'_>>> = HashMap::new();
        for complaint in &complaints {
            let file = complaint.place.as_ref().map_or("", |place| place.file.as_str());
            let outline = outlines.entry(file).or_insert_with(|| shape.text(file).map(|text| program.outline(text)));
            self.put(map, shape, said, (complaint, outline.as_ref()));
        }
        Ok(())
    }

    fn put(&mut self, map: &Map<'_>, shape: &Shape, said: &Said, what: (&Complaint, Option<&Outline<'_>>)) {
        let (complaint, outline) = what;
        let statement = map::statement(complaint, outline);
        let span = match shape.program {
            Program::Haproxy => map.haproxy(shape.first, complaint, statement.as_ref()),
            Program::Nginx => map.nginx(shape.first, complaint, statement.as_ref()),
        }
        .span();
        let key = (shape.program.code().id, complaint.severity, span, complaint.words.clone());
        if let Some(index) = self.known.get(&key) {
            let found = &mut self.found[*index];
            // Two lines of one file can come of one value.
            if found.shape != shape.first {
                found.others += 1 + shape.others;
                found.shape = shape.first;
            }
            return;
        }
        self.known.insert(key, self.found.len());
        let advice = advice::of(shape.program, &said.version, complaint, statement.is_some());
        let rendered = match (&complaint.place, statement) {
            (Some(place), Some(statement)) => {
                format!("; rendered as `{}` at {}:{}", spoken(&statement.text()), visible(&place.file), place.line)
            }
            (Some(place), None) => format!("; the complaint is on {}:{}", visible(&place.file), place.line),
            (None, _) => String::new(),
        };
        self.found.push(Found {
            code: shape.program.code(),
            severity: complaint.severity,
            span,
            program: format!("{} {}", shape.program.name(), visible(&said.version)),
            words: spoken(&complaint.words),
            help: advice + &rendered,
            host: shape.host.clone(),
            shape: shape.first,
            others: shape.others,
        });
    }
}

impl Found {
    fn diagnostic(self) -> Diagnostic {
        let verb = match self.severity {
            Severity::Error => "refuses",
            Severity::Warning => "warns of",
            Severity::Info => "has a word on",
        };
        let others = match self.others {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            n => format!(" and {n} others"),
        };
        let files = if self.others == 0 { "file" } else { "files" };
        let message = format!("{} {verb} the {files} of `{}`{others}: `{}`", self.program, self.host, self.words);
        Diagnostic::new(self.code, self.span, message, self.help).with_severity(self.severity)
    }
}

/// A program's words within backticks: cut, and nothing that a terminal would obey.
fn spoken(words: &str) -> String {
    let cut = match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    };
    visible(&cut).replace('`', "'")
}
