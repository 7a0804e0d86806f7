//! Inventories that pages show, whole or in parts: a part is put into the smallest fleet, and `check` has to find neither
//! an error nor a warning in that.

use sslscale::diagnostic::Severity;
use sslscale::inventory::raw::SECTIONS;
use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use crate::docs::page;

/// Warnings that a page wants its readers to know: it tells how to do what they are about.
const WANTED: [(&str, &str); 1] = [("PX15", "proxy_protocol: \"off\"")];

/// The entries of a mapping without indentation: key and text.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let is_key = !line.starts_with([' ', '#']);
        if let (true, Some((key, _))) = (is_key, line.split_once(':')) {
            found.push((key.to_owned(), String::new()));
        }
        if let Some((_, text)) = found.last_mut() {
            text.push_str(&format!("{line}\n"));
        }
    }
    found
}

/// The entries of `part`, then those of `text` that it does not have.
fn merged(text: &str, part: &str) -> String {
    let own = entries(part);
    let kept = entries(text).into_iter().filter(|(key, _)| !own.iter().any(|(other, _)| key == other));
    kept.fold(part.to_owned(), |all, (_, text)| all + &text)
}

/// The whole inventory that a part belongs to: the smallest fleet, with the part's keys at the top or in its site.
fn whole(part: &str) -> String {
    let fleet = page("inventories/blog.yaml");
    let top = SECTIONS.iter().find(|section| section.path.is_empty()).unwrap();
    let is_top = |(key, _): &(String, String)| top.keys.iter().any(|known| known.name == key);
    if entries(part).iter().any(is_top) {
        return merged(&fleet, part);
    }
    let (before, site) = fleet.split_once("sites:\n  - ").unwrap();
    let site: String = site.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let lines = merged(&site, part).lines().map(|line| format!("    {line}\n")).collect::<String>();
    format!("{before}sites:\n  - {}", lines.trim_start())
}

/// What `check` finds in an inventory that has this part. Certificate sources of examples do not exist.
pub fn wrong(part: &str) -> Option<String> {
    let text = whole(part);
    let sources = |line: &&str| !line.contains("_source: ");
    let text: String = text.lines().filter(sources).map(|line| format!("{line}\n")).collect();
    let found = lint(&Source::new("inventory.yaml", text.clone()), &Settings::default()).findings;
    let wanted = |code: &str| WANTED.iter().any(|(known, line)| *known == code && part.contains(line));
    let wrong = found.iter().filter(|finding| finding.severity != Severity::Info && !wanted(finding.code.id));
    let wrong: Vec<String> = wrong.map(|finding| format!("{}: {}", finding.code.id, finding.message)).collect();
    (!wrong.is_empty()).then(|| format!("{}\n{text}", wrong.join("\n")))
}
