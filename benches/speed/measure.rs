//! Runs of a program: how long each takes and how much memory it touches.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Wall clock, in microseconds.
    pub micros: u64,
    /// Most memory at once, in kilobytes.
    pub peak: u64,
}

/// A command line.
pub type Line = Vec<OsString>;

/// A command line of words and paths.
#[macro_export]
macro_rules! line {
    ($($word:expr),+ $(,)?) => { vec![$(std::ffi::OsString::from($word)),+] };
}

/// Runs a command line in a process of its own that runs nothing else: the memory of ended
/// children is a maximum over all of them.
pub fn measure(line: &Line) -> Result<Run> {
    let output = Command::new(std::env::current_exe()?).arg("measure").args(line).output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{line:?} failed: {words}");
    let text = String::from_utf8(output.stdout)?;
    let (micros, peak) = text.trim().split_once(' ').context("no figures")?;
    Ok(Run { micros: micros.parse()?, peak: peak.parse()? })
}

/// The other side of [`measure`].
pub fn child(line: &[String]) -> Result<()> {
    let (program, arguments) = line.split_first().context("no program")?;
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let micros = start.elapsed().as_micros();
    ensure!(status.success(), "{status}");
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    Ok(writeln!(std::io::stdout(), "{micros} {peak}")?)
}

/// One thread for each processor that does nothing useful, until it is dropped.
pub struct Busy {
    stop: Arc<AtomicBool>,
}

impl Busy {
    /// Starts the threads.
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || while !stop.load(Ordering::Relaxed) {});
        }
        Self { stop }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The middle run by time, with the most memory of all.
pub fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by_key(|run| run.micros);
    let peak = runs.iter().map(|run| run.peak).max().unwrap_or_default();
    runs.get(runs.len() / 2).map_or(Run { micros: 0, peak }, |run| Run { peak, ..*run })
}
