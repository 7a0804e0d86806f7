//! Runs the program: in a directory of its own, with an empty environment, and with paths in its
//! output that do not depend on this machine.

#[path = "../../support/generate/mod.rs"]
pub mod generate;
pub mod need;
pub mod ports;
pub mod release;
pub mod roots;
pub mod scripted;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names and paths of the shipped inventories, sorted.
pub fn shipped() -> Vec<(String, PathBuf)> {
    let found = inventories("inventories");
    assert!(found.len() >= 6, "the shipped inventories are gone: {found:?}");
    found
}

/// The inventories of ordinary fleets, by name.
pub fn fleets() -> Vec<(String, PathBuf)> {
    inventories("inventories/fleets")
}

fn inventories(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(repository().join(folder)).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    found.sort();
    found
}

/// One run of the program, in a directory of its own.
pub struct Sslscale {
    dir: TempDir,
    arguments: Vec<String>,
    input: Vec<u8>,
}

/// Exit code and output of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub status: i32,
}

impl Sslscale {
    /// A run with these arguments.
    pub fn new(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        Self { dir: tempfile::tempdir().unwrap(), arguments, input: Vec::new() }
    }

    /// With an inventory of this text at `inventory.yaml`.
    pub fn inventory(self, text: impl AsRef<[u8]>) -> Self {
        self.file("inventory.yaml", text)
    }

    /// With a file in its directory.
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// With this on standard input.
    pub fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        self.input = text.as_ref().to_vec();
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs it; can be called again.
    pub fn run(&self) -> Run {
        self.run_with(&self.arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs it with other arguments in the same directory.
    pub fn run_with(&self, arguments: &[&str]) -> Run {
        let mut command = Command::cargo_bin("sslscale").unwrap();
        command.args(arguments).current_dir(self.dir.path()).env_clear().env("LANG", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).write_stdin(self.input.clone());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(self.dir.path().to_str().unwrap(), "[dir]");
        Run { stdout: text(stdout), stderr: text(stderr), status: status.code().unwrap_or(-1) }
    }
}

impl Run {
    /// Without the number of rules that were not run, which changes with every new rule.
    pub fn without_skipped(self) -> Self {
        // The last part of a summary: `FILE: 1 error; 3 rules not run: 2 need …`.
        let cut = |line: &str| {
            let Some((kept, _)) = line.split_once(" not run: ") else { return format!("{line}\n") };
            let count = |c: char| c.is_ascii_digit() || "; ".contains(c);
            format!("{}\n", kept.trim_end_matches(|c: char| c.is_ascii_lowercase()).trim_end_matches(count))
        };
        let all = |text: &str| text.lines().map(cut).collect();
        Self { stdout: all(&self.stdout), stderr: all(&self.stderr), status: self.status }
    }

    /// Everything in one text, for snapshots.
    pub fn all(&self) -> String {
        format!("exit code: {}\n--- stdout ---\n{}--- stderr ---\n{}", self.status, self.stdout, self.stderr)
    }
}

/// Compares with the snapshot of this name in the top-level `snapshots/`.
pub fn pin(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
