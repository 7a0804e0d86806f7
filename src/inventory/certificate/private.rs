//! A private key file that has been read. It can be compared with any number of certificates.

use std::path::{Path, PathBuf};

use super::{
    Problem, ProblemKind, Subject, file, foreign, key,
    pem::{Body, blocks},
};

/// A private key as read from a file. Its `Debug` shows no secret, and its own copy is
/// overwritten when it is dropped.
#[derive(Clone, Debug)]
pub struct PrivateKey {
    path: PathBuf,
    key: key::PrivateKey,
}

impl PrivateKey {
    /// Reads the first private key of the PEM file `path`, as nginx does. The error is
    /// `Unreadable`, `NotPem` or `UnusableKey`.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        Self::parse(path, &file::read(path, Subject::Key)?)
    }

    /// The same for what a file at `path` contains.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        let subject = Subject::Key;
        let blocks = blocks(bytes);
        let place = blocks.iter().position(|block| foreign::is_private_key(&block.label));
        let read = place.map_or(blocks.as_slice(), |place| &blocks[..=place]);
        if let Some(problem) = read.iter().find_map(|block| foreign::broken(path, subject, block)) {
            return Err(problem);
        }
        let Some(block) = place.and_then(|place| blocks.get(place)) else {
            return Err(foreign::explain(path, subject, bytes, &blocks));
        };
        match &block.body {
            Body::Der(der) if block.label != "ENCRYPTED PRIVATE KEY" => {
                let key =
                    key::PrivateKey::parse(&block.label, der).ok_or_else(|| foreign::damaged(path, subject, block))?;
                Ok(Self { path: path.to_owned(), key })
            }
            _ => Err(encrypted(path)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn key(&self) -> &key::PrivateKey {
        &self.key
    }
}

fn encrypted(path: &Path) -> Problem {
    let shown = path.display();
    Problem::new(
        ProblemKind::UnusableKey,
        Subject::Key,
        format!("the key in `{shown}` is encrypted, and nginx cannot ask for its passphrase"),
        format!("decrypt it with `openssl pkey -in {shown} -out {shown}.plain`"),
    )
}
