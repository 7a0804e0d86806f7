//! `sslscale tickets`: the ticket rings of app servers.

use anyhow::{Context, anyhow};

use super::{CommandError, ExitStatus, hosts, load};
use crate::cli::{Tickets as Command, TicketsArgs};
use crate::interrupt::Interrupt;
use crate::inventory::types::Tickets;
use crate::lint::Settings;
use crate::report::{Output, TicketsReport};
use crate::rollout::{Ending, Fleet, Halt};
use crate::tickets::{self, Goal, Rollout};
use crate::transport::Host;

/// What a user reads after the first signal.
const INTERRUPTED: &str =
    "interrupted: a change that has begun on a host is finished first; interrupt again to stop at once";

/// Starts no further host once `interrupt` was requested.
pub fn run(what: &Command, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let (Command::Status(args) | Command::Rotate(args) | Command::Sync(args)) = what;
    let hosts = app_servers(args, output)?;
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    let report = TicketsReport::new(output, args.format);
    let goal = match what {
        Command::Status(_) => {
            let Ok(seen) = tickets::observe(&fleet) else { return Ok(interrupted(interrupt)) };
            let verdicts = tickets::verdicts(&seen);
            report.status(&seen, &verdicts)?;
            return Ok(if verdicts.iter().all(Vec::is_empty) { ExitStatus::Done } else { ExitStatus::Findings });
        }
        Command::Rotate(_) => Goal::Rotate,
        Command::Sync(_) => Goal::Sync,
    };
    tickets::seal().context("keys could not be kept out of core dumps")?;
    // From here on the run alone decides the status, even if the report cannot be written.
    let _hold = interrupt.hold()?;
    output.say_on_request(interrupt, INTERRUPTED);
    // Changes are detached: what ends is what only asks a host.
    interrupt.end_programs();
    let run = tickets::run(&fleet, goal);
    output.reported(report.run(&run, goal));
    Ok(status(&run, interrupt))
}

/// The hosts that share keys, if the inventory is valid and has any.
fn app_servers(args: &TicketsArgs, output: &Output) -> Result<Vec<Box<dyn Host>>, CommandError> {
    let inventory = load(&args.inventory, &Settings::default()).sound(output)?;
    if inventory.tickets != Tickets::Shared {
        let is = inventory.tickets.name();
        let error = anyhow!("the app servers do not share ticket keys: `tickets` is `{is}`");
        return Err(CommandError::from(error).hint("set `tickets: shared` in the inventory"));
    }
    let hosts = match (&args.roots, &args.hosts_file) {
        (Some(roots), _) => hosts::below(&inventory, roots)?,
        (None, Some(file)) => hosts::of_file(&inventory, file)?,
        (None, None) => return Err(anyhow!("give `--hosts-file` or `--roots`").into()),
    };
    Ok(hosts)
}

fn status(run: &Rollout, interrupt: &Interrupt) -> ExitStatus {
    match run.ending() {
        Ending::Done => ExitStatus::Done,
        Ending::Untouched if matches!(run.halt, Some(Halt::Interrupted)) => interrupted(interrupt),
        Ending::Untouched => ExitStatus::NotStarted,
        Ending::RolledBack => ExitStatus::RolledBack,
        Ending::Mixed => ExitStatus::Mixed,
    }
}

fn interrupted(interrupt: &Interrupt) -> ExitStatus {
    interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from)
}
