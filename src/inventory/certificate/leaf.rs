//! A certificate file once read: what it says of names, dates and keys.
//! Reading and asking are apart, so that one file serves many sites and is read once.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate, extensions::GeneralName, time::ASN1Time};

use super::{
    PrivateKey, Problem, ProblemKind, Subject, file, foreign, key,
    names::{canonical, covers, near_wildcard},
    pem::{Body, blocks},
};

/// How many of a certificate's names a message lists.
const LISTED: usize = 3;

/// The first certificate of a file, which is the server's own, and the keys of those after it.
#[derive(Clone, Debug)]
pub struct Certificate {
    path: PathBuf,
    not_before: ASN1Time,
    not_after: ASN1Time,
    /// Canonical `dNSName`s, in the order of the certificate.
    names: Vec<String>,
    key: Option<key::PublicKey>,
    chain: Vec<Option<key::PublicKey>>,
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
        let Some((leaf, chain)) = parsed.split_first() else {
            return Err(foreign::explain(path, subject, &bytes, &blocks));
        };
        Ok(Self {
            path: path.to_owned(),
            not_before: leaf.validity().not_before,
            not_after: leaf.validity().not_after,
            names: dns_names(leaf),
            key: key::PublicKey::of(leaf.public_key()),
            chain: chain.iter().map(|issuer| key::PublicKey::of(issuer.public_key())).collect(),
        })
    }

    /// Whether a client that asks for `name` accepts this certificate for it.
    ///
    /// `name` is a host name, or a wildcard such as `*.example.com`, which needs that very
    /// wildcard. The common name counts for nothing (RFC 6125, RFC 9525).
    pub fn covers(&self, name: &str) -> bool {
        let name = canonical(name);
        self.names.iter().any(|pattern| covers(pattern, &name))
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

    /// The problem with its dates at `now`. Both ends of the validity are inside it.
    pub fn date_problem(&self, now: SystemTime) -> Option<Problem> {
        let now = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |secs| -secs),
        };
        let shown = self.path.display();
        let (kind, message, help) = if now > self.not_after.timestamp() {
            let date = utc(self.not_after);
            (
                ProblemKind::Expired,
                format!("the certificate in `{shown}` expired on `{date}` UTC"),
                format!("renew it; its dates are in `openssl x509 -in {shown} -noout -dates`"),
            )
        } else if now < self.not_before.timestamp() {
            let date = utc(self.not_before);
            (
                ProblemKind::NotYetValid,
                format!("the certificate in `{shown}` is not valid before `{date}` UTC"),
                "deploy it after that date; if that is past, set the clock: `date -u`".to_owned(),
            )
        } else {
            return None;
        };
        Some(Problem::new(kind, Subject::Certificate, message, help))
    }

    /// The problem with the size of its own key: Debian's OpenSSL loads no RSA key below 2048 bits
    /// (seen with nginx 1.22.1: `ee key too small`).
    pub fn size_problem(&self) -> Option<Problem> {
        let bits = self.key.as_ref()?.rsa_bits().filter(|bits| *bits < 2048)?;
        let message = format!("the certificate in `{}` has an RSA key of `{bits}` bits", self.path.display());
        let help = "reissue it for an ECDSA P-256 or an RSA 2048 key: nginx does not start with this one";
        Some(Problem::new(ProblemKind::UnusableKey, Subject::Certificate, message, help.to_owned()))
    }

    /// The problem with `key`, if it can be told not to belong to this certificate.
    pub fn key_problem(&self, key: &PrivateKey) -> Option<Problem> {
        let public = self.key.as_ref()?;
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
        let fits = |issuer: &Option<key::PublicKey>| {
            issuer.as_ref().is_some_and(|issuer| key.key().belongs_to(issuer) == Some(true))
        };
        let help = if let Some(issuer) = self.chain.iter().position(fits) {
            let place = issuer + 2;
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

/// `2024-02-29 03:04`, in UTC.
fn utc(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let (year, month, day) = time.to_calendar_date();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", time.hour(), time.minute())
}
