//! Reads one whole file. It has to be a regular file and no larger than a limit, so that neither a
//! pipe without a writer nor a device without an end can hold up a run or fill its memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// Largest text that is read, in bytes: an inventory, a hosts file, a template, a spec. An inventory
/// of 10,000 hosts is about 1 MB.
pub const TEXT: u64 = 16 << 20;
/// Largest file of certificates or keys that is read, in bytes. A chain of a hundred certificates is
/// under 200 kB.
pub const PEM: u64 = 1 << 20;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is at the path, or what it leads to.
    #[error("no such file")]
    Missing,
    /// The path leads to a directory.
    #[error("it is a directory")]
    Directory,
    /// The path leads to a pipe, a socket or a device.
    #[error("it is not a regular file")]
    Special,
    /// The file is larger than the limit.
    #[error("it is larger than {} MB", limit >> 20)]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

impl ReadError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing => "check the spelling of the path",
            Self::Directory => "name a file inside the directory",
            Self::Special => "copy it to a regular file and give that path",
            Self::TooLarge { .. } => "check that this is the right file",
            Self::Io(_) => "check the permissions of the file and of its directory",
        }
    }
}

/// The bytes of the regular file at `path`, of which there may be `limit`. Symbolic links are
/// followed.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let (file, size) = sized(path, limit)?;
    let mut bytes = Vec::with_capacity(size + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(ReadError::TooLarge { limit }) } else { Ok(bytes) }
}

/// Like [`read`], for what may be a private key: no copy of the bytes is left behind.
///
/// # Errors
/// See [`ReadError`].
pub fn read_secret(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let (mut file, size) = sized(path, limit)?;
    let mut bytes = Zeroizing::new(vec![0; size + 1]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            // It has grown since its size was read. Dropping the smaller buffer overwrites it.
            let mut larger = Zeroizing::new(vec![0; length * 2]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if length as u64 > limit {
            return Err(ReadError::TooLarge { limit });
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Opens the regular file at `path` to read it. Symbolic links are followed.
///
/// # Errors
/// See [`ReadError`].
pub fn open(path: &Path) -> Result<File, ReadError> {
    // Before it is opened, too: to open a device may be to start something.
    regular(&fs::metadata(path)?)?;
    // A pipe that has taken the file's place since then is not waited for.
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(metadata: &fs::Metadata) -> Result<(), ReadError> {
    match metadata.file_type() {
        kind if kind.is_dir() => Err(ReadError::Directory),
        kind if kind.is_file() => Ok(()),
        _ => Err(ReadError::Special),
    }
}

/// The opened file with its size.
fn sized(path: &Path, limit: u64) -> Result<(File, usize), ReadError> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    let fits = usize::try_from(size).ok().filter(|_| size <= limit);
    fits.map(|size| (file, size)).ok_or(ReadError::TooLarge { limit })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// What both functions make of a file.
    fn both(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let plain = read(path, limit).map_err(|error| error.to_string());
        let secret = read_secret(path, limit).map(|bytes| bytes.to_vec()).map_err(|error| error.to_string());
        assert_eq!(plain, secret);
        plain
    }

    #[test]
    fn a_regular_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("link"));
        symlink("a", &link).unwrap();
        for length in [0, 1, 2 << 20] {
            let bytes = vec![7; length];
            fs::write(&path, &bytes).unwrap();
            assert_eq!(both(&link, length as u64), Ok(bytes));
        }
        assert_eq!(both(&path, (2 << 20) - 1), Err("it is larger than 1 MB".to_owned()));
    }

    #[test]
    fn a_file_whose_size_is_not_known_is_read_up_to_the_limit() {
        let path = Path::new("/proc/self/maps");
        assert_eq!(path.metadata().unwrap().len(), 0);
        let bytes = read_secret(path, TEXT).unwrap();
        assert!(bytes.ends_with(b"\n"));
        assert!(read(path, TEXT).unwrap().ends_with(b"\n"));
        assert_eq!(both(path, 100), Err("it is larger than 0 MB".to_owned()));
    }

    #[test]
    fn what_never_ends_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (fifo, link) = (folder.path().join("fifo"), folder.path().join("link"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        symlink("nowhere", &link).unwrap();
        for (path, expected) in [
            (Path::new("/dev/zero"), "it is not a regular file"),
            (&fifo, "it is not a regular file"),
            (folder.path(), "it is a directory"),
            (&link, "no such file"),
        ] {
            assert_eq!(both(path, TEXT), Err(expected.to_owned()), "{}", path.display());
        }
    }
}
