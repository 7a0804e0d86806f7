//! How fast sslscale is compared with the least that a program of its kind has to do. Both sides run
//! in turns on the same machine, on a file system in memory; what counts is the ratio of their
//! medians. It exits with 1 if a bound is missed.

mod bare;
mod measure;
mod programs;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use measure::{Line, Run, median};
use programs::Programs;

const SSLSCALE: &str = env!("CARGO_BIN_EXE_sslscale");
const BLOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/blog.yaml");
/// Runs of each side; odd, so that one of them is the median.
const RUNS: usize = 9;
/// Runs of what takes a millisecond.
const SHORT_RUNS: usize = 101;
/// Most memory that any run may touch, in kilobytes.
const PEAK: u64 = 32 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((word, rest)) if word == "measure" => measure::child(rest).map(|()| true),
        Some((word, rest)) if word == "bare" => bare::run(rest).map(|()| true),
        _ => compare(),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where standard error is closed, the exit code still says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// One line of the table: sslscale beside a floor, and the most that the ratio may be.
struct Case {
    name: String,
    bound: f64,
    runs: usize,
    /// Whether every processor has something else to do meanwhile.
    busy: bool,
    /// Removed before every run of either side.
    fresh: Vec<PathBuf>,
    sslscale: Line,
    /// What the floor is called. The bound is on the first; others are there to be seen.
    floors: Vec<(&'static str, Floor)>,
}

/// What sslscale is measured against.
enum Floor {
    Process(Line),
    Programs(Programs),
}

fn compare() -> Result<bool> {
    let work = scratch()?;
    let mut cases = Vec::new();
    for (apps, sites) in [(1_000, 100), (10_000, 50)] {
        cases.extend(fleet(work.path(), apps, sites)?);
    }
    cases.extend(check(work.path())?);
    cases.extend(blog(work.path())?);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{:<34} {:>10} {:>10}  {:<21} {:>6} {:>6} {:>9}",
        "", "sslscale", "floor", "", "ratio", "bound", "peak"
    )?;
    let mut held = true;
    for case in cases {
        held &= case.run(&mut out)?;
    }
    writeln!(
        out,
        "\nnginx -t and haproxy -c: once each, over the files of one app server and of one balancer, which are those\n\
         of all; started in namespaces made before, with one certificate at the path of every site."
    )?;
    Ok(held)
}

/// In memory where there is such a place: a disk would hide what the programs do.
fn scratch() -> Result<tempfile::TempDir> {
    Ok(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?)
}

/// Rendering and checking a fleet of this size.
fn fleet(work: &Path, apps: usize, sites: usize) -> Result<Vec<Case>> {
    let this = std::env::current_exe()?;
    let file = |name: &str| work.join(format!("{name}-{apps}"));
    let (yaml, tree) = (file("inventory.yaml"), file("tree"));
    fs::write(&yaml, inventory(apps, sites)?)?;
    let status = Command::new(SSLSCALE).arg("render").arg(&yaml).arg("-o").arg(&tree).status()?;
    ensure!(status.success(), "sslscale render: {status}");
    let (ours, theirs) = (file("ours"), file("theirs"));
    let render = line![SSLSCALE, "render", &yaml, "-o", &ours];
    let bare = |mode: &str| Floor::Process(line![&this, "bare", mode, &yaml, &tree, &theirs]);
    let size = format!("{apps} × {sites}");
    let parse = Floor::Process(line![&this, "bare", "parse", &yaml]);
    let mut cases = vec![
        Case {
            name: format!("render {size}, first"),
            bound: 1.2,
            runs: RUNS,
            busy: false,
            fresh: vec![ours.clone(), theirs.clone()],
            sslscale: render.clone(),
            floors: vec![("parse and write", bare("write"))],
        },
        Case {
            name: format!("render {size}, unchanged"),
            bound: 1.2,
            runs: RUNS,
            busy: false,
            fresh: Vec::new(),
            sslscale: render,
            floors: vec![("parse and write", bare("write")), ("parse and compare", bare("compare"))],
        },
    ];
    // A small inventory is checked in less time than its start can be told from.
    if apps >= 10_000 {
        cases.push(Case {
            name: format!("check {size}"),
            bound: 1.8,
            runs: RUNS,
            busy: false,
            fresh: Vec::new(),
            sslscale: line![SSLSCALE, "check", &yaml],
            floors: vec![("parse", parse)],
        });
    }
    Ok(cases)
}

/// Checking a fleet beside what the real programs take to check what is rendered for it, and
/// beside a tenth of that fleet.
fn check(work: &Path) -> Result<Vec<Case>> {
    let (small, large) = (work.join("inventory.yaml-1000"), work.join("inventory.yaml-large"));
    fs::write(&large, inventory(10_000, 1_000)?)?;
    let root = work.join("root");
    let programs = Programs::start(&root, &work.join("tree-1000"), ["lb1", "srv00000"], 100)?;
    let check = |yaml: &Path| line![SSLSCALE, "check", yaml];
    let case = |size: &str, bound, sslscale, floor, words| Case {
        name: format!("check {size}"),
        bound,
        runs: RUNS,
        busy: false,
        fresh: Vec::new(),
        sslscale,
        floors: vec![(words, floor)],
    };
    let tenth = Floor::Process(check(&small));
    Ok(vec![
        case("1000 × 100", 0.05, check(&small), Floor::Programs(programs), "nginx -t, haproxy -c"),
        case("10000 × 1000", 12.0, check(&large), tenth, "check 1000 × 100"),
    ])
}

/// The smallest inventory from start to end, beside a program that does nothing; on a machine whose
/// processors are busy, too.
fn blog(work: &Path) -> Result<[Case; 2]> {
    let (source, empty, out) = (work.join("empty.rs"), work.join("empty"), work.join("blog"));
    fs::write(&source, "fn main() {}")?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc).args(["-O", "-o"]).arg(&empty).arg(&source).status().context("rustc")?;
    ensure!(status.success(), "rustc: {status}");
    let case = |name: &str, busy| Case {
        name: name.to_owned(),
        bound: 3.0,
        runs: SHORT_RUNS,
        busy,
        fresh: vec![out.clone()],
        sslscale: line![SSLSCALE, "render", BLOG, "-o", &out],
        floors: vec![("empty program", Floor::Process(line![&empty]))],
    };
    Ok([case("render of the blog's inventory", false), case("the same, processors busy", true)])
}

impl Case {
    /// Runs both sides in turns and reports; whether the bounds held.
    fn run(mut self, out: &mut impl std::io::Write) -> Result<bool> {
        let mut ours = Vec::new();
        let mut floors: Vec<Vec<Run>> = vec![Vec::new(); self.floors.len()];
        let busy = self.busy.then(measure::Busy::start);
        for _ in 0..self.runs {
            ours.push(once(&self.fresh, &self.sslscale)?);
            for ((_, floor), runs) in self.floors.iter_mut().zip(&mut floors) {
                runs.push(match floor {
                    Floor::Process(line) => once(&self.fresh, line)?,
                    Floor::Programs(programs) => programs.run()?,
                });
            }
        }
        drop(busy);
        let ours = median(ours);
        let floors = self.floors.iter().zip(floors).map(|((name, _), runs)| (*name, median(runs)));
        let mut held = ours.peak <= PEAK;
        for (index, (floor, run)) in floors.enumerate() {
            let ratio = ours.micros as f64 / run.micros as f64;
            let ratio_shown = if ratio < 0.1 { format!("{ratio:.3}") } else { format!("{ratio:.2}") };
            let bound = if index == 0 { self.bound.to_string() } else { String::new() };
            let missed = index == 0 && (ratio > self.bound || !held);
            held &= !missed;
            writeln!(
                out,
                "{:<34} {:>7.1} ms {:>7.1} ms  {floor:<21} {ratio_shown:>6} {bound:>6} {:>6.1} MB{}",
                self.name,
                millis(ours),
                millis(run),
                ours.peak as f64 / 1024.0,
                if missed { "  MISSED" } else { "" },
            )?;
        }
        Ok(held)
    }
}

fn once(fresh: &[PathBuf], line: &Line) -> Result<Run> {
    for path in fresh.iter().filter(|path| path.exists()) {
        fs::remove_dir_all(path)?;
    }
    measure::measure(line)
}

fn millis(run: Run) -> f64 {
    run.micros as f64 / 1_000.0
}

/// A fleet of two balancers.
fn inventory(apps: usize, sites: usize) -> Result<String> {
    let mut text =
        "load_balancers:\n  - { name: lb1, address: 10.0.0.10 }\n  - { name: lb2, address: 10.0.0.11 }\n".to_owned();
    writeln!(text, "app_servers:")?;
    for app in 0..apps {
        writeln!(text, "  - {{ name: srv{app:05}, address: 10.1.{}.{} }}", app / 250, app % 250 + 1)?;
    }
    writeln!(text, "sites:")?;
    for site in 0..sites {
        writeln!(text, "  - server_name: site{site:03}.example.com")?;
        writeln!(text, "    root: /opt/site{site:03}/current/app")?;
        writeln!(text, "    ssl_certificate: /etc/ssl/site{site:03}/ssl.crt")?;
        writeln!(text, "    ssl_certificate_key: /etc/ssl/site{site:03}/ssl.key")?;
        writeln!(text, "    locations:\n      - {{ path: /, uwsgi_pass: \"unix:/run/site{site:03}.sock\" }}")?;
    }
    Ok(text)
}
