//! Supplies the certificates of a fleet that is tried: real ones are used as they are and not
//! verified, stand-ins are verified against the run's authority.

use std::collections::BTreeSet;

use super::spec::{CertificateSpec, FleetSpec};
use crate::private_root::Pairs;

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

/// Adds all certificates of `spec` to its hosts' files.
///
/// # Errors
/// A name that no certificate can hold.
pub(super) fn supply(spec: &mut FleetSpec) -> Result<Certificates, rcgen::Error> {
    let mut done = Certificates::default();
    let mut pairs = Pairs::default();
    for host in &mut spec.hosts {
        for wanted in &host.certificates {
            let (new, real) = pairs.put(wanted, &mut host.files)?;
            done.notes.extend(new.then(|| note(wanted, real)));
        }
    }
    let real: BTreeSet<&String> = pairs.real_names().collect();
    done.unverified = spec
        .sites
        .iter()
        .map(|site| &site.name)
        .filter(|name| real.iter().any(|pattern| covers(pattern, name)))
        .cloned()
        .collect();
    done.authority = pairs.authority();
    Ok(done)
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
    use std::path::PathBuf;

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
