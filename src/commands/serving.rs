//! Whether hosts serve: the probes of a fleet, sent over the hosts themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::deploy::{HostPlan, HostRelease, PROBING};
use crate::inventory::Inventory;
use crate::inventory::certificate::Certificate;
use crate::parallel;
use crate::probes::{self, Expected, probe};
use crate::report::Failing;
use crate::rollout::Reason;
use crate::transport::{Host, TransportError};
use crate::visible::with_causes;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often a host is asked again that does not serve yet, and the pause before that.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);
/// How many hosts are asked at once.
const LANES: usize = 16;
/// How many sites of a host are asked for, and how many whose certificates are renewed.
const SITES: usize = 20;
const RENEWED: usize = 200;

/// The probes of hosts, with what they answered before a change.
pub struct Serving<'s> {
    hosts: &'s [&'s dyn Host],
    expected: BTreeMap<&'s str, Vec<Expected>>,
    /// The certificates that each host is to show, in DER, by path; only those that are brought.
    certificates: BTreeMap<&'s str, BTreeMap<String, Vec<u8>>>,
    /// What hosts answered before, by host.
    before: BTreeMap<&'s str, Vec<Answer>>,
    /// Whether only certificates change: what a host did not serve before is no fault of theirs.
    certificates_only: bool,
    /// Sites whose app fails after the change and did not answer before it, which undoes nothing.
    failing: Mutex<BTreeSet<Failing>>,
}

/// What became of a probe.
enum Answer {
    Served,
    /// The upstream fails.
    Failed(u16),
    Wrong(String),
    /// It shows another certificate than the host has.
    Outdated,
    /// This host cannot be asked.
    NotAsked,
}

impl<'s> Serving<'s> {
    /// Asks the hosts with these releases and plans, which are those that will change.
    pub fn before(
        inventory: &Inventory,
        hosts: &'s [&'s dyn Host],
        releases: impl Iterator<Item = (&'s str, &'s HostRelease, &'s HostPlan)>,
        only: Option<&BTreeSet<String>>,
    ) -> Self {
        let mut serving = Self::new(inventory, hosts, releases, only);
        let names: Vec<&str> = serving.expected.keys().copied().collect();
        let served = parallel::map(&names, LANES, |name| {
            // Another certificate than the new one is no fault yet.
            serving.expected[name].iter().map(|it| serving.ask(it, None, LIMIT)).collect::<Vec<_>>()
        });
        serving.before = names.into_iter().zip(served).collect();
        serving
    }

    /// Those of the hosts with these releases that show another certificate than they have.
    pub fn outdated(
        inventory: &Inventory,
        hosts: &'s [&'s dyn Host],
        releases: impl Iterator<Item = (&'s str, &'s HostRelease, &'s HostPlan)>,
        only: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let serving = Self::new(inventory, hosts, releases, Some(only));
        let names: Vec<&str> = serving.expected.keys().copied().collect();
        let outdated = parallel::map(&names, LANES, |name| {
            let certificates = &serving.certificates[name];
            let shows = |it: &Expected| serving.ask(it, Some(certificates), LIMIT);
            serving.expected[name].iter().any(|it| matches!(shows(it), Answer::Outdated))
        });
        names.iter().zip(outdated).filter(|(_, outdated)| *outdated).map(|(name, _)| (*name).to_owned()).collect()
    }

    fn new(
        inventory: &Inventory,
        hosts: &'s [&'s dyn Host],
        releases: impl Iterator<Item = (&'s str, &'s HostRelease, &'s HostPlan)>,
        only: Option<&BTreeSet<String>>,
    ) -> Self {
        let (expected, certificates, before, failing) = Default::default();
        let mut serving = Self { hosts, expected, certificates, before, certificates_only: only.is_some(), failing };
        let reached: Vec<&str> = hosts.iter().map(|host| host.name()).collect();
        for (name, release, plan) in releases {
            let changed: BTreeSet<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
            let shows = |it: &Expected| {
                let renewed = |path: &String, only: &BTreeSet<String>| {
                    if changed.is_empty() { only.contains(path) } else { changed.contains(path.as_str()) }
                };
                only.is_none_or(|only| it.certificates.iter().any(|path| renewed(path, only)))
            };
            let limit = if only.is_some() { RENEWED } else { SITES };
            let asked = probes::expected(inventory, name, &reached).filter(shows).take(limit);
            serving.expected.insert(name, asked.collect());
            let files = release
                .files
                .iter()
                .filter_map(|entry| Some((entry.path.to_string(), Certificate::shown(&entry.content.bytes)?)));
            serving.certificates.insert(name, files.collect());
        }
        serving
    }

    /// Why a host does not serve, if it does not.
    pub fn problem(&self, host: &dyn Host) -> Option<Reason> {
        let name = host.name();
        let expected = self.expected.get(name)?;
        let certificates = &self.certificates[name];
        let before = &self.before[name];
        let any = before.iter().any(|before| matches!(before, Answer::Served));
        // The host undoes its change when it waits for longer.
        let started = Instant::now();
        let left = || PROBING.saturating_sub(started.elapsed());
        expected.iter().zip(before).find_map(|(expected, before)| {
            if self.certificates_only && matches!(before, Answer::Wrong(_)) {
                return None;
            }
            for again in (0..TRIES).rev() {
                if left().is_zero() {
                    return Some(Reason::new(format!("its sites did not all answer within {} s", PROBING.as_secs())));
                }
                let problem = match self.ask(expected, Some(certificates), left().min(LIMIT)) {
                    Answer::Served | Answer::NotAsked => return None,
                    // An upstream that failed before does not say anything about the change, nor does that of a new
                    // site where others were served.
                    Answer::Failed(status)
                        if matches!(before, Answer::Failed(_)) || any && !matches!(before, Answer::Served) =>
                    {
                        let failing = expected.app.clone().map(|app| Failing {
                            site: expected.probe.server_name.clone(),
                            status,
                            app,
                            host: name.to_owned(),
                        });
                        self.failing.lock().unwrap_or_else(PoisonError::into_inner).extend(failing);
                        return None;
                    }
                    Answer::Failed(status) => {
                        let app = expected.app.as_ref().map(|app| format!(" at `{app}`, where the inventory has it"));
                        Reason::new(format!("it answers {status} for `{}`", expected.probe.server_name)).with_help(
                            format!(
                                "look at its nginx's error log, `/var/log/nginx/error.log`; is the app of the site \
                                 running{}? what fails on this host alone can be left out with `--without`",
                                app.unwrap_or_default()
                            ),
                        )
                    }
                    Answer::Outdated => Reason::new(format!(
                        "it does not serve `{}`: it shows another certificate",
                        expected.probe.server_name
                    )),
                    Answer::Wrong(why) => {
                        Reason::new(format!("it does not serve `{}`: {why}", expected.probe.server_name))
                    }
                };
                if again == 0 || left() <= PAUSE {
                    return Some(problem);
                }
                sleep(PAUSE);
            }
            None
        })
    }

    /// Sites whose app fails, and failed before or was not asked for.
    pub fn failing(&self) -> BTreeSet<Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hosts that did not serve a site before only certificates changed, and why.
    pub fn unseen(&self) -> Vec<(String, String)> {
        let all = self
            .before
            .iter()
            .flat_map(|(name, before)| before.iter().zip(&self.expected[name]).map(move |it| (name, it)));
        let unseen = all.filter_map(|(name, (before, expected))| match before {
            Answer::Wrong(why) => {
                let why = format!("it did not serve `{}` before: {why}", expected.probe.server_name);
                Some(((*name).to_owned(), why))
            }
            _ => None,
        });
        unseen.filter(|_| self.certificates_only).collect()
    }

    fn ask(&self, expected: &Expected, certificates: Option<&BTreeMap<String, Vec<u8>>>, limit: Duration) -> Answer {
        let Some(via) = self.hosts.iter().find(|host| host.name() == expected.via) else { return Answer::NotAsked };
        let tunnel = match via.tunnel(expected.to, limit) {
            Ok(tunnel) => tunnel,
            Err(TransportError::NoTunnel) => return Answer::NotAsked,
            Err(error) => return Answer::Wrong(format!("from {}: {error}", expected.via)),
        };
        match probe(tunnel, &expected.probe) {
            Ok(answer) => {
                let known =
                    certificates.map(|all| expected.certificates.iter().map(|path| all.get(path)).collect::<Vec<_>>());
                // Of certificates that are on the hosts already, nothing is known here.
                let wrong = known.filter(|all| all.iter().all(Option::is_some) && !all.contains(&Some(&answer.leaf)));
                match answer.status {
                    _ if wrong.is_some() => Answer::Outdated,
                    500.. if !expected.failures.contains(&answer.status) => Answer::Failed(answer.status),
                    _ => Answer::Served,
                }
            }
            Err(error) => Answer::Wrong(with_causes(&error)),
        }
    }
}
