//! A tree in a directory: `DIR/HOST/etc/…` and its manifest. Readers see each file old or new,
//! never half; what is already right is not touched; what is not ours is never removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{MANIFEST, Manifest, host_of};
use super::{Content, Entry, Tree, hex};

/// Below this many files a second thread costs more than it saves.
const THREADED: usize = 100;
/// Writing is bound by the kernel long before this many threads.
const MOST_THREADS: usize = 8;

/// A tree could not be stored or compared.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", path.display())]
pub struct StoreError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError { action, path, source }
}

/// What storing a tree did, in files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Written, because they were missing or different.
    pub written: usize,
    /// Left alone, because they were right.
    pub unchanged: usize,
    /// Removed, because an earlier run wrote them and this one does not.
    pub removed: Vec<String>,
    /// Written by an earlier run and edited since: left, though no longer part of the tree.
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

/// Stores `tree` in `dir`, which is made if need be. With `partial` the tree holds only some
/// hosts, and the files of the others stay as they are.
///
/// # Errors
/// The first file or directory that could not be read, written or removed. Every file is old or
/// new at that point; running again finishes the work.
pub fn write(tree: &Tree, dir: &Path, partial: bool) -> Result<Outcome, StoreError> {
    if !partial && is_vacant(dir) {
        return write_fresh(tree, dir);
    }
    fs::create_dir_all(dir).map_err(failed("create", dir))?;
    let old = read_manifest(dir)?;
    let manifest = manifest_bytes(tree, old.as_deref(), partial);
    let written = each(tree, |buffer, host, entry| {
        let path = path_in(dir, host, entry);
        if same(buffer, &path, &entry.content).map_err(failed("read", &path))? {
            return Ok(0);
        }
        replace(&path, &entry.content.bytes, entry.content.mode).map_err(failed("write", &path))?;
        Ok(1)
    })?;
    let total: usize = tree.hosts().map(|(_, entries)| entries.len()).sum();
    let mut outcome = Outcome { written, unchanged: total - written, ..Outcome::default() };
    if old.as_deref() != Some(manifest.as_slice()) {
        for (path, sha256) in stale(tree, old.as_deref(), partial) {
            remove(dir, path, &sha256, &mut outcome)?;
        }
        let path = dir.join(MANIFEST);
        replace(&path, &manifest, 0o644).map_err(failed("write", &path))?;
    }
    Ok(outcome)
}

/// What [`write`] would change, in the order of the paths.
///
/// # Errors
/// A file or directory that could not be read.
pub fn compare(tree: &Tree, dir: &Path, partial: bool) -> Result<Vec<Difference>, StoreError> {
    let mut buffer = vec![0; 64 << 10];
    let mut found = Vec::new();
    for (host, entries) in tree.hosts() {
        for entry in entries.iter() {
            let path = path_in(dir, host, entry);
            if same(&mut buffer, &path, &entry.content).map_err(failed("read", &path))? {
                continue;
            }
            let kind = if path.symlink_metadata().is_ok() { DifferenceKind::Changed } else { DifferenceKind::Missing };
            found.push(Difference { path: format!("{host}{}", entry.path), kind });
        }
    }
    let old = read_manifest(dir)?;
    let gone = stale(tree, old.as_deref(), partial).into_iter().map(|(path, _)| path);
    let gone = gone.filter(|path| dir.join(path).symlink_metadata().is_ok());
    found.extend(gone.map(|path| Difference { path, kind: DifferenceKind::Stale }));
    if found.is_empty() && old.as_deref() != Some(&manifest_bytes(tree, old.as_deref(), partial)) {
        let kind = if old.is_some() { DifferenceKind::Changed } else { DifferenceKind::Missing };
        found.push(Difference { path: MANIFEST.to_owned(), kind });
    }
    Ok(found)
}

/// The bytes of one file of a stored tree; none where there is no such file.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(dir: &Path, path: &str) -> Result<Vec<u8>, StoreError> {
    let path = dir.join(path);
    absent(fs::read(&path)).map(Option::unwrap_or_default).map_err(failed("read", &path))
}

fn path_in(dir: &Path, host: &str, entry: &Entry) -> PathBuf {
    let mut path = dir.as_os_str().to_owned();
    path.push("/");
    path.push(host);
    path.push(&*entry.path);
    PathBuf::from(path)
}

/// `None` where there is nothing, instead of an error.
fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_manifest(dir: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let path = dir.join(MANIFEST);
    absent(fs::read(&path)).map_err(failed("read", &path))
}

fn manifest_bytes(tree: &Tree, old: Option<&[u8]>, partial: bool) -> Vec<u8> {
    let other = old.filter(|_| partial).and_then(Manifest::parse);
    Manifest::bytes(tree, other.as_ref())
}

/// Files of the old manifest that the tree no longer has, with the content they were given.
fn stale(tree: &Tree, old: Option<&[u8]>, partial: bool) -> Vec<(String, String)> {
    let Some(old) = old.and_then(Manifest::parse) else { return Vec::new() };
    let has = |path: &str| {
        let host = host_of(path);
        let entries = tree.host(host);
        (partial && entries.is_none()) || entries.is_some_and(|e| e.iter().any(|e| *e.path == path[host.len()..]))
    };
    old.files.into_iter().filter(|(path, _)| !has(path)).map(|(path, listed)| (path, listed.sha256)).collect()
}

/// Removes a stale file and the directories it leaves empty, unless somebody has edited it.
fn remove(dir: &Path, path: String, sha256: &str, outcome: &mut Outcome) -> Result<(), StoreError> {
    let full = dir.join(&path);
    let Some(bytes) = absent(fs::read(&full)).map_err(failed("read", &full))? else { return Ok(()) };
    if hex(&Sha256::digest(&bytes)) != sha256 {
        outcome.edited.push(path);
        return Ok(());
    }
    fs::remove_file(&full).map_err(failed("remove", &full))?;
    let parents = full.ancestors().skip(1).take_while(|parent| *parent != dir);
    // A directory that still holds something is not ours to remove: the first refusal ends it.
    parents.map_while(|parent| fs::remove_dir(parent).ok()).for_each(drop);
    outcome.removed.push(path);
    Ok(())
}

/// Whether the file at `path` has this content and mode. `buffer` is scratch space.
fn same(buffer: &mut [u8], path: &Path, content: &Content) -> io::Result<bool> {
    let Some(mut file) =
        absent(OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW).open(path)).or_else(link)?
    else {
        return Ok(false);
    };
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

/// A symbolic link in the place of a file is something else, and is replaced.
fn link<T>(error: io::Error) -> io::Result<Option<T>> {
    if error.raw_os_error() == Some(nix::libc::ELOOP) { Ok(None) } else { Err(error) }
}

/// Puts `bytes` at `path` by a rename. The name of the temporary file starts with a dot, so
/// that no `include dir/*` ever reads it.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.sslscale-{}", std::process::id()));
    let result = create(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The error that matters is the first; a temporary file that was never made is gone too.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Writes a new file in one call, making the directories above it where they are missing.
fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    let mut file: File = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            open()?
        }
        result => result?,
    };
    file.write_all(bytes)?;
    if file.metadata()?.mode() & 0o7777 != mode {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Makes the directories between `root` and the file at `path`, from the outermost: where none
/// is there yet, that is a third of the calls that trying the innermost first takes.
fn make_directories(root: &Path, path: &Path) -> io::Result<()> {
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

/// Whether `dir` is missing or empty.
fn is_vacant(dir: &Path) -> bool {
    match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none() && dir.symlink_metadata().is_ok_and(|m| m.is_dir()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Stores a whole tree where nothing was: beside `dir` first, then by one rename, so that
/// even a run that is killed leaves all of it or nothing.
fn write_fresh(tree: &Tree, dir: &Path) -> Result<Outcome, StoreError> {
    let name = dir.file_name().map_or_else(|| "tree".into(), |n| n.to_string_lossy().into_owned());
    let parent = dir.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed("create", parent))?;
    let staged = tempfile::Builder::new()
        .prefix(&format!(".{name}.sslscale-"))
        .tempdir_in(parent)
        .map_err(failed("create a directory in", parent))?;
    let written = each(tree, |_, host, entry| {
        let path = path_in(staged.path(), host, entry);
        make_directories(staged.path(), &path).map_err(failed("create", &path))?;
        create(&path, &entry.content.bytes, entry.content.mode).map_err(failed("write", &path))?;
        Ok(1)
    })?;
    let path = staged.path().join(MANIFEST);
    create(&path, &manifest_bytes(tree, None, false), 0o644).map_err(failed("write", &path))?;
    fs::set_permissions(staged.path(), fs::Permissions::from_mode(0o755)).map_err(failed("open", staged.path()))?;
    fs::rename(staged.path(), dir).map_err(failed("create", dir))?;
    // It has moved: there is nothing left to remove.
    let _ = staged.keep();
    Ok(Outcome { written, ..Outcome::default() })
}

/// Runs `work` on every file, on several threads where there are many, and adds up what it
/// returns. Each thread has one buffer for all its files.
fn each<F>(tree: &Tree, work: F) -> Result<usize, StoreError>
where
    F: Fn(&mut [u8], &str, &Entry) -> Result<usize, StoreError> + Sync,
{
    let hosts: Vec<(&str, &[Entry])> = tree.hosts().map(|(host, entries)| (host, entries.as_ref())).collect();
    let run = |hosts: &[(&str, &[Entry])]| {
        let mut buffer = vec![0; 64 << 10];
        let files = hosts.iter().flat_map(|(host, entries)| entries.iter().map(move |entry| (*host, entry)));
        files.map(|(host, entry)| work(&mut buffer, host, entry)).sum()
    };
    let files: usize = hosts.iter().map(|(_, entries)| entries.len()).sum();
    if files <= THREADED {
        return run(&hosts);
    }
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            hosts.chunks(hosts.len().div_ceil(threads)).map(|part| scope.spawn(move || run(part))).collect();
        handles.into_iter().map(|handle| handle.join().expect("writing a file does not panic")).sum()
    })
}
