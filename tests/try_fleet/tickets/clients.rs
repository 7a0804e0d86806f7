//! Clients of a kept fleet that come back again and again, each with the session of its last visit.

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

/// Clients at work; they stop with this value, however a test ends.
pub struct Clients(Vec<Child>);

impl Clients {
    /// So many for each version of TLS.
    pub fn start(own: &Try, kept: &Kept, each: usize) -> Self {
        let script = own.beside("client.py", include_str!("client.py"));
        let start = |version: &str| {
            let mut client = kept.command("clients", &["python3", &script, version, "0.01"]);
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
        };
        Self(["1.2", "1.3"].iter().flat_map(|version| (0..each).map(|_| start(version))).collect())
    }

    /// Lets them finish; what all of them counted together.
    pub fn stop(mut self) -> Counted {
        self.0.iter_mut().for_each(|client| drop(client.stdin.take()));
        let mut all = Counted::default();
        for client in self.0.drain(..) {
            let said = client.wait_with_output().unwrap().stdout;
            let one: Counted = serde_json::from_slice(&said).unwrap();
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
