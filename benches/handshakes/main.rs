//! What clients that return cost the app servers, with session tickets that all of them can read
//! beside tickets that each keeps to itself: the latter is what nginx does when it is told
//! nothing, and behind `balance roundrobin` means a full handshake every time.
//!
//! Two fleets run side by side on this machine, each of real haproxy and two app servers with
//! real nginx. A client comes back through the balancer to one fleet, then to the other, in turns;
//! a turn is one connection after the other with one small request each. What counts is the CPU
//! time of all nginx workers in the turn, user and system, as the scheduler has it (in
//! nanoseconds, where /proc/PID/stat has hundredths of a second), over the connections of the
//! turn; then the median of the turns, and the ratio of the medians. Neither haproxy nor the app
//! behind nginx nor the client is in it. A turn in which any other number of sessions was resumed
//! than all or none is an error.

mod fleet;
#[path = "../support/kept.rs"]
mod kept;
#[path = "../../tests/support/returning.rs"]
mod returning;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use fleet::inventory;
use kept::Fleet;
use returning::Returning;

/// Turns of each fleet; odd, so that one of them is the median.
const TURNS: usize = 9;
/// How often the client returns in a turn, after a first connection that is measured with them.
const TIMES: usize = 400;
/// The kinds of keys, each of a site of its own.
pub const KEYS: [(&str, &str); 2] = [("RSA-2048", "rsa.example.com"), ("ECDSA P-256", "ecdsa.example.com")];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((word, rest)) if word == "client" => client(rest),
        _ => compare(),
    };
    if let Err(error) = result {
        // Where standard error is closed, the exit code still says it.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// This program inside the clients' host.
fn client(words: &[String]) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", Returning::parse(words).run())?)
}

fn compare() -> Result<()> {
    let work = tempfile::tempdir()?;
    fleet::certificates(work.path())?;
    let per_host = Fleet::start(work.path(), "per_host", &inventory("per_host"))?;
    let shared = Fleet::start(work.path(), "shared", &inventory("shared"))?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "CPU of the app servers' nginx for a client that returns, median of {TURNS} turns of {TIMES} returns\n"
    )?;
    writeln!(out, "| certificate | TLS | `tickets: per_host` | `tickets: shared` | ratio |\n|---|---|---|---|---|")?;
    for (key, name) in KEYS {
        for version in ["1.2", "1.3"] {
            let mut costs = [Vec::new(), Vec::new()];
            for _ in 0..TURNS {
                costs[0].push(turn(&per_host, work.path(), name, version, 0)?);
                costs[1].push(turn(&shared, work.path(), name, version, TIMES)?);
            }
            let [full, resumed] = costs.map(median);
            let ratio = full / resumed;
            writeln!(out, "| {key} | {version} | {full:.3} ms | {resumed:.3} ms | {ratio:.2} |")?;
        }
    }
    Ok(())
}

/// Milliseconds of CPU for each connection of a turn.
fn turn(fleet: &Fleet, work: &Path, name: &str, version: &str, expected: usize) -> Result<f64> {
    let returning = Returning {
        to: "10.0.0.10:443".to_owned(),
        name: name.to_owned(),
        authority: format!("/.machine{}", work.join("authority.pem").display()),
        version: version.to_owned(),
        times: TIMES,
        agent: "bench".to_owned(),
    };
    let before = fleet.of_nginx()?;
    let resumed: usize = fleet.client(&returning.words())?.parse().context("no count")?;
    let spent = fleet.of_nginx()? - before;
    ensure!(resumed == expected, "{name}, TLS {version}: {resumed} of {TIMES} resumed, not {expected}");
    Ok(spent as f64 / 1e6 / (TIMES + 1) as f64)
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}
