//! Reads one certificate source: a regular file, up to a size limit, wiped from memory afterwards.
//! It knows nothing about what the file contains.

use std::{
    fmt,
    fs::{self, File},
    hint::black_box,
    io::{self, ErrorKind, Read},
    ops::Deref,
    path::Path,
};

use super::{Problem, ProblemKind, Subject};

/// The largest file that is read, in bytes. A chain of a hundred certificates is under 200 kB.
pub(super) const LIMIT: u64 = 1 << 20;

/// Bytes that may be a private key: never printed, overwritten when dropped.
///
/// Every source file is held in one, since a certificate file can turn out to hold a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(Vec<u8>);

impl Secret {
    /// Takes ownership of `bytes`, so that no other copy of them is left behind.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without this, the compiler may remove the write because the zeros are never read.
        black_box(&self.0);
    }
}

/// The whole file at `path`, symbolic links followed.
pub(super) fn read(path: &Path, subject: Subject) -> Result<Secret, Problem> {
    let unreadable = |message, help: String| Problem::new(ProblemKind::Unreadable, subject, message, help);
    let shown = path.display();
    let failed = |error: &io::Error| match error.kind() {
        ErrorKind::NotFound if path.is_symlink() => unreadable(
            format!("`{shown}` is a symbolic link to a file that does not exist"),
            format!("see where it points with `ls -l {shown}`"),
        ),
        ErrorKind::NotFound => unreadable(
            format!("`{shown}` does not exist"),
            format!("put the file there, or correct `{}`", subject.key()),
        ),
        ErrorKind::PermissionDenied => unreadable(
            format!("this user has no permission to read `{shown}`"),
            format!("check owner and mode with `ls -l {shown}`"),
        ),
        kind => unreadable(format!("`{shown}` cannot be read: {kind}"), format!("correct `{}`", subject.key())),
    };
    // Checked before the file is opened, because opening a FIFO waits for a writer.
    let metadata = fs::metadata(path).map_err(|error| failed(&error))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
        return Err(unreadable(
            format!("`{shown}` is {what}"),
            format!("set `{}` to the PEM file itself", subject.key()),
        ));
    }
    let too_large = || {
        unreadable(
            format!("`{shown}` is larger than `{LIMIT}` bytes"),
            format!("set `{}` to a PEM file for this site only", subject.key()),
        )
    };
    if metadata.len() > LIMIT {
        return Err(too_large());
    }
    // Allocated once: a buffer that grows would leave copies of the key in memory.
    let mut bytes = Vec::with_capacity(usize::try_from(LIMIT).unwrap_or_default() + 64);
    File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)).map_err(|error| failed(&error))?;
    let bytes = Secret::new(bytes);
    if bytes.len() as u64 > LIMIT { Err(too_large()) } else { Ok(bytes) }
}
