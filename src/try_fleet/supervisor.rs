//! The first process in the process namespace of a run: it starts the hosts, connects them, gives
//! them orders and reports to the command. When it ends, the kernel ends everything else; and it ends
//! when the pipe from the command closes, even if the command was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use super::drive::Drive;
use super::limits::Counted;
use super::members::Member;
use super::spec::{FileSpec, FleetSpec, HostSpec, ProgramSpec, Role};
use super::wire::{Answer, HostPlan, Order, Plan, receive, send};
use super::{browser, curl, network};
use crate::event::{Event, Problem};
use crate::sandbox::names;

/// From the supervisor to the command.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Report {
    /// The supervisor runs.
    Ready,
    /// A host has carried out an order.
    Working,
    /// The namespaces exist: bridge, cables, one process for each host.
    Wired,
    /// Something to show.
    Event(Event),
    /// Everything is done; the fleet stays until the pipe closes. Process ids are those within the run.
    Done { failures: usize, hosts: Vec<Inner> },
    /// A process of the run broke.
    Broken(String),
}

/// A host with its process ids as they are within the run.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Inner {
    pub(super) name: String,
    pub(super) pid: u32,
    /// The real programs and their process ids.
    pub(super) programs: Vec<(String, u32)>,
}

/// Carries out the plan, which is the first line of standard input, then waits for the end of that.
///
/// # Errors
/// The plan cannot be read.
pub(super) fn run() -> io::Result<()> {
    send(&mut io::stdout(), &Report::Ready)?;
    let mut from = BufReader::new(io::stdin());
    let Some(plan) = receive::<Plan>(&mut from)? else {
        return Ok(());
    };
    let (end, ended) = mpsc::channel();
    // Returning from here ends the process. The work is on another thread, so that it is stopped
    // wherever it is when the command goes away.
    thread::spawn({
        let end = end.clone();
        move || {
            let _ = from.read(&mut [0]);
            let _ = end.send(());
        }
    });
    thread::spawn(move || {
        let end = Ended(end);
        match fleet(&plan) {
            // A host ends with the pipe to it: the fleet stays as long as this value.
            Ok(_hosts) => loop {
                thread::park();
            },
            Err(error) => {
                let _ = send(&mut io::stdout(), &Report::Broken(error.to_string()));
                drop(end);
            }
        }
    });
    let _ = ended.recv();
    Ok(())
}

/// Reports the end of the work when it fails, or unwinds.
struct Ended(mpsc::Sender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A sign of life.
pub(super) fn working() -> io::Result<()> {
    send(&mut io::stdout(), &Report::Working)
}

fn tell(event: &Event) -> io::Result<()> {
    send(&mut io::stdout(), &Report::Event(event.clone()))
}

fn fleet(plan: &Plan) -> io::Result<Vec<Member>> {
    let mut hosts = spawn(&plan.spec)?;
    wire(&mut hosts)?;
    send(&mut io::stdout(), &Report::Wired)?;
    let mut failures = build(plan, &mut hosts)?;
    for role in [None, Some(Role::AppServer), Some(Role::Other), Some(Role::Balancer)] {
        if failures == 0 {
            failures += start(role, &mut hosts)?;
        }
    }
    let mut requests = 0;
    if failures == 0 {
        let (clients, hosts) = hosts.split_last_mut().expect("the clients' host is there");
        let (ended, newer, counted) = (BTreeSet::new(), BTreeSet::new(), Counted::default());
        let mut drive = Drive { plan, hosts, clients, tell: &mut tell, requests, failures, ended, newer, counted };
        drive.run()?;
        (requests, failures) = (drive.requests, drive.failures);
    }
    tell(&Event::Finished { requests, failures })?;
    let inner = hosts
        .iter()
        .map(|host| Inner {
            name: host.name.clone(),
            pid: host.pid(),
            programs: host.programs.iter().map(|(program, pid)| (program.name().to_owned(), *pid)).collect(),
        })
        .collect();
    send(&mut io::stdout(), &Report::Done { failures, hosts: inner })?;
    Ok(hosts)
}

/// A process for each host, and the clients' at the end.
fn spawn(spec: &FleetSpec) -> io::Result<Vec<Member>> {
    let mut hosts: Vec<Member> = Vec::new();
    for host in &spec.hosts {
        let machine = match spec.balancer_beside(host) {
            Some(balancer) => Some(machine(&mut hosts, &balancer.name)?),
            None => None,
        };
        hosts.push(Member::spawn(&host.name, Some(host.role), machine)?);
    }
    hosts.push(Member::spawn("clients", None, None)?);
    Ok(hosts)
}

/// The process of this host, when it has its namespaces.
fn machine(hosts: &mut [Member], name: &str) -> io::Result<u32> {
    let host = hosts.iter_mut().find(|host| host.name == name);
    let host = host.ok_or_else(|| io::Error::other(format!("there is no host `{name}` to be beside")))?;
    host.joined()?;
    Ok(host.pid())
}

fn wire(hosts: &mut [Member]) -> io::Result<()> {
    for host in hosts.iter_mut() {
        host.joined()?;
    }
    let pids: Vec<u32> = hosts.iter().filter(|host| !host.is_beside).map(Member::pid).collect();
    network::apply(&network::wire(&pids))
}

/// The names of all hosts and those that lead to this one.
fn with_own(names: &str, host: &HostSpec) -> String {
    let own = host.names.iter().map(|(name, address)| format!("{address} {name}\n"));
    std::iter::once(names.to_owned()).chain(own).collect()
}

/// Builds all hosts, those beside others when these have their addresses. Returns how many failed.
fn build(plan: &Plan, hosts: &mut [Member]) -> io::Result<usize> {
    let names = names(plan.spec.hosts.iter().map(|host| (host.name.as_str(), host.addresses.as_slice())));
    let mut shapes: BTreeSet<(&[ProgramSpec], &BTreeMap<PathBuf, FileSpec>)> = BTreeSet::new();
    let mut failures = 0;
    let mut shown = BTreeSet::new();
    for beside in [false, true] {
        let specs = plan.spec.hosts.iter().map(Some).chain([None]);
        for (member, spec) in hosts.iter_mut().zip(specs).filter(|(member, _)| member.is_beside == beside) {
            let host = HostPlan {
                spec: spec.cloned().unwrap_or_else(|| clients(plan)),
                beside: spec.and_then(|spec| addresses_beside(plan, spec)),
                validate: spec.is_some_and(|spec| shapes.insert((&spec.programs, &spec.files))),
                names: spec.map_or_else(|| names.clone(), |spec| with_own(&names, spec)),
                unprivileged: plan.unprivileged,
            };
            member.send(&Order::Build(Box::new(host)))?;
        }
        for host in hosts.iter_mut().filter(|member| member.is_beside == beside) {
            failures += built(host, &mut shown)?;
        }
    }
    Ok(failures)
}

/// The addresses of the machine that a host shares with another.
fn addresses_beside(plan: &Plan, spec: &HostSpec) -> Option<Vec<IpAddr>> {
    let machine = plan.spec.balancer_beside(spec)?;
    Some(machine.addresses.iter().chain(&machine.extra_addresses).copied().collect())
}

/// Waits until a host is built. Returns how many failed.
fn built(host: &mut Member, shown: &mut BTreeSet<String>) -> io::Result<usize> {
    let answer = host.receive()?;
    working()?;
    let Answer::Built(warnings) = answer else { return failed(host, answer) };
    for warning in warnings.into_iter().filter(|it| shown.insert(it.clone())) {
        tell(&Event::Note(format!("{}: {warning}", host.name)))?;
    }
    Ok(0)
}

/// Starts the hosts of one role at once. Returns how many failed.
fn start(role: Option<Role>, hosts: &mut [Member]) -> io::Result<usize> {
    let mut failures = 0;
    let mut chosen: Vec<&mut Member> = hosts.iter_mut().filter(|host| host.role == role).collect();
    for host in &mut chosen {
        host.send(&Order::Start)?;
    }
    for host in chosen {
        let answer = host.receive()?;
        working()?;
        match answer {
            Answer::Started { programs, doubts, notes } => {
                for note in notes {
                    tell(&Event::Note(format!("{}: {note}", host.name)))?;
                }
                for doubt in doubts {
                    failures += 1;
                    tell(&host.problem(format!("health check: {doubt}")))?;
                }
                for (program, _) in &programs {
                    let (name, program) = (host.name.clone(), program.name().to_owned());
                    tell(&Event::HostStarted { name, program })?;
                }
                host.programs = programs;
            }
            other => failures += failed(host, other)?,
        }
    }
    Ok(failures)
}

fn failed(host: &Member, answer: Answer) -> io::Result<usize> {
    let (what, output) = match answer {
        Answer::Failed { what, output } => (what, output),
        other => (format!("an unexpected answer: {other:?}"), Vec::new()),
    };
    tell(&Event::Problem(Problem { host: host.name.clone(), what, output }))?;
    Ok(1)
}

/// The clients' host: all client addresses, the authority that they trust, and their TLS settings.
fn clients(plan: &Plan) -> HostSpec {
    let authority = plan
        .authority
        .as_ref()
        .map(|pem| (PathBuf::from(curl::AUTHORITY), FileSpec::new(pem.clone().into_bytes(), 0o644)));
    let client = plan.client.as_ref();
    let client = client.map(|pem| (PathBuf::from(curl::CLIENT), FileSpec::new(pem.clone().into_bytes(), 0o600)));
    let message = (PathBuf::from(curl::MESSAGE), FileSpec::new(curl::EMPTY_MESSAGE, 0o644));
    let settings = browser::files(plan.spec.hosts.iter().flat_map(|host| host.files.values()));
    HostSpec {
        files: authority.into_iter().chain(client).chain([message]).chain(settings).collect(),
        programs: Vec::new(),
        ..HostSpec::new("clients", Role::AppServer, plan.spec.clients.clone())
    }
}
