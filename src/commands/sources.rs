//! The certificates and keys that hosts are to have: read from this machine and from hosts of the fleet, and checked
//! before any host is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use anyhow::anyhow;
use zeroize::Zeroizing;

use super::live::away;
use super::{CommandError, ExitStatus};
use crate::deploy::{self, Contents, HostPlan, Problem, Wanted};
use crate::diagnostic::{Diagnostic, Severity};
use crate::file;
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::inventory::certificate::{self, Certificate, PrivateKey, ProblemKind, Roots};
use crate::inventory::model::{CertificateSource, SiteCertificate, SourceFile};
use crate::inventory::types::SourcePath;
use crate::report::{Output, Planned, Renewal};
use crate::rollout::{Fleet, Unreachable};
use crate::transport::Host;
use crate::tree::{Entry, Tree};

/// What was read, by the source as the inventory has it.
#[derive(Default)]
pub struct Sources(BTreeMap<String, Zeroizing<Vec<u8>>>);

/// A source that could not be read.
pub struct Unread {
    /// Where hosts are to have what is in it.
    pub path: String,
    /// Why.
    pub error: CommandError,
    /// The host that it is on, if that does not answer.
    pub lost: Option<String>,
}

/// Pairs that were read and cannot be served.
#[derive(Default)]
pub struct Unusable {
    /// Where hosts are to have them.
    pub paths: BTreeSet<String>,
    /// Each problem once, with what to do.
    pub problems: BTreeSet<(String, String)>,
}

/// The sources of what these hosts have, as the inventory has them.
pub fn of_hosts<'t>(tree: &'t Tree, names: &[&str]) -> BTreeSet<&'t str> {
    let needs = tree.needs().iter().filter(|needs| needs.hosts.iter().any(|host| names.contains(&&**host)));
    needs.flat_map(|needs| &needs.files).filter_map(|file| file.source.as_deref()).collect()
}

/// These hosts, and after them those that only sources are on: all, or the ones among these, but none `without` which
/// the command is to go on.
pub fn with_hosts<'i>(
    inventory: &'i Inventory,
    names: &[&'i str],
    among: Option<&BTreeSet<&str>>,
    without: &[String],
) -> Vec<&'i str> {
    let mut all = names.to_vec();
    let counts = |file: &SourceFile| among.is_none_or(|among| among.contains(&*file.written.to_string()));
    let on_hosts = files(inventory).filter(|(_, file)| counts(file));
    let on_hosts = on_hosts.filter_map(|(_, file)| on_host(file)).map(|(host, _)| host);
    for host in on_hosts.collect::<BTreeSet<_>>() {
        if !all.contains(&host) && !without.iter().any(|it| it == host) {
            all.push(host);
        }
    }
    all
}

/// The hosts among these that have a source.
pub fn stay<'h>(inventory: &Inventory, without: &'h [String]) -> BTreeSet<&'h str> {
    let has = |host: &&str| files(inventory).filter_map(|(_, file)| on_host(file)).any(|(of, _)| of == *host);
    without.iter().map(String::as_str).filter(has).collect()
}

/// The paths of what has its source on one of these hosts.
pub fn paths_on<'i>(inventory: &'i Inventory, hosts: &[String]) -> BTreeSet<&'i str> {
    let on = |file: &SourceFile| on_host(file).is_some_and(|(of, _)| hosts.iter().any(|host| host == of));
    files(inventory).filter(|(_, file)| on(file)).map(|(path, _)| path).collect()
}

/// All sources of an inventory, each with the path that hosts have it at.
fn files(inventory: &Inventory) -> impl Iterator<Item = (&str, &SourceFile)> {
    pairs(inventory).flat_map(|(_, pair, source)| {
        let key = source.key.iter().map(|key| (pair.ssl_certificate_key.as_str(), key));
        [(pair.ssl_certificate.as_str(), &source.certificate)].into_iter().chain(key)
    })
}

/// All certificates with a source, and the place of their site.
fn pairs(inventory: &Inventory) -> impl Iterator<Item = (usize, &SiteCertificate, &CertificateSource)> {
    let sites = inventory.sites.iter().enumerate();
    let pairs = sites.flat_map(|(site, it)| it.certificates.iter().map(move |pair| (site, pair)));
    pairs.filter_map(|(site, pair)| Some((site, pair, pair.source.as_ref()?)))
}

/// The name of the site with this source, as a message has it.
fn site_of(inventory: &Inventory, host: &str, source: &str) -> String {
    let is_it = |file: &SourceFile| on_host(file) == Some((host, source));
    let site = pairs(inventory).find(|(_, _, pair)| is_it(&pair.certificate) || pair.key.as_ref().is_some_and(is_it));
    let names = site.map(|(site, ..)| &inventory.sites[site].server_names);
    names.and_then(|names| names.first()).map_or_else(|| "a site".to_owned(), |name| format!("`{}`", name.as_str()))
}

fn on_host(file: &SourceFile) -> Option<(&str, &str)> {
    if let SourcePath::OnHost(host, path) = &file.written { Some((host.as_str(), path.as_str())) } else { None }
}

impl Sources {
    /// Reads them, but for pairs on other hosts than these. Those that cannot be used are reported. `way` tells how to go on
    /// without a host that does not answer.
    ///
    /// # Errors
    /// One cannot be read, is not a pair, or is not for the names of its site.
    pub fn read(
        inventory: &Inventory,
        hosts: &[&dyn Host],
        way: &dyn Fn(&str) -> Option<String>,
        (output, interrupt): (&Output, &Interrupt),
    ) -> Result<Self, CommandError> {
        let (mut sources, unread) = Self::read_each(inventory, hosts, interrupt)?;
        if let Some(Unread { error, lost, .. }) = unread.into_iter().next() {
            let hints: Vec<String> = error.hint.iter().cloned().chain(lost.and_then(|host| way(&host))).collect();
            return Err(if hints.is_empty() { error } else { error.hint(hints.join("\n  help: ")) });
        }
        sources.drop_halves(inventory);
        let problems = sources.unusable(inventory, &[]).problems;
        for (message, help) in &problems {
            output.error(&anyhow!(message.clone()), Some(help));
        }
        if problems.is_empty() { Ok(sources) } else { Err(CommandError::reported(ExitStatus::NotStarted)) }
    }

    /// Reads those that can be read, and looks at none.
    ///
    /// # Errors
    /// The run was interrupted.
    pub fn read_each(
        inventory: &Inventory,
        hosts: &[&dyn Host],
        interrupt: &Interrupt,
    ) -> Result<(Self, Vec<Unread>), CommandError> {
        let (mut sources, mut unread) = (Self::default(), Vec::new());
        let mut wanted: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, file) in files(inventory) {
            if let Some((host, source)) = on_host(file) {
                if hosts.iter().any(|it| it.name() == host) {
                    wanted.entry(host).or_default().insert(source, path);
                }
            } else if let Some(local) = &file.local {
                match file::read_secret(local, file::PEM) {
                    Ok(bytes) => drop(sources.0.insert(file.written.to_string(), bytes)),
                    Err(error) => {
                        let help = error.help();
                        let error = anyhow::Error::from(error)
                            .context(format!("`{}`, the source of `{path}`, cannot be read", file.written));
                        let error = CommandError::from(error).hint(help);
                        unread.push(Unread { path: path.to_owned(), error, lost: None });
                    }
                }
            }
        }
        unread.extend(sources.read_hosts(inventory, &wanted, hosts, interrupt)?);
        Ok((sources, unread))
    }

    /// Reads those on hosts, each with the path that hosts are to have it at.
    fn read_hosts(
        &mut self,
        inventory: &Inventory,
        wanted: &BTreeMap<&str, BTreeMap<&str, &str>>,
        hosts: &[&dyn Host],
        interrupt: &Interrupt,
    ) -> Result<Vec<Unread>, CommandError> {
        let asked: Vec<&dyn Host> = hosts.iter().copied().filter(|host| wanted.contains_key(host.name())).collect();
        let fleet = Fleet { hosts: &asked, interrupted: &|| interrupt.requested() };
        let read = fleet.observe(|host| {
            let paths: Vec<&str> = wanted[host.name()].keys().copied().collect();
            deploy::secrets(host, &paths)
        });
        let stopped = || CommandError::reported(interrupt.signal().map_or(ExitStatus::NotStarted, ExitStatus::from));
        let mut unread = Vec::new();
        for (host, mut found) in asked.iter().map(|host| host.name()).zip(read.map_err(|_| stopped())?) {
            for (source, path) in &wanted[host] {
                let lost = found.is_err().then(|| host.to_owned());
                let error = match &mut found {
                    Ok(found) => match found.remove(*source) {
                        Some(bytes) => {
                            self.0.insert(format!("{host}:{source}"), bytes);
                            continue;
                        }
                        None => {
                            let of = site_of(inventory, host, source);
                            let error = anyhow!("{host} has no file `{source}`, a certificate source of {of}");
                            let help =
                                format!("look there with `ls -l {source}`, or correct the path in the inventory");
                            CommandError::new(ExitStatus::NotStarted, error).hint(help)
                        }
                    },
                    Err(lost) => away(lost),
                };
                unread.push(Unread { path: (*path).to_owned(), error, lost });
            }
        }
        Ok(unread)
    }

    /// Without its key, a certificate is of no use.
    fn drop_halves(&mut self, inventory: &Inventory) {
        let written = |source: &CertificateSource| {
            let files = [Some(&source.certificate), source.key.as_ref()];
            files.into_iter().flatten().map(|file| file.written.to_string()).collect::<Vec<_>>()
        };
        let whole = pairs(inventory).map(|(_, _, source)| written(source));
        let whole: BTreeSet<String> =
            whole.filter(|files| files.iter().all(|file| self.0.contains_key(file))).flatten().collect();
        self.0.retain(|file, _| whole.contains(file));
    }

    /// What a source contains, as the inventory has it; `None` if it was not read.
    pub fn get(&self, written: &str) -> Option<&[u8]> {
        self.0.get(written).map(|bytes| bytes.as_slice())
    }

    /// Removes what cannot be served, as if it had not been read. `found` is what rules have found about files of this
    /// machine.
    pub fn drop_unusable(&mut self, inventory: &Inventory, found: &[Diagnostic]) -> Unusable {
        let unusable = self.unusable(inventory, found);
        let of_pair = files(inventory).filter(|(path, _)| unusable.paths.contains(*path));
        of_pair.for_each(|(_, file)| drop(self.0.remove(&file.written.to_string())));
        unusable
    }

    /// The pairs that cannot be served. Those that were not read are left out.
    fn unusable(&self, inventory: &Inventory, found: &[Diagnostic]) -> Unusable {
        let roots = std::cell::OnceCell::new();
        let now = SystemTime::now();
        let mut unusable = Unusable::default();
        for (site, pair, source) in pairs(inventory) {
            let bytes = |file: &SourceFile| self.get(&file.written.to_string());
            let Some(chain) = bytes(&source.certificate) else { continue };
            let chain = Certificate::parse(Path::new(&source.certificate.written.to_string()), chain);
            let key = match &source.key {
                Some(key) => match bytes(key) {
                    Some(bytes) => Some(PrivateKey::parse(Path::new(&key.written.to_string()), bytes)),
                    None => continue,
                },
                None => None,
            };
            let names = inventory.sites[site].server_names.iter().map(|name| name.as_str());
            let problems = match (chain, key.transpose()) {
                (Ok(chain), Ok(key)) => {
                    chain.problems(key.as_ref(), names, now, || roots.get_or_init(Roots::of_this_machine))
                }
                (Err(chain), Err(key)) => vec![chain, key],
                (Err(problem), _) | (_, Err(problem)) => vec![problem],
            };
            // Files of this machine have passed the rules; but a renewal may have come between.
            let local = source.certificate.local.is_some() && source.key.as_ref().is_none_or(|key| key.local.is_some());
            let by_rule = |it: &certificate::Problem| found.iter().any(|finding| finding.message == it.message);
            let counts = |it: &certificate::Problem| {
                it.severity == Severity::Error
                    && (!local || by_rule(it) || matches!(it.kind, ProblemKind::KeyMismatch | ProblemKind::NotPem))
            };
            let problems: Vec<certificate::Problem> = problems.into_iter().filter(counts).collect();
            if !problems.is_empty() {
                unusable.paths.extend([&pair.ssl_certificate, &pair.ssl_certificate_key].map(ToString::to_string));
            }
            let problems = problems.into_iter().map(|problem| (problem.message, here(source, &problem.help)));
            unusable.problems.extend(problems);
        }
        unusable
    }
}

/// What to do, for files that may be on a host: commands are for that host.
fn here(source: &CertificateSource, help: &str) -> String {
    let mut help = help.to_owned();
    for (host, path) in [Some(&source.certificate), source.key.as_ref()].into_iter().flatten().filter_map(on_host) {
        let both = format!("{host}:{path}");
        if help.contains(&both) {
            let there = format!("on {host}: ");
            help = format!("{there}{}", help.replace(&both, path).trim_start_matches(&there));
        }
    }
    help
}

/// A certificate that hosts have at a path or are to have there.
fn at(path: &str, bytes: &[u8]) -> Option<Certificate> {
    Certificate::parse(Path::new(path), bytes).ok()
}

/// The certificates that a plan replaces: the path, what is to be there, and what is there.
fn replaced<'p>(
    plan: &'p HostPlan,
    entries: &'p [Entry],
    contents: &'p Contents,
) -> impl Iterator<Item = (&'p str, Certificate, Option<Certificate>)> {
    plan.changes.iter().filter_map(|change| {
        let path = change.path.as_str();
        let new = entries.iter().find(|entry| *entry.path == *path)?;
        let live = contents.get(path).and_then(|bytes| at(path, bytes));
        Some((path, at(path, &new.content.bytes)?, live))
    })
}

/// Makes it a problem of the plan that a certificate would be replaced by an older one.
pub fn refuse_older(plan: &mut HostPlan, entries: &[Entry], contents: &Contents) {
    let older = replaced(plan, entries, contents).filter_map(|(path, new, live)| {
        let live = live.filter(|live| new.is_older_than(live))?;
        Some(Problem::Older { path: path.to_owned(), live: live.begins(), new: new.begins() })
    });
    let older: Vec<Problem> = older.collect();
    plan.problems.extend(older);
}

/// The certificates that hosts get and that have expired.
pub fn expired(wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> Vec<Renewal> {
    let now = SystemTime::now();
    let expired = |new: &Certificate, _: Option<&Certificate>| {
        new.date_problems(now, None).iter().any(|it| it.kind == ProblemKind::Expired)
    };
    coming(wanted, seen, expired)
}

/// The certificates that hosts get.
pub fn renewals(wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> Vec<Renewal> {
    coming(wanted, seen, |_, _| true)
}

/// The files that hosts get without a certificate, such as a key that was damaged, each with these hosts.
pub fn restored<'p>(wanted: &[Wanted<'_>], seen: &'p [Result<Planned, Unreachable>]) -> BTreeMap<&'p str, Vec<String>> {
    let mut restored: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((name, _, entries), host) in wanted.iter().zip(seen) {
        let Ok(planned) = host else { continue };
        if replaced(&planned.plan, entries, &planned.contents).next().is_none() {
            for change in &planned.plan.changes {
                restored.entry(&change.path).or_default().push((*name).to_owned());
            }
        }
    }
    restored
}

/// The certificates that hosts get and that are older than those they have.
pub fn older(wanted: &[Wanted<'_>], seen: &[Result<Planned, Unreachable>]) -> Vec<Renewal> {
    coming(wanted, seen, |new, live| live.is_some_and(|live| new.is_older_than(live)))
}

fn coming(
    wanted: &[Wanted<'_>],
    seen: &[Result<Planned, Unreachable>],
    which: impl Fn(&Certificate, Option<&Certificate>) -> bool,
) -> Vec<Renewal> {
    let mut renewals: Vec<Renewal> = Vec::new();
    for ((name, _, entries), host) in wanted.iter().zip(seen) {
        let Ok(planned) = host else { continue };
        let replaced = replaced(&planned.plan, entries, &planned.contents);
        for (path, new, live) in replaced.filter(|(_, new, live)| which(new, live.as_ref())) {
            let (expires, was) = (new.expires(), live.map(|live| live.expires()));
            match renewals.iter_mut().find(|it| it.path == path && it.expires == expires && it.was == was) {
                Some(same) => same.hosts.push((*name).to_owned()),
                None => renewals.push(Renewal { path: path.to_owned(), expires, was, hosts: vec![(*name).to_owned()] }),
            }
        }
    }
    renewals
}
