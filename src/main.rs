//! The `sslscale` program: parses its arguments, runs a command, exits with its status.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let status = sslscale::commands::run(&sslscale::cli::Cli::parse());
    if let Some(signal) = status.signal() {
        sslscale::interrupt::end_by(signal);
    }
    status.into()
}
