//! Inspects the certificate and the key that an inventory names on this machine.
//! It says all that is wrong with them before a server does, and knows files, names and a time,
//! not the inventory. nginx 1.22.1 with OpenSSL 3.0 is the judge of what a readable file is.

mod der;
mod file;
mod foreign;
mod key;
mod leaf;
mod names;
mod pair;
mod pem;
mod private;
#[cfg(test)]
mod tests;

use std::{path::Path, time::SystemTime};

pub use leaf::Certificate;
pub use private::PrivateKey;

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
    /// The key is not that of the certificate.
    KeyMismatch,
    /// A server name that the certificate does not cover.
    NameMismatch,
    /// A key that needs a passphrase, or is too small.
    UnusableKey,
}

/// One thing that is wrong. Nothing in it is taken from a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// Which inventory value it belongs to.
    pub subject: Subject,
    /// What is wrong: lower case, no full stop, values in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    fn new(kind: ProblemKind, subject: Subject, message: String, help: String) -> Self {
        Self { kind, subject, message, help }
    }
}

/// All problems of one site's sources at `now`: the certificate's, its names', then the key's.
///
/// With many sites on one file, read it once instead with [`Certificate::read`] and
/// [`PrivateKey::read`], and put the two to [`problems`].
pub fn inspect(certificate: &Path, key: Option<&Path>, server_names: &[&str], now: SystemTime) -> Vec<Problem> {
    let certificate = Certificate::read(certificate);
    let key = key.map(PrivateKey::read);
    problems(certificate.as_ref(), key.as_ref().map(Result::as_ref), server_names, now)
}

/// All problems of sources that have been read, in the order of [`inspect`].
pub fn problems(
    certificate: Result<&Certificate, &Problem>,
    key: Option<Result<&PrivateKey, &Problem>>,
    server_names: &[&str],
    now: SystemTime,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    match certificate {
        Ok(certificate) => {
            problems.extend(certificate.date_problem(now));
            problems.extend(certificate.size_problem());
            let names = server_names.iter().enumerate();
            problems.extend(names.filter_map(|(n, name)| certificate.name_problem(n, name)));
        }
        Err(problem) => problems.push(problem.clone()),
    }
    match (key, certificate) {
        (Some(Err(problem)), _) => problems.push(problem.clone()),
        (Some(Ok(key)), Ok(certificate)) => problems.extend(certificate.key_problem(key)),
        _ => {}
    }
    problems
}
