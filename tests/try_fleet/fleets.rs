//! The ordinary fleets below `inventories/fleets/`, each run by `try` with every request ok.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use sslscale::event::{Request, Verdict};

use crate::beside;
use crate::run::Try;

/// Fleets that run at the same time.
const WORKERS: usize = 2;

#[test]
fn every_ordinary_fleet_works() {
    let _beside = beside();
    let start = Instant::now();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories/fleets");
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() >= 20, "{paths:?}");
    let (open, counts) = (Mutex::new(paths.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let Some(path) = open.lock().unwrap().next() else { return };
                    let count = works(path);
                    counts.lock().unwrap().push(count);
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    let (fleets, requests) = (counts.len(), counts.iter().sum::<usize>());
    // Not `println!`: the test runner swallows what a passing test prints that way.
    let _ = writeln!(std::io::stderr(), "{fleets} ordinary fleets, {requests} requests, {:.0?}", start.elapsed());
    assert_eq!(fleets, paths.len());
}

/// The number of requests, all of which are ok.
fn works(path: &Path) -> usize {
    let try_out = Try::inventory(&fs::read_to_string(path).unwrap());
    let (code, requests) = try_out.requests();
    let wrong: Vec<&Request> = requests.iter().filter(|request| request.verdict != Verdict::Ok).collect();
    assert_eq!((code, wrong), (Some(0), vec![]), "{}", path.display());
    assert!(requests.len() > 4, "{}: {requests:?}", path.display());
    requests.len()
}
