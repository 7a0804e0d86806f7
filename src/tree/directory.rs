//! The directory of a stored tree. Its files are reached without following a symbolic link in any
//! part of their paths, so that nothing outside of it is read, written or removed.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, renameat};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::Content;
use super::store::{StoreError, failed};
use crate::file::{absent, fill, temporary};

/// Largest file of a stored tree that is read, in bytes: the manifest of 100,000 hosts is about 80 MB.
const LARGEST: u64 = 256 << 20;

/// A directory that is open. Paths of its files are relative: `HOST/etc/…`.
pub struct Directory {
    path: PathBuf,
    /// `None` if there is none; it is then read as an empty one.
    opened: Option<OwnedFd>,
}

impl Directory {
    /// Opens the directory at `path`, to which a symbolic link may lead.
    ///
    /// # Errors
    /// It cannot be opened, or is not a directory.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = openat(AT_FDCWD, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty());
        let opened = absent(opened.map_err(io::Error::from)).map_err(failed("open", path))?;
        Ok(Self { path: path.to_owned(), opened })
    }

    /// The path of one of its files, for messages.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.path.join(relative)
    }

    /// The bytes of a regular file; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read, or a symbolic link leads to it.
    pub fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = || {
            let Some(mut file) = self.file(relative)?.filter(|file| file.metadata().is_ok_and(|m| m.is_file())) else {
                return Ok(None);
            };
            let mut bytes = Vec::new();
            (&mut file).take(LARGEST + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > LARGEST {
                return Err(io::Error::other(format!("it is larger than {} MB", LARGEST >> 20)));
            }
            Ok(Some(bytes))
        };
        read().map_err(self.error("read", relative))
    }

    /// Whether a file has this content and mode. `buffer` is scratch space.
    ///
    /// # Errors
    /// It cannot be read, or a symbolic link leads to it.
    pub fn same(&self, buffer: &mut [u8], relative: &str, content: &Content) -> Result<bool, StoreError> {
        let mut same = || {
            let Some(mut file) = self.file(relative)? else { return Ok(false) };
            let found = file.metadata()?;
            if !found.is_file() || found.len() != content.bytes.len() as u64 || found.mode() & 0o7777 != content.mode {
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
        };
        same().map_err(self.error("read", relative))
    }

    /// Whether anything is at the path, whatever it is.
    ///
    /// # Errors
    /// A symbolic link leads to it, or the operating system refuses.
    pub fn has(&self, relative: &str) -> Result<bool, StoreError> {
        let (directory, name) = split(relative);
        let has = || {
            let Some(parent) = absent(self.reach(directory, OFlag::O_PATH | OFlag::O_DIRECTORY))? else {
                return Ok(false);
            };
            let found = fstatat(&parent, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(io::Error::from);
            Ok(absent(found)?.is_some())
        };
        has().map_err(self.error("read", relative))
    }

    /// Replaces a file by a rename; missing directories are created. A symbolic link in the file's own
    /// place is replaced, too.
    ///
    /// # Errors
    /// The operating system refuses, or a symbolic link leads to the file. It is as it was.
    pub fn replace(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
        let (directory, name) = split(relative);
        let staged = temporary(Path::new(name));
        let replace = || {
            let parent = self.make(directory)?;
            // A link or a pipe may be there: it is removed, and not written to.
            let removed = unlinkat(&parent, &staged, UnlinkatFlags::NoRemoveDir).map_err(io::Error::from);
            absent(removed)?;
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            let file = File::from(openat(&parent, &staged, flags, Mode::from_bits_truncate(mode))?);
            let placed = fill(&file, bytes, mode)
                .and_then(|()| renameat(&parent, &staged, &parent, name).map_err(io::Error::from));
            placed.inspect_err(|_| {
                // The error that matters came before.
                let _ = unlinkat(&parent, &staged, UnlinkatFlags::NoRemoveDir);
            })
        };
        replace().map_err(self.error("write", relative))
    }

    /// Removes a file, what a killed run left next to it, and the directories that are empty then.
    ///
    /// # Errors
    /// The operating system refuses, or a symbolic link leads to the file.
    pub fn remove(&self, relative: &str) -> Result<(), StoreError> {
        let (mut directory, name) = split(relative);
        let remove = || {
            let parent = self.reach(directory, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
            unlinkat(&parent, name, UnlinkatFlags::NoRemoveDir)?;
            // No other program uses this name.
            let _ = unlinkat(&parent, &temporary(Path::new(name)), UnlinkatFlags::NoRemoveDir);
            Ok(())
        };
        remove().map_err(self.error("remove", relative))?;
        // Stop at the first directory that is not empty.
        while directory != "." {
            let (outer, name) = split(directory);
            let parent = self.reach(outer, OFlag::O_PATH | OFlag::O_DIRECTORY);
            if parent.is_ok_and(|parent| unlinkat(&parent, name, UnlinkatFlags::RemoveDir).is_err()) {
                break;
            }
            directory = outer;
        }
        Ok(())
    }

    /// Opens a file for reading; `None` if there is none, or for a symbolic link in its place. It does
    /// not wait for a pipe.
    fn file(&self, relative: &str) -> io::Result<Option<File>> {
        match absent(self.reach(relative, OFlag::O_RDONLY | OFlag::O_NONBLOCK)) {
            Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => {
                // The file itself may be the link: then this succeeds.
                self.reach(split(relative).0, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
                Ok(None)
            }
            opened => Ok(opened?.map(File::from)),
        }
    }

    /// Opens a directory, which is created if necessary.
    fn make(&self, directory: &str) -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        match self.reach(directory, flags) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory != "." => {
                let (outer, name) = split(directory);
                match mkdirat(&self.make(outer)?, name, Mode::from_bits_truncate(0o777)) {
                    Ok(()) | Err(Errno::EEXIST) => self.reach(directory, flags),
                    Err(error) => Err(error.into()),
                }
            }
            opened => opened,
        }
    }

    /// Opens what is at the path, without following a symbolic link; `ELOOP` where there is one.
    fn reach(&self, relative: &str, flags: OFlag) -> io::Result<OwnedFd> {
        let Some(opened) = &self.opened else { return Err(Errno::ENOENT.into()) };
        let flags = flags | OFlag::O_CLOEXEC;
        let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        match openat2(opened, relative, how) {
            // Before Linux 5.6, or where a container forbids a call that it does not know.
            Err(Errno::ENOSYS | Errno::EPERM) => walk(opened, relative, flags),
            result => Ok(result?),
        }
    }

    fn error(&self, action: &'static str, relative: &str) -> impl FnOnce(io::Error) -> StoreError {
        let path = self.path(relative);
        let root = self.path.clone();
        move |error| {
            if error.raw_os_error() != Some(Errno::ELOOP as i32) {
                return failed(action, &path)(error);
            }
            let parts = path.ancestors().take_while(|part| *part != root);
            let link = parts.filter(|part| part.is_symlink()).last();
            StoreError::Link(link.map_or(path.clone(), Path::to_owned))
        }
    }
}

/// The directory of a relative path, and its last part.
fn split(relative: &str) -> (&str, &str) {
    relative.rsplit_once('/').unwrap_or((".", relative))
}

/// Opens one part of the path after the other.
fn walk(from: &OwnedFd, relative: &str, flags: OFlag) -> io::Result<OwnedFd> {
    let mut parts = relative.split('/').peekable();
    let mut directory = from.try_clone()?;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let flags = if last { flags } else { OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC };
        directory = openat(&directory, part, flags | OFlag::O_NOFOLLOW, Mode::empty()).map_err(|error| {
            // With O_DIRECTORY a link is only one more thing that is no directory.
            let found = fstatat(&directory, part, AtFlags::AT_SYMLINK_NOFOLLOW);
            let link = found.is_ok_and(|it| SFlag::from_bits_truncate(it.st_mode) == SFlag::S_IFLNK);
            io::Error::from(if link { Errno::ELOOP } else { error })
        })?;
    }
    Ok(directory)
}
