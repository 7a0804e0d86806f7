//! `sslscale schema`: the JSON Schema of the inventory, for editors.

use super::{CommandError, ExitStatus};
use crate::cli::SchemaArgs;
use crate::interrupt::Interrupt;
use crate::inventory::json_schema;
use crate::report::{Output, Target};

pub fn run(args: &SchemaArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let schema = json_schema::text();
    match &args.output {
        Some(path) => Target::open(path, &[], interrupt)?.write(|file| file.write_all(schema.as_bytes()))?,
        None => output.print(schema.as_bytes())?,
    }
    Ok(ExitStatus::Done)
}
