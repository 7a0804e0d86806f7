//! Reads one certificate source into memory that is overwritten afterwards.
//! It knows nothing about what the file contains.

use std::fmt;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::path::Path;

use zeroize::Zeroizing;

use super::{Problem, ProblemKind, Subject};
use crate::file::{ReadError, read_secret};

/// The largest file that is read, in bytes.
pub(super) use crate::file::PEM as LIMIT;

/// Bytes that may be a private key: never printed, overwritten when dropped.
///
/// Every file is held in one, since a certificate file can turn out to hold a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of `bytes`, so that no other copy of them is left.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Secret {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// The whole file at `path`, symbolic links followed.
pub(super) fn read(path: &Path, subject: Subject) -> Result<Secret, Problem> {
    read_secret(path, LIMIT).map(Secret).map_err(|error| unreadable(path, subject, &error))
}

fn unreadable(path: &Path, subject: Subject, error: &ReadError) -> Problem {
    let (shown, key) = (path.display(), subject.key());
    if let ReadError::Io(error) = error
        && error.kind() == ErrorKind::PermissionDenied
    {
        let message = format!("this user has no permission to read `{shown}`");
        let help = format!("check owner and mode with `ls -l {shown}`");
        return Problem::new(ProblemKind::Unreadable, subject, message, help);
    }
    let (what, help) = match error {
        ReadError::Missing if path.is_symlink() => (
            "is a symbolic link to a file that does not exist".to_owned(),
            format!("see where it points with `ls -l {shown}`"),
        ),
        ReadError::Missing => ("does not exist".to_owned(), format!("put the file there, or correct `{key}`")),
        ReadError::Directory => ("is a directory".to_owned(), format!("set `{key}` to the PEM file itself")),
        ReadError::Special => ("is not a regular file".to_owned(), format!("set `{key}` to the PEM file itself")),
        ReadError::TooLarge { limit } => {
            (format!("is larger than `{limit}` bytes"), format!("set `{key}` to a PEM file for this site only"))
        }
        ReadError::Io(error) => (format!("cannot be read: {}", error.kind()), format!("correct `{key}`")),
    };
    Problem::new(ProblemKind::Unreadable, subject, format!("`{shown}` {what}"), help)
}
