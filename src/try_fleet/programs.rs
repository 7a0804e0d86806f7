//! The real programs within a host: they validate the files, are started as their services start
//! them, and waited for until they are ready. Runs inside the host's namespaces and root.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};

use super::spec::{HostSpec, Program, ProgramSpec};
use super::stats::{self, Server};
use crate::file;
use crate::process::{Service, patience};
use crate::sandbox::paths;

/// Where a started program's output goes, within the host.
const OUTPUT: &str = "/run/sslscale.out";
/// Where stock nginx writes its errors.
const NGINX_ERRORS: &str = "/var/log/nginx/error.log";
/// Of each of these, the end that is looked at, in bytes.
const END: u64 = 64 * 1024;
/// How long a program that runs may take to listen.
pub(super) const LISTEN: Duration = Duration::from_secs(120);
/// How long the first health checks may take to pass.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK: Duration = Duration::from_millis(20);
/// How long the end of a client's connection takes.
const ENDS: Duration = Duration::from_secs(2);

/// Why a program does not run, with its messages.
pub(super) type Refusal = (String, Vec<String>);

/// Lets the program validate the files; its warnings.
///
/// # Errors
/// It rejects them, or could not be run.
pub(super) fn validate(program: Program) -> Result<Vec<String>, Refusal> {
    let output = program.validate().map_err(|error| (error.to_string(), Vec::new()))?;
    if !output.accepted {
        return Err((format!("`{}` rejects the rendered files", program.validation_command()), output.lines));
    }
    let is_warning = |line: &String| line.contains("[WARNING]") || line.contains("[warn]");
    Ok(output.lines.into_iter().filter(is_warning).collect())
}

/// Starts the program in the foreground, with the descriptors that its service would have.
///
/// # Errors
/// It cannot be run, or the descriptors are not granted.
pub(super) fn start(spec: ProgramSpec) -> Result<Service, Refusal> {
    let failed = |reason: String| (format!("`{}` {reason}", spec.program.name()), Vec::new());
    if spec.nofile > 0 {
        setrlimit(Resource::RLIMIT_NOFILE, spec.nofile, spec.nofile)
            .map_err(|error| failed(format!("is not allowed {} open files: {error}", spec.nofile)))?;
    }
    let output =
        File::create(OUTPUT).map_err(|error| failed(format!("cannot write its output to {OUTPUT}: {error}")))?;
    Service::start(&spec.program.foreground(), output).map_err(|error| failed(error.with_cause()))
}

/// The last messages of a started program.
pub(super) fn last_messages() -> Vec<String> {
    let mut messages: Vec<String> = [OUTPUT, NGINX_ERRORS].iter().flat_map(|path| end_of(path)).collect();
    messages.split_off(messages.len().saturating_sub(20))
}

/// The lines at the end of a file; none where it cannot be read.
fn end_of(path: &str) -> Vec<String> {
    let read = || -> Result<Vec<u8>, file::ReadError> {
        let mut file = file::open(Path::new(path))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut bytes = Vec::new();
        file.take(END).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The text of a small file of this machine; empty where it cannot be read.
fn text_of(path: &str) -> String {
    file::read(Path::new(path), file::TEXT)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// Waits until the program listens on a port that was not open before.
///
/// # Errors
/// It ended, or nothing listens in time.
pub(super) fn wait_listening(service: &mut Service, before: &BTreeSet<u16>) -> Result<(), Refusal> {
    let listens = || listening().difference(before).next().is_some();
    wait(service, listens, patience(LISTEN)).map_err(|reason| (reason, last_messages()))
}

/// Waits for as long as the program lives until it listens. A machine with too much to do may take a minute for that.
///
/// # Errors
/// It ended, or does not listen in time: why, with how long it was waited for.
pub(super) fn wait(service: &mut Service, mut listens: impl FnMut() -> bool, most: Duration) -> Result<(), String> {
    let started = Instant::now();
    loop {
        if let Ok(Some(status)) = service.ended() {
            return Err(format!("the program ended right after its start ({status})"));
        }
        if listens() {
            return Ok(());
        }
        if started.elapsed() > most {
            let seconds = started.elapsed().as_secs();
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            let load = overload(&text_of("/proc/loadavg"), processors).unwrap_or_default();
            return Err(format!("the program runs but listened on no port for {seconds} s{load}"));
        }
        sleep(LOOK);
    }
}

/// What is to be said if so many processors have too much to do: at least twice as many processes want one.
fn overload(loadavg: &str, processors: usize) -> Option<String> {
    let load = loadavg.split(' ').next()?;
    let whole: usize = load.split('.').next()?.parse().ok()?;
    let machine = if processors == 1 { "its processor".to_owned() } else { format!("its {processors} processors") };
    (whole >= 2 * processors)
        .then(|| format!("; this machine has too much to do, with a load of {load} on {machine}: try again later"))
}

/// Waits until haproxy's first health checks have passed.
///
/// Servers that are still down are returned, and are not an error: the requests show the effect. Those
/// that may be down for a reason that is not the fleet's are returned apart from the others.
pub(super) fn wait_healthy(host: &HostSpec) -> (Vec<String>, Vec<String>) {
    let Some(socket) = stats_socket(host) else {
        return (Vec::new(), Vec::new());
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let servers = stats::servers(&socket).unwrap_or_default();
        let late = Instant::now() > deadline;
        if late || (!servers.is_empty() && servers.iter().all(Server::is_ready)) {
            // A server whose first check is far off, as with a long `inter`, is up until then.
            let (mut doubts, mut notes) = (Vec::new(), Vec::new());
            for server in servers.iter().filter(|server| !server.is_up()) {
                let shown = format!("{} is {} ({})", server.name, server.status, server.check);
                if server.has_passed() {
                    notes.push(format!("{shown}: its last check passed, and the next is far off"));
                } else if is_unproven(host, server) {
                    notes.push(format!("{shown}: its check asks for files or for an app that a try-out does not have"));
                } else if is_keyless(host, server) {
                    notes.push(format!(
                        "{shown}: its ciphers need a certificate with an RSA key, which stand-ins do not have"
                    ));
                } else {
                    doubts.push(shown);
                }
            }
            return (doubts, notes);
        }
        sleep(LOOK);
    }
}

/// Makes haproxy forget how often clients connected, once it has seen the end of their connections. One that does not end in
/// time counts on.
///
/// # Errors
/// haproxy does not answer.
pub(super) fn forget(host: &HostSpec) -> Result<(), Refusal> {
    let failed = |error: io::Error| (format!("haproxy could not be asked for its clients: {error}"), Vec::new());
    let Some(socket) = stats_socket(host) else { return Ok(()) };
    let deadline = Instant::now() + ENDS;
    while stats::ask(&socket, "show table https-in data.conn_cur gt 0").map_err(failed)?.contains("conn_cur=")
        && Instant::now() < deadline
    {
        sleep(LOOK);
    }
    stats::ask(&socket, "clear table counts/clients").map_err(failed).map(drop)
}

/// Whether a check over HTTP got an answer that the real fleet may not give.
fn is_unproven(host: &HostSpec, server: &Server) -> bool {
    let backend = server.name.split_once('/').map(|(backend, _)| backend);
    server.check.starts_with("L7") && backend.is_some_and(|backend| host.unproven.contains(backend))
}

/// Whether a check fails because the ciphers need another key than that of a stand-in.
fn is_keyless(host: &HostSpec, server: &Server) -> bool {
    let backend = server.name.split_once('/').map(|(backend, _)| backend);
    server.check.starts_with("L6") && backend.is_some_and(|backend| host.keyless.contains(backend))
}

fn stats_socket(host: &HostSpec) -> Option<PathBuf> {
    let file = host.files.get(Path::new(Program::Haproxy.configuration()))?;
    let text = std::str::from_utf8(&file.bytes).ok()?;
    paths::haproxy(text, &["stats", "socket"]).into_iter().next()
}

/// Every access log that nginx on this host writes.
pub(super) fn access_logs(host: &HostSpec) -> Vec<PathBuf> {
    let stock = text_of(Program::Nginx.configuration());
    let mut logs: BTreeSet<PathBuf> = paths::nginx(&stock, "access_log").into_iter().collect();
    for file in host.files.values() {
        if let Ok(text) = std::str::from_utf8(&file.bytes) {
            logs.extend(paths::nginx(text, "access_log"));
        }
    }
    // nginx's default, without a directive.
    logs.insert("/var/log/nginx/access.log".into());
    logs.into_iter().collect()
}

/// The TCP ports that anything in this network namespace listens on.
pub(super) fn listening() -> BTreeSet<u16> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].iter().flat_map(|path| ports(&text_of(path))).collect()
}

fn ports(table: &str) -> Vec<u16> {
    table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (local, state) = (words.nth(1)?, words.nth(1)?);
            // 0A is LISTEN.
            let (_, port) = local.rsplit_once(':').filter(|_| state == "0A")?;
            u16::from_str_radix(port, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(script: &str) -> Service {
        let output = tempfile::tempfile().unwrap();
        Service::start(&crate::process::Invocation::new("sh").args(["-c", script]), output).unwrap()
    }

    #[test]
    fn a_program_that_lives_is_waited_for() {
        let mut sleeping = service("exec sleep 1000");
        let mut looks = 0;
        let late = || {
            looks += 1;
            looks > 5
        };
        assert_eq!(wait(&mut sleeping, late, Duration::from_secs(100)), Ok(()));
        let reason = wait(&mut sleeping, || false, Duration::from_millis(50)).unwrap_err();
        assert!(reason.starts_with("the program runs but listened on no port for 0 s"), "{reason}");
        let reason = wait(&mut service("exit 3"), || false, Duration::from_secs(100)).unwrap_err();
        assert_eq!(reason, "the program ended right after its start (exit status: 3)");
    }

    #[test]
    fn a_load_is_too_high_from_two_for_each_processor() {
        let is_said = |text: &str, processors| overload(text, processors).is_some();
        assert!(!is_said("3.99 1.00 0.50 1/300 77\n", 2));
        assert!(is_said("4.00 1.00 0.50 1/300 77\n", 2) && is_said("4.00 1.00 0.50 1/300 77\n", 1));
        assert!(!is_said("", 2));
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st\n\
                     0: 00000000:01BB 00000000:0000 0A 0:0\n\
                     1: 0A00000A:0050 0A00000B:C350 01 0:0\n";
        assert_eq!(ports(table), [443]);
    }
}
