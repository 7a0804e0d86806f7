//! The pages of the site: those of the repository, where only links to files that are not pages lead elsewhere; a page for
//! each such file; and the menu.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::docs::{page, pages};
use crate::pages::links::{prose, resolved};
use crate::support::repository;

/// The menu: its sections in the order of a new reader, and their pages. The pages of the rules are below theirs.
const MENU: [(&str, &[&str]); 4] = [
    ("First minutes", &["docs/install.md", "docs/guide.md", "docs/fleets.md", "docs/cases.md"]),
    ("Deploy", &["docs/tickets.md", "docs/tls.md", "docs/pipeline.md"]),
    ("Reference", &["docs/reference.md", "docs/exit-codes.md", "docs/glossary.md", "docs/rules/README.md"]),
    ("Background", &["docs/architecture.md", "docs/soak.md", "CONTRIBUTING.md", "CHANGELOG.md"]),
];

/// Folders whose files have pages, below the one that lists them.
const FOLDERS: [(&str, &str); 2] = [("inventories", "Inventories"), ("templates", "Templates")];

/// What the site is made of.
pub struct Book {
    /// The sources of mdbook: path and text.
    pub files: Vec<(PathBuf, String)>,
    pub menu: String,
}

impl Book {
    pub fn new() -> Self {
        let mut files: Vec<(PathBuf, String)> =
            pages().into_iter().map(|path| (source_of(&path), adapted(&path, &page(&path)))).collect();
        for path in linked_files() {
            files.push((path.clone(), page(&path)));
            files.push((source_of(&path), file_page(&path)));
        }
        files.extend(FOLDERS.map(|(folder, title)| (Path::new(folder).join("index.md"), folder_page(folder, title))));
        let menu = menu(&files);
        Self { files, menu }
    }

    /// Writes everything that mdbook reads into an empty folder.
    pub fn write(&self, folder: &Path) {
        let put = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (path, text) in &self.files {
            put(&folder.join("src").join(path), text);
        }
        put(&folder.join("src/SUMMARY.md"), &self.menu);
        for name in ["book.toml", "site.css"] {
            put(&folder.join(name), &page(Path::new("docs/site").join(name)));
        }
    }
}

/// The page of the site that a file of the repository becomes.
fn source_of(path: &Path) -> PathBuf {
    let text = path.display().to_string();
    match text.strip_suffix("README.md") {
        Some(folder) => PathBuf::from(format!("{folder}index.md")),
        None if text.ends_with(".md") => path.to_owned(),
        None if repository().join(path).is_dir() => path.join("index.md"),
        None => PathBuf::from(format!("{text}.md")),
    }
}

/// A page as the site has it: without the line of links below its title, which the menu replaces.
fn adapted(path: &Path, text: &str) -> String {
    let here = path.parent().unwrap();
    let mut shown = String::new();
    let mut paragraphs = text.split_inclusive("\n\n");
    shown.extend(paragraphs.next());
    shown.extend(paragraphs.filter(|paragraph| !paragraph.starts_with("[README](")));
    prose(&shown, |line| {
        let mut parts = line.split("](");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            let (target, rest) = part.split_once(')').unwrap_or((part, ""));
            format!("{all}]({}){rest}", target_of(here, target))
        })
    })
}

/// Where a link of a page in the folder `here` leads in the site.
fn target_of(here: &Path, target: &str) -> String {
    if target.contains("://") || target.starts_with('#') {
        return target.to_owned();
    }
    let (file, anchor) = target.split_once('#').map_or((target, String::new()), |(file, it)| (file, format!("#{it}")));
    let to = source_of(&resolved(&here.join(file)));
    let up = "../".repeat(here.components().count());
    format!("{up}{}{anchor}", to.display())
}

/// The files of the repository that pages link to and that are not pages, and those in their folders.
fn linked_files() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open: Vec<PathBuf> = crate::pages::links::linked().into_iter().map(|(_, to, _)| to).collect();
    while let Some(path) = open.pop() {
        let full = repository().join(&path);
        if full.is_dir() {
            open.extend(fs::read_dir(full).unwrap().map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_none_or(|it| it != "md") {
            found.insert(path);
        }
    }
    found
}

/// The page that shows a file.
fn file_page(path: &Path) -> String {
    let text = page(path);
    let name = path.file_name().unwrap().to_str().unwrap();
    let language = match path.extension().and_then(|it| it.to_str()) {
        Some("yaml" | "yml") => "yaml",
        Some("sh") => "sh",
        _ => "text",
    };
    let fence = if text.contains("```") { "````" } else { "```" };
    format!("# {}\n\n[The file alone]({name})\n\n{fence}{language}\n{text}{fence}\n", path.display())
}

/// The page that lists the files of a folder, each with the first sentence of its comment.
fn folder_page(folder: &str, title: &str) -> String {
    let files = linked_files().into_iter().filter(|path| path.starts_with(folder));
    let rows: String = files
        .map(|path| {
            let text = page(&path);
            let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("# ")).collect();
            let comment = lines.join(" ");
            let sentence = comment.split_inclusive(". ").next().unwrap_or_default().trim();
            let name = path.strip_prefix(folder).unwrap().display();
            format!("| [{name}]({name}.md) | {sentence} |\n")
        })
        .collect();
    format!("# {title}\n\nThe files in `{folder}/`.\n\n| file | what it is |\n|---|---|\n{rows}")
}

fn title(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned()
}

/// The menu as mdbook reads it. A page that is in no section is missing in the site.
fn menu(files: &[(PathBuf, String)]) -> String {
    let entry = |path: &Path, depth: usize| {
        let (_, text) = files.iter().find(|(it, _)| it == path).unwrap_or_else(|| panic!("{}", path.display()));
        format!("{}- [{}]({})\n", "    ".repeat(depth), title(text), path.display())
    };
    let mut out = "# Summary\n\n[sslscale](index.md)\n".to_owned();
    for (section, listed) in MENU {
        out.push_str(&format!("\n# {section}\n\n"));
        for path in listed {
            out.push_str(&entry(&source_of(Path::new(path)), 0));
        }
        if listed.contains(&"docs/rules/README.md") {
            let rules = files.iter().filter(|(path, _)| path.starts_with("docs/rules") && !path.ends_with("index.md"));
            out.extend(rules.map(|(path, _)| entry(path, 1)));
        }
    }
    out.push_str("\n# Files\n\n");
    let files = linked_files();
    for (folder, _) in FOLDERS {
        out.push_str(&entry(&Path::new(folder).join("index.md"), 0));
        out.extend(files.iter().filter(|path| path.starts_with(folder)).map(|path| entry(&source_of(path), 1)));
    }
    let others = files.iter().filter(|path| !FOLDERS.iter().any(|(folder, _)| path.starts_with(folder)));
    out.extend(others.map(|path| entry(&source_of(path), 0)));
    out
}
