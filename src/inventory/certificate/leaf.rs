//! A certificate file that has been read: its names and keys.
//! Reading is separate from checking, so that a file that many sites use is read once.

use std::path::{Path, PathBuf};

use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate, extensions::GeneralName};

use super::{
    PrivateKey, Problem, ProblemKind, Subject,
    chain::{Chain, Link},
    file, foreign, key,
    names::{canonical, covers, near_wildcard},
    pem::{Body, blocks},
    reorder::Reordered,
};

/// How many of a certificate's names a message lists.
const LISTED: usize = 3;

/// A certificate file: the server's certificate and those that are sent with it.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) path: PathBuf,
    /// Every certificate, in the order of the file.
    pub(super) links: Vec<Link>,
    pub(super) chain: Chain,
    /// The file with its certificates sorted; `None` if they are in order or it holds anything else.
    reordered: Option<Reordered>,
    /// Canonical `dNSName`s of the server's certificate, in its order.
    names: Vec<String>,
    holds_key: bool,
}

impl Certificate {
    /// Reads the PEM file `path`. The error is `Unreadable` or `NotPem`.
    ///
    /// Every block of the file must be complete: nginx refuses most files with a broken block, and ignores the rest
    /// of the others.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        Self::parse(path, &file::read(path, Subject::Certificate)?)
    }

    /// The same for what a file at `path` contains.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        let subject = Subject::Certificate;
        let blocks = blocks(bytes);
        if let Some(problem) = blocks.iter().find_map(|block| foreign::broken(path, subject, block)) {
            return Err(problem);
        }
        let mut parsed = Vec::new();
        for block in blocks.iter().filter(|block| foreign::is_certificate(&block.label)) {
            let Body::Der(der) = &block.body else {
                return Err(foreign::damaged(path, subject, block));
            };
            let (_, certificate) =
                X509Certificate::from_der(der).map_err(|_| foreign::damaged(path, subject, block))?;
            parsed.push(certificate);
        }
        if parsed.is_empty() {
            return Err(foreign::explain(path, subject, bytes, &blocks));
        }
        let chain = Chain::of(&parsed);
        let reordered = if chain.is_ordered() { None } else { Reordered::of(bytes, &blocks, chain.order()) };
        Ok(Self {
            path: path.to_owned(),
            links: parsed.iter().map(Link::of).collect(),
            names: dns_names(&parsed[chain.path[0]]),
            chain,
            reordered,
            holds_key: blocks.iter().any(|block| foreign::is_private_key(&block.label)),
        })
    }

    /// The server's certificate.
    pub(super) fn leaf(&self) -> &Link {
        &self.links[self.chain.path[0]]
    }

    /// How messages refer to the certificate at place `n` in the file, from 0.
    pub(super) fn nth(&self, n: usize) -> String {
        let shown = self.path.display();
        if n == self.chain.path[0] {
            format!("the certificate in `{shown}`")
        } else {
            format!("certificate `{}` in `{shown}`", n + 1)
        }
    }

    /// The file with its certificates sorted, if they are out of order and can be sorted.
    pub fn reordered(&self) -> Option<&Reordered> {
        self.reordered.as_ref()
    }

    /// The certificate that a server with this file shows first, in DER: that of the first block.
    pub fn shown(bytes: &[u8]) -> Option<Vec<u8>> {
        let first = blocks(bytes).into_iter().find(|block| foreign::is_certificate(&block.label))?;
        if let Body::Der(der) = first.body { Some(der.to_vec()) } else { None }
    }

    /// Whether the file also holds a private key.
    pub fn holds_key(&self) -> bool {
        self.holds_key
    }

    /// `RSA 2048` or the like, if the server's key is RSA.
    pub fn rsa(&self) -> Option<String> {
        self.leaf().key.as_ref().filter(|key| key.rsa_bits().is_some()).map(key::PublicKey::name)
    }

    /// Whether TLS 1.2 cipher suites treat the key as ECDSA; `None` for an unknown kind of key.
    pub fn is_ecdsa(&self) -> Option<bool> {
        match self.leaf().key.as_ref()? {
            key::PublicKey::Rsa { .. } => Some(false),
            key::PublicKey::Ec { .. } | key::PublicKey::Ed25519(_) => Some(true),
            key::PublicKey::Other(_) => (self.leaf().kind == Some("Ed448")).then_some(true),
        }
    }

    /// Whether browsers accept signatures of the key: `Ok`, or the name of its kind. `None` for an unknown kind.
    pub fn browser_key(&self) -> Option<Result<(), String>> {
        let leaf = self.leaf();
        let key = leaf.key.as_ref()?;
        Some(match (key, leaf.kind) {
            (key::PublicKey::Rsa { .. }, Some("RSA-PSS")) => Err("RSA-PSS".to_owned()),
            (key::PublicKey::Rsa { .. }, _) => Ok(()),
            (key::PublicKey::Ec { curve: Some(key::P256 | key::P384), .. }, _) => Ok(()),
            _ => Err(key.name()),
        })
    }

    /// Whether a client that asks for `name` accepts this certificate for it.
    ///
    /// `name` is a host name, or a wildcard such as `*.example.com`, which only the same wildcard
    /// covers. The common name is ignored (RFC 6125, RFC 9525).
    pub fn covers(&self, name: &str) -> bool {
        let name = canonical(name);
        self.names.iter().any(|pattern| covers(pattern, &name))
    }

    /// The host names that the certificate covers, including wildcards, in lower case.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The problem with the `index`-th server name, if it is not covered.
    pub fn name_problem(&self, index: usize, name: &str) -> Option<Problem> {
        if self.covers(name) {
            return None;
        }
        let refused = format!("the certificate in `{}` does not cover `{name}`", self.path.display());
        // Names in a certificate are untrusted text: they are escaped before they reach the terminal.
        let quoted = self.names.iter().map(|name| format!("`{}`", name.escape_debug()));
        let listed = quoted.take(LISTED).collect::<Vec<_>>().join(", ");
        let (why, help) = if self.names.is_empty() {
            (
                ": its subject alternative names list no host name".to_owned(),
                format!("clients ignore the common name: reissue it with `DNS:{name}`"),
            )
        } else {
            let more = match self.names.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and `{more}` more"),
            };
            let help = if near_wildcard(&self.names, &canonical(name)).is_some() {
                format!("a wildcard covers one label below a domain of at least two: add `DNS:{name}`")
            } else {
                format!("reissue it with `DNS:{name}` added, or use another certificate")
            };
            (format!(", only {listed}{more}"), help)
        };
        let subject = Subject::ServerName(index);
        Some(Problem::new(ProblemKind::NameMismatch, subject, refused + &why, help))
    }

    /// The problem with `key`, if it certainly does not match this certificate.
    pub fn key_problem(&self, key: &PrivateKey) -> Option<Problem> {
        let public = self.leaf().key.as_ref()?;
        if key.key().belongs_to(public) != Some(false) {
            return None;
        }
        let (ours, theirs) = (self.path.display(), key.path().display());
        let (public_name, private_name) = (public.name(), key.key().name());
        let message = if public_name == private_name {
            format!("the private key in `{theirs}` does not belong to the certificate in `{ours}`")
        } else {
            format!(
                "the key in `{theirs}` is `{private_name}`, \
                 but the certificate in `{ours}` is for `{public_name}`"
            )
        };
        let fits = |link: &Link| link.key.as_ref().is_some_and(|one| key.key().belongs_to(one) == Some(true));
        let help = if let Some(place) = self.links.iter().position(fits) {
            let place = place + 1;
            format!("it belongs to certificate `{place}` in `{ours}`: move that certificate to the top")
        } else if key.key().same_kind(public) {
            format!(
                "use the private key that the certificate was issued for: `openssl x509 -in {ours} -noout -pubkey` and \
                 `openssl pkey -in {theirs} -pubout` have to print the same"
            )
        } else {
            // Seen with nginx 1.22.1 and OpenSSL 3.0: every kind of key has a separate slot, and the
            // certificate's slot gets no key.
            let seen = "`nginx -t` accepts this pair, but every handshake fails";
            format!("use the private key that the certificate was issued for; {seen}")
        };
        Some(Problem::new(ProblemKind::KeyMismatch, Subject::Key, message, help))
    }
}

pub(super) fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(canonical(name)),
        _ => None,
    });
    names.collect()
}
