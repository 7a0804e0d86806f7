//! Supplies the certificates of a try-out: real ones are used as they are and not verified, stand-ins
//! are verified against the run's authority.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::front;
use super::spec::{CertificateSpec, FileSpec, FleetSpec, HostSpec};
use crate::stand_ins::{Origin, Pairs};

/// What is known about the certificates of a run.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// The authority that signed the stand-ins, as PEM.
    pub(super) authority: Option<String>,
    /// A certificate that it signed for clients, with its key.
    pub(super) client: Option<String>,
    /// Sites whose certificate it did not sign.
    pub(super) unverified: Vec<String>,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
}

/// Adds all certificates of `spec` to its hosts' files.
///
/// # Errors
/// A name that no certificate can contain.
pub(super) fn supply(spec: &mut FleetSpec) -> Result<Certificates, rcgen::Error> {
    let mut done = Certificates::default();
    let mut pairs = Pairs::default();
    let [of_apps, _] = front::certificate();
    for host in &mut spec.hosts {
        for wanted in &host.certificates {
            let origin = pairs.put(wanted, &mut host.files)?;
            // The stand-in apps' certificate is not one of the fleet's.
            let origin = origin.filter(|_| wanted.certificate != of_apps);
            done.notes.extend(origin.map(|origin| note(wanted, &origin)));
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
    if spec.sites.iter().any(|site| site.certified) {
        done.client = Some(pairs.client()?);
    }
    let revoked = spec.hosts.iter().any(|host| !host.revoked.is_empty()).then(|| pairs.none_revoked()).transpose()?;
    done.authority = pairs.authority();
    for host in &mut spec.hosts {
        give(host, |host| &host.revoked, revoked.as_deref());
    }
    trust(spec, done.authority.as_deref());
    Ok(done)
}

/// Gives every host the authority of the run where it looks for those of its apps.
fn trust(spec: &mut FleetSpec, authority: Option<&str>) {
    for host in &mut spec.hosts {
        give(host, |host| &host.authorities, authority);
    }
}

/// Adds this text to files of a host.
fn give(host: &mut HostSpec, paths: fn(&HostSpec) -> &BTreeSet<PathBuf>, text: Option<&str>) {
    for path in paths(host).clone() {
        let before = host.files.get(&path).map(|file| file.bytes.to_vec()).unwrap_or_default();
        let bytes = [before.as_slice(), text.unwrap_or_default().as_bytes()].concat();
        host.files.insert(path, FileSpec::new(bytes, 0o644));
    }
}

fn note(wanted: &CertificateSpec, origin: &Origin) -> String {
    let (path, names) = (wanted.certificate.display(), wanted.names.join(", "));
    match origin {
        Origin::Real(read) if *read == wanted.certificate => {
            format!("`{path}` ({names}) is on this machine: it is used as it is, and clients do not verify it")
        }
        Origin::Real(read) => {
            let read = read.display();
            format!("`{path}` ({names}) is `{read}` of this machine, its source: clients do not verify it")
        }
        Origin::StandIn(None) => {
            format!("`{path}` ({names}) is not on this machine: a certificate was made for this run")
        }
        Origin::StandIn(Some((unread, why))) => {
            let unread = unread.display();
            format!("`{path}` ({names}): a certificate was made for this run, as `{unread}` cannot be used: {why}")
        }
    }
}

/// Whether a certificate's name, which may be a wildcard, covers `name`.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => name.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::try_fleet::spec::Role;

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
            others: Vec::new(),
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
