//! How long `sslscale plan` takes on 50 hosts where nothing changes, compared with the least that a program can do
//! over SSH: one bare `ssh HOST true` for each, all in parallel. Both sides run in turns and log in anew each time;
//! what counts is the ratio of their medians. It exits with 1 if the bound is missed. It needs root and `make roots`.
//!
//! The 50 hosts are 50 sshd of one booted host, as the package configures sshd, each at an address of its own.

#[path = "../../tests/hosts/fleet/mod.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "tests need more of it, and are tests")]
mod fleet;
#[path = "../../tests/integration/support/need.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "tests need more of it, and are tests")]
mod need;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fleet::{Fleet, Host, Release, Spec};

const SSLSCALE: &str = env!("CARGO_BIN_EXE_sslscale");
const HOST: Spec = Spec { name: "many", address: "10.0.0.10", release: Release::Trixie };
/// The last part of the first address, and how many there are.
const FIRST: usize = 101;
const ENDPOINTS: usize = 50;
/// Of the endpoints' sshd: another one has port 22 of all addresses.
const PORT: u16 = 2222;
/// Runs of each side; odd, so that one of them is the median.
const RUNS: usize = 9;
const BOUND: f64 = 1.5;

fn main() -> ExitCode {
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where standard error is closed, the exit code still says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn compare() -> Result<bool> {
    let fleet = Fleet::boot(&[HOST]).context("hosts cannot be booted here")?;
    endpoints(&fleet)?;
    install(&fleet)?;
    let plan = |words: &str| operator(&fleet, &format!("./sslscale plan {words} --detailed-exitcode inventory.yaml"));
    // All endpoints are one host, which a rule would report.
    let output = plan("").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "plan: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    ensure!(text.contains("50 up to date"), "{text}");
    let mut sides = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        sides[0].push(once(&mut plan(""))?);
        sides[1].push(once(&mut operator(&fleet, &bare()))?);
    }
    let [ours, floor] = sides.map(median);
    let ratio = ours.as_secs_f64() / floor.as_secs_f64();
    let missed = if ratio > BOUND { "  MISSED" } else { "" };
    let mut out = std::io::stdout();
    writeln!(out, "{:<34} {:>10} {:>10}  {:<21} {:>6} {:>6}", "", "sslscale", "floor", "", "ratio", "bound")?;
    writeln!(
        out,
        "{:<34} {:>7.1} ms {:>7.1} ms  {:<21} {ratio:>6.2} {BOUND:>6}{missed}",
        format!("plan of {ENDPOINTS} hosts, unchanged"),
        ours.as_secs_f64() * 1e3,
        floor.as_secs_f64() * 1e3,
        "ssh HOST true",
    )?;
    Ok(ratio <= BOUND)
}

fn addresses() -> impl Iterator<Item = String> {
    (FIRST..FIRST + ENDPOINTS).map(|last| format!("10.0.0.{last}"))
}

/// Gives the host its addresses and their sshd, and the operator what leads there.
fn endpoints(fleet: &Fleet) -> Result<()> {
    let host = fleet.host(HOST.name);
    let script = addresses().fold(String::new(), |mut script, address| {
        let _ = writeln!(
            script,
            "ip address add {address}/24 dev host0; systemd-run --quiet --unit=sshd-{address} \
             /usr/sbin/sshd -D -o ListenAddress={address} -o Port={PORT} -o PidFile=none"
        );
        script
    });
    host.run(&script);
    let folder = fleet.path("operator");
    fs::create_dir_all(folder.join("ssh"))?;
    fs::copy(SSLSCALE, folder.join("sslscale"))?;
    let key = fs::read_to_string(fleet.path("many.key.pub"))?;
    let known: String = addresses().map(|address| format!("[{address}]:{PORT} {key}")).collect();
    fs::write(folder.join("ssh/known_hosts"), known)?;
    let config = format!("Host *\n  User root\n  Port {PORT}\n  IdentityFile /run/hosts/login\n");
    fs::write(folder.join("ssh/config"), config)?;
    fs::write(folder.join("inventory.yaml"), inventory())?;
    Ok(())
}

/// Two balancers, and app servers.
fn inventory() -> String {
    let mut text = String::new();
    for (index, address) in addresses().enumerate() {
        match index {
            0 => text += "load_balancers:\n",
            2 => text += "app_servers:\n",
            _ => {}
        }
        let _ = writeln!(text, "  - {{ name: host{index}, address: {address} }}");
    }
    text + "sites:\n  - server_name: example.com\n    ssl_certificate: /etc/ssl/example/ssl.crt\n    \
            ssl_certificate_key: /etc/ssl/example/ssl.key\n    locations:\n      \
            - { path: /, proxy_pass: \"http://127.0.0.1:8000\" }\n\
            # One host is all of them: two programs share its ports, and its first address is what it connects from.\n\
            nginx: { port: 8443 }\nhaproxy: { check: { inter: 60s } }\ntickets: per_host\ntrusted_proxies: [10.0.0.10, 10.0.0.101, 10.0.0.102]\n"
}

/// What is rendered for a balancer and for an app server, on the one host that is all of them.
fn install(fleet: &Fleet) -> Result<()> {
    let work = tempfile::tempdir()?;
    let (yaml, tree) = (work.path().join("inventory.yaml"), work.path().join("tree"));
    fs::write(&yaml, inventory())?;
    let status = Command::new(SSLSCALE).arg("render").arg(&yaml).arg("-o").arg(&tree).status()?;
    ensure!(status.success(), "sslscale render: {status}");
    let made = rcgen::generate_simple_self_signed(["example.com".to_owned()])?;
    let folder = tree.join("host2/etc/ssl/example");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ssl.crt"), made.cert.pem())?;
    fs::write(folder.join("ssl.key"), made.signing_key.serialize_pem())?;
    let host = fleet.host(HOST.name);
    for name in ["host0", "host2"] {
        unpack(host, &tree.join(name))?;
    }
    // Debian's own site has a port of haproxy's.
    host.run("chmod 600 /etc/ssl/example/ssl.key; rm /etc/nginx/sites-enabled/default; systemctl daemon-reload; systemctl restart nginx haproxy");
    Ok(())
}

fn unpack(host: &Host, tree: &Path) -> Result<()> {
    let tar = Command::new("tar").arg("-C").arg(tree).args(["--owner=0", "--group=0", "-c", "."]).output()?;
    host.unpack(&tar.stdout);
    Ok(())
}

/// A shell command as the operator, whose home only this command sees.
fn operator(fleet: &Fleet, words: &str) -> Command {
    let mut command = fleet.command("unshare");
    let script = "mount -t tmpfs -o mode=0700 tmpfs ~root && cd /run/hosts/operator && cp -r ssh ~root/.ssh && \
                  chmod -R go= ~root/.ssh";
    command.args(["--mount", "sh", "-c", &format!("{script} && {words}")]);
    command
}

/// A fresh login on each endpoint, all at once.
fn bare() -> String {
    let hosts: Vec<String> = addresses().collect();
    format!("printf '%s\\n' {} | xargs -P 64 -I @ ssh -o BatchMode=yes @ true", hosts.join(" "))
}

fn once(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = started.elapsed();
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(took)
}

fn median(mut runs: Vec<Duration>) -> Duration {
    runs.sort();
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}
