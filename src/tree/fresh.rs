//! Stores a tree where there is none: it is written next to its place and moved there by one rename, so
//! that a run that is killed leaves a whole tree or none. Later runs remove what it left behind.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::Tree;
use super::manifest::{MANIFEST, Manifest};
use super::store::{Outcome, StoreError, each, failed, lock, not_created, relative};
use crate::file::create;
use crate::interrupt::Interrupt;
use crate::progress::Count;

/// A directory of this age that is not locked belongs to a run that was killed.
const ABANDONED: Duration = Duration::from_secs(10);

/// Stores a whole tree at `dir`, where nothing is. `None` where another run was faster.
pub fn write(tree: &Tree, dir: &Path, (interrupt, count): (&Interrupt, &Count)) -> Result<Option<Outcome>, StoreError> {
    let (parent, prefix) = beside(dir);
    fs::create_dir_all(parent).map_err(not_created(parent))?;
    sweep(dir);
    // The same mode as any new directory, as far as the umask allows.
    let staged = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(failed("create a directory in", parent))?;
    let _lock = lock(staged.path()).ok();
    let written = each(tree, count, |_, host, entry| {
        if interrupt.requested() {
            return Err(StoreError::NotWritten);
        }
        let path = staged.path().join(relative(host, entry));
        make_directories(staged.path(), &path).map_err(failed("create", &path))?;
        create(&path, &entry.content.bytes, entry.content.mode).map_err(failed("write", &path))?;
        Ok(1)
    })?;
    let path = staged.path().join(MANIFEST);
    create(&path, &Manifest::bytes(tree, None), 0o644).map_err(failed("write", &path))?;
    match fs::rename(staged.path(), dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
            Ok(None)
        }
        Err(error) => Err(failed("create", dir)(error)),
        Ok(()) => {
            // It was moved, so there is nothing to remove.
            let _ = staged.keep();
            Ok(Some(Outcome { written, ..Outcome::default() }))
        }
    }
}

/// Creates the directories between `root` and the file at `path`. Usually the innermost alone is missing,
/// or all of them are: then they are created from the outermost, which takes the fewest calls.
fn make_directories(root: &Path, path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| *parent != root).map(fs::create_dir) {
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Some(Err(error)) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => return Ok(()),
    }
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

/// The directory in which trees for `dir` are written, and the prefix of their names.
fn beside(dir: &Path) -> (&Path, String) {
    let name = dir.file_name().map_or_else(|| "tree".into(), |n| n.to_string_lossy().into_owned());
    let parent = dir.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    (parent, format!(".{name}.sslscale-"))
}

/// Removes what killed runs left next to `dir`, as far as that is possible.
pub fn sweep(dir: &Path) {
    let (parent, prefix) = beside(dir);
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > ABANDONED) && matches!(lock(&entry.path()), Ok(Some(_))) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
