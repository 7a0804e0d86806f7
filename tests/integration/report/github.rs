//! Annotations, read as the runner of GitHub Actions reads them.

use sslscale::report::Format;

use super::{BLOG, HOSTILE, everything, hostile, known, report};

/// One annotation: the command, its properties and its message.
#[derive(Debug, PartialEq)]
pub struct Annotation {
    pub command: String,
    pub properties: Vec<(String, String)>,
    pub message: String,
}

impl Annotation {
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A runner takes a line at a time, looks for the second `::`, and splits at commas and at the
/// first equals sign.
pub fn read(text: &str) -> Vec<Annotation> {
    let decoded = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let property = |text: &str| decoded(&text.replace("%3A", ":").replace("%2C", ","));
    let one = |line: &str| {
        let (head, message) = line
            .strip_prefix("::")
            .and_then(|rest| rest.split_once("::"))
            .unwrap_or_else(|| panic!("no command: {line}"));
        let (command, properties) = head.split_once(' ').unwrap();
        let properties = properties.split(',').map(|pair| pair.split_once('=').unwrap());
        Annotation {
            command: command.to_owned(),
            properties: properties.map(|(name, value)| (name.to_owned(), property(value))).collect(),
            message: decoded(message),
        }
    };
    text.split(['\n', '\r']).filter(|line| !line.is_empty()).map(one).collect()
}

#[test]
fn one_finding_is_one_command_whatever_it_says() {
    for text in HOSTILE {
        let known = hostile(text);
        let annotations = read(&report(std::slice::from_ref(&known), Format::Github));
        assert_eq!(annotations.len(), known.1.findings.len(), "{text}");
        for annotation in annotations {
            assert!(["error", "warning", "notice"].contains(&annotation.command.as_str()), "{annotation:?}");
            assert_eq!(annotation.message, format!("{text}\nhelp: {text}"));
            // Shown, where a terminal would obey it.
            let shown = |c: char| match c {
                '\n' | '\r' => c.to_string(),
                c if c.is_control() => c.escape_default().to_string(),
                c => c.to_string(),
            };
            assert_eq!(annotation.property("file"), Some(&*known.0.name().chars().map(shown).collect::<String>()));
            let names: Vec<&str> = annotation.properties.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["file", "line", "endLine", "col", "endColumn", "title"]);
        }
    }
}

#[test]
fn every_finding_is_annotated() {
    let all = everything();
    let findings: usize = all.iter().map(|(_, linted)| linted.findings.len()).sum();
    assert_eq!(read(&report(&all, Format::Github)).len(), findings);
}

#[test]
fn an_annotation_is_pinned_whole() {
    let text = BLOG.replace("name: srv2,", "name: srv2, weigth: 5,");
    let line = report(&[known("fleet/inventory.yaml", &text)], Format::Github);
    assert_eq!(
        line,
        "::error file=fleet/inventory.yaml,line=5,endLine=5,col=19,endColumn=25,title=AD03 unknown-key::\
         unknown key `weigth` in `app_servers[]`%0Ahelp: did you mean `weight`?\n"
    );
}
