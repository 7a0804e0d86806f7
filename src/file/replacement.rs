//! Replaces a file that a user edits: only if its content is still what was read, with its mode and
//! owner, and durably. A symbolic link stays; its target is replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::Staged;

/// A file could not be replaced. It is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The operating system refused.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// The verb for the message.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Its content is not what was read.
    #[error("`{}` was changed in the meantime: nothing was written; run again", .0.display())]
    Changed(PathBuf),
    /// Another run holds its lock.
    #[error("another run is writing `{}`: wait for it, then run again", .0.display())]
    Busy(PathBuf),
    /// Only its owner or root can replace it without changing its owner.
    #[error("replacing `{}` would change its owner: run as its owner or as root", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReplaceError {
    let path = path.to_owned();
    move |source| ReplaceError::Io { action, path, source }
}

/// New content that is written next to its file and replaces it in [`Replacement::place`]; removed
/// otherwise.
#[derive(Debug)]
pub struct Replacement {
    /// The path as it was given.
    pub path: PathBuf,
    /// The canonical path.
    target: PathBuf,
    before: Vec<u8>,
    /// How many other hard links the file has.
    pub other_names: u64,
    staged: Staged,
    /// Keeps other runs from the file; `None` on a file system without locks.
    _lock: Option<Flock<File>>,
}

impl Replacement {
    /// Prepares to replace the content `before` of the file at `path` by `after`.
    ///
    /// # Errors
    /// The file has other content, is locked by another run, or cannot be replaced.
    pub fn prepare(path: &Path, before: &[u8], after: &[u8]) -> Result<Self, ReplaceError> {
        let target = fs::canonicalize(path).map_err(failed("find", path))?;
        // A user who may not write the file must not replace it, even if the directory allows it.
        let mut file = open(OpenOptions::new().write(true), &target).map_err(failed("write", path))?;
        let metadata = file.metadata().map_err(failed("read", path))?;
        if !metadata.is_file() || !holds(&mut file, before).map_err(failed("read", path))? {
            return Err(ReplaceError::Changed(path.to_owned()));
        }
        let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Some(lock),
            Err((_, Errno::EWOULDBLOCK)) => return Err(ReplaceError::Busy(path.to_owned())),
            Err(_) => None,
        };
        // Another run may have replaced it since it was opened: then the old file is locked.
        let there = fs::metadata(&target).map_err(failed("find", path))?;
        if (there.dev(), there.ino()) != (metadata.dev(), metadata.ino()) {
            return Err(ReplaceError::Changed(path.to_owned()));
        }
        let (staged, new) =
            Staged::new(&target, after, metadata.mode() & 0o600).map_err(failed("create a file next to", path))?;
        let made = new.metadata().map_err(failed("create a file next to", path))?;
        if (made.uid(), made.gid()) != (metadata.uid(), metadata.gid()) {
            let owner = |source| ReplaceError::Owner { path: path.to_owned(), source };
            fchown(&new, Some(metadata.uid()), Some(metadata.gid())).map_err(owner)?;
        }
        let mode = Permissions::from_mode(metadata.mode() & 0o7777);
        new.set_permissions(mode).and_then(|()| new.sync_all()).map_err(failed("create a file next to", path))?;
        let other_names = metadata.nlink().saturating_sub(1);
        Ok(Self { path: path.to_owned(), target, before: before.to_vec(), other_names, staged, _lock: lock })
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// The file was changed or removed since it was read, or the operating system refuses.
    pub fn place(self) -> Result<(), ReplaceError> {
        // Editors ignore locks: it is compared again at the last moment.
        let held = open(&mut OpenOptions::new(), &self.target).and_then(|mut file| holds(&mut file, &self.before));
        if !held.map_err(failed("read", &self.path))? {
            return Err(ReplaceError::Changed(self.path));
        }
        self.staged.place().map_err(failed("replace", &self.path))?;
        // The file is replaced. Without the sync, only a power cut could undo that.
        let _ = File::open(self.target.parent().unwrap_or(&self.target)).and_then(|dir| dir.sync_all());
        Ok(())
    }
}

/// Opens a file for reading as well. Does not wait for the other end of a pipe.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path)
}

/// Whether the file has this content. Reads at most one byte more than that.
fn holds(file: &mut File, bytes: &[u8]) -> io::Result<bool> {
    let mut found = Vec::with_capacity(bytes.len() + 1);
    file.take(bytes.len() as u64 + 1).read_to_end(&mut found)?;
    Ok(found == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with one file.
    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn entries(dir: &tempfile::TempDir) -> usize {
        fs::read_dir(dir.path()).unwrap().count()
    }

    #[test]
    fn what_was_changed_in_the_meantime_is_not_overwritten() {
        let (dir, path) = file("old");
        let error = Replacement::prepare(&path, b"older", b"new").unwrap_err();
        assert!(matches!(error, ReplaceError::Changed(_)), "{error}");
        // Also at the last moment, and if the file was replaced by another.
        let ready = Replacement::prepare(&path, b"old", b"new").unwrap();
        fs::write(dir.path().join("b"), "theirs").unwrap();
        fs::rename(dir.path().join("b"), &path).unwrap();
        let error = ready.place().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{}` was changed in the meantime: nothing was written; run again", path.display())
        );
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(&dir)), ("theirs", 1));
    }

    #[test]
    fn what_is_gone_stays_gone() {
        let (dir, path) = file("old");
        let ready = Replacement::prepare(&path, b"old", b"new").unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(ready.place(), Err(ReplaceError::Io { action: "read", .. })));
        assert!(matches!(Replacement::prepare(&path, b"old", b"new"), Err(ReplaceError::Io { action: "find", .. })));
        assert_eq!(entries(&dir), 0);
    }

    #[test]
    fn one_run_at_a_time_and_nothing_left_of_one_that_gives_up() {
        let (dir, path) = file("old");
        let first = Replacement::prepare(&path, b"old", b"new").unwrap();
        assert!(matches!(Replacement::prepare(&path, b"old", b"other"), Err(ReplaceError::Busy(_))));
        drop(first);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(&dir)), ("old", 1));
        Replacement::prepare(&path, b"old", b"new").unwrap().place().unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(&dir)), ("new", 1));
    }
}
