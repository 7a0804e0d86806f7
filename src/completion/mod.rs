//! What can follow on a command line: the scripts of shells ask for it each time Tab is pressed. Whatever is wrong with
//! the line or the inventory that it names, there is an answer, if only an empty one.

mod hosts;
mod rules;
mod script;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

pub use script::script;

use crate::cli;
use crate::manual;
use crate::starter::EXAMPLES;

/// The completions of a word.
#[derive(Debug, PartialEq, Eq)]
pub struct Completions {
    pub kind: Kind,
    /// Whole words, with what they are.
    pub words: Vec<(String, String)>,
}

/// What a word may be besides the words that are listed. Shells know best how to complete paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Words,
    /// A YAML file.
    Inventory,
    File,
    Directory,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Words, Self::Inventory, Self::File, Self::Directory];

    /// The word of the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Inventory => "inventory",
            Self::File => "file",
            Self::Directory => "directory",
        }
    }
}

/// Completes the word at `index` of `line`, which starts with the name of the program.
pub fn complete(line: &[OsString], index: usize) -> Completions {
    let mut line = line.to_vec();
    line.resize(line.len().max(index + 1), OsString::new());
    let current = line[index].to_string_lossy().into_owned();
    let context = Context { inventory: inventory(&line, index) };
    let mut command = with_values(cli::command(), &context);
    let found = clap_complete::engine::complete(&mut command, line, index, None).unwrap_or_default();
    let tagged = |candidate: &CompletionCandidate, kind: Kind| {
        candidate.get_tag().is_some_and(|tag| tag.to_string() == kind.name())
    };
    let is_marker = |candidate: &CompletionCandidate| Kind::ALL.iter().any(|kind| tagged(candidate, *kind));
    let kind = Kind::ALL.into_iter().find(|kind| found.iter().any(|candidate| tagged(candidate, *kind)));
    // Options are for those who type a dash: they would drown the rest.
    let listed = found.iter().filter(|it| !is_marker(it) && (current.starts_with('-') || !is_option(it)));
    let word = |candidate: &CompletionCandidate| {
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        (candidate.get_value().to_string_lossy().into_owned(), help.lines().next().unwrap_or_default().to_owned())
    };
    Completions { kind: kind.unwrap_or(Kind::Words), words: listed.map(word).collect() }
}

fn is_option(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// What completions depend on besides the word.
#[derive(Clone)]
struct Context {
    /// The inventory that the line names.
    inventory: Option<PathBuf>,
}

/// The inventory of the line, whatever else is missing from the line or wrong with it.
fn inventory(line: &[OsString], index: usize) -> Option<PathBuf> {
    let mut line = line.to_vec();
    // The word that is being typed is the value of an option, or it is not needed.
    line[index] = "word".into();
    let matches = cli::command().ignore_errors(true).try_get_matches_from(line).ok()?;
    let mut matches = &matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    let one = matches.try_get_one::<PathBuf>("inventory").ok().flatten().cloned();
    let path = one.or_else(|| matches.try_get_many::<PathBuf>("inventories").ok().flatten()?.next().cloned())?;
    Some(from_home(&path))
}

/// Shells leave `~` to the program while they complete.
fn from_home(path: &Path) -> PathBuf {
    let below = path.strip_prefix("~").ok().zip(std::env::var_os("HOME"));
    below.map_or_else(|| path.to_owned(), |(rest, home)| Path::new(&home).join(rest))
}

/// The command and those below it, with what the values of their arguments can be. It goes by their names in the help.
fn with_values(command: Command, context: &Context) -> Command {
    let name = command.get_name().to_owned();
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let command = command.mut_args(|arg| with_value(&name, arg, context));
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |below| with_values(below, context)))
}

fn with_value(command: &str, arg: Arg, context: &Context) -> Arg {
    let id = arg.get_id().as_str().to_owned();
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    match (id.as_str(), value.as_str()) {
        // A plan is no YAML.
        ("inventory", _) if command == "deploy" => marked(arg, Kind::File),
        ("inventory" | "inventories", _) => marked(arg, Kind::Inventory),
        ("example", _) => completed(arg, |_| EXAMPLES.iter().map(|it| candidate(it.name(), &it.summary())).collect()),
        ("page", _) => completed(arg, |_| manual::names().iter().map(|(name, help)| candidate(name, help)).collect()),
        (id, "CODE") => {
            let only_allowable = id == "allow";
            completed(arg, move |word| rules::candidates(word, only_allowable))
        }
        (id, "HOST") => {
            let (context, wanted) = (context.clone(), hosts::Wanted::of(command, id));
            completed(arg, move |_| hosts::candidates(context.inventory.as_deref(), wanted))
        }
        (_, "FILE") => marked(arg, Kind::File),
        (_, "DIR") => marked(arg, Kind::Directory),
        // Paths on hosts, and what nobody here knows.
        _ if arg.get_action().takes_values() && arg.get_value_parser().possible_values().is_none() => {
            arg.value_hint(ValueHint::Other)
        }
        _ => arg,
    }
}

fn completed(arg: Arg, candidates: impl Fn(&str) -> Vec<CompletionCandidate> + Send + Sync + 'static) -> Arg {
    arg.add(ArgValueCompleter::new(move |current: &OsStr| {
        let word = current.to_string_lossy();
        let mut found = candidates(&word);
        found.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(&*word));
        found
    }))
}

/// Its value is a path, which the shell completes.
fn marked(arg: Arg, kind: Kind) -> Arg {
    arg.add(ArgValueCompleter::new(move |_: &OsStr| {
        vec![CompletionCandidate::new("").tag(Some(kind.name().to_owned().into()))]
    }))
}

fn candidate(word: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(word).help(Some(help.to_owned().into()))
}

#[cfg(test)]
mod tests;
