//! The `sslscale` program: parses its arguments, runs a command, exits with its status.

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = sslscale::cli::Cli::from_command_line()
        .map_or_else(sslscale::commands::usage, |cli| sslscale::commands::run(&cli));
    if let Some(signal) = status.signal() {
        sslscale::interrupt::end_by(signal);
    }
    status.into()
}
