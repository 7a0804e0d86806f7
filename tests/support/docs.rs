//! README.md and docs/: generated parts are compared with what the code says now, and console
//! sessions are run again. `SSLSCALE_BLESS=1` writes them instead.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md, CONTRIBUTING.md, CHANGELOG.md and every page below docs/, as paths from the repository.
pub fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().to_owned(), root().join("docs"), root().join("docs/rules")];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    found.sort();
    assert!(found.len() > 8, "the pages are gone: {found:?}");
    found.iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

/// The text of a page.
pub fn page(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Compares the part of `path` between `<!-- name -->` and `<!-- /name -->`, or writes it.
pub fn generated(path: impl AsRef<Path>, name: &str, wanted: &str) {
    let text = page(&path);
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let start = text.find(&open).expect("the opening marker") + open.len();
    let end = start + text[start..].find(&close).expect("the closing marker");
    let wanted = format!("\n{wanted}\n");
    if std::env::var_os("SSLSCALE_BLESS").is_some() {
        fs::write(root().join(&path), format!("{}{wanted}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    let has = &text[start..end];
    let (new, old) = wanted.lines().zip(has.lines()).find(|(new, old)| new != old).unwrap_or_default();
    let told = format!("run this test with SSLSCALE_BLESS=1; the first difference:\n-{old}\n+{new}");
    assert!(has == wanted, "{}, {name}: {told}", path.as_ref().display());
}

/// Runs the sessions that `is_wanted` selects, compares what they print, and returns their number.
///
/// A session is a `console` block between `<!-- session NAME -->` and `<!-- /session NAME -->`. The
/// commands of a block run in one new directory, which has the shipped `inventories`.
pub fn sessions(program: &str, is_wanted: impl Fn(&[&str]) -> bool) -> usize {
    let mut count = 0;
    for path in pages() {
        let text = page(&path);
        let names = text.lines().filter_map(|line| line.strip_prefix("<!-- session ")?.strip_suffix(" -->"));
        for name in names {
            let (open, close) = (format!("<!-- session {name} -->\n"), format!("<!-- /session {name} -->\n"));
            let (_, rest) = text.split_once(&open).expect("a line of the text");
            let (block, _) = rest.split_once(&close).unwrap_or_else(|| panic!("{}: no {close}", path.display()));
            let commands: Vec<&str> = block.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
            assert!(!commands.is_empty(), "{}: session {name} has no command", path.display());
            if is_wanted(&commands) {
                generated(&path, &format!("session {name}"), &session(program, &commands));
                count += 1;
            }
        }
    }
    count
}

fn session(program: &str, commands: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    symlink(root().join("inventories"), folder.path().join("inventories")).unwrap();
    let binaries = Path::new(program).parent().unwrap();
    let mut text = String::from("```console\n");
    for command in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{{ {command}; }} 2>&1")]).current_dir(folder.path());
        shell.env_clear().env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", binaries.display()));
        let output = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        // The inventories name no version: a newer nginx warns about syntax that older ones need.
        let lines = output.lines().filter(|line| !(line.starts_with("note: ") && line.contains(" [warn] ")));
        let output = lines.collect::<Vec<_>>().join("\n");
        text.push_str(&format!("$ {command}\n{output}"));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text + "```\n"
}
