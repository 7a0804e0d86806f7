//! A tree in a directory: `DIR/HOST/etc/…` and its manifest. Files that are right are not touched, each
//! other file is replaced as a whole, and only files of an earlier run are removed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use super::directory::Directory;
use super::manifest::{MANIFEST, Manifest, host_of};
use super::{Entry, Tree, fresh};
use crate::interrupt::Interrupt;
use crate::parallel;
use crate::progress::Count;

/// Up to this many files a second thread costs more than it saves.
const THREADED: usize = 100;
/// Writing is bound by the kernel long before this many threads.
const MOST_THREADS: usize = 8;

/// A tree could not be stored or compared.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// The action.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Something else is where the directory, or one above it, should be.
    #[error("`{}` is not a directory", .0.display())]
    NotDirectory(PathBuf),
    /// Another run holds the directory's lock.
    #[error("another run is writing to `{}`", .0.display())]
    Busy(PathBuf),
    /// A manifest that sslscale did not write, so that it is not known which files are its own.
    #[error("`{}` is not a manifest of sslscale; nothing was written", .0.display())]
    Foreign(PathBuf),
    /// A symbolic link in the place of a directory.
    #[error("`{}` is a symbolic link; nothing is written or removed through it", .0.display())]
    Link(PathBuf),
    /// A signal came before the first file was written.
    #[error("interrupted: nothing was written")]
    NotWritten,
    /// A signal came while files were written.
    #[error("interrupted: some files in `{}` may be new and others old; run again", .0.display())]
    Interrupted(PathBuf),
}

impl StoreError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Io { path, .. } if ["/dev", "/proc", "/sys"].iter().any(|system| path.starts_with(system)) => {
                Some("give `-o` a directory on a disk".to_owned())
            }
            Self::Io { source, .. } => crate::file::help(source).map(str::to_owned),
            Self::NotDirectory(path) if path.starts_with("/dev") || path.starts_with("/proc") => {
                Some("give `-o` the path of a directory".to_owned())
            }
            Self::NotDirectory(path) => Some(format!("move `{}` away, or give `-o` another path", path.display())),
            Self::Busy(_) => Some("wait for it, then run again".to_owned()),
            Self::Link(_) => Some("put a directory in its place, or give `-o` another directory".to_owned()),
            Self::Foreign(_) => Some("move it away, or give `-o` another directory".to_owned()),
            Self::NotWritten | Self::Interrupted(_) => None,
        }
    }
}

/// A directory could not be created.
pub fn not_created(dir: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| {
        let is_other = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
        match (error.kind(), dir.ancestors().find(is_other)) {
            (io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory, Some(other)) => {
                StoreError::NotDirectory(other.to_owned())
            }
            _ => failed("create", dir)(error),
        }
    }
}

/// An error of the operating system as one of the store.
pub fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source }
}

/// The number of files by what happened to them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Written, because they were missing or different.
    pub written: usize,
    /// Not touched, because they were right.
    pub unchanged: usize,
    /// Removed, because an earlier run wrote them and they are not in the tree.
    pub removed: Vec<String>,
    /// Kept although they are not in the tree: an earlier run wrote them, and they were edited since.
    pub edited: Vec<String>,
}

/// A file that differs between a tree and a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `HOST/etc/…`.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
}

/// How a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// In the tree, not in the directory.
    Missing,
    /// In both, with other content or mode.
    Changed,
    /// Written by an earlier run, no longer in the tree.
    Stale,
}

/// Stores `tree` in `dir`, which is created if necessary. With `partial` the tree has only some
/// hosts, and the files of the others stay as they are. `interrupt` is looked at before each file, and hosts are counted.
///
/// # Errors
/// The first file or directory that could not be read, written or removed. Every file is old or
/// new at that point; running again finishes the work.
pub fn write(
    tree: &Tree,
    dir: &Path,
    partial: bool,
    (interrupt, count): (&Interrupt, &Count),
) -> Result<Outcome, StoreError> {
    let missing = dir.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if missing
        && !partial
        && let Some(outcome) = fresh::write(tree, dir, (interrupt, count))?
    {
        return Ok(outcome);
    }
    fs::create_dir_all(dir).map_err(not_created(dir))?;
    let _lock = lock(dir)?;
    fresh::sweep(dir);
    let directory = Directory::open(dir)?;
    let manifests = Manifests::read(tree, &directory, partial)?;
    let written = each(tree, count, |buffer, host, entry| {
        if interrupt.requested() {
            return Err(StoreError::Interrupted(dir.to_owned()));
        }
        let path = relative(host, entry);
        if directory.same(buffer, &path, &entry.content)? {
            return Ok(0);
        }
        directory.replace(&path, &entry.content.bytes, entry.content.mode)?;
        Ok(1)
    })?;
    let total: usize = tree.hosts().map(|(_, entries)| entries.len()).sum();
    let mut outcome = Outcome { written, unchanged: total - written, ..Outcome::default() };
    if manifests.differ {
        for (path, sha256) in manifests.stale(tree, partial) {
            remove(&directory, path, &sha256, &mut outcome)?;
        }
        directory.replace(MANIFEST, &manifests.new, 0o644)?;
    }
    Ok(outcome)
}

/// Keeps other runs out of `dir` until it is dropped. On a file system without locks it does not.
pub fn lock(dir: &Path) -> Result<Option<Flock<File>>, StoreError> {
    let file = File::open(dir).map_err(failed("open", dir))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Err(StoreError::Busy(dir.to_owned())),
        Err(_) => Ok(None),
    }
}

/// What [`write()`] would change, in the order of the paths.
///
/// # Errors
/// A file or directory that could not be read.
pub fn compare(tree: &Tree, dir: &Path, partial: bool) -> Result<Vec<Difference>, StoreError> {
    if let Some(other) = dir.ancestors().find(|path| path.exists() && !path.is_dir()) {
        return Err(StoreError::NotDirectory(other.to_owned()));
    }
    let mut buffer = vec![0; 64 << 10];
    let mut found = Vec::new();
    let directory = Directory::open(dir)?;
    for (host, entries) in tree.hosts() {
        for entry in entries.iter() {
            let path = relative(host, entry);
            if directory.same(&mut buffer, &path, &entry.content)? {
                continue;
            }
            let kind = if directory.has(&path)? { DifferenceKind::Changed } else { DifferenceKind::Missing };
            found.push(Difference { path, kind });
        }
    }
    let manifests = Manifests::read(tree, &directory, partial)?;
    for (path, _) in manifests.stale(tree, partial) {
        if directory.has(&path)? {
            found.push(Difference { path, kind: DifferenceKind::Stale });
        }
    }
    if found.is_empty() && manifests.differ {
        let kind = if manifests.old.is_some() { DifferenceKind::Changed } else { DifferenceKind::Missing };
        found.push(Difference { path: MANIFEST.to_owned(), kind });
    }
    Ok(found)
}

/// The bytes of one file of a stored tree; none if there is no regular file.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(dir: &Path, path: &str) -> Result<Vec<u8>, StoreError> {
    Directory::open(dir)?.read(path).map(Option::unwrap_or_default)
}

/// The path of a file below the directory: `HOST/etc/…`.
pub fn relative(host: &str, entry: &Entry) -> String {
    format!("{host}{}", entry.path)
}

/// The manifest of a directory before and after.
struct Manifests {
    /// Only read if it may be needed.
    old: Option<Manifest>,
    new: Vec<u8>,
    differ: bool,
}

impl Manifests {
    /// Reads the directory's manifest. One that sslscale did not write is an error.
    fn read(tree: &Tree, directory: &Directory, partial: bool) -> Result<Self, StoreError> {
        let path = directory.path(MANIFEST);
        let (there, bytes) = match directory.read(MANIFEST)? {
            Some(bytes) => (true, bytes),
            None if directory.has(MANIFEST)? => return Err(StoreError::Foreign(path)),
            None => (false, Vec::new()),
        };
        let parse = || match Manifest::parse(&bytes) {
            _ if !there => Ok(None),
            Some(manifest) => Ok(Some(manifest)),
            None => Err(StoreError::Foreign(path)),
        };
        if partial {
            let old = parse()?;
            let new = Manifest::bytes(tree, old.as_ref());
            return Ok(Self { differ: !there || bytes != new, old, new });
        }
        let new = Manifest::bytes(tree, None);
        let differ = !there || bytes != new;
        // With the same bytes it was written by sslscale, and no file is stale.
        let old = if differ { parse()? } else { None };
        Ok(Self { old, new, differ })
    }

    /// Files of the old manifest that the tree no longer has, with the content they were given.
    fn stale(&self, tree: &Tree, partial: bool) -> Vec<(String, String)> {
        let has = |path: &str| {
            let host = host_of(path);
            let entries = tree.host(host);
            (partial && entries.is_none()) || entries.is_some_and(|e| e.iter().any(|e| *e.path == path[host.len()..]))
        };
        let files = self.old.iter().flat_map(|old| &old.files);
        files.filter(|(path, _)| !has(path)).map(|(path, listed)| (path.clone(), listed.sha256.clone())).collect()
    }
}

/// Removes a stale file and the directories it leaves empty, unless somebody has edited it.
fn remove(directory: &Directory, path: String, sha256: &str, outcome: &mut Outcome) -> Result<(), StoreError> {
    if !directory.has(&path)? {
        return Ok(());
    }
    if directory.read(&path)?.is_none_or(|bytes| hex::encode(Sha256::digest(&bytes)) != sha256) {
        outcome.edited.push(path);
        return Ok(());
    }
    directory.remove(&path)?;
    outcome.removed.push(path);
    Ok(())
}

/// Runs `work` on every file, on several threads where there are many, and adds up what it
/// returns. Each thread has one buffer for all its files.
pub fn each<F>(tree: &Tree, count: &Count, work: F) -> Result<usize, StoreError>
where
    F: Fn(&mut [u8], &str, &Entry) -> Result<usize, StoreError> + Sync,
{
    let hosts: Vec<(&str, &[Entry])> = tree.hosts().map(|(host, entries)| (host, entries.as_ref())).collect();
    let run = |hosts: &[(&str, &[Entry])]| {
        let mut buffer = vec![0; 64 << 10];
        let mut host = |(host, entries): &(&str, &[Entry])| {
            let done = entries.iter().map(|entry| work(&mut buffer, host, entry)).sum::<Result<usize, StoreError>>();
            count.add();
            done
        };
        hosts.iter().map(&mut host).sum()
    };
    let files: usize = hosts.iter().map(|(_, entries)| entries.len()).sum();
    if files <= THREADED {
        return run(&hosts);
    }
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let parts: Vec<_> = hosts.chunks(hosts.len().div_ceil(threads)).collect();
    parallel::map(&parts, threads, |part| run(part)).into_iter().sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nix::sys::signal::Signal;

    use super::*;
    use crate::tree::Content;

    fn tree(text: &str) -> Tree {
        let content = Arc::new(Content::new(text.into()));
        let mut tree = Tree::default();
        tree.insert("srv1", Arc::new([Entry { path: "/etc/a".into(), content }]));
        tree
    }

    #[test]
    fn after_a_signal_no_file_is_written_and_nothing_is_left_beside_the_directory() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("out");
        let interrupt = Interrupt::default();
        let _hold = interrupt.hold().unwrap();
        write(&tree("old"), &dir, false, (&interrupt, &Count::default())).unwrap();
        interrupt.receive(Signal::SIGINT);
        let fresh = write(&tree("new"), &parent.path().join("other"), false, (&interrupt, &Count::default()));
        assert!(matches!(fresh, Err(StoreError::NotWritten)), "{fresh:?}");
        let again = write(&tree("new"), &dir, false, (&interrupt, &Count::default()));
        assert!(matches!(again, Err(StoreError::Interrupted(_))), "{again:?}");
        assert_eq!(fs::read_to_string(dir.join("srv1/etc/a")).unwrap(), "old");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
