//! Connections that stay open and are used again.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use super::http2::Http2;
use super::{Failure, Tls, config, connect, get};
use crate::served::{Served, entry};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// What a request over a kept connection came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Answered,
    /// The client knows that the connection is gone, and can open another.
    Closed,
    /// Silence as long as the client waited.
    Hung,
}

enum Speaker {
    Http1(Tls),
    Http2(Http2),
}

/// One kept connection and the app server that it leads to.
pub struct Kept {
    pub server: String,
    speaker: Speaker,
}

impl Kept {
    /// Opens connections, each of which has had an answer.
    pub fn open(served: &Served, through: &str, protocol: Protocol, count: usize) -> Vec<Self> {
        let to: SocketAddr = entry(served.host(through)).parse().unwrap();
        let config = config(&served.authority, if protocol == Protocol::Http1 { "http/1.1" } else { "h2" });
        let network = served.fleet.network();
        let open = move || {
            network.join();
            let one = || {
                let tls = connect(to, &config, PATIENCE)?;
                let mut speaker = match protocol {
                    Protocol::Http1 => Speaker::Http1(tls),
                    Protocol::Http2 => Speaker::Http2(Http2::open(tls)?),
                };
                let body = speaker.get()?;
                let server = body.split(' ').next().unwrap_or_default().to_owned();
                Ok::<_, Failure>(Self { server, speaker })
            };
            (0..count).map(|_| one().unwrap()).collect()
        };
        thread::spawn(open).join().unwrap()
    }

    /// Sends a request over each, all at once, and waits as long as `limit` for each answer.
    pub fn ask<'k>(kept: impl IntoIterator<Item = &'k mut Self>, limit: Duration) -> Vec<Answer> {
        thread::scope(|scope| {
            let asking = kept.into_iter().map(|one| scope.spawn(move || one.speaker.ask(limit))).collect::<Vec<_>>();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// How many answers are of each kind: answered, closed, hung.
    pub fn count(answers: &[Answer]) -> [usize; 3] {
        [Answer::Answered, Answer::Closed, Answer::Hung].map(|kind| answers.iter().filter(|it| **it == kind).count())
    }
}

impl Speaker {
    fn get(&mut self) -> Result<String, Failure> {
        match self {
            Self::Http1(tls) => get(tls, "keep-alive"),
            Self::Http2(http2) => http2.get(),
        }
    }

    fn ask(&mut self, limit: Duration) -> Answer {
        let tls = match self {
            Self::Http1(tls) => tls,
            Self::Http2(http2) => &mut http2.tls,
        };
        tls.sock.set_read_timeout(Some(limit)).unwrap();
        match self.get() {
            Ok(_) => Answer::Answered,
            Err(Failure { cause, .. }) if cause == "no answer in time" => Answer::Hung,
            Err(Failure { phase: "status", cause }) => panic!("status {cause}"),
            Err(_) => Answer::Closed,
        }
    }
}
