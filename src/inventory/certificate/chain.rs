//! The certificates of one file as a chain: which is the server's own, which issued which, and
//! whether they stand in the order in which a server has to send them.

use std::cell::Cell;

use x509_parser::{certificate::X509Certificate, error::X509Error, oid_registry as oid, time::ASN1Time};

use super::key::PublicKey;

/// How many signatures of one file are verified; names decide beyond. A chain has two or three.
const VERIFIED: usize = 64;

/// The access method that says where an issuer's certificate is.
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// One certificate of a file.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// The DER of its subject's name.
    pub(super) subject: Vec<u8>,
    /// The DER of its issuer's name.
    pub(super) issuer: Vec<u8>,
    pub(super) not_before: ASN1Time,
    pub(super) not_after: ASN1Time,
    pub(super) key: Option<PublicKey>,
    /// A digest that no client and no OpenSSL takes for a signature.
    pub(super) weak_digest: Option<&'static str>,
    /// It says where its issuer's certificate can be fetched.
    pub(super) fetchable: bool,
    /// It is in public logs, which takes a public authority, and these issue from intermediates.
    pub(super) logged: bool,
    /// It may issue certificates.
    pub(super) authority: bool,
    /// Servers may use it: it says so, or does not say who may.
    pub(super) for_servers: bool,
    /// Its key may sign handshakes, or agree on keys in the way that its kind can.
    pub(super) signs: bool,
    /// The kind of its key, of which OpenSSL keeps one certificate each.
    pub(super) kind: Option<&'static str>,
}

impl Link {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let has = |wanted: &oid::Oid<'_>| certificate.extensions().iter().any(|found| found.oid == *wanted);
        let fetchable = certificate.extensions().iter().any(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::AuthorityInfoAccess(access) => {
                access.accessdescs.iter().any(|one| one.access_method.to_id_string() == CA_ISSUERS)
            }
            _ => false,
        });
        Self {
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            not_before: certificate.validity().not_before,
            not_after: certificate.validity().not_after,
            key: PublicKey::of(certificate.public_key()),
            weak_digest: weak_digest(&certificate.signature_algorithm.algorithm.to_id_string()),
            fetchable,
            logged: has(&oid::OID_CT_LIST_SCT),
            authority: certificate.is_ca(),
            for_servers: match certificate.extended_key_usage() {
                // That it is for any use is not enough for any client.
                Ok(Some(usage)) => usage.value.server_auth,
                _ => true,
            },
            signs: signs(certificate),
            kind: kind(&certificate.public_key().algorithm.algorithm.to_id_string()),
        }
    }

    /// Whether it is a root, or stands for itself alone: nobody else vouches for it.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Whether what a key may be used for leaves room for TLS.
fn signs(certificate: &X509Certificate<'_>) -> bool {
    let Ok(Some(usage)) = certificate.key_usage() else { return true };
    let usage = usage.value;
    let is_rsa = kind(&certificate.public_key().algorithm.algorithm.to_id_string()) == Some("RSA");
    usage.digital_signature() || (is_rsa && (usage.key_encipherment() || usage.key_agreement()))
}

/// Seen with nginx 1.22.1 and OpenSSL 3.0: all curves share a slot, RSA and RSA-PSS do not.
fn kind(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        "1.2.840.113549.1.1.1" => Some("RSA"),
        "1.2.840.113549.1.1.10" => Some("RSA-PSS"),
        "1.2.840.10045.2.1" => Some("EC"),
        "1.3.101.112" => Some("Ed25519"),
        "1.3.101.113" => Some("Ed448"),
        _ => None,
    }
}

fn weak_digest(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" => Some("SHA-1"),
        "1.2.840.113549.1.1.4" => Some("MD5"),
        _ => None,
    }
}

/// The order that the certificates of a file should have; numbers count in the file, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// The server's own, then each one's issuer as far as the file has them. Not empty.
    pub(super) path: Vec<usize>,
    /// The others, in the order of the file.
    pub(super) rest: Vec<usize>,
    /// Those of the others that issued nothing in the file.
    pub(super) strangers: Vec<usize>,
}

impl Chain {
    /// Finds it. Who issued what is told by names, and by signatures as far as they can be judged.
    pub(super) fn of(certificates: &[X509Certificate<'_>]) -> Self {
        let judge = Judge { certificates, left: Cell::new(VERIFIED) };
        let path = judge.path(judge.leaf());
        let rest: Vec<usize> = (0..certificates.len()).filter(|n| !path.contains(n)).collect();
        // Another certificate of an authority above, for clients that know only its older name.
        let crossed = |n: &usize| path.iter().any(|child| judge.issued(*n, *child));
        let strangers = rest.iter().copied().filter(|n| !crossed(n)).collect();
        Self { path, rest, strangers }
    }

    /// Whether a server that sends the file sends every certificate before its issuer's.
    pub(super) fn is_ordered(&self) -> bool {
        self.path.iter().enumerate().all(|(place, n)| place == *n)
    }

    /// The file's certificates in the order in which they should stand.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> {
        self.path.iter().chain(&self.rest).copied()
    }
}

struct Judge<'a, 'c> {
    certificates: &'a [X509Certificate<'c>],
    /// Signatures that may still be verified: somebody's file must not cost minutes.
    left: Cell<usize>,
}

impl Judge<'_, '_> {
    /// The first certificate, unless it issued others of the file: then the last in that line.
    fn leaf(&self) -> usize {
        let mut leaf = 0;
        let mut seen = vec![0];
        while let Some(child) = (0..self.certificates.len()).find(|n| !seen.contains(n) && self.issued(leaf, *n)) {
            seen.push(child);
            leaf = child;
        }
        leaf
    }

    fn path(&self, leaf: usize) -> Vec<usize> {
        let mut path = vec![leaf];
        loop {
            let last = path[path.len() - 1];
            // The next in the file is preferred: of two that fit, both may be right.
            let after = (last + 1..self.certificates.len()).chain(0..last);
            match after.into_iter().find(|n| !path.contains(n) && self.issued(*n, last)) {
                Some(issuer) if !self.is_self_issued(last) => path.push(issuer),
                _ => return path,
            }
        }
    }

    fn is_self_issued(&self, n: usize) -> bool {
        self.certificates[n].subject().as_raw() == self.certificates[n].issuer().as_raw()
    }

    fn issued(&self, issuer: usize, child: usize) -> bool {
        let (parent, certificate) = (&self.certificates[issuer], &self.certificates[child]);
        if issuer == child || self.is_self_issued(child) || parent.subject().as_raw() != certificate.issuer().as_raw() {
            return false;
        }
        if self.left.get() == 0 {
            return true;
        }
        self.left.set(self.left.get() - 1);
        match certificate.verify_signature(Some(parent.public_key())) {
            // What ring refuses for its size or curve is not thereby wrong.
            Err(X509Error::SignatureVerificationError) => !is_judged(parent),
            Ok(()) | Err(_) => true,
        }
    }
}

/// Whether ring verifies signatures of this certificate's key.
fn is_judged(certificate: &X509Certificate<'_>) -> bool {
    match PublicKey::of(certificate.public_key()) {
        Some(key @ PublicKey::Rsa { .. }) => key.rsa_bits().is_some_and(|bits| (2048..=8192).contains(&bits)),
        Some(PublicKey::Ec { curve, .. }) => {
            curve.is_some_and(|curve| curve == oid::OID_EC_P256 || curve == oid::OID_NIST_EC_P384)
        }
        Some(PublicKey::Ed25519(_)) => true,
        Some(PublicKey::Other(_)) | None => false,
    }
}
