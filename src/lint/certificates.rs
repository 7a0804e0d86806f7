//! The certificates and keys that sites name on this machine. Every file is read once, however many
//! sites name it, and no file is read unless a rule needs it.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::path::{Path, PathBuf};

use super::{CertificateRef, Finding, Fleet, Reporter};
use crate::inventory::Inventory;
use crate::inventory::certificate::{Certificate, PrivateKey, Problem, Roots};
use crate::inventory::model::{CertificateSource, Site, SourceFile};

/// What is on a host is read when it is deployed.
const LOCAL: &str = "a certificate source on this machine";
const CHAIN: &str = "`ssl_certificate_source`";
const KEY: &str = "`ssl_certificate_key_source`";
const USABLE_CHAIN: &str = "a usable `ssl_certificate_source`";
const USABLE_KEY: &str = "a usable `ssl_certificate_key_source`";

/// The files that sites name on this machine.
#[derive(Debug)]
pub struct Certificates {
    /// The values of `ssl_certificate_source`.
    pub chains: Files<Certificate>,
    /// The values of `ssl_certificate_key_source`.
    pub keys: Files<PrivateKey>,
    roots: OnceCell<Roots>,
}

/// The files of one kind, in the order of the first sites that name them.
#[derive(Debug)]
pub struct Files<T> {
    /// The key of a site that they are the values of.
    pub key: &'static str,
    /// The key that the inventory lacks if not every site has a file, in backticks.
    lacking: &'static str,
    /// What the rules need if a file cannot be used.
    usable: &'static str,
    all: Vec<File<T>>,
    /// For each certificate of the fleet, the index of its file in `all`.
    places: Vec<(CertificateRef, Option<usize>)>,
    /// The sites with a file that is on a host.
    on_hosts: BTreeSet<usize>,
}

/// A file and what was read from it.
#[derive(Debug)]
pub struct File<T> {
    /// The path that the inventory names, relative to the current directory.
    pub path: PathBuf,
    /// The certificates that name it; not empty.
    pub named: Vec<CertificateRef>,
    pub read: Result<T, Problem>,
}

impl Certificates {
    pub fn read(inventory: &Inventory) -> Self {
        let sources: Vec<(CertificateRef, Option<&CertificateSource>)> =
            inventory.sites.iter().enumerate().flat_map(|(site, it)| sources(site, it)).collect();
        // Without a source for the certificate there is none for the key.
        let lacking = if sources.iter().any(|(_, source)| source.is_none()) { CHAIN } else { KEY };
        let chains = sources.iter().map(|(at, source)| (*at, source.map(|source| &source.certificate)));
        let keys = sources.iter().map(|(at, source)| (*at, source.and_then(|source| source.key.as_ref())));
        Self {
            chains: Files::read(("ssl_certificate_source", CHAIN, USABLE_CHAIN), chains, Certificate::read),
            keys: Files::read(("ssl_certificate_key_source", lacking, USABLE_KEY), keys, PrivateKey::read),
            roots: OnceCell::new(),
        }
    }

    /// This machine's root certificates; none if it has no bundle of them.
    pub fn roots(&self) -> &Roots {
        self.roots.get_or_init(Roots::of_this_machine)
    }

    /// The pairs of certificate and key that sites name, each once, with the certificates that name it.
    pub fn pairs(&self) -> impl Iterator<Item = (&Certificate, &PrivateKey, Vec<CertificateRef>)> {
        let both = self.chains.places.iter().zip(&self.keys.places);
        let pairs = grouped(both.map(|((at, chain), (_, key))| (*at, (*chain).zip(*key)))).into_iter();
        pairs.filter_map(|((chain, key), named)| {
            let (chain, key) = (self.chains.all.get(chain)?, self.keys.all.get(key)?);
            Some((chain.read.as_ref().ok()?, key.read.as_ref().ok()?, named))
        })
    }
}

impl<T> Files<T> {
    fn read<'p>(
        (key, lacking, usable): (&'static str, &'static str, &'static str),
        files: impl Iterator<Item = (CertificateRef, Option<&'p SourceFile>)>,
        read: impl Fn(&Path) -> Result<T, Problem>,
    ) -> Self {
        let files: Vec<(CertificateRef, Option<&SourceFile>)> = files.collect();
        let on_hosts = files.iter().filter(|(_, file)| file.is_some_and(|file| file.local.is_none()));
        let on_hosts = on_hosts.map(|(at, _)| at.site).collect();
        let paths: Vec<(CertificateRef, Option<&Path>)> =
            files.into_iter().map(|(at, file)| (at, file.and_then(|file| file.local.as_deref()))).collect();
        let files = grouped(paths.iter().copied());
        let known: HashMap<&Path, usize> = files.iter().enumerate().map(|(place, (path, _))| (*path, place)).collect();
        let places = paths.iter().map(|(at, path)| (*at, path.and_then(|path| known.get(path).copied()))).collect();
        let file =
            |(path, named): (&Path, Vec<CertificateRef>)| File { read: read(path), path: path.to_owned(), named };
        Self { key, lacking, usable, all: files.into_iter().map(file).collect(), places, on_hosts }
    }

    pub fn all(&self) -> &[File<T>] {
        &self.all
    }

    /// Every file that could be read.
    pub fn sound(&self) -> impl Iterator<Item = (&File<T>, &T)> {
        self.all.iter().filter_map(|file| Some((file, file.read.as_ref().ok()?)))
    }

    /// What the site at `index` names, if it could be read.
    pub fn of(&self, index: usize) -> impl Iterator<Item = (CertificateRef, &T)> {
        // `places` is in the order of the sites.
        let from = self.places.partition_point(|(at, _)| at.site < index);
        let places = self.places[from..].iter().take_while(move |(at, _)| at.site == index);
        places.filter_map(|(at, place)| Some((*at, self.all.get((*place)?)?.read.as_ref().ok()?)))
    }

    /// Reports that the rule did not run for sites that name no file on this machine.
    pub fn report_unnamed(&self, reporter: &mut Reporter<'_>) {
        let key = self.key;
        let sites: BTreeSet<usize> = self.places.iter().map(|(at, _)| at.site).collect();
        let unnamed: BTreeSet<usize> =
            self.places.iter().filter(|(_, file)| file.is_none()).map(|(at, _)| at.site).collect();
        let unnamed: BTreeSet<usize> = unnamed.difference(&self.on_hosts).copied().collect();
        let sites = sites.len();
        let mut not_run = |needs, reason: String| match self.all.is_empty() {
            true => reporter.not_run(needs, reason),
            false => reporter.not_run_for_some(needs, reason),
        };
        match self.on_hosts.len() {
            0 => {}
            1 => not_run(LOCAL, format!("the `{key}` of one site is on a host")),
            some => not_run(LOCAL, format!("the `{key}` of {some} sites is on a host")),
        }
        let reason = match unnamed.len() {
            0 => return,
            1 if sites == 1 => format!("the site does not set `{key}`"),
            all if all == sites => format!("no site sets `{key}`"),
            1 => format!("1 of {sites} sites does not set `{key}`"),
            some => format!("{some} of {sites} sites do not set `{key}`"),
        };
        not_run(self.lacking, reason);
    }

    /// The same, and also for files that could not be read.
    pub fn report_missing(&self, reporter: &mut Reporter<'_>) {
        self.report_unnamed(reporter);
        let reason = match self.all.iter().filter(|file| file.read.is_err()).count() {
            0 => return,
            1 => format!("one `{}` cannot be used: see TL06", self.key),
            some => format!("{some} `{}` files cannot be used: see TL06", self.key),
        };
        reporter.not_run(self.usable, reason);
    }
}

impl Files<Certificate> {
    /// What nginx serves of a site's certificates: the last one of each kind of key. `None` if one of them has no
    /// usable source or a key of unknown kind.
    pub fn served(&self, site: usize) -> Option<Vec<(CertificateRef, &Certificate)>> {
        let mut served: Vec<(&str, (CertificateRef, &Certificate))> = Vec::new();
        let all = || self.of(site);
        for (at, certificate) in all() {
            let kind = certificate.key_kind()?;
            served.retain(|(other, _)| *other != kind);
            served.push((kind, (at, certificate)));
        }
        let from = self.places.partition_point(|(at, _)| at.site < site);
        let count = self.places[from..].iter().take_while(|(at, _)| at.site == site).count();
        (all().count() == count).then(|| served.into_iter().map(|(_, it)| it).collect())
    }
}

fn sources(site: usize, it: &Site) -> impl Iterator<Item = (CertificateRef, Option<&CertificateSource>)> {
    it.certificates
        .iter()
        .enumerate()
        .map(move |(certificate, pair)| (CertificateRef { site, certificate }, pair.source.as_ref()))
}

/// The certificates for each value, in the order in which values first appear.
fn grouped<K: Hash + Eq + Copy>(
    values: impl Iterator<Item = (CertificateRef, Option<K>)>,
) -> Vec<(K, Vec<CertificateRef>)> {
    let mut groups: Vec<(K, Vec<CertificateRef>)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for (at, value) in values.filter_map(|(at, value)| Some((at, value?))) {
        let place = *places.entry(value).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, named)) => named.push(at),
            None => groups.push((value, vec![at])),
        }
    }
    groups
}

/// How many of the other sites that name a file are shown in addition to the first.
const BESIDE: usize = 3;

/// A finding for a problem with a file, at the value of `key` in the first certificate that names it.
pub fn found(fleet: &Fleet<'_>, key: &str, named: &[CertificateRef], problem: Problem) -> Finding {
    let severity = problem.severity;
    placed(fleet, key, named, (problem.message, problem.help)).with_severity(severity)
}

/// A finding at the value of `key` in the first certificate that names the file.
pub fn placed(fleet: &Fleet<'_>, key: &str, named: &[CertificateRef], (message, help): (String, String)) -> Finding {
    let mut places = named.iter().map(|at| fleet.certificate(*at, key).span());
    let finding = Finding::new(places.next().unwrap_or(fleet.written.span()), message, help);
    places.take(BESIDE).fold(finding, |finding, place| finding.related(place, "this site uses it too"))
}
