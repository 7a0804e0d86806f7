//! Clients that connect again and again, each with the session of its last connection.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use serde::Deserialize;

use crate::run::{Kept, Try};

/// What clients counted.
#[derive(Debug, Default, Deserialize)]
pub struct Counted {
    /// Handshakes without a session to offer.
    pub first: usize,
    /// Handshakes that resumed the session that was offered.
    pub resumed: usize,
    /// Handshakes that did not.
    pub full: usize,
    /// Answers by app server.
    pub servers: BTreeMap<String, usize>,
    /// Connections that broke.
    pub errors: Vec<String>,
}

/// Running clients. They stop when this value is dropped.
pub struct Clients(Vec<Child>);

impl Clients {
    /// Starts `each` clients for each version of TLS.
    pub fn start(try_out: &Try, kept: &Kept, each: usize) -> Self {
        let script = try_out.beside("client.py", include_str!("client.py"));
        let start = |version: &str| {
            let mut client = kept.command("clients", &["python3", &script, version, "0.01"]);
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
        };
        Self(["1.2", "1.3"].iter().flat_map(|version| (0..each).map(|_| start(version))).collect())
    }

    /// Stops them, and adds up what they counted.
    pub fn stop(mut self) -> Counted {
        self.0.iter_mut().for_each(|client| drop(client.stdin.take()));
        let mut all = Counted::default();
        for client in self.0.drain(..) {
            let output = client.wait_with_output().unwrap().stdout;
            let one: Counted = serde_json::from_slice(&output).unwrap();
            all.first += one.first;
            all.resumed += one.resumed;
            all.full += one.full;
            all.errors.extend(one.errors);
            one.servers.into_iter().for_each(|(name, count)| *all.servers.entry(name).or_default() += count);
        }
        all
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        for client in &mut self.0 {
            drop(client.stdin.take());
            let _ = client.wait();
        }
    }
}
