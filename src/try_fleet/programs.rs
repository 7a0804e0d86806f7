//! The real haproxy and nginx within a host: ask them if they accept the files, start them as
//! their services do, and wait until they are ready. Runs inside the host's namespaces and root.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};

use super::spec::HostSpec;
use super::stats;
use crate::private_root::{ask, paths};

/// Where a started program's own words go, within the host.
const OUTPUT: &str = "/run/sslscale.out";
/// How long a program may take to listen, and the first health checks to pass.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK: Duration = Duration::from_millis(20);

/// What kept a program from running, with its own words.
pub(super) type Refusal = (String, Vec<String>);

/// Asks the program whether it accepts the files.
///
/// # Errors
/// It does not. Otherwise: what it warned of.
pub(super) fn check(program: &str) -> Result<Vec<String>, Refusal> {
    let args: &[&str] = if program == "haproxy" { &["-c", "-f", "/etc/haproxy/haproxy.cfg"] } else { &["-t"] };
    let command = format!("{program} {}", args.join(" "));
    let done = ask(program, args).map_err(|error| (format!("`{command}` could not be run: {error}"), Vec::new()))?;
    let mut said = lines(&done.stderr);
    said.extend(lines(&done.stdout));
    if !done.status.success() {
        return Err((format!("`{command}` refuses the rendered files"), said));
    }
    said.retain(|line| line.contains("[WARNING]") || line.contains("[warn]"));
    Ok(said)
}

/// Starts the program in the foreground, with the descriptors that its service would have.
///
/// # Errors
/// It cannot be run, or the descriptors are not granted.
pub(super) fn start(program: &str, host: &HostSpec) -> io::Result<Child> {
    if host.nofile > 0 {
        setrlimit(Resource::RLIMIT_NOFILE, host.nofile, host.nofile)?;
    }
    let output = File::create(OUTPUT)?;
    let args: &[&str] = match program {
        // Debian's unit, but in the foreground without systemd's notification socket.
        "haproxy" => &["-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"],
        _ => &["-g", "daemon off;"],
    };
    Command::new(program).args(args).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn()
}

/// What the started program said last.
pub(super) fn last_words() -> Vec<String> {
    let mut words = lines(&fs::read(OUTPUT).unwrap_or_default());
    words.extend(lines(&fs::read("/var/log/nginx/error.log").unwrap_or_default()));
    words.split_off(words.len().saturating_sub(20))
}

/// Waits until the program listens on a port that was not open before.
///
/// # Errors
/// It ended, or nothing listens in time.
pub(super) fn wait_listening(child: &mut Child, before: &BTreeSet<u16>) -> Result<(), Refusal> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err((format!("the program ended at its start ({status})"), last_words()));
        }
        if listening().difference(before).next().is_some() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(("the program listens on no port".to_owned(), last_words()));
        }
        sleep(LOOK);
    }
}

/// Waits until haproxy's first health checks have passed.
///
/// Servers that stay unfit are no error here: what they are is told, and the requests show it.
pub(super) fn wait_healthy(host: &HostSpec) -> Vec<String> {
    let Some(socket) = stats_socket(host) else {
        return Vec::new();
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let servers = stats::servers(&socket).unwrap_or_default();
        let unfit: Vec<String> = servers
            .iter()
            .filter(|server| !server.is_ready())
            .map(|server| format!("{} is {} ({})", server.name, server.status, server.check))
            .collect();
        if (unfit.is_empty() && !servers.is_empty()) || Instant::now() > deadline {
            return unfit;
        }
        sleep(LOOK);
    }
}

fn stats_socket(host: &HostSpec) -> Option<PathBuf> {
    let file = host.files.get(Path::new("/etc/haproxy/haproxy.cfg"))?;
    let text = std::str::from_utf8(&file.bytes).ok()?;
    paths::haproxy(text, &["stats", "socket"]).into_iter().next()
}

/// Every access log that nginx on this host writes.
pub(super) fn access_logs(host: &HostSpec) -> Vec<PathBuf> {
    let stock = fs::read_to_string("/etc/nginx/nginx.conf").unwrap_or_default();
    let mut logs: BTreeSet<PathBuf> = paths::nginx(&stock, "access_log").into_iter().collect();
    for file in host.files.values() {
        if let Ok(text) = std::str::from_utf8(&file.bytes) {
            logs.extend(paths::nginx(text, "access_log"));
        }
    }
    // nginx's own default, where no directive says another.
    logs.insert("/var/log/nginx/access.log".into());
    logs.into_iter().collect()
}

/// The TCP ports that anything in this network namespace listens on.
pub(super) fn listening() -> BTreeSet<u16> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| ports(&table))
        .collect()
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

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st\n\
                     0: 00000000:01BB 00000000:0000 0A 0:0\n\
                     1: 0A00000A:0050 0A00000B:C350 01 0:0\n";
        assert_eq!(ports(table), [443]);
    }
}
