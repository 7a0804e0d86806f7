//! The certificates of one file as a chain: which one is the server's, which issued which, and
//! whether they are in the order in which a server has to send them.

use std::cell::Cell;

use x509_parser::{certificate::X509Certificate, error::X509Error, oid_registry as oid, time::ASN1Time};

use super::key::{P256, P384, PublicKey};

/// How many signatures of one file are verified. Beyond that only names are compared. A chain has two or three.
const VERIFIED: usize = 64;

/// The access method for the URL of the issuer's certificate.
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// The extension with the TLS features that a server must have, and the number of the one for OCSP.
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";
const STATUS_REQUEST: u16 = 5;

/// The numbers in the extension; none if it is something else.
fn features(value: &[u8]) -> Vec<u16> {
    der::Decode::from_der(value).unwrap_or_default()
}

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
    /// A digest that neither clients nor OpenSSL accept in a signature.
    pub(super) weak_digest: Option<&'static str>,
    /// It names a URL for its issuer's certificate.
    pub(super) fetchable: bool,
    /// It is in public logs, so it comes from a public authority, and these issue from intermediates.
    pub(super) logged: bool,
    /// It may issue certificates.
    pub(super) authority: bool,
    /// Servers may use it: its extended key usages allow it, or it has none.
    pub(super) for_servers: bool,
    /// Its key usages allow TLS handshakes.
    pub(super) signs: bool,
    /// It requires a stapled OCSP response (must-staple, RFC 7633).
    pub(super) must_staple: bool,
    /// The kind of its key; OpenSSL keeps one certificate for each.
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
                // `anyExtendedKeyUsage` alone is not enough for any client.
                Ok(Some(usage)) => usage.value.server_auth,
                _ => true,
            },
            signs: signs(certificate),
            must_staple: certificate.extensions().iter().any(|extension| {
                extension.oid.to_id_string() == TLS_FEATURE && features(extension.value).contains(&STATUS_REQUEST)
            }),
            kind: kind(&certificate.public_key().algorithm.algorithm.to_id_string()),
        }
    }

    /// Whether it is a root or self-signed: no other certificate issued it.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Whether the key usages allow TLS handshakes.
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

/// The order that the certificates of a file should have. Numbers are places in the file, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// The server's certificate, then each issuer in turn as far as the file has them. Not empty.
    pub(super) path: Vec<usize>,
    /// The others, in the order of the file.
    pub(super) rest: Vec<usize>,
    /// Those in `rest` that issued nothing in the file.
    pub(super) strangers: Vec<usize>,
}

impl Chain {
    /// Sorts the certificates by issuer: names must match, and signatures where they can be verified.
    pub(super) fn of(certificates: &[X509Certificate<'_>]) -> Self {
        let judge = Judge { certificates, left: Cell::new(VERIFIED) };
        let path = judge.path(judge.leaf());
        let rest: Vec<usize> = (0..certificates.len()).filter(|n| !path.contains(n)).collect();
        // A cross-certificate of an authority in the path, for clients that know only an older one.
        let crossed = |n: &usize| path.iter().any(|child| judge.issued(*n, *child));
        let strangers = rest.iter().copied().filter(|n| !crossed(n)).collect();
        Self { path, rest, strangers }
    }

    /// Whether a server that sends the file sends every certificate before its issuer's.
    pub(super) fn is_ordered(&self) -> bool {
        self.path.iter().enumerate().all(|(place, n)| place == *n)
    }

    /// All certificates of the file, in the order they should have.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> {
        self.path.iter().chain(&self.rest).copied()
    }
}

struct Judge<'a, 'c> {
    certificates: &'a [X509Certificate<'c>],
    /// Signatures that may still be verified: no file may take minutes.
    left: Cell<usize>,
}

impl Judge<'_, '_> {
    /// The first certificate, or, if it issued others in the file, the last one below it.
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
            // If several certificates fit, the next one in the file wins.
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
            // ring refuses some key sizes and curves, which does not make the signature wrong.
            Err(X509Error::SignatureVerificationError) => !is_judged(parent),
            Ok(()) | Err(_) => true,
        }
    }
}

/// Whether ring verifies signatures of this certificate's key.
fn is_judged(certificate: &X509Certificate<'_>) -> bool {
    match PublicKey::of(certificate.public_key()) {
        Some(key @ PublicKey::Rsa { .. }) => key.rsa_bits().is_some_and(|bits| (2048..=8192).contains(&bits)),
        Some(PublicKey::Ec { curve, .. }) => matches!(curve, Some(P256 | P384)),
        Some(PublicKey::Ed25519(_)) => true,
        Some(PublicKey::Other(_)) | None => false,
    }
}
