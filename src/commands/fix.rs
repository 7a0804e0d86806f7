//! `check --fix` writes fixes into inventories; `check --diff` shows what it would write.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};

use super::{CommandError, ExitStatus, Loaded, load};
use crate::cli::CheckArgs;
use crate::diagnostic::{Code, Severity};
use crate::file::{Replacement, place};
use crate::interrupt::Interrupt;
use crate::lint::{Fixed, Settings, fix, lint};
use crate::report::{self, Output};

/// Whether `path` means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Fixes inventories one after the other.
pub struct Fixing<'f> {
    args: &'f CheckArgs,
    settings: &'f Settings,
    output: &'f Output,
    interrupt: &'f Interrupt,
    /// Whether any file was replaced.
    pub changed: bool,
}

impl<'f> Fixing<'f> {
    pub fn new(args: &'f CheckArgs, settings: &'f Settings, output: &'f Output, interrupt: &'f Interrupt) -> Self {
        Self { args, settings, output, interrupt, changed: false }
    }

    /// Writes the fixed inventory and returns it. If it cannot be written, reports why and returns
    /// the inventory as it is.
    ///
    /// # Errors
    /// A signal came, or the inventory goes to standard output and could not be written.
    pub fn apply(&mut self, path: &Path, loaded: Loaded) -> Result<(Loaded, ExitStatus), CommandError> {
        let fixed = fix(&loaded.source, loaded.linted, self.settings, self.args.unsafe_fixes);
        let _hold = self.interrupt.hold()?;
        let written = self.write(path, loaded.source.text(), &fixed);
        if is_stdin(path) && !fixed.linted.findings.iter().any(|finding| finding.code == Code::IN01) {
            let text = if written.is_ok() { fixed.source.text() } else { loaded.source.text() };
            self.output.print(text.as_bytes())?;
        }
        let failed = written.is_err();
        match written {
            Ok(()) => report::fixes(&fixed, false).iter().for_each(|line| self.output.note(line)),
            Err(error) => {
                self.output.error(&error.context(format!("`{}` was not fixed", path.display())), None);
            }
        }
        if let Some(signal) = self.interrupt.signal() {
            let error = anyhow!("interrupted: the run is not complete");
            return Err(CommandError::new(signal.into(), error).hint("run the same command again"));
        }
        if failed {
            let linted = lint(&loaded.source, self.settings);
            return Ok((Loaded { source: loaded.source, linted }, ExitStatus::Unreadable));
        }
        // Other files have changed, and the remaining findings may depend on them.
        let linted = if fixed.files.is_empty() { fixed.linted } else { lint(&fixed.source, self.settings) };
        Ok((Loaded { source: fixed.source, linted }, ExitStatus::Done))
    }

    /// Replaces the files, the inventory last: all are prepared before the first is replaced.
    fn write(&mut self, path: &Path, before: &str, fixed: &Fixed) -> Result<()> {
        let mut ready: Vec<Replacement> = Vec::new();
        for file in &fixed.files {
            ready.push(Replacement::prepare(&file.path, file.before.as_bytes(), file.text.as_bytes())?);
        }
        if before != fixed.source.text() && !is_stdin(path) {
            ready.push(Replacement::prepare(path, before.as_bytes(), fixed.source.text().as_bytes())?);
        }
        ensure!(!self.interrupt.requested(), "interrupted");
        self.place(ready)
    }

    /// When one cannot be replaced, those before it stay replaced and are named.
    fn place(&mut self, ready: Vec<Replacement>) -> Result<()> {
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
                return Err(error.context(format!(
                    "{} {before} fixed already, but {name} could not be replaced",
                    placed.join(", ")
                )));
            }
            self.changed = true;
            placed.push(name);
            note.iter().for_each(|note| self.output.say(note));
        }
        Ok(())
    }
}

/// Shows what fixing would change.
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
        output.print(text.as_bytes())?;
        report::fixes(&fixed, true).iter().for_each(|line| output.note(line));
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

    use clap::Parser;
    use nix::sys::signal::Signal;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::diagnostic::FileEdit;
    use crate::lint::Linted;
    use crate::report::OutputOptions;
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

    fn with<T>(act: impl FnOnce(&mut Fixing<'_>) -> T) -> T {
        let Cli { command: Command::Check(args), .. } = Cli::parse_from(["sslscale", "check", "inventory.yaml"]) else {
            panic!("it is `check`")
        };
        let interrupt = Interrupt::default();
        act(&mut Fixing::new(
            &args,
            &Settings::default(),
            &Output::new(&interrupt, OutputOptions::default()),
            &interrupt,
        ))
    }

    fn held(dir: &Path) -> [String; 2] {
        assert_eq!(fs::read_dir(dir).unwrap().count(), 2, "a temporary file is left");
        ["inventory.yaml", "a.crt"].map(|name| fs::read_to_string(dir.join(name)).unwrap())
    }

    #[test]
    fn after_a_signal_nothing_is_replaced_and_no_temporary_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let (path, fixed) = planned(dir.path(), "certificate");
        let error = with(|fixing| {
            let _hold = fixing.interrupt.hold().unwrap();
            fixing.interrupt.receive(Signal::SIGINT);
            fixing.write(&path, "old", &fixed)
        });
        assert_eq!(error.unwrap_err().to_string(), "interrupted");
        assert_eq!(held(dir.path()), ["old", "certificate"]);
    }

    #[test]
    fn what_was_replaced_is_named_when_the_next_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a.crt", "inventory.yaml"].map(|name| dir.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "old").unwrap());
        let ready = paths.iter().map(|path| Replacement::prepare(path, b"old", b"new").unwrap()).collect();
        fs::write(&paths[1], "theirs").unwrap();
        let error = with(|fixing| fixing.place(ready)).unwrap_err();
        let [a, inventory] = paths.map(|path| path.display().to_string());
        assert_eq!(error.to_string(), format!("`{a}` was fixed already, but `{inventory}` could not be replaced"));
        assert_eq!(held(dir.path()), ["theirs", "new"]);
    }

    #[test]
    fn other_files_are_written_with_the_inventory_or_nothing_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, fixed) = planned(dir.path(), "certificate");
        with(|fixing| fixing.write(&path, "old", &fixed)).unwrap();
        assert_eq!(held(dir.path()), ["new", "sorted"]);
        // The certificate is another one by now, and then the inventory is.
        let (path, fixed) = planned(dir.path(), "another");
        assert!(with(|fixing| fixing.write(&path, "old", &fixed)).is_err());
        assert_eq!(held(dir.path()), ["old", "certificate"]);
        let (path, fixed) = planned(dir.path(), "certificate");
        assert!(with(|fixing| fixing.write(&path, "older", &fixed)).is_err());
        assert_eq!(held(dir.path()), ["old", "certificate"]);
    }
}
