//! A tree where nothing was: made beside its place and moved there by one rename, so that even a
//! run that is killed leaves all of it or nothing. What such a run leaves beside, later ones
//! remove.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::Tree;
use super::file::{create, make_directories};
use super::manifest::{MANIFEST, Manifest};
use super::store::{Outcome, StoreError, each, failed, lock, path_in};
use crate::interrupt::Interrupt;

/// A directory this old whose maker holds no lock on it has no maker any more.
const ABANDONED: Duration = Duration::from_secs(10);

/// Stores a whole tree at `dir`, where nothing is. `None` where another run was faster.
pub fn write(tree: &Tree, dir: &Path, interrupt: &Interrupt) -> Result<Option<Outcome>, StoreError> {
    let (parent, prefix) = beside(dir);
    fs::create_dir_all(parent).map_err(failed("create", parent))?;
    sweep(dir);
    // Like any new directory: open to whom the umask lets in.
    let staged = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(failed("create a directory in", parent))?;
    let _lock = lock(staged.path()).ok();
    let written = each(tree, |_, host, entry| {
        if interrupt.requested() {
            return Err(StoreError::NotWritten);
        }
        let path = path_in(staged.path(), host, entry);
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
            // It has moved: there is nothing left to remove.
            let _ = staged.keep();
            Ok(Some(Outcome { written, ..Outcome::default() }))
        }
    }
}

/// Where trees for `dir` are made, and how their names start.
fn beside(dir: &Path) -> (&Path, String) {
    let name = dir.file_name().map_or_else(|| "tree".into(), |n| n.to_string_lossy().into_owned());
    let parent = dir.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    (parent, format!(".{name}.sslscale-"))
}

/// Removes what killed first runs left beside `dir`. That it cannot be removed is no reason not
/// to go on.
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
