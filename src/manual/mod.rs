//! The manual pages, one for each command: made of the command line as data, of the table of exit codes, and of words
//! about each command. A page is text for a terminal, or the source that `man` formats.

mod page;
mod roff;
mod text;
mod words;

use clap::Command;

pub use page::{Block, Page};
pub use roff::roff;
pub use text::text;

use crate::cli;
use crate::diagnostic::nearest_spelling;

/// There is no page with this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no page `{name}`")]
pub struct UnknownPage {
    name: String,
    /// The most similar name.
    pub near: Option<String>,
}

/// The names of all pages without `sslscale-`, each with what its command does; the first is that of the program.
pub fn names() -> Vec<(String, String)> {
    all()
        .into_iter()
        .map(|(name, command)| (name, command.get_about().map(ToString::to_string).unwrap_or_default()))
        .collect()
}

/// Every page.
pub fn pages() -> Vec<Page> {
    all().iter().map(|(name, command)| page::page(name, command)).collect()
}

/// The page of a command, whose words are separated by blanks or dashes.
///
/// # Errors
/// No command has this name.
pub fn named(words: &[String]) -> Result<Page, UnknownPage> {
    let joined = words.join("-");
    let name = joined.strip_prefix("sslscale-").unwrap_or(&joined);
    let wanted = if name.is_empty() || name == "sslscale" { "" } else { name };
    let all = all();
    let found = all.iter().find(|(name, _)| name == wanted).map(|(name, command)| page::page(name, command));
    found.ok_or_else(|| UnknownPage {
        name: words.join(" "),
        near: nearest_spelling(wanted, all.iter().map(|(name, _)| name.as_str())).map(str::to_owned),
    })
}

/// The commands that have a page, by its name.
fn all() -> Vec<(String, Command)> {
    let mut root = cli::command();
    root.build();
    let mut found = vec![(String::new(), root.clone())];
    below(&root, "", &mut found);
    found
}

fn below(command: &Command, prefix: &str, found: &mut Vec<(String, Command)>) {
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("{prefix}{}", command.get_name());
        found.push((name.clone(), command.clone()));
        below(command, &format!("{name}-"), found);
    }
}

#[cfg(test)]
mod tests;
