//! The user's own text: for nginx a file of its own, for haproxy, which has no directive for that, lines in haproxy.cfg
//! between two comments.

use serde::Serialize;

use super::file;
use crate::inventory::model::{HaproxyInclude, Site, Snippet};
use crate::tree::Entry;

/// A file that nginx includes.
#[derive(Serialize)]
pub struct IncludeView {
    /// As written in the inventory.
    name: String,
    path: String,
}

/// The files of a block.
pub fn views(snippets: &[Snippet]) -> Vec<IncludeView> {
    let view = |it: &Snippet| IncludeView { name: it.written.as_str().to_owned(), path: it.path() };
    snippets.iter().map(view).collect()
}

/// The files of an http block and of these sites, each once, in the order of their paths.
pub fn files<'i>(http: &'i [Snippet], sites: &[&'i Site]) -> Vec<Entry> {
    let of_sites = sites.iter().flat_map(|site| {
        let locations = site.locations.iter().flat_map(|location| &location.include);
        site.include.iter().chain(locations)
    });
    let mut files: Vec<Entry> =
        http.iter().chain(of_sites).map(|snippet| file(&snippet.path(), snippet.rendered())).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    files
}

/// Lines of haproxy.cfg.
#[derive(Serialize)]
pub struct LinesView {
    begin: String,
    /// With a line break at the end, or empty.
    text: String,
    end: String,
}

/// What is included in haproxy.cfg, by place.
#[derive(Serialize)]
pub struct HaproxyView {
    global: Vec<LinesView>,
    defaults: Vec<LinesView>,
    sections: Vec<LinesView>,
}

impl HaproxyView {
    pub fn of(include: &HaproxyInclude) -> Self {
        let views = |snippets: &[Snippet]| {
            let view = |it: &Snippet| {
                let [begin, end] = it.marks();
                LinesView { begin, text: it.rendered(), end }
            };
            snippets.iter().map(view).collect()
        };
        Self { global: views(&include.global), defaults: views(&include.defaults), sections: views(&include.sections) }
    }
}
