//! What mdbook has written: links and anchors lead somewhere, and nothing is loaded from elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::built;
use crate::pages::links::resolved;

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Every page of the site, as a path in it.
pub fn pages(site: &Path) -> Vec<PathBuf> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|it| it == "html");
    let found = files(site).into_iter().map(|path| path.strip_prefix(site).unwrap().to_owned());
    // One is shown for addresses that a server does not have, the other without scripts.
    found.filter(is_page).filter(|path| !path.ends_with("404.html") && !path.ends_with("toc.html")).collect()
}

/// The values of an attribute.
fn values<'t>(html: &'t str, name: &str) -> Vec<&'t str> {
    let begin = format!(" {name}=\"");
    html.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// What pages and styles load: values of `src`, of `href` in `<link>`, and of `url()`.
fn loaded(text: &str) -> Vec<String> {
    let tags = text.split("<link ").skip(1).map(|rest| format!(" {}", rest.split('>').next().unwrap_or_default()));
    let tags: Vec<String> = tags.collect();
    let styles = text.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
    let mut found: Vec<String> = styles.map(|url| url.trim_matches(['"', '\'']).to_owned()).collect();
    found.extend(tags.iter().flat_map(|tag| values(tag, "href")).map(str::to_owned));
    found.extend(values(text, "src").into_iter().map(str::to_owned));
    found
}

#[test]
fn links_and_anchors_of_the_built_site_lead_somewhere() {
    let Some(site) = built() else { return };
    let pages = pages(site);
    assert!(pages.len() > 150, "{}", pages.len());
    let read = |path: &PathBuf| (path.clone(), fs::read_to_string(site.join(path)).unwrap());
    let texts: BTreeMap<PathBuf, String> = pages.iter().map(read).collect();
    let anchors: BTreeMap<&PathBuf, BTreeSet<&str>> =
        texts.iter().map(|(path, html)| (path, values(html, "id").into_iter().collect())).collect();
    let (mut broken, mut count) = (Vec::new(), 0);
    for (from, html) in &texts {
        for link in values(html, "href").into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { from.clone() } else { resolved(&from.parent().unwrap().join(file)) };
            let is_there = match anchors.get(&to) {
                Some(known) => anchor.is_empty() || known.contains(anchor),
                None => anchor.is_empty() && site.join(&to).is_file(),
            };
            count += 1;
            if !is_there {
                broken.push(format!("{}: {link}", from.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(count > 2000, "{count}");
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let Some(site) = built() else { return };
    let text_of = |path: &PathBuf| fs::read_to_string(path).ok();
    let of_kind = |path: &PathBuf| path.extension().is_some_and(|it| it == "html" || it == "css");
    for path in files(site).into_iter().filter(of_kind) {
        let text = text_of(&path).unwrap();
        let outside = |url: &&String| (url.contains("//") || url.starts_with("http")) && !url.starts_with("data:");
        let found = loaded(&text);
        let outside: Vec<&String> = found.iter().filter(outside).collect();
        assert_eq!(outside, Vec::<&String>::new(), "{}", path.display());
    }
    let html = "<link rel=\"x\" href=\"https://a.example/a.css\"><img src=\"//b.example/b\"> url('http://c.example')";
    assert_eq!(loaded(html).len(), 3, "the control");
}
