//! Reads and writes one file of a stored tree. A reader of the file sees either the old or the new
//! content, and only regular files are read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::Content;
use crate::file::{self, Staged, absent};

/// Largest file of a stored tree that is read, in bytes: the manifest of 100,000 hosts is about 80 MB.
const LARGEST: u64 = 256 << 20;

/// Opens the file at `path` for reading; `None` if there is none, or for a symbolic link. It does not
/// wait for a pipe.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => Ok(None),
        result => absent(result),
    }
}

/// The bytes of the regular file at `path`; `None` if there is none.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(path)?.filter(|file| file.metadata().is_ok_and(|m| m.is_file())) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    (&mut file).take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {} MB", LARGEST >> 20)));
    }
    Ok(Some(bytes))
}

/// Whether the file at `path` has this content and mode. `buffer` is scratch space.
pub fn same(buffer: &mut [u8], path: &Path, content: &Content) -> io::Result<bool> {
    let Some(mut file) = open(path)? else { return Ok(false) };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != content.bytes.len() as u64 || metadata.mode() & 0o7777 != content.mode {
        return Ok(false);
    }
    let mut rest = content.bytes.as_slice();
    while !rest.is_empty() {
        let read = file.read(buffer)?;
        if read == 0 || read > rest.len() || buffer[..read] != rest[..read] {
            return Ok(false);
        }
        rest = &rest[read..];
    }
    Ok(true)
}

/// Replaces the file at `path` by a rename; missing directories are created.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let (staged, _) = in_directory(path, || Staged::new(path, bytes, mode))?;
    staged.place()
}

/// Writes a new file; missing directories are created.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    in_directory(path, || file::create(path, bytes, mode)).map(drop)
}

/// Tries again after creating the directories that were missing.
fn in_directory<T>(path: &Path, make: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match make() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            make()
        }
        result => result,
    }
}

/// Creates the directories between `root` and the file at `path`, from the outermost: in a new tree
/// that takes a third of the calls of trying the innermost first.
pub fn make_directories(root: &Path, path: &Path) -> io::Result<()> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut directory = root.to_owned();
    for part in below.parent().into_iter().flat_map(Path::components) {
        directory.push(part);
        match fs::create_dir(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
