//! What nginx logged as JSON, from all app servers of a fleet.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::Kept;

/// For each connection of one user agent whether its session was resumed, as soon as all `wanted`
/// connections are there: nginx logs after it answers.
pub fn connections(kept: &Kept, agent: &str, version: &str, wanted: usize) -> Vec<bool> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut found = BTreeMap::new();
        for host in kept.app_servers() {
            for line in lines(kept, &host).into_iter().filter(|line| line["user_agent"] == agent) {
                assert_eq!(line["ssl_protocol"], format!("TLSv{version}"), "{line}");
                let serial = line["connection"].as_u64().unwrap();
                found.insert((host.clone(), serial), line["ssl_session_reused"].as_bool().unwrap());
            }
        }
        if found.len() >= wanted || Instant::now() > deadline {
            assert_eq!(found.len(), wanted, "{agent}");
            return found.into_values().collect();
        }
        sleep(Duration::from_millis(20));
    }
}

/// Every line of one app server's log; each must be JSON.
pub fn lines(kept: &Kept, host: &str) -> Vec<Value> {
    let bytes = kept.inside(host, &["cat", "/var/log/nginx/access.log"]).stdout;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let parsed = lines.map(|line| {
        let shown = String::from_utf8_lossy(line);
        serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {shown}"))
    });
    parsed.collect()
}
