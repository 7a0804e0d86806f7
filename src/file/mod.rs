//! Single files: read whole within a limit, or put in another's place so that a reader sees either
//! the new content or the old. It knows nothing about what is in them.

mod read;
mod replacement;
mod unique;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub use read::{PEM, ReadError, TEXT, open, read, read_secret};
pub use replacement::{ReplaceError, Replacement};
pub use unique::unique;

/// `None` instead of an error where there is no file.
///
/// # Errors
/// All other errors.
pub fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a user can do about an error of the operating system, where that is known.
pub fn help(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("check the permissions of the path and of its directory")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space, or give a path on another file system")
        }
        io::ErrorKind::IsADirectory => Some("give the path of a file"),
        _ => None,
    }
}

/// The canonical path of a file, if it exists.
pub fn place(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The path of the temporary file next to `path`. Its name starts with a dot, so that no
/// `include dir/*` reads it. It is always the same, so that the next write replaces what a killed run
/// left; a lock keeps two runs apart.
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".sslscale-new");
    path.with_file_name(name)
}

/// Writes a new file in one call.
///
/// # Errors
/// The path exists, or the operating system refuses.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    fill(&file, bytes, mode)?;
    Ok(file)
}

/// Writes the content of a new file and sets its mode, which the umask may have reduced.
///
/// # Errors
/// The operating system refuses.
pub fn fill(mut file: &File, bytes: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(bytes)?;
    give_mode(file, mode)
}

fn give_mode(file: &File, mode: u32) -> io::Result<()> {
    if file.metadata()?.mode() & 0o7777 == mode { Ok(()) } else { file.set_permissions(Permissions::from_mode(mode)) }
}

/// New content next to the file that it is to replace; removed unless it does.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    temporary: PathBuf,
    moved: bool,
}

impl Staged {
    /// Writes `bytes` next to `path`.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<(Self, File)> {
        let staged = Self { path: path.to_owned(), temporary: temporary(path), moved: false };
        // A link or a pipe may be there: it is removed, and not written to.
        absent(fs::remove_file(&staged.temporary))?;
        let file = create(&staged.temporary, bytes, mode)?;
        Ok((staged, file))
    }

    /// Moves it to its path.
    ///
    /// # Errors
    /// The operating system refuses; then everything is as it was.
    pub fn place(mut self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.moved {
            // The error that matters came before, and the file may not exist.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
