//! `sslscale history`: the releases that hosts have used. `sslscale unlock`: gives hosts back.

use super::again::again;
use super::confirm::agreed;
use super::prepared::Members;
use super::{CommandError, ExitStatus, live};
use crate::cli::{HistoryArgs, UnlockArgs};
use crate::count::several;
use crate::deploy;
use crate::interrupt::Interrupt;
use crate::parallel;
use crate::report::{HistoryReport, Output};
use crate::rollout::{Fleet, Outcome};
use crate::transport::Host;

/// How many hosts are given back at once.
const LANES: usize = 64;

pub fn run(args: &HistoryArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let members = Members::new(&args.inventory, live::Choice::default(), &args.reach, output)?;
    let hosts = members.hosts();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    interrupt.end_programs();
    let asking = output.asking(hosts.len());
    let Ok(seen) = fleet.observe(|host| {
        let observed = asking.counted(|| deploy::observe(host, deploy::Role::AppServer, &[]))?;
        Ok((deploy::history(host)?, observed.release.map(|release| release.id)))
    }) else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    drop(asking);
    HistoryReport::new(output, args.format).write(&members.names(), &seen)?;
    Ok(if seen.iter().all(Result::is_ok) { ExitStatus::Done } else { ExitStatus::NotStarted })
}

pub fn unlock(args: &UnlockArgs, output: &Output, interrupt: &Interrupt) -> Result<ExitStatus, CommandError> {
    let members = Members::new(&args.inventory, live::Choice::default(), &args.reach, output)?;
    let hosts = members.hosts();
    let fleet = Fleet { hosts: &hosts, interrupted: &|| interrupt.requested() };
    let asking = output.asking(hosts.len());
    let look = |host: &dyn Host| asking.counted(|| deploy::observe(host, deploy::Role::AppServer, &[]));
    let Ok(seen) = fleet.observe(|host| Ok(look(host)?.lease)) else {
        return Ok(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
    };
    drop(asking);
    let report = HistoryReport::new(output, crate::report::PlainFormat::Human);
    let locked: Vec<&dyn Host> = hosts
        .iter()
        .zip(&seen)
        .filter(|(_, lease)| lease.as_ref().is_ok_and(Option::is_some))
        .map(|(host, _)| *host)
        .collect();
    report.leases(&members.names(), &seen)?;
    let known = seen.iter().all(Result::is_ok);
    let ending = if known { ExitStatus::Done } else { ExitStatus::NotStarted };
    if locked.is_empty() {
        return Ok(ending);
    }
    if !args.yes && !agreed(output, &format!("give back {}?", several(locked.len(), "host")), interrupt)? {
        return Ok(ExitStatus::NotStarted);
    }
    let _hold = interrupt.hold()?;
    let unlock = again(&args.inventory, &args.reach).file;
    let text = format!("stopped at once\n  help: `sslscale unlock {unlock}` shows which hosts are still locked");
    output.say_at_the_end(interrupt, text);
    let given = parallel::map(&locked, LANES, |host| deploy::unlock(*host));
    let outcomes: Vec<(&str, &Outcome)> = locked.iter().map(|host| host.name()).zip(&given).collect();
    report.given_back(&outcomes)?;
    let file = &again(&args.inventory, &args.reach).file;
    output.say(&format!(
        "  help: changes that were not confirmed are undone; `sslscale status {file}` shows which hosts have which release"
    ));
    if given.iter().all(|outcome| *outcome == Outcome::Done) { Ok(ending) } else { Ok(ExitStatus::Mixed) }
}
