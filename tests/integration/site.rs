//! The site that `make site` builds from README.md and docs/ with mdbook: every page is in its menu, its links lead
//! somewhere, and it works without a network. Only the tests of what mdbook writes need it.

mod book;
mod html;
mod seen;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use book::Book;
use tempfile::TempDir;

use crate::pages::links;
use crate::support::{need, repository};

/// The built site; `None` if mdbook is not installed, which has been reported.
fn built() -> Option<&'static Path> {
    static SITE: OnceLock<Option<(PathBuf, TempDir)>> = OnceLock::new();
    let site = SITE.get_or_init(|| {
        let wanted = env::var_os("SSLSCALE_SITE").map(PathBuf::from);
        let program = repository().join("target/tools/bin/mdbook");
        if !program.exists() {
            // Only `make site` needs it: building it takes minutes.
            let missing = if wanted.is_some() { need::missing } else { need::skipped };
            missing("mdbook is not installed", "make site");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let site = wanted.unwrap_or_else(|| folder.path().join("site"));
        Book::new().write(folder.path());
        let output =
            Command::new(program).args(["build", "--dest-dir"]).arg(&site).arg(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
        Some((site, folder))
    });
    site.as_ref().map(|(site, _)| site.as_path())
}

#[test]
fn every_page_is_in_the_menu() {
    let book = Book::new();
    let listed: Vec<PathBuf> = links::links(&book.menu).into_iter().map(PathBuf::from).collect();
    let pages = book.files.iter().map(|(path, _)| path).filter(|path| path.extension().is_some_and(|it| it == "md"));
    let missing: Vec<&PathBuf> = pages.filter(|path| !listed.contains(path)).collect();
    assert!(missing.is_empty(), "add these to the menu in tests/integration/site/book.rs: {missing:?}");
    let once: BTreeSet<&PathBuf> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    assert!(listed.len() > 150, "{}", listed.len());
}

#[test]
fn links_of_its_sources_lead_to_pages_of_the_site() {
    let book = Book::new();
    let paths: BTreeSet<&Path> = book.files.iter().map(|(path, _)| path.as_path()).collect();
    for (from, text) in book.files.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "md")) {
        for link in links::links(text).into_iter().filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let to = links::resolved(&from.parent().unwrap().join(link.split('#').next().unwrap()));
            assert!(paths.contains(to.as_path()), "{}: {link}", from.display());
        }
    }
}
