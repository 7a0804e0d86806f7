//! Inspects the certificate and the key that an inventory names on this machine.
//! It says all that is wrong with them before a server does, and knows files, names and a time,
//! not the inventory. nginx 1.22.1 with OpenSSL 3.0 is the judge of what a readable file is.

mod chain;
mod dates;
mod der;
mod file;
mod foreign;
mod key;
mod leaf;
mod names;
mod pair;
mod pem;
mod private;
mod reorder;
mod strength;
#[cfg(test)]
mod tests;
mod trust;
mod usage;

pub use leaf::Certificate;
pub use private::PrivateKey;
pub use reorder::Reordered;
pub use trust::Roots;

use crate::diagnostic::Severity;

/// Which inventory value a problem belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `ssl_certificate_source`.
    Certificate,
    /// `ssl_certificate_key_source`.
    Key,
    /// The n-th `server_name`, from 0.
    ServerName(usize),
}

impl Subject {
    /// The key of the inventory under which the value stands.
    pub fn key(self) -> &'static str {
        match self {
            Self::Certificate => "ssl_certificate_source",
            Self::Key => "ssl_certificate_key_source",
            Self::ServerName(_) => "server_name",
        }
    }
}

/// What sort of problem it is; a rule's code hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// Missing, not a regular file, too large, or closed to this user.
    Unreadable,
    /// Read, but not whole PEM of the thing that was wanted.
    NotPem,
    /// `notAfter` is past.
    Expired,
    /// `notBefore` is to come.
    NotYetValid,
    /// `notAfter` is near.
    ExpiresSoon,
    /// The key is not that of the certificate.
    KeyMismatch,
    /// A server name that the certificate does not cover.
    NameMismatch,
    /// A key that needs a passphrase.
    UnusableKey,
    /// A certificate with a key or a signature that OpenSSL finds too weak to load.
    UnusableCertificate,
    /// The certificates of the file do not stand one before its issuer.
    OutOfOrder,
    /// The file does not lead to anything that clients are likely to trust.
    MissingIssuer,
    /// A certificate of the file that has nothing to do with the others.
    NotInChain,
}

/// One thing that is wrong. Nothing in it is taken from a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// Which inventory value it belongs to.
    pub subject: Subject,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, values in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    fn new(kind: ProblemKind, subject: Subject, message: String, help: String) -> Self {
        Self { kind, subject, severity: Severity::Error, message, help }
    }

    fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    fn mild(self) -> Self {
        self.with_severity(Severity::Warning)
    }
}
