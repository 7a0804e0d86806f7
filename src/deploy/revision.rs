//! The revision of a host's configuration: the one that a file has, and the one that nginx runs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::probes::RevisionServer;
use crate::rollout::Reason;
use crate::transport::{Host, TransportError};
use crate::tree::Entry;

/// How the path of nginx's rendered configuration ends.
pub(super) const NGINX_CONF: &str = "/conf.d/sslscale.conf";
/// How the path of haproxy's does.
const HAPROXY_CFG: &str = "/haproxy.cfg";

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long it may take in the way that costs the host less.
const QUICK: Duration = Duration::from_secs(2);
/// How long nginx may take until a worker answers that has the new revision, and the pause before it is asked again.
const OBSERVE: Duration = Duration::from_secs(10);
/// All of that, with a last question.
pub(super) const PATIENCE: Duration = Duration::from_secs(OBSERVE.as_secs() + QUICK.as_secs() + LIMIT.as_secs());
const PAUSE: Duration = Duration::from_millis(200);
/// How often it is asked at least.
const TRIES: u32 = 3;

/// Whether this is the path of the file with the sites.
pub fn is_nginx_conf(path: &str) -> bool {
    path.ends_with(NGINX_CONF)
}

/// What nginx told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Running {
    /// It runs this revision.
    Revision(String),
    /// Why it told none.
    Silent(String),
    /// There is nothing to connect to: a directory represents the host.
    NotAsked,
}

/// Why a host is not known to run the configuration that it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRunning {
    /// It runs another one.
    #[error("nginx runs the revision {runs}, and not {wanted}")]
    Other {
        /// The one that it runs.
        runs: String,
        /// The one that its file has.
        wanted: String,
    },
    /// It does not tell.
    #[error("nginx does not tell that it runs the revision {wanted}: {why}")]
    Silent {
        /// The one that its file has.
        wanted: String,
        /// What happened instead.
        why: String,
    },
}

impl From<NotRunning> for Reason {
    fn from(problem: NotRunning) -> Self {
        Reason::new(problem.to_string())
            .with_help("look at its nginx's error log; does `/etc/nginx/nginx.conf` include `conf.d/*.conf`?")
    }
}

/// The revision that a rendered configuration has.
pub fn revision(path: &str, text: &str) -> Option<String> {
    if path.ends_with(HAPROXY_CFG) {
        return text.lines().find_map(|line| line.trim().strip_prefix("description sslscale ")).map(str::to_owned);
    }
    RevisionServer::find(text).filter(|_| path.ends_with(NGINX_CONF)).map(|server| server.revision)
}

/// The configuration among the files of a host.
pub fn configuration(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.path.ends_with(HAPROXY_CFG) || entry.path.ends_with(NGINX_CONF))
}

/// Asks a host's nginx once which revision it runs. `conf` is its configuration; `None` if nothing in it tells.
pub fn running(host: &dyn Host, conf: &str) -> Option<Running> {
    RevisionServer::find(conf).map(|server| ask(host, &server))
}

/// Waits until a host's nginx runs the revision of this configuration: why it does not, if it does not. One in which
/// nothing tells a revision is taken for running.
pub fn not_running(host: &dyn Host, conf: &str) -> Option<NotRunning> {
    let server = RevisionServer::find(conf)?;
    let started = Instant::now();
    for tries in 1.. {
        let told = ask(host, &server);
        let late = tries >= TRIES && started.elapsed() >= OBSERVE;
        let wanted = server.revision.clone();
        match told {
            Running::NotAsked => return None,
            Running::Revision(runs) if runs == wanted => return None,
            Running::Revision(runs) if late => return Some(NotRunning::Other { runs, wanted }),
            Running::Silent(why) if late => return Some(NotRunning::Silent { wanted, why }),
            Running::Revision(_) | Running::Silent(_) => sleep(PAUSE),
        }
    }
    None
}

/// The answer at the first address that has one.
fn ask(host: &dyn Host, server: &RevisionServer) -> Running {
    let mut silent = Running::NotAsked;
    for to in &server.addresses {
        if let Ok(tunnel) = host.forward(*to, QUICK)
            && let Ok(Ok(revision)) = server.ask(tunnel, *to)
        {
            return Running::Revision(revision);
        }
        let why = match host.tunnel(*to, LIMIT) {
            Err(TransportError::NoTunnel) => return Running::NotAsked,
            Err(error) => error.to_string(),
            Ok(tunnel) => match server.ask(tunnel, *to) {
                Ok(Ok(revision)) => return Running::Revision(revision),
                Ok(Err(status)) => format!("{to} answers {status}"),
                Err(error) => format!("{to}: {error}"),
            },
        };
        silent = Running::Silent(why);
    }
    silent
}
