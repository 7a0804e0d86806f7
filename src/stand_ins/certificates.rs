//! Puts a certificate at every path that the rendered files name: the real one where it is on this
//! machine, else a stand-in. Stand-ins are signed by an authority that exists as long as the run, so
//! that clients can verify them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use crate::file::{self, ReadError};
use crate::inventory::model::{Site, SourceFile};
use crate::sandbox::FileSpec;

/// A certificate that a rendered file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSpec {
    /// Where nginx reads the certificate chain.
    pub certificate: PathBuf,
    /// Where nginx reads the key.
    pub key: PathBuf,
    /// The names that a stand-in must cover.
    pub names: Vec<String>,
    /// The local files of the real pair.
    pub source: Option<(PathBuf, PathBuf)>,
}

/// One certificate for each path, for the names of all sites that share it. A certificate with its key
/// at two paths is in the list twice.
pub fn wanted(sites: &[&Site]) -> Vec<CertificateSpec> {
    let mut found: Vec<CertificateSpec> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut elsewhere: Vec<(usize, PathBuf)> = Vec::new();
    let pairs = sites.iter().flat_map(|site| site.certificates.iter().map(move |pair| (site, pair)));
    for (site, pair) in pairs {
        let names = site.server_names.iter().map(ToString::to_string);
        if let Some(index) = known.get(pair.ssl_certificate.as_str()) {
            let first = &mut found[*index];
            first.names.extend(names);
            let key = PathBuf::from(pair.ssl_certificate_key.as_str());
            if first.key != key && !elsewhere.contains(&(*index, key.clone())) {
                elsewhere.push((*index, key));
            }
            continue;
        }
        known.insert(pair.ssl_certificate.as_str(), found.len());
        let local = |file: &SourceFile| file.local.clone();
        let source = pair
            .source
            .as_ref()
            .and_then(|source| Some((local(&source.certificate)?, source.key.as_ref().and_then(local)?)));
        let (certificate, key) = (pair.ssl_certificate.as_str().into(), pair.ssl_certificate_key.as_str().into());
        found.push(CertificateSpec { certificate, key, names: names.collect(), source });
    }
    // Added last, when all names are known.
    let again: Vec<CertificateSpec> =
        elsewhere.into_iter().map(|(index, key)| CertificateSpec { key, ..found[index].clone() }).collect();
    found.extend(again);
    found
}

/// The files with authorities that nginx verifies apps and clients of these sites with.
pub fn authorities(sites: &[&Site]) -> BTreeSet<PathBuf> {
    let locations = sites.iter().flat_map(|site| &site.locations);
    let of_apps = locations.filter_map(|it| it.upstream_tls.as_ref()?.file().map(|path| PathBuf::from(path.as_str())));
    let clients = sites.iter().filter_map(|site| site.client_certificates.as_ref());
    of_apps.chain(clients.map(|it| PathBuf::from(it.authorities.as_str()))).collect()
}

/// The files with lists of revoked certificates of clients.
pub fn revoked(sites: &[&Site]) -> BTreeSet<PathBuf> {
    let clients = sites.iter().filter_map(|site| site.client_certificates.as_ref());
    clients.filter_map(|it| it.revoked.as_ref()).map(|path| PathBuf::from(path.as_str())).collect()
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was read from this file, the certificate source or the path that the hosts read.
    Real(PathBuf),
    /// It was made for the run. The file that is here instead, if any, and why it was not used.
    StandIn(Option<(PathBuf, String)>),
}

/// A chain and its key.
struct Pair {
    chain: Vec<u8>,
    key: Vec<u8>,
    origin: Origin,
}

/// The common name in the certificate of a client.
pub const CLIENT: &str = "sslscale try client";

/// Signs stand-ins.
type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Every pair of a run, each read or made once.
#[derive(Default)]
pub struct Pairs {
    authority: Option<Issuer>,
    /// App servers of one pool name the same certificate, and must have the same one.
    known: BTreeMap<(PathBuf, Vec<String>), Pair>,
    /// The keys of stand-ins by their paths: certificates may share one.
    keys: BTreeMap<PathBuf, String>,
}

impl Pairs {
    /// Puts the pair at its paths among `files`. Returns its origin the first time.
    ///
    /// # Errors
    /// A name that no certificate can contain.
    pub fn put(
        &mut self,
        wanted: &CertificateSpec,
        files: &mut BTreeMap<PathBuf, FileSpec>,
    ) -> Result<Option<Origin>, rcgen::Error> {
        let known = (wanted.certificate.clone(), wanted.names.clone());
        let new = !self.known.contains_key(&known);
        if new {
            let pair = match real(wanted) {
                Ok(pair) => pair,
                Err(unread) => {
                    let (chain, key) = made(wanted, &mut self.authority, &mut self.keys)?;
                    Pair { chain, key, origin: Origin::StandIn(unread) }
                }
            };
            self.known.insert(known.clone(), pair);
        }
        let pair = &self.known[&known];
        for (path, bytes, mode) in [(&wanted.certificate, &pair.chain, 0o644), (&wanted.key, &pair.key, 0o600)] {
            // One path may be named as a certificate and as a key: the file holds both then.
            let (bytes, mode) = match files.get(path) {
                Some(FileSpec { bytes: before, .. }) if holds(before, bytes) => (before.to_vec(), 0o600),
                Some(FileSpec { bytes: before, .. }) => ([before, b"\n".as_slice(), bytes].concat(), 0o600),
                None => (bytes.clone(), mode),
            };
            files.insert(path.clone(), FileSpec::new(bytes, mode));
        }
        Ok(new.then(|| pair.origin.clone()))
    }

    /// Puts the authority at this path, for certificates of apps.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn put_authority(
        &mut self,
        path: PathBuf,
        files: &mut BTreeMap<PathBuf, FileSpec>,
    ) -> Result<(), rcgen::Error> {
        let pem = authority(&mut self.authority)?.pem();
        files.entry(path).or_insert_with(|| FileSpec::new(pem.into_bytes(), 0o644));
        Ok(())
    }

    /// Puts a list of the authority in which nothing is revoked at this path.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn put_revoked(&mut self, path: PathBuf, files: &mut BTreeMap<PathBuf, FileSpec>) -> Result<(), rcgen::Error> {
        let pem = self.none_revoked()?;
        // One file may hold the authorities, too.
        let before = files.get(&path).map(|file| file.bytes.to_vec()).unwrap_or_default();
        files.insert(path, FileSpec::new([before, pem.into_bytes()].concat(), 0o644));
        Ok(())
    }

    /// A list of the authority in which nothing is revoked, as PEM.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn none_revoked(&mut self) -> Result<String, rcgen::Error> {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&*authority(&mut self.authority)?)?.pem()
    }

    /// A certificate of a client, which the authority has signed, with its key, as PEM.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn client(&mut self) -> Result<String, rcgen::Error> {
        let authority = authority(&mut self.authority)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, CLIENT);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        Ok(params.signed_by(&key, &*authority)?.pem() + &key.serialize_pem())
    }

    /// The authority that signed the stand-ins, as PEM, if there are any.
    pub fn authority(&self) -> Option<String> {
        self.authority.as_ref().map(|authority| authority.pem())
    }

    /// The names of every pair that was found on this machine.
    pub fn real_names(&self) -> impl Iterator<Item = &String> {
        self.known.iter().filter(|(_, pair)| matches!(pair.origin, Origin::Real(_))).flat_map(|((_, names), _)| names)
    }
}

fn holds(file: &[u8], part: &[u8]) -> bool {
    part.is_empty() || file.windows(part.len()).any(|window| window == part)
}

/// The pair at its source, or at the paths that the hosts read.
///
/// # Errors
/// The first file that is there and cannot be used, and why.
fn real(wanted: &CertificateSpec) -> Result<Pair, Option<(PathBuf, String)>> {
    let on_hosts = (wanted.certificate.clone(), wanted.key.clone());
    let mut unread = None;
    for (chain, key) in [wanted.source.as_ref(), Some(&on_hosts)].into_iter().flatten() {
        match read(chain).and_then(|bytes| Ok((bytes, read(key)?))) {
            Ok((bytes, key)) => return Ok(Pair { chain: bytes, key, origin: Origin::Real(chain.clone()) }),
            Err((_, ReadError::Missing)) => {}
            Err((path, error)) => unread = unread.or(Some((path.to_owned(), error.to_string()))),
        }
    }
    Err(unread)
}

fn read(path: &Path) -> Result<Vec<u8>, (&Path, ReadError)> {
    file::read(path, file::PEM).map_err(|error| (path, error))
}

/// A certificate for an app that no browser sees, signed by its own key, and that key, as PEM.
///
/// # Errors
/// A name that no certificate can contain.
pub fn self_signed(name: &str) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![name.to_owned()])?.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The authority of a run, which is made when it is first needed.
fn authority(known: &mut Option<Issuer>) -> Result<&mut Issuer, rcgen::Error> {
    if known.is_none() {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "sslscale try authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        *known = Some(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?);
    }
    Ok(known.as_mut().expect("it was made above"))
}

fn made(
    wanted: &CertificateSpec,
    known: &mut Option<Issuer>,
    keys: &mut BTreeMap<PathBuf, String>,
) -> Result<(Vec<u8>, Vec<u8>), rcgen::Error> {
    let authority = authority(known)?;
    let mut params = CertificateParams::new(wanted.names.clone())?;
    // Strict clients, such as Python 3.13 and later, insist on all that RFC 5280 requires.
    params.distinguished_name.push(DnType::CommonName, "sslscale try");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = match keys.get(&wanted.key) {
        Some(known) => KeyPair::from_pem(known)?,
        // All are ECDSA P-256, so that nginx serves the last of a site's list. ring makes no RSA keys,
        // and OpenSSL 3.0 cannot read the form of its Ed25519 keys.
        None => KeyPair::generate()?,
    };
    keys.insert(wanted.key.clone(), key.serialize_pem());
    let leaf = params.signed_by(&key, &*authority)?;
    Ok((leaf.pem().into_bytes(), key.serialize_pem().into_bytes()))
}
