//! Checks certificate and key files on this machine and reports everything that is wrong with them.
//! It knows files, host names and a point in time, but not the inventory. What counts as a readable file
//! follows nginx 1.22.1 with OpenSSL 3.0.

mod chain;
mod dates;
mod file;
mod foreign;
mod key;
mod leaf;
mod names;
mod pair;
mod pem;
mod private;
mod reorder;
mod served;
mod strength;
mod summary;
#[cfg(test)]
mod tests;
mod trust;
mod usage;

pub use leaf::Certificate;
pub use private::PrivateKey;
pub use reorder::Reordered;
pub use summary::summary;
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
    /// The inventory key that holds the value.
    pub fn key(self) -> &'static str {
        match self {
            Self::Certificate => "ssl_certificate_source",
            Self::Key => "ssl_certificate_key_source",
            Self::ServerName(_) => "server_name",
        }
    }
}

/// The kind of problem, which decides the rule that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// Missing, not a regular file, too large, or not readable by this user.
    Unreadable,
    /// Readable, but not complete PEM of the expected kind.
    NotPem,
    /// `notAfter` is past.
    Expired,
    /// `notBefore` is in the future.
    NotYetValid,
    /// `notAfter` is near.
    ExpiresSoon,
    /// The key does not match the certificate.
    KeyMismatch,
    /// A server name that the certificate does not cover.
    NameMismatch,
    /// A key that needs a passphrase.
    UnusableKey,
    /// A certificate with a key or a signature that OpenSSL finds too weak to load.
    UnusableCertificate,
    /// A certificate of the file is not followed by its issuer.
    OutOfOrder,
    /// The chain does not reach anything that clients are likely to trust.
    MissingIssuer,
    /// A certificate that is unrelated to the others in the file.
    NotInChain,
}

/// One thing that is wrong. It holds no data from a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub subject: Subject,
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
