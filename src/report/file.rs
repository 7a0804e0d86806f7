//! A report that goes to a file, where it appears complete, by a rename, or not at all. A signal
//! that comes while it is written removes the temporary file and then ends the program.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Stream;
use crate::file;
use crate::interrupt::Interrupt;

/// Why a report cannot be written to a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path names a directory.
    #[error("the output cannot be written to `{0}`: it is a directory")]
    Directory(PathBuf),
    /// Something is at a path where nothing may be replaced.
    #[error("the output cannot be written to `{0}`: it exists already")]
    Exists(PathBuf),
    /// The path names an inventory of the run.
    #[error("the output cannot be written to `{0}`: it is one of the inventories")]
    Inventory(PathBuf),
    /// The second path, which leads to the first, does not exist.
    #[error("the output cannot be written to `{0}`: the directory `{1}` does not exist")]
    NoDirectory(PathBuf, PathBuf),
    /// The second path, which leads to the first, is something else.
    #[error("the output cannot be written to `{0}`: `{1}` is not a directory")]
    NotDirectory(PathBuf, PathBuf),
    /// The path is a link that leads nowhere.
    #[error("the output cannot be written to `{0}`: it is a link to a file that does not exist")]
    Dangling(PathBuf),
    /// The operating system refused.
    #[error("the output cannot be written to `{0}`")]
    Io(PathBuf, #[source] io::Error),
}

impl FileError {
    /// What is wrong with `path`, which cannot be found or created because of `error`.
    fn of(path: &Path, error: io::Error) -> Self {
        let parent = path.parent().unwrap_or(path);
        let other = parent.ancestors().find(|above| above.exists() && !above.is_dir());
        match (error.kind(), other) {
            (io::ErrorKind::NotADirectory, Some(other)) => Self::NotDirectory(path.to_owned(), other.to_owned()),
            (io::ErrorKind::NotFound, _) if path.is_symlink() => Self::Dangling(path.to_owned()),
            (io::ErrorKind::NotFound, _) => Self::NoDirectory(path.to_owned(), parent.to_owned()),
            _ => Self::Io(path.to_owned(), error),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Directory(path) => {
                Some(format!("give the path of a file, such as `{}`", path.join("output").display()))
            }
            Self::Exists(_) => Some("give another path, or remove it first".to_owned()),
            Self::Inventory(_) => Some("give the output another path".to_owned()),
            Self::NoDirectory(..) => Some("create the directory first, or correct the path".to_owned()),
            Self::NotDirectory(..) => Some("give a path in a directory".to_owned()),
            Self::Dangling(_) => Some("remove the link, or create the file that it leads to".to_owned()),
            Self::Io(_, error) => file::help(error).map(str::to_owned),
        }
    }
}

/// Where a report goes. Until it is written, the old file stays.
pub struct Target {
    path: PathBuf,
    kind: Kind,
    interrupt: Interrupt,
}

enum Kind {
    /// A file that must not exist when it is written.
    New,
    /// A regular file. It gets the mode and owner of the file that it replaces.
    Replaced(Option<Metadata>),
    /// A pipe, a device, or the file behind an open descriptor, which must not be replaced.
    Written(File),
}

impl Target {
    /// Checks, before any work is done, that a report can be written to `path` and that `path` is not
    /// one of `inventories`.
    ///
    /// # Errors
    /// [`FileError`] if it cannot.
    pub fn open(path: &Path, inventories: &[PathBuf], interrupt: &Interrupt) -> Result<Self, FileError> {
        let (path, kind) = find(path, inventories)?;
        if let Kind::Replaced(old) = &kind {
            // Only a check: nothing is left there for a signal to leave behind.
            let _hold = interrupt.hold().map_err(|error| FileError::Io(path.clone(), error))?;
            temporary(&path, old.as_ref()).map_err(|error| FileError::of(&path, error))?;
        }
        Ok(Self { path, kind, interrupt: interrupt.clone() })
    }

    /// Checks that a new file can be written to `path`, which must not exist.
    ///
    /// # Errors
    /// [`FileError`] if it cannot.
    pub fn create(path: &Path, interrupt: &Interrupt) -> Result<Self, FileError> {
        let there = path.symlink_metadata().is_ok() && !path.is_dir();
        if there {
            return Err(FileError::Exists(path.to_owned()));
        }
        Ok(Self { kind: Kind::New, ..Self::open(path, &[], interrupt)? })
    }

    /// Writes what `report` writes to it.
    ///
    /// # Errors
    /// [`FileError::Io`]; a regular file is then unchanged.
    pub fn write(self, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
        let Self { path, kind, interrupt } = self;
        let written = match kind {
            Kind::Written(file) => {
                let mut out = BufWriter::with_capacity(64 << 10, Stream::other(file, &interrupt));
                report(&mut out).and_then(|()| out.flush())
            }
            Kind::Replaced(old) => replace(&path, old.as_ref(), &interrupt, report),
            Kind::New => add(&path, &interrupt, report),
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FileError::Exists(path),
            _ => FileError::Io(path, error),
        })
    }
}

fn replace(
    path: &Path,
    old: Option<&Metadata>,
    interrupt: &Interrupt,
    report: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let _hold = interrupt.hold()?;
    let file = written(temporary(path, old)?, interrupt, report)?;
    file.persist(path).map_err(|refused| refused.error)?;
    Ok(())
}

/// Writes a file that appears complete, unless one has appeared there.
fn add(path: &Path, interrupt: &Interrupt, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let _hold = interrupt.hold()?;
    let file = written(temporary(path, None)?, interrupt, report)?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    Ok(())
}

fn written(
    mut file: NamedTempFile,
    interrupt: &Interrupt,
    report: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let mut out = BufWriter::with_capacity(64 << 10, Interruptible(file.as_file_mut(), interrupt));
    report(&mut out).and_then(|()| out.flush())?;
    drop(out);
    file.as_file().sync_data()?;
    Ok(file)
}

/// Fails once a signal has come.
struct Interruptible<'f>(&'f mut File, &'f Interrupt);

impl Write for Interruptible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.requested() { Err(io::Error::other("interrupted")) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The file that `path` names, and how a report is written to it.
fn find(path: &Path, inventories: &[PathBuf]) -> Result<(PathBuf, Kind), FileError> {
    let io = |error| FileError::of(path, error);
    let found = match std::fs::metadata(path) {
        Ok(found) => Some(found),
        // A dangling link is an error.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => None,
        Err(error) => return Err(io(error)),
    };
    let Some(found) = found else {
        return Ok((path.to_owned(), Kind::Replaced(None)));
    };
    if found.is_dir() {
        return Err(FileError::Directory(path.to_owned()));
    }
    if inventories.iter().any(|inventory| std::fs::metadata(inventory).is_ok_and(|it| same(&it, &found))) {
        return Err(FileError::Inventory(path.to_owned()));
    }
    if let Some(stream) = stream(path, &found) {
        return Ok((path.to_owned(), Kind::Written(stream.map_err(io)?)));
    }
    // A link is followed: its target is replaced.
    Ok((path.canonicalize().map_err(io)?, Kind::Replaced(Some(found))))
}

/// Opens `path` if a rename must not replace what is there: a pipe, a device, or a file that this
/// process was started with, such as the one behind `/dev/stdout` after `>> file` in a shell.
fn stream(path: &Path, found: &Metadata) -> Option<io::Result<File>> {
    // A file opened again would have its own position and overwrite what others write.
    for stream in [io::stdout().as_fd(), io::stderr().as_fd()] {
        let Ok(stream) = stream.try_clone_to_owned().map(File::from) else { continue };
        if stream.metadata().is_ok_and(|metadata| same(&metadata, found)) {
            return Some(Ok(stream));
        }
    }
    // Standard input may be an inventory, which a report does not go into.
    let open = || std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten().filter(|it| it.file_name() != "0");
    let inherited = || open().any(|entry| std::fs::metadata(entry.path()).is_ok_and(|it| same(&it, found)));
    (!found.is_file() || inherited()).then(|| appending(path))
}

fn same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn appending(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// A file next to `path` that is removed when dropped. It has the mode of the file that it will
/// replace, or that of any new file.
fn temporary(path: &Path, old: Option<&Metadata>) -> io::Result<NamedTempFile> {
    if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "the path names a directory"));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = old.map_or(0o666, |old| old.mode() & 0o777);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sslscale-").permissions(Permissions::from_mode(mode));
    // tempfile's error names the temporary file, which means nothing to the user.
    let file = builder.tempfile_in(directory).map_err(|error| std::fs::read_dir(directory).err().unwrap_or(error))?;
    if let Some(old) = old {
        // Only root can give a file to another user; for anyone else it is their new file.
        let _ = fchown(file.as_file(), Some(old.uid()), Some(old.gid()));
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::Signal;

    use super::*;

    #[test]
    fn a_signal_while_it_is_written_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report");
        std::fs::write(&path, "old").unwrap();
        let interrupt = Interrupt::default();
        let target = Target::open(&path, &[], &interrupt).unwrap();
        let written = target.write(|out| {
            interrupt.receive(Signal::SIGTERM);
            out.write_all(&[b'x'; 100_000])
        });
        assert!(matches!(written, Err(FileError::Io(..))), "{written:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
