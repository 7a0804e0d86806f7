//! New connections at a steady rate, each with one request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Failure, config, connect, get};
use crate::served::{Served, entry};

/// No client waits longer; a connection that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A load that runs until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    results: Receiver<Connection>,
    /// Connections that have failed, and all.
    counts: Arc<[AtomicUsize; 2]>,
    started: Instant,
}

/// One connection: when it began, how long it took, and the server that answered.
struct Connection {
    began: Duration,
    took: Duration,
    result: Result<String, Failure>,
    /// The server's certificate, in DER, if the handshake came to an end.
    leaf: Option<Vec<u8>>,
}

/// A time in which a server has to show one certificate.
pub struct Window {
    /// In seconds since the start of the load.
    pub from: f64,
    pub to: f64,
    /// In DER.
    pub leaf: Vec<u8>,
}

/// When connections began, with the certificates that they were shown.
#[derive(Default)]
pub struct Leaves(Vec<(f64, Vec<u8>)>);

impl std::fmt::Debug for Leaves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

/// What became of a load.
#[derive(Debug, Default)]
pub struct Report {
    pub total: usize,
    pub failed: usize,
    /// `phase: cause`, and how often.
    pub causes: BTreeMap<String, usize>,
    /// Good connections that took longer than a second.
    pub slow: usize,
    /// When each failed connection began, in seconds since the start of the load.
    pub failures: Vec<f64>,
    /// How long a good connection took, in milliseconds: the median, the 99th of 100, the longest.
    pub milliseconds: [u128; 3],
    /// Good connections by server.
    pub servers: BTreeMap<String, usize>,
    pub leaves: Leaves,
}

impl Load {
    /// `rate` connections a second to each balancer of `through`.
    pub fn start(served: &Served, through: &[&str], rate: u32) -> Self {
        Self::trusting(&served.authority, served, through, rate)
    }

    /// The same with certificates of this authority, in PEM.
    pub fn trusting(authority: &str, served: &Served, through: &[&str], rate: u32) -> Self {
        let (stop, started) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let (sender, results) = mpsc::channel();
        let config = config(authority, "http/1.1");
        let threads = through.iter().map(|name| {
            let to: SocketAddr = entry(served.host(name)).parse().unwrap();
            let (stop, sender, config, fleet) = (stop.clone(), sender.clone(), config.clone(), served.fleet.network());
            let counts = counts.clone();
            thread::spawn(move || {
                fleet.join();
                let every = Duration::from_secs(1) / rate;
                let mut due = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    let (sender, config): (Sender<Connection>, _) = (sender.clone(), config.clone());
                    let counts = counts.clone();
                    thread::spawn(move || {
                        let began = Instant::now();
                        let mut leaf = None;
                        let result = connect(to, &config, PATIENCE).and_then(|mut tls| {
                            leaf = tls.conn.peer_certificates().map(|chain| chain[0].to_vec());
                            get(&mut tls, "close")
                        });
                        counts[0].fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
                        counts[1].fetch_add(1, Ordering::Relaxed);
                        let connection = Connection { began: began - started, took: began.elapsed(), result, leaf };
                        // Nobody listens where a test failed meanwhile.
                        let _ = sender.send(connection);
                    });
                    due += every;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                }
            })
        });
        let threads = threads.collect();
        Self { stop, threads, results, counts, started }
    }

    /// Seconds since the start, to compare with a report's failures.
    pub fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// How many connections have failed so far, and how many are over.
    pub fn so_far(&self) -> [usize; 2] {
        self.counts.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// Starts no more connections, waits for those that are open, and counts.
    pub fn stop(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        // The end of the channel: each connection holds a sender until it is over.
        Report::of(self.results.iter())
    }

    /// Runs for a while.
    pub fn run(served: &Served, through: &[&str], rate: u32, time: Duration) -> Report {
        let load = Self::start(served, through, rate);
        thread::sleep(time);
        load.stop()
    }
}

impl Report {
    /// How many failed connections began after this moment.
    pub fn failed_after(&self, second: f64) -> usize {
        self.failures.iter().filter(|began| **began > second).count()
    }

    /// How many connections began in these times, and how many of them were shown another certificate.
    pub fn stale(&self, windows: &[Window]) -> (usize, usize) {
        let within = |window: &Window| {
            let began = self.leaves.0.iter().filter(|(began, _)| (window.from..window.to).contains(began));
            let (wanted, other): (Vec<_>, Vec<_>) = began.partition(|(_, leaf)| *leaf == window.leaf);
            (wanted.len() + other.len(), other.len())
        };
        windows.iter().map(within).fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1))
    }

    /// One line for a reader.
    pub fn line(&self) -> String {
        let Self { total, failed, causes, slow, failures, milliseconds: [middle, most, longest], servers, leaves: _ } =
            self;
        let ends = failures.iter().copied().reduce(f64::min).zip(failures.iter().copied().reduce(f64::max));
        let window = ends.map(|(first, last)| format!(" from {first:.1} to {last:.1} s")).unwrap_or_default();
        format!(
            "{failed} of {total} failed{window} {causes:?}, {slow} over 1 s, \
             p50 {middle} p99 {most} max {longest} ms, {servers:?}"
        )
    }

    fn of(connections: impl Iterator<Item = Connection>) -> Self {
        let mut report = Self::default();
        let mut times = Vec::new();
        for Connection { began, took, result, leaf } in connections {
            report.total += 1;
            report.leaves.0.extend(leaf.map(|leaf| (began.as_secs_f64(), leaf)));
            match result {
                Ok(body) => {
                    times.push(took.as_millis());
                    let server = body.split(' ').next().unwrap_or_default().to_owned();
                    *report.servers.entry(server).or_default() += 1;
                }
                Err(Failure { phase, cause }) => {
                    report.failed += 1;
                    *report.causes.entry(format!("{phase}: {cause}")).or_default() += 1;
                    report.failures.push(began.as_secs_f64());
                }
            }
        }
        times.sort_unstable();
        let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
        report.milliseconds = [50, 99, 100].map(|part| at(part).copied().unwrap_or_default());
        report.slow = times.iter().filter(|time| **time > 1_000).count();
        report
    }
}
