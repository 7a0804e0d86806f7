//! The scripts of shells. They ask the program that the line names for each completion, so that a script from a
//! package is right whichever version is called.

use crate::cli::Shell;

/// The script that the shell sources.
pub fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("sslscale.bash"),
        Shell::Zsh => include_str!("sslscale.zsh"),
        Shell::Fish => include_str!("sslscale.fish"),
    }
}
