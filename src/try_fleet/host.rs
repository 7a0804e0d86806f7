//! One host of the fleet: a process with its own network and mount namespaces, which builds the
//! host's root, runs its program and its stand-in apps, and obeys the supervisor line by line.
//! The clients' host is the same without a program: it runs the supervisor's commands.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

use super::spec::UpstreamListen;
use super::wire::{Answer, HostPlan, Order, receive, send};
use super::{access_log, app, network, programs};
use crate::private_root::{RootPlan, enter};

/// What a host holds after it was built.
struct Host {
    plan: HostPlan,
    program: Option<Program>,
    /// How far each access log was handed over.
    logs: BTreeMap<PathBuf, u64>,
}

/// The started program, which a thread waits for so that it never stays behind as a zombie.
struct Program {
    pid: u32,
    ended: Arc<OnceLock<String>>,
}

impl Program {
    fn watch(mut child: Child) -> Self {
        let (pid, ended) = (child.id(), Arc::new(OnceLock::new()));
        let told = Arc::clone(&ended);
        thread::spawn(move || {
            let status = child.wait().map_or_else(|error| error.to_string(), |it| it.to_string());
            let _ = told.set(status);
        });
        Self { pid, ended }
    }
}

/// Takes namespaces of its own and obeys orders until the supervisor is gone.
///
/// # Errors
/// The namespaces were refused, or the pipes broke.
pub(super) fn run() -> io::Result<()> {
    // Rendered modes are set one by one; what the programs make must not depend on the caller's.
    umask(Mode::from_bits_truncate(0o022));
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?;
    let (mut orders, mut answers) = (io::stdin().lock(), io::stdout().lock());
    send(&mut answers, &Answer::Joined)?;
    let mut host: Option<Host> = None;
    while let Some(order) = receive(&mut orders)? {
        let answer = match (order, &mut host) {
            (Order::Build(plan), host) => build(*plan).map(|(built, warnings)| {
                *host = Some(built);
                Answer::Built(warnings)
            }),
            (_, None) => Err(("the host was not built".to_owned(), Vec::new())),
            (Order::Start, Some(host)) => host.start(),
            (Order::Run(words), Some(_)) => command(&words),
            (Order::Log { flush }, Some(host)) => Ok(host.log(flush)),
        };
        let answer = answer.unwrap_or_else(|(what, output)| Answer::Failed { what, output });
        send(&mut answers, &answer)?;
    }
    Ok(())
}

fn build(plan: HostPlan) -> Result<(Host, Vec<String>), programs::Refusal> {
    let failed = |what: &str, error: io::Error| (format!("{what}: {error}"), Vec::new());
    network::apply(&network::plug(&plan.spec.addresses, &plan.spec.extra_addresses))
        .map_err(|error| failed("its addresses could not be set", error))?;
    if !plan.spec.extra_addresses.is_empty() {
        // An address on `lo` belongs to several hosts at once: nobody may announce it.
        std::fs::write("/proc/sys/net/ipv4/conf/all/arp_ignore", "1")
            .map_err(|error| failed("arp_ignore could not be set", error))?;
    }
    let directories = sockets(&plan);
    let root = RootPlan {
        name: &plan.spec.name,
        files: &plan.spec.files,
        directories: &directories,
        roots: &plan.spec.roots,
        names: &plan.names,
        unprivileged: plan.unprivileged,
    };
    enter(&root).map_err(|error| failed("its root could not be built", error))?;
    let warnings = match &plan.program {
        Some(program) if plan.check => programs::check(program)?,
        _ => Vec::new(),
    };
    Ok((Host { plan, program: None, logs: BTreeMap::new() }, warnings))
}

/// Where the host's apps put their sockets.
fn sockets(plan: &HostPlan) -> Vec<PathBuf> {
    let listens = plan.spec.upstreams.iter().map(|upstream| &upstream.listen);
    let path = |listen: &UpstreamListen| match listen {
        UpstreamListen::Unix(path) => path.parent().map(Path::to_path_buf),
        UpstreamListen::Tcp(_) => None,
    };
    listens.filter_map(path).collect()
}

impl Host {
    fn start(&mut self) -> Result<Answer, programs::Refusal> {
        let spec = &self.plan.spec;
        app::serve(&spec.name, &spec.upstreams)
            .map_err(|error| (format!("the stand-in app cannot listen: {error}"), Vec::new()))?;
        let Some(program) = &self.plan.program else {
            return Ok(Answer::Started { pid: std::process::id(), doubts: Vec::new() });
        };
        let before = programs::listening();
        let mut child = programs::start(program, spec)
            .map_err(|error| (format!("`{program}` could not be started: {error}"), Vec::new()))?;
        programs::wait_listening(&mut child, &before)?;
        let doubts = if program == "haproxy" { programs::wait_healthy(spec) } else { Vec::new() };
        let program = self.program.insert(Program::watch(child));
        Ok(Answer::Started { pid: program.pid, doubts })
    }

    fn log(&mut self, flush: bool) -> Answer {
        let ended = self.program.as_ref().and_then(|program| program.ended.get().cloned());
        if flush
            && ended.is_none()
            && let Some(pid) = self.program.as_ref().and_then(|it| i32::try_from(it.pid).ok())
        {
            // nginx writes out its log buffers when it is told to reopen its logs.
            let _ = kill(Pid::from_raw(pid), Signal::SIGUSR1);
        }
        let mut lines = Vec::new();
        for path in programs::access_logs(&self.plan.spec) {
            let from = self.logs.entry(path.clone()).or_default();
            // A log that is not there yet, or never, has no lines.
            if let Ok(bytes) = read_from(&path, *from) {
                let (whole, ours) = access_log::whole_lines(&bytes);
                *from += whole as u64;
                lines.extend(ours);
            }
        }
        Answer::Log { lines, ended }
    }
}

fn read_from(path: &PathBuf, from: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn command(words: &[String]) -> Result<Answer, programs::Refusal> {
    let failed = |error: io::Error| (format!("`{}`: {error}", words.join(" ")), Vec::new());
    let (program, args) = words.split_first().ok_or_else(|| failed(io::Error::other("an empty command")))?;
    let done = Command::new(program).args(args).stdin(Stdio::null()).output().map_err(failed)?;
    Ok(Answer::Ran {
        code: done.status.code(),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}
