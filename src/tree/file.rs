//! One file of a stored tree: compared without trusting what stands there, written so that a
//! reader sees all of it or what was there before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::Content;

/// `None` where there is nothing, instead of an error.
pub fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens what stands at `path` to read it: `None` for nothing or a symbolic link. A pipe in a
/// file's place would have nobody at its other end, so nothing is waited for.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => Ok(None),
        result => absent(result),
    }
}

/// The bytes of the regular file at `path`; `None` for nothing, or for anything else.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(path)?.filter(|file| file.metadata().is_ok_and(|m| m.is_file())) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
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

/// The name of the temporary file beside `path`. It starts with a dot, so that no
/// `include dir/*` reads it, and is always the same, so that the next write of the file uses up
/// what a killed run left; the lock on the directory keeps two runs apart.
pub fn temporary(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.sslscale-new"))
}

/// Puts `bytes` at `path` by a rename.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = temporary(path);
    // What stands there may be a link or a pipe: it is removed, never written through.
    absent(fs::remove_file(&temporary))?;
    let result = create(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The error that matters is the first; a temporary file that was never made is gone too.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Writes a new file in one call, making the directories above it where they are missing.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let open = || OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
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
