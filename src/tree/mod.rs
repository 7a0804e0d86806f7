//! The rendered tree: the files of every host, with bytes and mode. It can be stored in a directory and
//! compared with one, and knows nothing about inventories or templates.

mod directory;
mod document;
mod fresh;
mod manifest;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use document::Document;
pub use manifest::MANIFEST;
pub use store::{Difference, DifferenceKind, Outcome, StoreError, compare, read, write};

/// The content of a file, which hosts may share.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes on the host.
    pub bytes: Vec<u8>,
    /// Hexadecimal.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
}

impl Content {
    /// The content of a file that everybody may read and only root may write.
    pub fn new(bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes, sha256, mode: 0o644 }
    }
}

/// One file of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Absolute, as on the host.
    pub path: Arc<str>,
    /// Shared among hosts.
    pub content: Arc<Content>,
}

/// A file that hosts need besides those of the tree. The program that installs the tree has to bring
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Absolute, as on the host.
    pub path: String,
    /// What it is.
    pub kind: NeedKind,
    /// The same file on the machine that deploys, relative to the inventory's directory, if it is known.
    pub source: Option<String>,
}

/// The kind of a needed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// A chain of certificates.
    Certificate,
    /// A private key.
    Key,
    /// A session ticket key.
    TicketKey,
    /// The certificates of authorities that an upstream or a client is verified with.
    Authorities,
    /// Lists of revoked certificates.
    Revoked,
}

impl NeedKind {
    /// Permission bits.
    pub fn mode(self) -> u32 {
        match self {
            Self::Certificate | Self::Authorities | Self::Revoked => 0o644,
            Self::Key | Self::TicketKey => 0o600,
        }
    }
}

/// A directory that the programs of a host need. One that is not there is created, with mode 0755 and as
/// root's, unless it is a document root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededDirectory {
    /// Absolute, as on the host.
    pub path: String,
    /// What it is for.
    pub kind: DirectoryKind,
}

/// What a needed directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// Certificates and private keys.
    Certificates,
    /// The files of a site. Whatever deploys them creates it, perhaps as a link.
    DocumentRoot,
    /// The answers to ACME challenges.
    AcmeRoot,
    /// nginx's log of requests.
    AccessLog,
    /// What haproxy's workers see as `/`.
    Chroot,
    /// Sockets, gone after a boot; the package creates it at each boot.
    Runtime,
}

/// Hosts that need the same files and directories.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// By name.
    pub hosts: Vec<Box<str>>,
    /// The directories, by path.
    pub directories: Vec<NeededDirectory>,
    /// What each of them needs.
    pub files: Vec<Need>,
}

/// All files of all hosts, sorted by host and path.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree {
    hosts: BTreeMap<Box<str>, Arc<[Entry]>>,
    needs: Vec<Needs>,
}

impl Tree {
    /// Adds a host with its files.
    pub fn insert(&mut self, host: &str, entries: Arc<[Entry]>) {
        self.hosts.insert(host.into(), entries);
    }

    /// Adds files that hosts need besides the tree.
    pub fn need(&mut self, needs: Needs) {
        self.needs.push(needs);
    }

    /// The files that hosts need besides the tree.
    pub fn needs(&self) -> &[Needs] {
        &self.needs
    }

    /// Hosts with their files.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &Arc<[Entry]>)> {
        self.hosts.iter().map(|(host, entries)| (host.as_ref(), entries))
    }

    /// The files of one host.
    pub fn host(&self, host: &str) -> Option<&[Entry]> {
        self.hosts.get(host).map(AsRef::as_ref)
    }

    /// The same tree with only these hosts.
    #[must_use]
    pub fn only(self, keep: &[String]) -> Self {
        let kept = |host: &str| keep.iter().any(|k| **k == *host);
        let hosts = self.hosts.into_iter().filter(|(host, _)| kept(host)).collect();
        let only = |mut needs: Needs| {
            needs.hosts.retain(|host| kept(host));
            needs
        };
        let needs = self.needs.into_iter().map(only).filter(|needs| !needs.hosts.is_empty()).collect();
        Self { hosts, needs }
    }
}
