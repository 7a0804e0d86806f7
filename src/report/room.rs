//! Room on a host that is running out.

use crate::count::several;
use crate::deploy::Space;

/// What is left at these paths of one file system, and the command that shows what is full.
pub fn words(space: &Space, paths: &[impl AsRef<str>]) -> (String, &'static str) {
    let paths = paths.iter().map(|path| format!("`{}`", path.as_ref())).collect::<Vec<_>>().join(", ");
    let (left, shows) = match space.files {
        Some(files) if space.bytes >= Space::BYTES => {
            (format!("{} can be created", several(files as usize, "more file")), "df -i")
        }
        _ => (format!("{} kB are left", space.bytes >> 10), "df -h"),
    };
    (format!("{left} at {paths}, and a deploy may need more"), shows)
}
