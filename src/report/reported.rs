//! Findings as programs get them: with the file as a service knows it, the path in the YAML, and
//! a fingerprint by which a service knows a finding again after the inventory was edited.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Checked;
use crate::diagnostic::{Diagnostic, Severity};
use crate::inventory::paths::Paths;
use crate::lint::Linted;
use crate::source::Source;

/// What a finding about another file says about its place in the inventory.
pub const INCLUDED: &str = "the inventory names the file here";

/// What is known of one inventory.
pub struct Reported<'a> {
    /// Its text.
    pub source: &'a Source,
    /// Everything else.
    pub linted: &'a Linted,
    /// From which severity on a finding is a failure.
    pub fail_on: Severity,
    /// Its path, below the current directory where it lies there, without a leading `./`.
    pub file: String,
    /// Where its reader starts from.
    directory: PathBuf,
    /// What is reported, in the order of the file.
    pub findings: Vec<Finding<'a>>,
    /// What comments say not to report, each with the reason.
    pub suppressed: Vec<(Finding<'a>, &'a str)>,
}

/// A finding with its names.
pub struct Finding<'a> {
    /// The finding.
    pub diagnostic: &'a Diagnostic,
    /// Where it is in the YAML; empty where the text is none.
    pub path: String,
    /// 32 hexadecimal digits. It depends on the code, the file and the YAML paths of all places of
    /// the finding, in which hosts and sites go by their names: not on lines, nor on the order of
    /// hosts, nor on the words of the message.
    pub fingerprint: String,
}

impl Finding<'_> {
    /// The path of the file that it is about: another one, if the inventory names that.
    pub fn file<'r>(&'r self, one: &'r Reported<'_>) -> Cow<'r, str> {
        match &self.diagnostic.within {
            Some(within) => Cow::Owned(file(within.source.name(), &one.directory)),
            None => Cow::Borrowed(&one.file),
        }
    }

    /// The message with what to do about it, on a line of its own.
    pub fn text(&self) -> String {
        format!("{}\nhelp: {}", self.diagnostic.message, self.diagnostic.help)
    }
}

impl<'a> Reported<'a> {
    /// For a reader who starts from `directory`.
    pub fn new(checked: Checked<'a>, directory: &Path) -> Self {
        let Checked { source, linted, fail_on } = checked;
        let file = file(source.name(), directory);
        let paths = linted.document.as_ref().map(|document| document.paths(source));
        let mut names = Names { file: &file, paths: paths.as_ref(), seen: BTreeMap::new() };
        // One sequence in the order of the file: a finding keeps its name when it is suppressed.
        let mut all: Vec<(&Diagnostic, Option<&str>)> = linted.findings.iter().map(|d| (d, None)).collect();
        all.extend(linted.suppressed.iter().map(|s| (&s.diagnostic, Some(s.reason.as_str()))));
        all.sort_by_key(|(diagnostic, _)| (diagnostic.span, diagnostic.code.id));
        let (mut findings, mut suppressed) = (Vec::new(), Vec::new());
        for (diagnostic, reason) in all {
            let finding = names.finding(diagnostic);
            match reason {
                None => findings.push(finding),
                Some(reason) => suppressed.push((finding, reason)),
            }
        }
        Self { source, linted, fail_on, file, directory: directory.to_owned(), findings, suppressed }
    }

    /// Whether there was no text to look at.
    pub fn unread(&self) -> bool {
        self.source.text().is_empty() && self.linted.document.is_none()
    }

    /// How many findings are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.diagnostic.severity == severity).count()
    }
}

/// Gives findings their names.
struct Names<'n> {
    file: &'n str,
    paths: Option<&'n Paths<'n>>,
    /// How many findings had this code and these paths so far.
    seen: BTreeMap<(&'static str, Vec<String>), usize>,
}

impl Names<'_> {
    fn finding<'a>(&mut self, diagnostic: &'a Diagnostic) -> Finding<'a> {
        let identity = |span| self.paths.map(|paths| paths.identity(span)).unwrap_or_default();
        let spans = std::iter::once(diagnostic.span).chain(diagnostic.related.iter().map(|related| related.span));
        let mut places: Vec<String> = spans.map(identity).collect();
        // Of two hosts with one address, the one that stands second is to blame: that is order.
        // Of several findings about one file, each has its own line of text, wherever that is.
        places.extend(diagnostic.within.iter().map(|it| it.source.slice(it.span).to_owned()));
        places.sort_unstable();
        let path = self.paths.map(|paths| paths.at(diagnostic.span)).unwrap_or_default();
        let count = self.seen.entry((diagnostic.code.id, places.clone())).or_default();
        *count += 1;
        let fingerprint = fingerprint(self.file, diagnostic.code.id, &places, *count);
        Finding { diagnostic, path, fingerprint }
    }
}

fn fingerprint(file: &str, code: &str, places: &[String], count: usize) -> String {
    let mut hash = Sha256::new();
    let count = count.to_string();
    // A NUL stands in no inventory and in no path: no two lists of words make the same bytes.
    for word in [file, code, &count].into_iter().chain(places.iter().map(String::as_str)) {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..16])
}

/// The path by which services know the file: relative to `directory` where it is below it.
fn file(name: &str, directory: &Path) -> String {
    let path = Path::new(name);
    let path = path.strip_prefix(directory).unwrap_or(path);
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let clean: PathBuf = parts.collect();
    clean.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_one_name_however_they_are_given() {
        let name = |text| file(text, Path::new("/builds/fleet"));
        assert_eq!(name("inventory.yaml"), "inventory.yaml");
        assert_eq!(name("././inventory.yaml"), "inventory.yaml");
        assert_eq!(name("/builds/fleet/a/b.yaml"), "a/b.yaml");
        assert_eq!(name("a//./b.yaml"), "a/b.yaml");
        assert_eq!(name("../b.yaml"), "../b.yaml");
        assert_eq!(name("/etc/b.yaml"), "/etc/b.yaml");
        assert_eq!(name("<stdin>"), "<stdin>");
    }

    #[test]
    fn words_do_not_run_together() {
        let places = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_ne!(fingerprint("a", "b", &places(&["c", "d"]), 1), fingerprint("a", "b", &places(&["cd"]), 1));
        assert_eq!(fingerprint("a", "b", &[], 1).len(), 32);
    }
}
