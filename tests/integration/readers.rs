//! The readers of nginx's and haproxy's configuration in front of these programs, on files that people have: what
//! Debian's packages bring, what sslscale renders, and mutations of both. `make shipped` adds the files of many more
//! packages, which it downloads.

mod haproxy;
mod mutation;
mod nginx;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sslscale::render::Templates;

use crate::accepted;
use crate::support::release::{HERE, RELEASES, Release, roots};
use crate::support::{fleets, repository, shipped};

/// Files that are no longer than this are mutated: a program reads each in a few milliseconds.
const MUTATED: usize = 60_000;

/// A file that is read.
struct Base {
    name: String,
    text: String,
}

/// The files of a program: those in the roots of releases, those that are rendered for every shipped inventory, and
/// those in a folder of `make shipped`. A text that is there twice is kept once.
fn bases(program: &str) -> &'static [Base] {
    static FOUND: [OnceLock<Vec<Base>>; 2] = [const { OnceLock::new() }; 2];
    FOUND[usize::from(program == "nginx")].get_or_init(|| find(program))
}

fn find(program: &str) -> Vec<Base> {
    let mut found = BTreeMap::new();
    let mut add = |name: String, bytes: Vec<u8>| {
        if let Ok(text) = String::from_utf8(bytes) {
            found.entry(text).or_insert(name);
        }
    };
    let mut folders: Vec<PathBuf> =
        RELEASES.iter().map(|release| roots().join(release).join("etc").join(program)).collect();
    folders.push(repository().join("tests/fixtures/nginx.org"));
    folders.retain(|folder| folder.starts_with(roots()) || program == "nginx");
    if let Some(more) = env::var_os("SSLSCALE_SHIPPED") {
        folders.push(Path::new(&more).join(program));
    }
    for file in folders.iter().flat_map(|folder| files(folder)) {
        add(file.display().to_string(), fs::read(&file).unwrap());
    }
    let templates = Templates::load(None).unwrap();
    for release in RELEASES.into_iter().chain([HERE]).filter_map(Release::open) {
        let versions = accepted::versions(&release);
        for (name, path) in shipped().into_iter().chain(fleets()) {
            let yaml = accepted::told(&fs::read_to_string(path).unwrap(), versions);
            let tree = accepted::accept(&yaml).unwrap();
            for (host, entries) in sslscale::render::render(&tree, &templates).unwrap().hosts() {
                for entry in entries.iter().filter(|entry| entry.path.starts_with(&format!("/etc/{program}/"))) {
                    add(format!("{name} {host} {} {}", release.name(), entry.path), entry.content.bytes.clone());
                }
            }
        }
    }
    found.into_iter().map(|(text, name)| Base { name, text }).collect()
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.symlink_metadata().unwrap() {
        it if it.is_dir() => files(&path),
        it if it.is_file() => vec![path],
        _ => Vec::new(),
    };
    paths.into_iter().flat_map(below).collect()
}

/// Prints what was counted, if asked to.
fn figures(line: &str) {
    if env::var("SSLSCALE_FIGURES").is_ok_and(|value| value == "1") {
        // Not `println!`: the test runner swallows what a passing test prints that way.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
