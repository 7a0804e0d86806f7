//! `sslscale tickets`: the ticket rings of app servers.

use anyhow::{Context, anyhow};

use super::again::again;
use super::ending::INTERRUPTED;
use super::{CommandError, ExitStatus, decisions, hosts, load_hosts};
use crate::cli::{Tickets as Command, TicketsArgs};
use crate::diagnostic::nearest;
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::inventory::types::Tickets;
use crate::report::{Output, Task, TicketsReport};
use crate::rollout::{Ending, Fleet, Halt};
use crate::tickets::{self, Goal, Rollout};
use crate::transport::Host;
use crate::visible::visible;

/// How many app servers a help names.
const SHOWN: usize = 8;

/// Starts no further host once `interrupt` was requested.
pub fn run(what: &Command, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let (args, without, goal) = match what {
        Command::Status(args) => (&args.tickets, &args.without[..], None),
        Command::Rotate(args) => (&args.sync.tickets, &args.sync.without[..], Some(Goal::Rotate { early: args.early })),
        Command::Sync(args) => (&args.tickets, &args.without[..], Some(Goal::Sync)),
    };
    let (hosts, left_out) = app_servers(args, without, output)?;
    let hosts: Vec<&dyn Host> = hosts.iter().map(|host| &**host).collect();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    let again = again(&args.inventory, &args.reach);
    let sync = format!("`sslscale tickets sync {}`", again.file);
    let report = TicketsReport::new(output, args.format, again);
    let Some(goal) = goal else {
        let asking = output.asking(0);
        let Ok(seen) = tickets::observe(&fleet) else { return Ok(interrupted(interrupt)) };
        drop(asking);
        let verdicts = tickets::verdicts(&seen);
        report.status(&seen, &verdicts)?;
        return Ok(if verdicts.iter().all(Vec::is_empty) { ExitStatus::Done } else { ExitStatus::Findings });
    };
    tickets::seal().context("keys could not be kept out of core dumps")?;
    // From here on the run alone decides the status, even if the report cannot be written.
    let _hold = interrupt.hold()?;
    output.say_on_request(interrupt, INTERRUPTED);
    output.say_at_the_end(
        interrupt,
        format!(
            "stopped at once: a host that was being changed finishes by itself\n  help: {sync} gives all the same keys"
        ),
    );
    // Changes are detached: what ends is what only asks a host.
    interrupt.end_programs();
    let working = output.working("changing ticket keys", 0);
    let run = tickets::run(&fleet, goal, left_out.is_empty());
    drop(working);
    output.reported(report.run(&run, &Task { goal, app_servers: hosts.len(), left_out: &left_out }));
    Ok(status(&run, interrupt))
}

type Hosts = Vec<Box<dyn Host>>;

/// The hosts that share keys, if the inventory is valid and has any, and the names of those left out.
fn app_servers(args: &TicketsArgs, without: &[String], output: &Output) -> Result<(Hosts, Vec<String>), CommandError> {
    let inventory = load_hosts(&args.inventory, output)?;
    if inventory.tickets != Tickets::Shared {
        let is = inventory.tickets.name();
        let error = anyhow!("the app servers do not share ticket keys: `tickets` is `{is}`");
        return Err(CommandError::from(error).hint("set `tickets: shared` in the inventory"));
    }
    without.iter().try_for_each(|name| is_app_server(&inventory, name))?;
    let names = inventory.app_servers.iter().map(|app| app.name.as_str());
    let (left_out, names): (Vec<&str>, Vec<&str>) = names.partition(|name| without.iter().any(|it| it == name));
    if names.is_empty() {
        let error = anyhow!("`--without` leaves out every app server");
        return Err(CommandError::from(error).hint("leave out only those that are down"));
    }
    decisions::hosts(output, &args.reach, &inventory, &names);
    let hosts = hosts::reached(&args.reach, &inventory, &names)?;
    Ok((hosts, left_out.into_iter().map(str::to_owned).collect()))
}

/// Whether the inventory has an app server of this name.
fn is_app_server(inventory: &Inventory, name: &str) -> Result<(), CommandError> {
    let names = || inventory.app_servers.iter().map(|app| app.name.as_str());
    if names().any(|it| it == name) {
        return Ok(());
    }
    let shown = visible(name);
    let balancer = inventory.load_balancers.iter().any(|balancer| balancer.name.as_str() == name);
    let (error, help) = match nearest(name, names()) {
        _ if balancer => (anyhow!("`{shown}` is a balancer, which has no ticket keys"), None),
        Some(near) => (anyhow!("there is no app server `{shown}`"), Some(format!("did you mean `{near}`?"))),
        None => (anyhow!("there is no app server `{shown}`"), None),
    };
    let some: Vec<&str> = names().take(SHOWN).collect();
    let more = if names().count() > SHOWN { ", …" } else { "" };
    let help = help.unwrap_or_else(|| format!("app servers of the inventory: {}{more}", some.join(", ")));
    Err(CommandError::from(error).hint(help))
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
