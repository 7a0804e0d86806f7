//! `sslscale tickets`: the session ticket keys that app servers share.

use anyhow::{Context, Result, bail};

use super::{Ended, hosts, load};
use crate::cli::{Tickets as Command, TicketsArgs};
use crate::inventory::types::Tickets;
use crate::lint::Settings;
use crate::report::{Output, TicketsReport};
use crate::tickets::{self, Failure, Goal, Run};
use crate::transport::Host;

/// Runs the command.
pub fn run(what: &Command, output: &Output) -> Result<Ended> {
    let (Command::Status(args) | Command::Rotate(args) | Command::Sync(args)) = what;
    let hosts = match app_servers(args, output)? {
        Ok(hosts) => hosts,
        Err(ended) => return Ok(ended),
    };
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    let report = TicketsReport::new(output, args.format);
    let goal = match what {
        Command::Status(_) => {
            let seen = tickets::observe(&hosts);
            let verdicts = tickets::verdicts(&seen);
            report.status(&seen, &verdicts)?;
            return Ok(if verdicts.iter().all(Vec::is_empty) { Ended::Done } else { Ended::Findings });
        }
        Command::Rotate(_) => Goal::Rotate,
        Command::Sync(_) => Goal::Sync,
    };
    tickets::seal().context("keys could not be kept out of core dumps")?;
    let run = tickets::run(&hosts, goal);
    report.run(&run, goal)?;
    Ok(ended(&run))
}

/// The hosts that have keys, if the inventory is sound and says that they share them.
fn app_servers(args: &TicketsArgs, output: &Output) -> Result<Result<Vec<Box<dyn Host>>, Ended>> {
    let inventory = match load(&args.inventory, &Settings::default()).sound(output) {
        Ok(inventory) => inventory,
        Err(ended) => return Ok(Err(ended)),
    };
    if inventory.tickets != Tickets::Shared {
        let is = inventory.tickets.name();
        bail!("the app servers share no ticket keys: `tickets` is `{is}`, and would have to be `shared`");
    }
    let hosts = match (&args.roots, &args.hosts_file) {
        (Some(roots), _) => hosts::below(&inventory, roots)?,
        (None, Some(file)) => hosts::of_file(&inventory, file)?,
        (None, None) => bail!("it is not said where the app servers are: give `--hosts-file` or `--roots`"),
    };
    Ok(Ok(hosts))
}

fn ended(run: &Run) -> Ended {
    let failed =
        |is: fn(&Failure) -> bool| run.steps.iter().flat_map(|step| &step.failed).any(|(_, failure)| is(failure));
    // Only the last step can have failed, or not have come; what came before it was whole.
    let changed = run.steps.iter().any(|step| !step.done.is_empty());
    if (changed && (run.halt.is_some() || failed(|_| true))) || failed(|failure| matches!(failure, Failure::Unknown(_)))
    {
        Ended::Mixed
    } else if failed(|failure| matches!(failure, Failure::Undone(_))) {
        Ended::RolledBack
    } else if run.halt.is_some() || failed(|_| true) {
        Ended::NotStarted
    } else {
        Ended::Done
    }
}
