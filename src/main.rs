//! The `sslscale` program: parses its arguments, runs a command, returns how it ended.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    sslscale::commands::run(&sslscale::cli::Cli::parse())
}
