//! `sslscale init`: a first inventory, from options, questions, or a shipped one.

mod app;
mod certificate;
mod flags;
mod lines;
mod questions;

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::{CommandError, ExitStatus};
use crate::cli::InitArgs;
use crate::interrupt::Interrupt;
use crate::inventory::json_schema;
use crate::report::{self, Output, Target};
use crate::source;
use crate::starter::{self, EXAMPLES, Example, SCHEMA_FILE, UnknownExample};
use crate::{file, shell};

pub fn run(args: &InitArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    if args.list {
        output.print(examples().as_bytes())?;
        return Ok(ExitStatus::Done);
    }
    if source::is_stdin(&args.file) {
        let text = text(args, None, output)?;
        output.print(text.as_bytes())?;
        return Ok(ExitStatus::Done);
    }
    // Before any question.
    let target = Target::create(&args.file, interrupt)?;
    let text = text(args, Some(&args.file), output)?;
    let schema = schema(&args.file, interrupt)?;
    target.write(|out| out.write_all(text.as_bytes()))?;
    output.note(&format!("{}: written", args.file.display()));
    if let Some(schema) = schema {
        output.note(&format!("{}: written, for editors", schema.display()));
    }
    output.note(&format!("next: sslscale check {}", shell::path(&args.file)));
    Ok(ExitStatus::Done)
}

/// The inventory, which is to be at `path`; `None` for standard output.
fn text(args: &InitArgs, path: Option<&Path>, output: &Output) -> Result<String, CommandError> {
    if let Some(name) = &args.example {
        return match Example::named(name) {
            Ok(example) => Ok(starter::with_header(example.text, path)),
            Err(unknown) => Err(list(unknown, output)),
        };
    }
    // Sources are relative to its directory.
    let home = path.unwrap_or(Path::new("inventory.yaml"));
    let draft = flags::draft(args, home, output)?;
    let missing = draft.missing();
    if missing.is_empty() {
        return Ok(starter::text(&draft, path));
    }
    if !output.can_ask() {
        return Err(flags::missing(&draft, &missing));
    }
    let draft = questions::ask(draft, home, output)?;
    Ok(starter::text(&draft, path))
}

/// Writes the schema beside the inventory, if there is none yet. Nothing tells an editor where sslscale is, and no
/// page on the web has the schema of this version.
fn schema(inventory: &Path, interrupt: &Interrupt) -> Result<Option<PathBuf>, CommandError> {
    let path = inventory.with_file_name(SCHEMA_FILE);
    if file::absent(path.symlink_metadata())?.is_some() {
        return Ok(None);
    }
    let schema = json_schema::text();
    Target::create(&path, interrupt)?.write(|out| out.write_all(schema.as_bytes()))?;
    Ok(Some(path))
}

fn examples() -> String {
    let rows: Vec<[String; 2]> = EXAMPLES.iter().map(|it| [it.name().to_owned(), it.summary()]).collect();
    report::columns(&rows)
}

fn list(unknown: UnknownExample, output: &Output) -> CommandError {
    let near = unknown.near.map(|near| format!("did you mean `{near}`?"));
    output.error(&anyhow!(unknown), near.as_deref());
    output.say(&format!("the examples are:\n{}", examples().trim_end()));
    CommandError::reported(ExitStatus::Unreadable)
}
