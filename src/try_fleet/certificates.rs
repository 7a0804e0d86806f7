//! Puts a certificate at every path that the rendered files name: the real one where it is on this
//! machine, else one made for the run. Made ones are signed by an authority that lives as long as
//! the run, so that clients verify them; real ones are used as they are and not verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::spec::{CertificateSpec, FileSpec, FleetSpec};

/// What the certificates of a run are.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// The authority that signed those made for the run, as PEM.
    pub(super) authority: Option<String>,
    /// Sites whose certificate it did not sign.
    pub(super) unverified: Vec<String>,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
}

/// A chain and its key, and whether they are the real ones.
struct Pair {
    chain: Vec<u8>,
    key: Vec<u8>,
    real: bool,
}

/// Adds all certificates of `spec` to its hosts' files.
///
/// # Errors
/// A name that no certificate can hold.
pub(super) fn supply(spec: &mut FleetSpec) -> Result<Certificates, rcgen::Error> {
    let mut done = Certificates::default();
    let mut authority = None;
    // App servers of one pool name the same certificate, and must hold the same one.
    let mut pairs: BTreeMap<(PathBuf, Vec<String>), Pair> = BTreeMap::new();
    for host in &mut spec.hosts {
        for wanted in &host.certificates {
            let known = (wanted.certificate.clone(), wanted.names.clone());
            if !pairs.contains_key(&known) {
                let pair = match real(wanted) {
                    Some(pair) => pair,
                    None => made(wanted, &mut authority)?,
                };
                done.notes.push(note(wanted, pair.real));
                pairs.insert(known.clone(), pair);
            }
            let pair = &pairs[&known];
            let files = [(&wanted.certificate, &pair.chain, 0o644), (&wanted.key, &pair.key, 0o600)];
            for (path, bytes, mode) in files {
                host.files.insert(path.clone(), FileSpec::new(bytes.clone(), mode));
            }
        }
    }
    let real: BTreeSet<&String> =
        pairs.iter().filter(|(_, pair)| pair.real).flat_map(|((_, names), _)| names).collect();
    done.unverified = spec
        .sites
        .iter()
        .map(|site| &site.name)
        .filter(|name| real.iter().any(|pattern| covers(pattern, name)))
        .cloned()
        .collect();
    done.authority = authority.map(|authority| authority.pem());
    Ok(done)
}

/// The pair at its source, or at its own path on this machine.
fn real(wanted: &CertificateSpec) -> Option<Pair> {
    let own = (wanted.certificate.clone(), wanted.key.clone());
    [wanted.source.as_ref(), Some(&own)]
        .into_iter()
        .flatten()
        .find_map(|(chain, key)| Some(Pair { chain: fs::read(chain).ok()?, key: fs::read(key).ok()?, real: true }))
}

fn made(
    wanted: &CertificateSpec,
    authority: &mut Option<CertifiedIssuer<'static, KeyPair>>,
) -> Result<Pair, rcgen::Error> {
    if authority.is_none() {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "sslscale try authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        *authority = Some(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?);
    }
    let authority = authority.as_ref().expect("it was made above");
    let mut params = CertificateParams::new(wanted.names.clone())?;
    // Strict clients, such as Python from 3.13 on, want all that RFC 5280 asks for.
    params.distinguished_name.push(DnType::CommonName, "sslscale try");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, authority)?;
    Ok(Pair { chain: leaf.pem().into_bytes(), key: key.serialize_pem().into_bytes(), real: false })
}

fn note(wanted: &CertificateSpec, real: bool) -> String {
    let (path, names) = (wanted.certificate.display(), wanted.names.join(", "));
    if real {
        format!("`{path}` ({names}) is the real certificate: it is used as it is, and not verified")
    } else {
        format!("`{path}` ({names}) is not on this machine: a certificate was made for this run")
    }
}

/// Whether a certificate's name, with a wildcard or without, stands for `name`.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => name.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::try_fleet::spec::{HostSpec, Role};

    fn host(name: &str, certificates: Vec<CertificateSpec>) -> HostSpec {
        HostSpec { certificates, ..HostSpec::new(name, Role::AppServer, Vec::new()) }
    }

    #[test]
    fn app_servers_share_a_made_pair() {
        let wanted = CertificateSpec {
            certificate: "/nowhere/ssl.crt".into(),
            key: "/nowhere/ssl.key".into(),
            names: vec!["example.com".to_owned(), "*.example.com".to_owned()],
            source: None,
        };
        let mut spec = FleetSpec {
            hosts: vec![host("srv1", vec![wanted.clone()]), host("srv2", vec![wanted])],
            sites: Vec::new(),
            clients: Vec::new(),
        };
        let done = supply(&mut spec).unwrap();
        assert!(done.authority.is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE")));
        assert_eq!(done.notes.len(), 1);
        assert_eq!(spec.hosts[0].files, spec.hosts[1].files);
        assert_eq!(spec.hosts[0].files[&PathBuf::from("/nowhere/ssl.key")].mode, 0o600);
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.example.com", "www.example.com"));
        assert!(!covers("*.example.com", "a.b.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(covers("example.com", "example.com"));
    }
}
