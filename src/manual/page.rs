//! What a page says, whatever it is formatted as. Backticks are around what is typed or printed literally.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};

use super::words::{self, Words};
use crate::cli::EXIT_CODES;

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Such as `sslscale-tickets-rotate`.
    pub name: String,
    /// One line.
    pub about: String,
    pub sections: Vec<(&'static str, Vec<Block>)>,
}

/// A part of a section.
#[derive(Debug)]
pub enum Block {
    /// The command with its arguments, each of which stays on a line.
    Synopsis {
        command: String,
        arguments: Vec<String>,
    },
    Paragraph(String),
    /// What it is about, and what is said about it. Arguments in the head are in capital letters.
    Item {
        head: String,
        body: String,
        values: Vec<(String, String)>,
    },
    /// Lines that are typed or written as they are.
    Example {
        what: &'static str,
        lines: &'static str,
    },
}

/// The page with this name, without `sslscale-`.
pub fn page(name: &str, command: &Command) -> Page {
    let typed = command_of(name);
    let words = words::of(&typed);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut sections = vec![
        ("SYNOPSIS", vec![synopsis(name, command)]),
        ("DESCRIPTION", description(&about, &words)),
        ("COMMANDS", commands(name, command)),
        ("ARGUMENTS", command.get_positionals().filter(|arg| !arg.is_hide_set()).map(argument).collect()),
        ("OPTIONS", options(command)),
        ("EXIT STATUS", exit_codes(&typed, command)),
        ("ENVIRONMENT", words.environment.iter().map(|row| plain_item(row.0, row.1)).collect()),
        ("FILES", words.files.iter().map(|row| plain_item(row.0, row.1)).collect()),
        ("EXAMPLES", words.examples.iter().map(|(what, lines)| Block::Example { what, lines }).collect()),
        ("SEE ALSO", vec![see_also(name, command, &words)]),
    ];
    sections.retain(|(_, blocks)| !blocks.is_empty());
    let (first, _) = about.split_once(". ").unwrap_or((&about, ""));
    Page { name: full(name), about: small(first), sections }
}

/// `tickets rotate` for `tickets-rotate`. No command has a dash in its name; a test looks.
fn command_of(name: &str) -> String {
    name.replace('-', " ")
}

fn full(name: &str) -> String {
    if name.is_empty() { "sslscale".to_owned() } else { format!("sslscale-{name}") }
}

/// The first letter in lower case, as in the index of `man`, unless the word is a name.
fn small(text: &str) -> String {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.clone().next());
    match first {
        Some(first) if second.is_some_and(char::is_uppercase) => format!("{first}{}", letters.as_str()),
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// With a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', ':', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn synopsis(name: &str, command: &Command) -> Block {
    let typed = format!("sslscale {}", command_of(name)).trim_end().to_owned();
    let mut arguments = Vec::new();
    if command.has_subcommands() {
        arguments.push("COMMAND".to_owned());
    }
    for arg in
        shown(command).filter(|arg| !arg.is_positional() && !["help", "version"].contains(&arg.get_id().as_str()))
    {
        let repeated = if is_repeated(arg) { "..." } else { "" };
        let name = match (arg.get_short(), arg.get_long()) {
            (Some(short), _) => format!("`-{short}`"),
            (None, Some(long)) => format!("`--{long}`"),
            (None, None) => continue,
        };
        arguments.push(format!("[{name}{}]{repeated}", value(arg)));
    }
    for arg in command.get_positionals().filter(|arg| !arg.is_hide_set()) {
        let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let name = format!("{name}{}", if is_repeated(arg) { "..." } else { "" });
        arguments.push(if arg.is_required_set() { name } else { format!("[{name}]") });
    }
    Block::Synopsis { command: typed, arguments }
}

fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_hide_set())
}

fn is_repeated(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// ` HOST` for an option with a value.
fn value(arg: &Arg) -> String {
    let takes = arg.get_num_args().is_some_and(|range| range.takes_values());
    let name = arg.get_value_names().and_then(|names| names.first()).filter(|_| takes);
    name.map(|name| format!(" {name}")).unwrap_or_default()
}

fn description(about: &str, words: &Words) -> Vec<Block> {
    let first = Block::Paragraph(sentence(about));
    let rest = words.description.split("\n\n").filter(|text| !text.is_empty());
    std::iter::once(first).chain(rest.map(|text| Block::Paragraph(text.to_owned()))).collect()
}

fn commands(name: &str, command: &Command) -> Vec<Block> {
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    let item = |below: &Command| {
        let dash = if name.is_empty() { "" } else { "-" };
        let page = format!("`{}`(1)", full(&format!("{name}{dash}{}", below.get_name())));
        let about = below.get_about().map(ToString::to_string).unwrap_or_default();
        Block::Item { head: page, body: sentence(&about), values: Vec::new() }
    };
    below.map(item).collect()
}

fn options(command: &Command) -> Vec<Block> {
    shown(command).filter(|arg| !arg.is_positional()).map(option).collect()
}

fn option(arg: &Arg) -> Block {
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    let long = arg.get_long().map(|long| format!("`--{long}`"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let head = format!("{}{}", names.join(", "), value(arg));
    item(arg, head)
}

fn argument(arg: &Arg) -> Block {
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    item(arg, name)
}

fn item(arg: &Arg, head: String) -> Block {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = if arg.get_id() == "help" { "Print help".to_owned() } else { help };
    let mut body = sentence(&help.split_whitespace().collect::<Vec<_>>().join(" "));
    let takes = arg.get_num_args().is_some_and(|range| range.takes_values());
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|it| format!("`{}`", it.to_string_lossy())).collect();
    if takes && !defaults.is_empty() {
        body += &format!(" The default is {}.", defaults.join(", "));
    }
    let is_value = |value: &PossibleValue| !value.is_hide_set() && takes;
    let values = arg.get_possible_values().into_iter().filter(is_value).map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        (format!("`{}`", value.get_name()), sentence(&help))
    });
    Block::Item { head, body, values: values.collect() }
}

fn exit_codes(typed: &str, command: &Command) -> Vec<Block> {
    // Those of the program are those of all of its commands.
    let meaning = |code: &crate::cli::ExitCode| match typed {
        "" => Some(code.in_short()),
        _ if command.has_subcommands() => None,
        typed => code.meaning_for(typed),
    };
    let found = EXIT_CODES.iter().filter_map(|code| Some(plain_item(code.codes, &meaning(code)?)));
    found.collect()
}

fn plain_item(head: &str, body: &str) -> Block {
    Block::Item { head: format!("`{head}`"), body: body.to_owned(), values: Vec::new() }
}

fn see_also(name: &str, command: &Command, words: &Words) -> Block {
    let mut pages: Vec<String> = words.see_also.iter().map(|page| full(page)).collect();
    if let Some((parent, _)) = name.rsplit_once('-') {
        pages.push(full(parent));
    }
    if !name.is_empty() {
        pages.push("sslscale".to_owned());
    }
    let dash = if name.is_empty() { "" } else { "-" };
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    pages.extend(below.map(|below| full(&format!("{name}{dash}{}", below.get_name()))));
    let mut listed: Vec<String> = pages.iter().map(|page| format!("`{page}`(1)")).collect();
    listed.extend(words.others.iter().map(|(page, section)| format!("`{page}`({section})")));
    Block::Paragraph(listed.join(", "))
}
