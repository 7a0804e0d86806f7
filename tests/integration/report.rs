//! Reports for programs, on everything that can stand in an inventory: each is held against the
//! definition of its format, not against what sslscale means by it.

mod ci;
mod controls;
mod fingerprint;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod large;
mod output;
mod sarif;

use sslscale::diagnostic::{Applicability, Code, Diagnostic, Edit, FileEdit, Fix, Severity};
use sslscale::lint::{Linted, NotRun, Settings, Suppressed, lint, rules};
use sslscale::report::{Checked, Format, document};
use sslscale::source::{Source, Span};

pub const BLOG: &str = include_str!("../../inventories/blog.yaml");

/// Texts that end lines, values, strings, elements and commands in the formats.
pub const HOSTILE: &[&str] = &[
    "a\n::set-output name=x::y",
    "a\r\n::error::b",
    "50% %0A::error::b, c: d",
    "]]></failure><failure>&amp;\"'<!--",
    "\u{1}\u{7}\u{1b}[31m\u{85}\u{2028}\u{fffe}",
    "{0} {1} [here](https://example.org/) \\",
    "Straße 北京 👩‍🚀 \"'`",
];

/// A text and what is known of it.
pub type Known = (Source, Linted);

/// One report on all of them, where findings of `fail_on` or worse are failures.
pub fn failing(all: &[Known], format: Format, fail_on: Severity) -> String {
    let checked: Vec<Checked<'_>> = all.iter().map(|(source, linted)| Checked { source, linted, fail_on }).collect();
    let mut report = Vec::new();
    document(&checked, format, &mut report).unwrap();
    String::from_utf8(report).unwrap()
}

/// The same, where errors are.
pub fn report(all: &[Known], format: Format) -> String {
    failing(all, format, Severity::Error)
}

pub fn known(name: &str, text: &str) -> Known {
    let source = Source::new(name, text);
    let linted = lint(&source, &Settings::default());
    (source, linted)
}

/// The example of every rule that has one.
pub fn examples() -> Vec<Known> {
    let examples = rules().filter_map(|rule| Some((rule.code.id, rule.examples?.fires)));
    examples.map(|(id, text)| known(&format!("{id}.yaml"), text)).collect()
}

/// The blog's inventory with findings of every kind, which say `text` wherever they say anything.
pub fn hostile(text: &str) -> Known {
    let name = format!("dir/{}.yaml", text.replace('/', "_"));
    let (source, mut linted) = known(&name, BLOG);
    let span = Span::new(20, 30);
    let fix = |applicability, files| Fix {
        applicability,
        edits: vec![Edit { span, text: text.to_owned() }, Edit { span: Span::new(40, 40), text: "x".to_owned() }],
        files,
    };
    let finding = |code| Diagnostic::new(code, span, text, text).related(Span::new(0, 5), text);
    linted.findings = vec![
        finding(Code::PX05).fixed_by(fix(Applicability::Safe, Vec::new())),
        finding(Code::PX05).fixed_by(fix(Applicability::Unsafe, Vec::new())),
        finding(Code::TL04).fixed_by(fix(
            Applicability::Safe,
            vec![FileEdit { path: "chain.pem".into(), before: "THE KEY".to_owned(), text: "THE KEY".to_owned() }],
        )),
        finding(Code::CP06).with_severity(Severity::Warning),
        finding(Code::CP07).with_severity(Severity::Info),
        Diagnostic::refusal(Code::IN06, Span::new(0, 0), text, text),
    ];
    linted.suppressed = vec![Suppressed { diagnostic: finding(Code::PX07), reason: text.to_owned() }];
    linted.not_run = vec![
        NotRun { code: Code::TL01.id, reason: text.to_owned(), needs: "`ssl_certificate_source`", partial: false },
        NotRun { code: Code::DP01.id, reason: text.to_owned(), needs: "`--hosts`", partial: false },
    ];
    (source, linted)
}

/// What no rule has looked at: a file that could not be read, one that is no YAML, and one that
/// is empty.
pub fn unread() -> Vec<Known> {
    let missing = Diagnostic::refusal(Code::IN01, Span::default(), "the inventory cannot be read", "look for it");
    vec![
        (Source::new("no such/file.yaml", ""), Linted::unreadable(missing)),
        known("tab.yaml", "a:\n\t- b\n"),
        known("empty.yaml", ""),
        known("<stdin>", "load_balancers: [}\n"),
    ]
}

/// All of it at once.
pub fn everything() -> Vec<Known> {
    let mut all = examples();
    all.extend(HOSTILE.iter().map(|text| hostile(text)));
    all.extend(unread());
    all.push(known("/etc/sslscale/blog.yaml", BLOG));
    all
}
