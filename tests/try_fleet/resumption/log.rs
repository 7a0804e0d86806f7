//! What nginx logged as JSON, from all app servers of a fleet.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::Kept;

/// The lines of one user agent, as soon as all `wanted` are there: nginx logs after it answers.
pub fn lines(kept: &Kept, servers: usize, agent: &str, wanted: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let lines: Vec<Value> = all(kept, servers).into_iter().filter(|line| line["user_agent"] == agent).collect();
        if lines.len() >= wanted || Instant::now() > deadline {
            assert_eq!(lines.len(), wanted, "{agent}");
            return lines;
        }
        sleep(Duration::from_millis(20));
    }
}

/// Every line; each must be JSON.
pub fn all(kept: &Kept, servers: usize) -> Vec<Value> {
    let host = |n: usize| kept.inside(&format!("srv{n}"), &["cat", "/var/log/nginx/access.log"]).stdout;
    (1..=servers)
        .map(host)
        .flat_map(|bytes| {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let parsed = lines.map(|line| {
                let shown = String::from_utf8_lossy(line);
                serde_json::from_slice::<Value>(line).unwrap_or_else(|error| panic!("{error}: {shown}"))
            });
            parsed.collect::<Vec<_>>()
        })
        .collect()
}
