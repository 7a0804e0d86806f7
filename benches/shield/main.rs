//! What `limit` of a balancer costs those who keep to it, and what a flood costs them.
//!
//! Two fleets run side by side on this machine, each of real haproxy and two app servers with real nginx: one without a limit,
//! and one with `limit: { rate: 50r/s, burst: 100, connections: 100 }`. A visitor asks for a small page, each time over a new
//! connection with a whole handshake, in turns: without a limit, with it, and with it while another client opens ten times as
//! many connections as its rate allows, each with the beginning of a handshake. What counts is the median of the turns: the CPU
//! time of haproxy for each connection, as the scheduler has it, and the 99th percentile of how long the visitor waits for the
//! page. A visit that fails is an error, and so is a flood of which more gets through than the limit has, or, without the limit,
//! less than all.

mod client;
#[path = "../support/kept.rs"]
mod kept;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client::{Flood, Visits};
use kept::Fleet;

/// Turns of each kind; odd, so that one of them is the median.
const TURNS: usize = 9;
/// Visits in a turn, slowly enough for the limit.
const VISITS: usize = 150;
/// What one client may open in a second, and at once.
const RATE: u32 = 50;
const BURST: u32 = 100;
/// How long a flood lasts, longer than the visits in a turn.
const FLOOD: Duration = Duration::from_secs(6);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((word, rest)) if word == "client" => client::run(rest),
        _ => compare(),
    };
    if let Err(error) = result {
        // Where standard error is closed, the exit code still says it.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn inventory(limit: &str) -> String {
    // `try` makes a client of the address that may ask for metrics: it floods.
    let all = format!("check: {{ inter: 10m }}, metrics: {{ allow: [198.51.100.1] }}{limit}");
    format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers:\n  - {{ name: srv1, address: 10.0.0.11 }}\n  \
         - {{ name: srv2, address: 10.0.0.12 }}\nhaproxy: {{ {all} }}\nsites:\n  - server_name: example.com\n    \
         ssl_certificate: /etc/ssl/a.crt\n    ssl_certificate_key: /etc/ssl/a.key\n    \
         locations: [{{ path: /, return: {{ code: 200, body: hello }} }}]\n"
    )
}

fn compare() -> Result<()> {
    let work = tempfile::tempdir()?;
    let limit = format!(", limit: {{ rate: {RATE}r/s, burst: {BURST}, connections: 100 }}");
    let without = Fleet::start(work.path(), "without", &inventory(""))?;
    let with = Fleet::start(work.path(), "with", &inventory(&limit))?;
    let (mut costs, mut waits) = ([Vec::new(), Vec::new(), Vec::new()], [Vec::new(), Vec::new(), Vec::new()]);
    for _ in 0..TURNS {
        for (kind, fleet) in [&without, &with].into_iter().enumerate() {
            let before = fleet.of_haproxy()?;
            waits[kind].push(visits(fleet)?);
            costs[kind].push((fleet.of_haproxy()? - before) as f64 / 1e3 / VISITS as f64);
        }
        let visited = costs[1].last().copied().unwrap_or_default() * VISITS as f64;
        let (wait, cost) = flooded(&with, visited)?;
        waits[2].push(wait);
        costs[2].push(cost);
    }
    let got = flood(&without)?;
    ensure!(got.open == got.tried, "without a limit {} of {} connections got through", got.open, got.tried);
    let ([plain, limited, refused], [_, calm, loaded]) = (costs.map(median), waits.map(median));
    let mut out = std::io::stdout();
    writeln!(out, "Medians of {TURNS} turns of {VISITS} visits; the flood opens {} connections a second\n", RATE * 10)?;
    writeln!(out, "| | value | ratio |\n|---|---|---|")?;
    writeln!(out, "| CPU of haproxy for a connection without a limit | {plain:.0} µs | |")?;
    writeln!(out, "| the same with a limit | {limited:.0} µs | {:.2} |", limited / plain)?;
    writeln!(out, "| CPU of haproxy for a connection of the flood | {refused:.0} µs | {:.2} |", refused / plain)?;
    writeln!(out, "| 99 of 100 visits take less than, without a flood | {calm:.2} ms | |")?;
    writeln!(out, "| the same during the flood | {loaded:.2} ms | {:.2} |", loaded / calm)?;
    Ok(())
}

/// How long 99 of 100 visits take, in milliseconds.
fn visits(fleet: &Fleet) -> Result<f64> {
    fleet.client(&Visits::words(VISITS))?.parse().context("no time")
}

fn flood(fleet: &Fleet) -> Result<Flood> {
    fleet.client(&Flood::words(RATE * 10, FLOOD))?.parse()
}

/// The same during a flood, and haproxy's microseconds for each connection of the flood: without those for the visits.
fn flooded(fleet: &Fleet, visited: f64) -> Result<(f64, f64)> {
    let before = fleet.of_haproxy()?;
    let (wait, flood) = std::thread::scope(|scope| {
        let flood = scope.spawn(|| flood(fleet));
        let wait = visits(fleet);
        (wait, flood.join().expect("it does not panic"))
    });
    let (wait, flood) = (wait?, flood?);
    let most = u64::from(RATE) * (FLOOD.as_secs() + 1) + u64::from(BURST) + 1;
    ensure!(flood.open <= most, "{} of {} connections got through, not {most}", flood.open, flood.tried);
    let all = (fleet.of_haproxy()? - before) as f64 / 1e3;
    Ok((wait, (all - visited) / flood.tried as f64))
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}
