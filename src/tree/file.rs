//! Writes files of a new tree, in a directory that no other program has seen.

use std::fs;
use std::io;
use std::path::Path;

use crate::file;

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
