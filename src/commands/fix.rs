//! `check --fix` and `check --diff`: what fixes make of inventories, written or shown.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::{CommandError, ExitStatus, Loaded, load};
use crate::cli::CheckArgs;
use crate::diagnostic::{Code, Severity};
use crate::file::{Replacement, place};
use crate::lint::{Fixed, Settings, fix, lint};
use crate::report::{self, Output};

/// Where `path` means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Writes what fixing makes of an inventory and goes on with that; where it cannot be written,
/// says why and goes on with the inventory as it is.
pub fn apply(
    path: &Path,
    loaded: Loaded,
    settings: &Settings,
    args: &CheckArgs,
    output: &Output,
) -> Result<(Loaded, ExitStatus), CommandError> {
    let fixed = fix(&loaded.source, loaded.linted, settings, args.unsafe_fixes);
    let written = write(path, loaded.source.text(), &fixed, output);
    if is_stdin(path) && !fixed.linted.findings.iter().any(|finding| finding.code == Code::IN01) {
        let text = if written.is_ok() { fixed.source.text() } else { loaded.source.text() };
        output.print(text.as_bytes())?;
    }
    if let Err(error) = written {
        output.error(&error.context(format!("`{}` was not fixed", path.display())), None);
        let linted = lint(&loaded.source, settings);
        return Ok((Loaded { source: loaded.source, linted }, ExitStatus::Unreadable));
    }
    report::fixes(&fixed, false).iter().for_each(|line| output.say(line));
    // Other files have changed, and what is left depends on them.
    let linted = if fixed.files.is_empty() { fixed.linted } else { lint(&fixed.source, settings) };
    Ok((Loaded { source: fixed.source, linted }, ExitStatus::Done))
}

/// Replaces the files, the inventory last: all are made ready before the first is replaced.
fn write(path: &Path, before: &str, fixed: &Fixed, output: &Output) -> Result<()> {
    let mut ready: Vec<Replacement> = Vec::new();
    for file in &fixed.files {
        ready.push(Replacement::prepare(&file.path, file.before.as_bytes(), file.text.as_bytes())?);
    }
    if before != fixed.source.text() && !is_stdin(path) {
        ready.push(Replacement::prepare(path, before.as_bytes(), fixed.source.text().as_bytes())?);
    }
    place_all(ready, output)
}

/// What is replaced stays so when a later one cannot be, and is named then.
fn place_all(ready: Vec<Replacement>, output: &Output) -> Result<()> {
    let mut placed: Vec<String> = Vec::new();
    for replacement in ready {
        let note = report::other_names(&replacement.path, replacement.other_names);
        let name = format!("`{}`", replacement.path.display());
        if let Err(error) = replacement.place() {
            let error = anyhow::Error::from(error);
            let before = match placed.len() {
                0 => return Err(error),
                1 => "was",
                _ => "were",
            };
            return Err(error.context(format!("{} {before} fixed already, {name} could not be", placed.join(", "))));
        }
        placed.push(name);
        note.iter().for_each(|note| output.say(note));
    }
    Ok(())
}

/// Shows what fixing would change, and changes nothing.
pub fn diff(args: &CheckArgs, settings: &Settings, output: &Output) -> Result<ExitStatus, CommandError> {
    let mut status = ExitStatus::Done;
    let mut shown = BTreeSet::new();
    for path in &args.inventories {
        let loaded = load(path, settings);
        let fixed = fix(&loaded.source, loaded.linted, settings, args.unsafe_fixes);
        let mut text = String::new();
        for file in fixed.files.iter().filter(|file| shown.insert(place(&file.path))) {
            text += &report::planned(&file.path.display().to_string(), &file.before, &file.text);
        }
        if shown.insert(place(path)) {
            text += &report::planned(loaded.source.name(), loaded.source.text(), fixed.source.text());
        }
        output.print(text.as_bytes()).context("the changes could not be shown")?;
        report::fixes(&fixed, true).iter().for_each(|line| output.say(line));
        if !fixed.applied.is_empty() {
            status = status.max(ExitStatus::Findings);
        }
        if fixed.linted.document.is_none() {
            let unreadable = Loaded { source: fixed.source, linted: fixed.linted };
            output.refusal(unreadable.checked(None));
            status = status.max(ExitStatus::Unreadable);
            continue;
        }
        let Fixed { source, linted, .. } = fixed.without_planned();
        let left = Loaded { source, linted };
        let checked = left.checked(args.fail_on.map(Severity::from));
        if super::status(checked) != ExitStatus::Done {
            output.left(checked);
            status = status.max(ExitStatus::Findings);
        }
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::diagnostic::FileEdit;
    use crate::lint::Linted;
    use crate::source::Source;

    /// An inventory and a certificate that are to be rewritten, the latter from `before`.
    fn planned(dir: &Path, before: &str) -> (PathBuf, Fixed) {
        let (path, certificate) = (dir.join("inventory.yaml"), dir.join("a.crt"));
        fs::write(&path, "old").unwrap();
        fs::write(&certificate, "certificate").unwrap();
        let file = FileEdit { path: certificate, before: before.to_owned(), text: "sorted".to_owned() };
        let fixed = Fixed {
            source: Source::new(path.display().to_string(), "new"),
            linted: Linted::default(),
            files: vec![file],
            applied: Vec::new(),
            overlapping: Vec::new(),
            harmful: Vec::new(),
        };
        (path, fixed)
    }

    fn held(dir: &Path) -> [String; 2] {
        assert_eq!(fs::read_dir(dir).unwrap().count(), 2, "a temporary file is left");
        ["inventory.yaml", "a.crt"].map(|name| fs::read_to_string(dir.join(name)).unwrap())
    }

    #[test]
    fn what_was_replaced_is_named_when_the_next_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a.crt", "inventory.yaml"].map(|name| dir.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "old").unwrap());
        let ready = paths.iter().map(|path| Replacement::prepare(path, b"old", b"new").unwrap()).collect();
        fs::write(&paths[1], "theirs").unwrap();
        let error = place_all(ready, &Output::new()).unwrap_err();
        let [a, inventory] = paths.map(|path| path.display().to_string());
        assert_eq!(error.to_string(), format!("`{a}` was fixed already, `{inventory}` could not be"));
        assert_eq!(held(dir.path()), ["theirs", "new"]);
    }

    #[test]
    fn other_files_are_written_with_the_inventory_or_nothing_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, fixed) = planned(dir.path(), "certificate");
        write(&path, "old", &fixed, &Output::new()).unwrap();
        assert_eq!(held(dir.path()), ["new", "sorted"]);
        // The certificate is another one by now, and then the inventory is.
        let (path, fixed) = planned(dir.path(), "another");
        assert!(write(&path, "old", &fixed, &Output::new()).is_err());
        assert_eq!(held(dir.path()), ["old", "certificate"]);
        let (path, fixed) = planned(dir.path(), "certificate");
        assert!(write(&path, "older", &fixed, &Output::new()).is_err());
        assert_eq!(held(dir.path()), ["old", "certificate"]);
    }
}
