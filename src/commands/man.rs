//! `sslscale man`: the manual pages.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::{CommandError, ExitStatus};
use crate::cli::ManArgs;
use crate::interrupt::Interrupt;
use crate::manual;
use crate::report::{Output, Target};

pub fn run(args: &ManArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    if let Some(dir) = &args.output {
        return write(dir, output, interrupt);
    }
    let page = manual::named(&args.page).map_err(|unknown| {
        let near = unknown.near.as_ref().map(|near| format!("did you mean `{}`?", near.replace('-', " ")));
        let help = near.unwrap_or_else(|| "`sslscale --help` lists the commands".to_owned());
        CommandError::from(anyhow!(unknown)).hint(help)
    })?;
    let text = match output.width() {
        Some(width) => manual::text(&page, width),
        None => manual::roff(&page),
    };
    output.print(text.as_bytes())?;
    Ok(ExitStatus::Done)
}

/// Writes all pages where `man` looks below a directory of its path.
fn write(dir: &Path, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let section = dir.join("man1");
    fs::create_dir_all(&section).with_context(|| format!("could not create `{}`", section.display()))?;
    let pages = manual::pages();
    for page in &pages {
        let path = section.join(format!("{}.1", page.name));
        Target::open(&path, &[], interrupt)?.write(|out| out.write_all(manual::roff(page).as_bytes()))?;
    }
    output.say(&format!("{}: {} pages written", section.display(), pages.len()));
    Ok(ExitStatus::Done)
}
