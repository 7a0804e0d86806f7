//! The try-out of a fleet on this machine: every host has its own network and mount namespace, its
//! real address and exactly the files that were rendered, and real clients send requests. Only
//! `describe` knows inventories; the rest works on specs and events.

pub mod app;
pub mod spec;

mod access;
mod access_log;
mod beside;
mod browser;
mod cdn;
mod certificates;
mod curl;
mod describe;
mod dns;
mod drive;
mod flood;
mod front;
mod host;
mod launch;
mod limits;
mod members;
mod metrics;
mod needs;
mod network;
mod other_server;
mod others;
mod paths;
mod pids;
mod plain;
mod probes;
mod programs;
mod redirects;
mod scripts;
mod shield;
mod stats;
mod supervisor;
mod upstreams;
mod verdict;
mod wire;

pub use curl::forged;
pub use describe::describe;

use std::io;
use std::time::Duration;

use self::curl::Fetch;
use self::launch::{Running, Signal, StartError};
use self::spec::{FleetSpec, Probe, ProbeKind, Role, SiteSpec};
use self::supervisor::Report;
use self::wire::{Plan, longest_silence};
use crate::event::{Event, Kept, Missing};
use crate::interrupt::Interrupt;
use crate::process::{self, patience};
use crate::sandbox::machine;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every request had the expected answer.
    Passed,
    /// A host or a request failed.
    Failed,
    /// Something is missing on this machine; nothing was started.
    NotStarted,
    /// The run was stopped before its end.
    Interrupted,
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    /// A site has a name that no certificate can contain.
    #[error("a certificate for the try-out could not be created")]
    Certificate(#[from] rcgen::Error),
    /// The supervisor could not be started.
    #[error("the fleet could not be started")]
    Start(#[source] io::Error),
    /// A process of the run ended early, or does not answer.
    #[error("the try-out failed: {0}")]
    Broken(String),
}

/// Builds the fleet, sends the requests, and takes everything down.
///
/// With `keep`, the fleet stays after the requests until a signal comes, which `interrupt` must hold.
///
/// # Errors
/// The run has no result; everything is taken down in that case, too.
pub fn run(
    mut spec: FleetSpec,
    keep: bool,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Event),
) -> Result<Outcome, TryError> {
    let missing = needs::missing(&spec);
    if !missing.is_empty() {
        return Ok(not_started(missing, tell));
    }
    let certificates = certificates::supply(&mut spec)?;
    for note in certificates.notes {
        tell(Event::Note(note));
    }
    let plan = Plan {
        spec,
        authority: certificates.authority,
        client: certificates.client,
        unverified: certificates.unverified,
        unprivileged: machine::unprivileged(),
    };
    match Running::start(&plan, interrupt) {
        Ok(running) => follow(&plan, running, keep, tell),
        Err(StartError::Supervisor(error)) => Ok(not_started(vec![machine::lost(&error)], tell)),
        Err(StartError::Io(error)) => Err(TryError::Start(error)),
    }
}

/// How long `unshare` may take to start the supervisor.
const START: Duration = Duration::from_secs(60);

fn follow(plan: &Plan, running: Running, keep: bool, tell: &mut dyn FnMut(Event)) -> Result<Outcome, TryError> {
    let mut limit = patience(START);
    let mut wired = false;
    loop {
        match running.next(limit) {
            Signal::Report(Report::Ready) => limit = longest_silence(&plan.spec),
            Signal::Report(Report::Working) => {}
            Signal::Report(Report::Wired) => wired = true,
            Signal::Report(Report::Event(event)) => tell(event),
            Signal::Report(Report::Done { failures, hosts }) => {
                if keep {
                    let hosts = running.outside(hosts);
                    tell(Event::Kept(Kept { hosts, enter: enter(plan), client: client(plan) }));
                    running.stopped();
                }
                return Ok(if failures == 0 { Outcome::Passed } else { Outcome::Failed });
            }
            Signal::Report(Report::Broken(what)) if wired => {
                let errors = running.stop();
                return Err(TryError::Broken(format!("{what}\n{}", errors.trim()).trim().to_owned()));
            }
            Signal::Report(Report::Broken(what)) => {
                let errors = running.stop();
                return Ok(not_started(vec![machine::explain(&format!("{what} {errors}"))], tell));
            }
            Signal::Gone => {
                let errors = running.stop();
                if wired {
                    return Err(TryError::Broken(errors.trim().to_owned()));
                }
                return Ok(not_started(vec![machine::explain(&errors)], tell));
            }
            Signal::Late => {
                let error = process::Error::TimedOut { limit };
                running.kill();
                if wired {
                    return Err(TryError::Broken(format!("its supervisor {error}")));
                }
                return Ok(not_started(vec![machine::lost(&error)], tell));
            }
            Signal::Stop => return Ok(Outcome::Interrupted),
        }
    }
}

fn not_started(missing: Vec<Missing>, tell: &mut dyn FnMut(Event)) -> Outcome {
    for missing in missing {
        tell(Event::Missing(missing));
    }
    Outcome::NotStarted
}

/// The words before a host's process id that run a command inside it.
fn enter(plan: &Plan) -> Vec<String> {
    let user: &[&str] = if plan.unprivileged { &["-U", "--preserve-credentials"] } else { &[] };
    let words = ["nsenter"].iter().chain(user).chain(&["-n", "-m", "-p", "-r", "-w", "-t"]);
    words.map(|word| (*word).to_owned()).collect()
}

/// A command line for the clients' host that requests the first site that can be reached.
fn client(plan: &Plan) -> Option<Vec<String>> {
    let spec = &plan.spec;
    let plain = |probe: &&Probe| probe.kind == ProbeKind::Get;
    let probe = |site: &SiteSpec| site.probes.iter().find(plain).map(|probe| probe.path.clone());
    let mut sites = spec.sites.iter().filter(|site| site.driven.is_ok() && site.cdn.is_none());
    let (site, path) = sites.find_map(|site| Some((site, probe(site)?)))?;
    let balancers = spec.hosts.iter().filter(|host| host.role == Role::Balancer);
    let mut entries = balancers.flat_map(|host| host.entries().iter().map(move |entry| (host, *entry)));
    let (client, entry, host) = entries.find_map(|(host, entry)| {
        let client = spec.clients.iter().find(|it| it.is_ipv4() == entry.is_ipv4())?;
        Some((*client, entry, host))
    })?;
    let verified = plan.authority.is_some() && !plan.unverified.contains(&site.name);
    Some(curl::plain(&Fetch {
        verified,
        certified: site.certified,
        ..Fetch::of(host, (client, entry), (&site.name, &path))
    }))
}

/// Runs one of the processes of a run, for the hidden subcommand `__fleet WHAT`. A host may be on the machine of another, which
/// has this process.
///
/// # Errors
/// The kernel refused a namespace, or the other side of the pipes is gone.
pub fn inside(what: &str, beside: Option<u32>) -> io::Result<()> {
    match what {
        "supervisor" => supervisor::run(),
        "host" => host::run(beside),
        other => Err(io::Error::other(format!("unknown process `{other}`"))),
    }
}
