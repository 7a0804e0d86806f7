//! `sslscale render`: the configuration files of every host, printed or written to a directory.

use std::path::Path;

use anyhow::anyhow;

use super::{CommandError, ExitStatus, decisions, load};
use crate::cli::{RenderArgs, RenderFormat};
use crate::interrupt::Interrupt;
use crate::lint::Settings;
use crate::render::{Templates, render};
use crate::report::{self, Output};
use crate::tree::{Tree, compare, write};

pub fn run(args: &RenderArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    if args.format == RenderFormat::Json && args.output.is_some() {
        let error = anyhow!("`--format json` prints one document, and `-o` writes a directory of files");
        return Err(CommandError::from(error).hint("leave out `-o`, and redirect the output: `> FILE`"));
    }
    let working = output.working("rendering", 0);
    let templates = Templates::load(args.templates.as_deref())?;
    decisions::templates(output, args.templates.as_deref());
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    let tree = only(render(&inventory, &templates)?, &args.host)?;
    drop(working);
    let Some(dir) = &args.output else {
        match args.format {
            RenderFormat::Human => output.print(&report::files(&tree))?,
            RenderFormat::Json => output.tree(&tree)?,
        }
        return Ok(ExitStatus::Done);
    };
    if args.check || args.diff {
        return differences(args, output, &tree, dir);
    }
    let _hold = interrupt.hold()?;
    let working = output.working("writing the files of hosts", tree.hosts().count());
    let outcome = write(&tree, dir, !args.host.is_empty(), (interrupt, working.count()))?;
    drop(working);
    output.note(&report::outcome(dir, &outcome));
    report::kept(&outcome).iter().for_each(|line| output.say(line));
    Ok(ExitStatus::Done)
}

fn differences(args: &RenderArgs, output: &Output, tree: &Tree, dir: &Path) -> Result<ExitStatus, CommandError> {
    let found = compare(tree, dir, !args.host.is_empty())?;
    if found.is_empty() {
        output.note(&format!("{}: up to date", dir.display()));
        return Ok(ExitStatus::Done);
    }
    output.print(report::differences(tree, dir, &found, args.diff)?.as_bytes())?;
    Ok(ExitStatus::Findings)
}

pub fn only(tree: Tree, hosts: &[String]) -> Result<Tree, CommandError> {
    if hosts.is_empty() {
        return Ok(tree);
    }
    super::live::known(&tree.hosts().map(|(name, _)| name).collect::<Vec<_>>(), hosts)?;
    Ok(tree.only(hosts))
}
