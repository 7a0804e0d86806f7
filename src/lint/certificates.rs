//! The certificates and keys that sites name on this machine: every file read once, however many
//! sites name it, and none where no rule asks.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use super::{Findings, Fleet};
use crate::diagnostic::Diagnostic;
use crate::inventory::Inventory;
use crate::inventory::certificate::{Certificate, PrivateKey, Problem, Roots};

/// The roots that programs on this machine trust: Debian's and Fedora's place for them.
const ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// What sites name on this machine.
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
    /// The key of a site that names one.
    pub key: &'static str,
    all: Vec<File<T>>,
    /// By site: its place in `all`.
    of_site: Vec<Option<usize>>,
}

/// A file, once read.
#[derive(Debug)]
pub struct File<T> {
    /// As the inventory names it, from this directory.
    pub path: PathBuf,
    /// The sites that name it; not empty.
    pub sites: Vec<usize>,
    /// What is in it.
    pub read: Result<T, Problem>,
}

impl Certificates {
    /// Reads all of them.
    pub fn read(inventory: &Inventory) -> Self {
        let sources = || inventory.sites.iter().map(|site| site.source.as_ref());
        let chains = sources().map(|source| source.map(|source| source.certificate.as_path()));
        let keys = sources().map(|source| source.and_then(|source| source.key.as_deref()));
        Self {
            chains: Files::read("ssl_certificate_source", chains, Certificate::read),
            keys: Files::read("ssl_certificate_key_source", keys, PrivateKey::read),
            roots: OnceCell::new(),
        }
    }

    /// The roots of this machine; none where it has no bundle of them.
    pub fn roots(&self) -> &Roots {
        let bundle = || ROOTS.iter().map(Path::new).find(|path| path.exists());
        self.roots.get_or_init(|| bundle().map(Roots::read).unwrap_or_default())
    }

    /// The pairs of a certificate and a key that sites name, each once, with the sites.
    pub fn pairs(&self) -> impl Iterator<Item = (&Certificate, &PrivateKey, Vec<usize>)> {
        let of_sites = self.chains.of_site.iter().zip(&self.keys.of_site).map(|(chain, key)| (*chain).zip(*key));
        let pairs = grouped(of_sites).into_iter();
        pairs.filter_map(|((chain, key), sites)| {
            let (chain, key) = (self.chains.all.get(chain)?, self.keys.all.get(key)?);
            Some((chain.read.as_ref().ok()?, key.read.as_ref().ok()?, sites))
        })
    }
}

impl<T> Files<T> {
    fn read<'p>(
        key: &'static str,
        paths: impl Iterator<Item = Option<&'p Path>>,
        read: impl Fn(&Path) -> Result<T, Problem>,
    ) -> Self {
        let paths: Vec<Option<&Path>> = paths.collect();
        let mut of_site = vec![None; paths.len()];
        let files = grouped(paths.into_iter());
        let all: Vec<File<T>> =
            files.into_iter().map(|(path, sites)| File { read: read(path), path: path.to_owned(), sites }).collect();
        for (place, file) in all.iter().enumerate() {
            for site in &file.sites {
                of_site[*site] = Some(place);
            }
        }
        Self { key, all, of_site }
    }

    /// Every file.
    pub fn all(&self) -> &[File<T>] {
        &self.all
    }

    /// Every file that holds what it should.
    pub fn sound(&self) -> impl Iterator<Item = (&File<T>, &T)> {
        self.all.iter().filter_map(|file| Some((file, file.read.as_ref().ok()?)))
    }

    /// What the site at `index` names, where it does and that holds what it should.
    pub fn of(&self, index: usize) -> Option<&T> {
        let place = self.of_site.get(index).copied().flatten()?;
        self.all.get(place)?.read.as_ref().ok()
    }

    /// Tells a rule's reader how many sites it could not look at: they have not passed.
    pub fn skip_unnamed(&self, findings: &mut Findings) {
        let (sites, key) = (self.of_site.len(), self.key);
        match self.of_site.iter().filter(|file| file.is_none()).count() {
            0 => {}
            1 if sites == 1 => findings.skip(format!("the site names no `{key}`")),
            all if all == sites => findings.skip(format!("no site names an `{key}`")),
            1 => findings.skip(format!("1 of {sites} sites names no `{key}`")),
            some => findings.skip(format!("{some} of {sites} sites name no `{key}`")),
        }
    }

    /// The same, and which files hold nothing that it could judge.
    pub fn skip(&self, findings: &mut Findings) {
        self.skip_unnamed(findings);
        match self.all.iter().filter(|file| file.read.is_err()).count() {
            0 => {}
            1 => findings.skip(format!("one `{}` cannot be used: see TL06", self.key)),
            some => findings.skip(format!("{some} files of `{}` cannot be used: see TL06", self.key)),
        }
    }
}

/// Which sites, by index, have each value, in the order of the first.
fn grouped<K: Hash + Eq + Copy>(values: impl Iterator<Item = Option<K>>) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for (site, value) in values.enumerate().filter_map(|(site, value)| Some((site, value?))) {
        let place = *places.entry(value).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, sites)) => sites.push(site),
            None => groups.push((value, vec![site])),
        }
    }
    groups
}

/// So many of the other sites that name a file are shown beside the first.
const BESIDE: usize = 3;

/// A problem of a file as a finding, at the value of `key` in the first of the `sites` that name it.
pub fn found(fleet: &Fleet<'_>, findings: &Findings, key: &str, sites: &[usize], problem: Problem) -> Diagnostic {
    let severity = problem.severity;
    placed(fleet, findings, key, sites, (problem.message, problem.help)).with_severity(severity)
}

/// A finding with a message and a help, there.
pub fn placed(
    fleet: &Fleet<'_>,
    findings: &Findings,
    key: &str,
    sites: &[usize],
    (message, help): (String, String),
) -> Diagnostic {
    let mut places = sites.iter().map(|site| fleet.site(*site, key).span());
    let finding = findings.finding(places.next().unwrap_or(fleet.written.span()), message, help);
    places.take(BESIDE).fold(finding, |finding, place| finding.related(place, "this site names it too"))
}
