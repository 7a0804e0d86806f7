//! A file of a private root as plain data, so that it can cross a pipe.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One file, byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileSpec {
    /// The content.
    #[serde(with = "text_or_hex")]
    pub bytes: Arc<[u8]>,
    /// The permission bits. For anything but a regular file those of the type are set, too: see
    /// [`Self::link`] and [`Self::directory`].
    pub mode: u32,
}

/// The bits of a mode that contain the type.
const TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const DIRECTORY: u32 = 0o040_000;

impl FileSpec {
    /// A regular file.
    pub fn new(bytes: impl Into<Arc<[u8]>>, mode: u32) -> Self {
        Self { bytes: bytes.into(), mode }
    }

    /// A symbolic link to `target`.
    pub fn link(target: &str) -> Self {
        Self { bytes: target.as_bytes().into(), mode: LINK | 0o777 }
    }

    /// A directory, which may contain other files.
    pub fn directory(mode: u32) -> Self {
        Self { bytes: [].into(), mode: DIRECTORY | mode }
    }

    /// Where it leads, if it is a link.
    pub fn target(&self) -> Option<&OsStr> {
        (self.mode & TYPE == LINK).then(|| OsStr::from_bytes(&self.bytes))
    }

    /// Its permission bits, if it is a directory.
    pub fn as_directory(&self) -> Option<u32> {
        (self.mode & TYPE == DIRECTORY).then_some(self.mode & !TYPE)
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.target().is_none() && self.as_directory().is_none()
    }
}

/// Without the content, which may be a private key.
impl fmt::Debug for FileSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = format_args!("[{} bytes]", self.bytes.len());
        let mode = format_args!("{:#o}", self.mode);
        f.debug_struct("FileSpec").field("bytes", &bytes).field("mode", &mode).finish()
    }
}

/// Files are nearly always text, and JSON has no bytes: text stays text, the rest is hexadecimal.
mod text_or_hex {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Content {
        Text(String),
        Hex(String),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &Arc<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(text.to_owned()),
            Err(_) => Content::Hex(hex::encode(bytes)),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[u8]>, D::Error> {
        match Content::deserialize(from)? {
            Content::Text(text) => Ok(text.into_bytes().into()),
            Content::Hex(text) => hex::decode(text).map(Into::into).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let file = FileSpec::new(&b"-----BEGIN PRIVATE KEY-----"[..], 0o600);
        assert_eq!(format!("{file:?}"), "FileSpec { bytes: [27 bytes], mode: 0o600 }");
    }

    #[test]
    fn bytes_survive_json() {
        for bytes in [b"listen 443;\n".to_vec(), vec![0, 255, 10, 128], Vec::new()] {
            let file = FileSpec::new(bytes, 0o600);
            let json = serde_json::to_string(&file).unwrap();
            assert_eq!(serde_json::from_str::<FileSpec>(&json).unwrap(), file);
        }
    }
}
