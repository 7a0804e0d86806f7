//! What the exit codes mean: the help, docs/exit-codes.md and the manual pages are made of this table.

use std::fmt::Write as _;

/// An exit code, or several of one kind.
#[derive(Debug)]
pub struct ExitCode {
    pub codes: &'static str,
    /// For the help.
    summary: &'static str,
    /// A sentence for every command that can end so; may be empty.
    pub meaning: &'static str,
    /// The commands that the sentence is about; empty for all.
    commands: &'static [&'static str],
    /// What it means for some commands.
    details: &'static [Detail],
}

/// What an exit code means for some commands.
#[derive(Debug)]
struct Detail {
    /// Each with the option that it depends on, if it does.
    commands: &'static [&'static str],
    /// The rest of a sentence.
    text: &'static str,
}

const CHANGING: &[&str] =
    &["deploy", "rollback", "unlock", "certs roll", "tickets rotate", "tickets sync", "plan", "history", "try", "init"];
/// Commands that need an inventory, besides `check`.
pub const WITH_INVENTORY: &[&str] = &[
    "render",
    "show",
    "try",
    "plan",
    "deploy",
    "rollback",
    "status",
    "history",
    "unlock",
    "certs roll",
    "tickets rotate",
    "tickets sync",
    "tickets status",
];
const UNDOING: &[&str] = &["deploy", "rollback", "certs roll", "tickets rotate", "tickets sync"];
const MIXING: &[&str] = &["deploy", "rollback", "unlock", "certs roll", "tickets rotate", "tickets sync"];

pub const EXIT_CODES: &[ExitCode] = &[
    ExitCode {
        codes: "0",
        summary: "done, nothing found",
        meaning: "Done, and nothing was found.",
        commands: &[],
        details: &[],
    },
    ExitCode {
        codes: "1",
        summary: "findings, differences, a problem of a host or a ticket ring, or a failed try-out",
        meaning: "",
        commands: &[],
        details: &[
            Detail { commands: WITH_INVENTORY, text: "the inventory has errors, and nothing else was done" },
            Detail { commands: &["check"], text: "findings at or above `--fail-on`" },
            Detail { commands: &["check --diff"], text: "differences, or errors that remain" },
            Detail { commands: &["render --check", "render --diff"], text: "differences" },
            Detail { commands: &["plan --detailed-exitcode"], text: "differences, or an error of DP02" },
            Detail {
                commands: &["tickets status"],
                text: "app servers whose ticket rings differ, are incomplete, not loaded or stale, or cannot be read, or \
                       whose nginx does not use them",
            },
            Detail { commands: &["status"], text: "anything is wrong with the fleet" },
            Detail {
                commands: &["certs roll"],
                text: "the new certificate is installed, but an app server that did not serve its site before did not \
                       show it",
            },
            Detail { commands: &["try"], text: "a request or a host failed" },
        ],
    },
    ExitCode {
        codes: "2",
        summary: "wrong usage, or something cannot be read or written",
        meaning: "Wrong usage, or something cannot be read or written.",
        commands: &[],
        details: &[
            Detail { commands: &["check --hosts"], text: "a host did not answer" },
            Detail {
                commands: &["deploy", "rollback", "unlock"],
                text: "there is no terminal to ask for a confirmation, and no `--yes`",
            },
            Detail {
                commands: &["init"],
                text: "the file exists, options are missing and there is no terminal for questions, or `check` would \
                       have an error or a warning about a value",
            },
        ],
    },
    ExitCode {
        codes: "3",
        summary: "stopped before any change",
        meaning: "Stopped before any change.",
        commands: CHANGING,
        details: &[
            Detail {
                commands: &["plan"],
                text: "a host could not be looked at, or could not be changed, or a rule about hosts found an error \
                       other than DP02, whether or not anything would change",
            },
            Detail {
                commands: &["deploy", "rollback", "certs roll"],
                text: "no host has changed; either one could not be reached, a rule about hosts found an error other than DP02, a package could \
                       not be installed (others may be, with `--install`), another deploy has it, its program does not \
                       accept the files, a certificate from a host cannot be used or is older than the one in use, or \
                       you answered no",
            },
            Detail {
                commands: &["certs roll"],
                text: "hosts that cannot be reached or have no release are left out, and nothing is new for the others",
            },
            Detail { commands: &["history"], text: "a host could not be looked at" },
            Detail { commands: &["init"], text: "the answers ended before the last question" },
        ],
    },
    ExitCode {
        codes: "4",
        summary: "every change was rolled back",
        meaning: "Every change was rolled back.",
        commands: UNDOING,
        details: &[],
    },
    ExitCode {
        codes: "5",
        summary: "some hosts are changed and others are not, or the state of a host is not known",
        meaning: "Some hosts are changed and others are not, or the state of a host is not known. The report names them.",
        commands: MIXING,
        details: &[Detail {
            commands: &["certs roll"],
            text: "also if the others have the new certificate, and a host could not be reached or has no release",
        }],
    },
    ExitCode {
        codes: "129, 130, 143",
        summary: "",
        meaning: "SIGHUP, SIGINT (Ctrl-C) or SIGTERM ended the program. This is what a shell shows in `$?`: the program is \
                  ended by the signal itself, so that a loop in a script stops, too.",
        commands: &[],
        details: &[],
    },
];

impl ExitCode {
    /// What it means for a command such as `certs roll`; `None` if the command never ends so.
    pub fn meaning_for(&self, command: &str) -> Option<String> {
        let is_general = !self.meaning.is_empty() && (self.commands.is_empty() || self.commands.contains(&command));
        let mut sentences: Vec<String> = is_general.then(|| self.meaning.to_owned()).into_iter().collect();
        for Detail { commands, text } in self.details {
            let options = commands.iter().filter_map(|named| named.strip_prefix(command)?.strip_prefix(" --"));
            let options: Vec<String> = options.map(|option| format!("`--{option}`")).collect();
            if commands.contains(&command) {
                sentences.push(format!("{}.", capital(text)));
            } else if !options.is_empty() {
                sentences.push(format!("With {}: {text}.", options.join(" or ")));
            }
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// What it means, in a sentence.
    pub fn in_short(&self) -> String {
        if self.meaning.is_empty() { format!("{}.", capital(self.summary)) } else { self.meaning.to_owned() }
    }

    /// What it means for every command.
    fn markdown(&self) -> String {
        let details = self.details.iter().map(|Detail { commands, text }| {
            let commands: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
            format!("{}: {text}.", commands.join(", "))
        });
        let general = Some(self.meaning.to_owned()).filter(|meaning| !meaning.is_empty());
        general.into_iter().chain(details).collect::<Vec<_>>().join(" ")
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The table of docs/exit-codes.md.
pub fn markdown() -> String {
    let rows = EXIT_CODES.iter().map(|code| format!("| {} | {} |\n", code.codes, code.markdown()));
    std::iter::once("| code | meaning |\n|---|---|\n".to_owned()).chain(rows).collect()
}

/// The lines at the end of the help.
pub fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for code in EXIT_CODES.iter().filter(|code| !code.summary.is_empty()) {
        let _ = writeln!(text, "  {}  {}", code.codes, code.summary);
    }
    text + "  128 + N  ended by signal N: 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_what_is_about_it() {
        let of =
            |codes: &str, command: &str| EXIT_CODES.iter().find(|it| it.codes == codes).unwrap().meaning_for(command);
        assert_eq!(of("4", "check"), None);
        assert_eq!(of("1", "schema"), None);
        assert_eq!(of("1", "certs"), None);
        assert_eq!(
            of("1", "render").unwrap(),
            "The inventory has errors, and nothing else was done. With `--check` or `--diff`: differences."
        );
        assert_eq!(
            of("1", "check").unwrap(),
            "Findings at or above `--fail-on`. With `--diff`: differences, or errors that remain."
        );
        assert_eq!(of("2", "schema").unwrap(), "Wrong usage, or something cannot be read or written.");
    }

    #[test]
    fn every_command_of_the_table_exists() {
        let root = crate::cli::command();
        for code in EXIT_CODES {
            let named = code.commands.iter().chain(code.details.iter().flat_map(|detail| detail.commands));
            for command in named {
                let mut found = &root;
                for word in command.split(' ') {
                    let has_option = || {
                        found.get_arguments().any(|arg| Some(arg.get_long().unwrap_or("")) == word.strip_prefix("--"))
                    };
                    match found.find_subcommand(word) {
                        Some(below) => found = below,
                        None => assert!(has_option(), "{command}"),
                    }
                }
            }
        }
    }
}
