//! `sslscale show`: an inventory with every default, and where each value comes from.

use super::{CommandError, ExitStatus, load_with};
use crate::cli::ShowArgs;
use crate::inventory::shown::shown;
use crate::lint::{self, Settings};
use crate::report::{Output, PlainFormat, shown_json, shown_yaml};

pub fn run(args: &ShowArgs, output: &Output) -> Result<ExitStatus, CommandError> {
    let mut loaded = load_with(&args.inventory, |source| Ok(lint::validate(&source.alone(), &Settings::default())))?;
    let inventory = loaded.require(output)?;
    let (source, document) = (&loaded.source, loaded.linted.document.as_ref());
    let json = args.format == PlainFormat::Json;
    let entries = document.map(|document| shown(source, document, &inventory, json)).unwrap_or_default();
    match args.format {
        PlainFormat::Human => output.print(shown_yaml(&entries).as_bytes())?,
        PlainFormat::Json => output.print(&shown_json(source.name(), &entries)?)?,
    }
    Ok(ExitStatus::Done)
}
