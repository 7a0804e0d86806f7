//! One host of the fleet: a process with its own network and mount namespaces, which builds the
//! host's root, runs its programs and its stand-in apps, and obeys the supervisor line by line.
//! The clients' host is the same without programs: it runs the supervisor's commands.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

use super::spec::{Program, Role, UpstreamListen};
use super::wire::{Answer, HostPlan, Order, receive, send};
use super::{access_log, app, dns, front, network, other_server, programs};
use crate::file;
use crate::process::{self, Invocation, Limits, Service, patience};
use crate::sandbox::{RootPlan, enter, is_of_system, paths};
use crate::stand_ins::date_ring;

/// How long a command may take, and what it may write: curl gives up earlier.
const COMMAND: Duration = Duration::from_secs(30);
const COMMAND_BYTES: usize = 16 << 20;
/// Of an access log, this much is read at once.
const LOG_BYTES: u64 = 16 << 20;

/// A host that was built.
struct Host {
    plan: HostPlan,
    running: Vec<Running>,
    /// The nginx in front of stand-in apps that need one.
    front: Option<Service>,
    /// How many bytes of each access log were handed over.
    logs: BTreeMap<PathBuf, u64>,
}

/// A started program, which a thread waits for so that it does not stay as a zombie.
struct Running {
    program: Program,
    pid: u32,
    ended: Arc<OnceLock<String>>,
}

impl Running {
    fn watch(program: Program, mut service: Service) -> Self {
        let (pid, ended) = (service.id(), Arc::new(OnceLock::new()));
        let end = Arc::clone(&ended);
        thread::spawn(move || {
            let status = service.wait().map_or_else(|error| error.to_string(), |it| it.to_string());
            let _ = end.set(status);
        });
        Self { program, pid, ended }
    }
}

/// Makes namespaces for this process and obeys orders until the supervisor is gone. A host beside another has the network of
/// that one's process.
///
/// # Errors
/// The namespaces were refused, or the pipes broke.
pub(super) fn run(beside: Option<u32>) -> io::Result<()> {
    // Rendered modes are set one by one; those of what the programs create must not depend on the
    // caller's umask.
    umask(Mode::from_bits_truncate(0o022));
    match beside {
        None => unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?,
        Some(pid) => {
            let network = file::open(Path::new(&format!("/proc/{pid}/ns/net"))).map_err(io::Error::other)?;
            setns(network, CloneFlags::CLONE_NEWNET)?;
            unshare(CloneFlags::CLONE_NEWNS)?;
        }
    }
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
            (Order::Forget, Some(host)) => programs::forget(&host.plan.spec).map(|()| Answer::Forgot),
            (Order::Log { flush }, Some(host)) => Ok(host.log(flush)),
        };
        let answer = answer.unwrap_or_else(|(what, output)| Answer::Failed { what, output });
        send(&mut answers, &answer)?;
    }
    Ok(())
}

fn build(plan: HostPlan) -> Result<(Host, Vec<String>), programs::Refusal> {
    let failed = |what: &str, error: io::Error| (format!("{what}: {error}"), Vec::new());
    let network = match &plan.beside {
        None => network::plug(&plan.spec.addresses, &plan.spec.extra_addresses),
        Some(there) => network::add(&plan.spec.addresses, &plan.spec.extra_addresses, there),
    };
    network::apply(&network).map_err(|error| failed("its addresses could not be set", error))?;
    if !plan.spec.extra_addresses.is_empty() {
        // Several hosts have the same address on `lo`: none may announce it.
        std::fs::write("/proc/sys/net/ipv4/conf/all/arp_ignore", "1")
            .map_err(|error| failed("arp_ignore could not be set", error))?;
    }
    let directories = sockets(&plan);
    let mut warnings: Vec<String> = log_directories(&plan).map(|path| made(&path)).collect();
    warnings.extend(plan.spec.roots.iter().filter(|path| is_of_system(path) && path.is_dir()).map(|path| {
        let path = path.display();
        format!("the document root `{path}` has the files of this machine, which may differ from those of app servers")
    }));
    let root = RootPlan {
        name: &plan.spec.name,
        files: &plan.spec.files,
        directories: &directories,
        roots: &plan.spec.roots,
        names: &plan.names,
        unprivileged: plan.unprivileged,
    };
    enter(&root).map_err(|error| failed("its root could not be built", error))?;
    if plan.spec.role == Role::AppServer {
        date_ring().map_err(|error| failed("its ticket ring could not be dated", error))?;
    }
    for spec in plan.spec.programs.iter().filter(|_| plan.validate) {
        warnings.extend(programs::validate(spec.program)?);
    }
    Ok((Host { plan, running: Vec::new(), front: None, logs: BTreeMap::new() }, warnings))
}

/// Directories of logs that neither this machine nor Debian's package has. nginx does not make them.
fn log_directories(plan: &HostPlan) -> impl Iterator<Item = PathBuf> {
    let texts = plan.spec.files.values().filter_map(|file| std::str::from_utf8(&file.bytes).ok());
    let logs = texts.flat_map(|text| paths::nginx(text, "access_log"));
    let directories: BTreeSet<PathBuf> = logs.filter_map(|log| log.parent().map(Path::to_path_buf)).collect();
    directories.into_iter().filter(|path| path != Path::new("/var/log/nginx") && !path.is_dir())
}

fn made(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "`{directory}`, for the access log, was made for this run: on app servers it must be there before nginx starts"
    )
}

/// Where the host's apps put their sockets.
fn sockets(plan: &HostPlan) -> Vec<PathBuf> {
    let listens = plan.spec.upstreams.iter().map(|upstream| &upstream.listen);
    let path = |listen: &UpstreamListen| match listen {
        UpstreamListen::Unix(path) => path.parent().map(Path::to_path_buf),
        UpstreamListen::Tcp(_) => None,
    };
    let fronted = plan.spec.upstreams.iter().any(|upstream| upstream.protocol.is_fronted());
    listens.filter_map(path).chain(fronted.then(|| front::FOLDER.into())).collect()
}

impl Host {
    fn start(&mut self) -> Result<Answer, programs::Refusal> {
        let spec = &self.plan.spec;
        app::serve(&spec.name, &spec.upstreams, &spec.checks)
            .map_err(|error| (format!("the stand-in app cannot listen: {error}"), Vec::new()))?;
        other_server::serve(&spec.others)
            .map_err(|error| (format!("the stand-in for another server cannot listen: {error}"), Vec::new()))?;
        dns::serve(&spec.resolvers, &spec.names)
            .map_err(|error| (format!("the stand-in DNS server cannot listen: {error}"), Vec::new()))?;
        self.front = front::start(&spec.upstreams)?;
        let (mut doubts, mut notes) = (Vec::new(), Vec::new());
        for program in &spec.programs {
            let before = programs::listening();
            let mut service = programs::start(*program)?;
            programs::wait_listening(&mut service, &before)?;
            if program.program == Program::Haproxy {
                let (down, unproven) = programs::wait_healthy(spec);
                doubts.extend(down);
                notes.extend(unproven);
            }
            self.running.push(Running::watch(program.program, service));
        }
        let programs = self.running.iter().map(|running| (running.program, running.pid)).collect();
        Ok(Answer::Started { programs, doubts, notes })
    }

    fn log(&mut self, flush: bool) -> Answer {
        let ended = self.running.iter().find_map(|it| Some((it.program, it.ended.get()?.clone())));
        for nginx in self.running.iter().filter(|it| flush && it.program == Program::Nginx && it.ended.get().is_none())
        {
            if let Ok(pid) = i32::try_from(nginx.pid) {
                // This signal makes nginx flush its log buffers and reopen its logs.
                let _ = kill(Pid::from_raw(pid), Signal::SIGUSR1);
            }
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

fn read_from(path: &Path, from: u64) -> Result<Vec<u8>, file::ReadError> {
    // A log may also be a pipe, such as /dev/stdout, which is not ours to read.
    let mut file = file::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn command(words: &[String]) -> Result<Answer, programs::Refusal> {
    let (program, arguments) = words.split_first().ok_or_else(|| ("an empty command".to_owned(), Vec::new()))?;
    let limits = Limits::new(patience(COMMAND), COMMAND_BYTES);
    let done = match Invocation::new(program).args(arguments).run(b"", limits) {
        Ok(done) => done,
        // A client that is stopped is a request that failed, as when it gives up by itself.
        Err(error @ (process::Error::TimedOut { .. } | process::Error::TooMuchOutput { .. })) => {
            // `env` only sets variables of the client.
            let client = words.iter().find(|word| *word != "env" && !word.contains('=')).unwrap_or(program);
            return Ok(Answer::Ran { code: None, stdout: String::new(), stderr: format!("{client}: it {error}") });
        }
        Err(error) => return Err((format!("`{}` {}", words.join(" "), error.with_cause()), Vec::new())),
    };
    Ok(Answer::Ran {
        code: done.status.code(),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}
