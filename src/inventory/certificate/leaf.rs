//! A certificate file once read: what it says of names and keys.
//! Reading and asking are apart, so that one file serves many sites and is read once.

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

/// A certificate file: the server's own certificate, and those that are sent with it.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) path: PathBuf,
    /// Every certificate, in the order of the file.
    pub(super) links: Vec<Link>,
    pub(super) chain: Chain,
    /// The file with its certificates in order, where they are not and it holds nothing else.
    reordered: Option<Reordered>,
    /// Canonical `dNSName`s of the server's own, in the order of the certificate.
    names: Vec<String>,
    holds_key: bool,
}

impl Certificate {
    /// Reads the PEM file `path`. The error is `Unreadable` or `NotPem`.
    ///
    /// Every block of the file must be whole, since nginx refuses the file for the last as it
    /// does for the first.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let subject = Subject::Certificate;
        let bytes = file::read(path, subject)?;
        let blocks = blocks(&bytes);
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
            return Err(foreign::explain(path, subject, &bytes, &blocks));
        }
        let chain = Chain::of(&parsed);
        let reordered = if chain.is_ordered() { None } else { Reordered::of(&bytes, &blocks, chain.order()) };
        Ok(Self {
            path: path.to_owned(),
            links: parsed.iter().map(Link::of).collect(),
            names: dns_names(&parsed[chain.path[0]]),
            chain,
            reordered,
            holds_key: blocks.iter().any(|block| foreign::is_private_key(&block.label)),
        })
    }

    /// The server's own certificate.
    pub(super) fn leaf(&self) -> &Link {
        &self.links[self.chain.path[0]]
    }

    /// The certificate in words, by its place in the file, from 0.
    pub(super) fn nth(&self, n: usize) -> String {
        let shown = self.path.display();
        if n == self.chain.path[0] {
            format!("the certificate in `{shown}`")
        } else {
            format!("certificate `{}` in `{shown}`", n + 1)
        }
    }

    /// The file with its certificates in order, where they are not and can be put so.
    pub fn reordered(&self) -> Option<&Reordered> {
        self.reordered.as_ref()
    }

    /// Whether a private key stands in the same file.
    pub fn holds_key(&self) -> bool {
        self.holds_key
    }

    /// `RSA 2048`, where the server's own key is RSA.
    pub fn rsa(&self) -> Option<String> {
        self.leaf().key.as_ref().filter(|key| key.rsa_bits().is_some()).map(key::PublicKey::name)
    }

    /// Whether TLS 1.2 signs with it as with an elliptic key, where it is one of the kinds that it knows.
    pub fn is_ecdsa(&self) -> Option<bool> {
        match self.leaf().key.as_ref()? {
            key::PublicKey::Rsa { .. } => Some(false),
            key::PublicKey::Ec { .. } | key::PublicKey::Ed25519(_) => Some(true),
            key::PublicKey::Other(_) => None,
        }
    }

    /// Whether a client that asks for `name` accepts this certificate for it.
    ///
    /// `name` is a host name, or a wildcard such as `*.example.com`, which needs that very
    /// wildcard. The common name counts for nothing (RFC 6125, RFC 9525).
    pub fn covers(&self, name: &str) -> bool {
        let name = canonical(name);
        self.names.iter().any(|pattern| covers(pattern, &name))
    }

    /// The host names that it is for, wildcards among them, in lower case.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The problem with the `index`-th server name, if it is not covered.
    pub fn name_problem(&self, index: usize, name: &str) -> Option<Problem> {
        if self.covers(name) {
            return None;
        }
        let refused = format!("the certificate in `{}` does not cover `{name}`", self.path.display());
        // A certificate is somebody else's text: what it says does not reach the terminal raw.
        let quoted = self.names.iter().map(|name| format!("`{}`", name.escape_debug()));
        let listed = quoted.take(LISTED).collect::<Vec<_>>().join(", ");
        let (why, help) = if self.names.is_empty() {
            (
                ": its subject alternative names hold no host".to_owned(),
                format!("clients ignore the common name: reissue it with `DNS:{name}`"),
            )
        } else {
            let more = match self.names.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and `{more}` more"),
            };
            let help = if near_wildcard(&self.names, &canonical(name)).is_some() {
                format!("a wildcard is one label below a domain of two or more: add `DNS:{name}`")
            } else {
                format!("reissue it with `DNS:{name}` too, or name another certificate")
            };
            (format!(", only {listed}{more}"), help)
        };
        let subject = Subject::ServerName(index);
        Some(Problem::new(ProblemKind::NameMismatch, subject, refused + &why, help))
    }

    /// The problem with `key`, if it can be told not to belong to this certificate.
    pub fn key_problem(&self, key: &PrivateKey) -> Option<Problem> {
        let public = self.leaf().key.as_ref()?;
        if key.key().belongs_to(public) != Some(false) {
            return None;
        }
        let (ours, theirs) = (self.path.display(), key.path().display());
        let (public_name, private_name) = (public.name(), key.key().name());
        let message = if public_name == private_name {
            format!("the key in `{theirs}` does not belong to the certificate in `{ours}`")
        } else {
            format!(
                "the key in `{theirs}` is `{private_name}`, \
                 but the certificate in `{ours}` is for `{public_name}`"
            )
        };
        let fits = |link: &Link| link.key.as_ref().is_some_and(|one| key.key().belongs_to(one) == Some(true));
        let help = if let Some(place) = self.links.iter().position(fits) {
            let place = place + 1;
            format!("it belongs to certificate `{place}` in `{ours}`: move that one to the top")
        } else if key.key().same_kind(public) {
            let command = format!("openssl x509 -in {ours} -noout -pubkey");
            format!("name the key that it was issued for; `{command}` shows the public half")
        } else {
            // Seen with nginx 1.22.1 and OpenSSL 3.0: every kind of key has a slot of its own, and
            // the slot of the certificate stays without a key.
            let seen = "`nginx -t` accepts this pair, and no handshake succeeds";
            format!("name the key that it was issued for; {seen}")
        };
        Some(Problem::new(ProblemKind::KeyMismatch, Subject::Key, message, help))
    }
}

fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(canonical(name)),
        _ => None,
    });
    names.collect()
}
