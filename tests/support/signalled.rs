//! The program as a terminal starts it. Signals that are ignored stay ignored in child processes:
//! shells start what they run in the background so, and CI may run there.

use std::process::Command;

/// A command that runs the program, in the same process, with the signals that it listens to at
/// their default.
pub fn program() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_sslscale")]);
    command
}
