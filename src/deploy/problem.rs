//! What keeps a deploy from beginning.

use std::net::IpAddr;

use super::header_flip::HeaderFlip;
use super::plan::Role;

/// What keeps a deploy from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The program's package is not installed.
    NotInstalled,
    /// The host uses a release of one that runs the other program: its address may be that of another host.
    OtherRole(Role),
    /// A program that a deploy needs is missing.
    NoTool(String),
    /// A file of somebody else is at a path, and `--adopt` was not given.
    Foreign(String),
    /// A link, a directory or a device is at the path of a file.
    NotAFile(String),
    /// A rendered file would turn PROXY headers on or off on a port in use.
    HeaderFlip {
        /// The file's path.
        path: String,
        /// Where, and which of these.
        flip: HeaderFlip,
    },
    /// A certificate or a private key that no source brings is not on the host.
    NoCertificate(String),
    /// nginx has not loaded this file, and would with the reload that gives the host ticket keys that it lacks.
    Unread(String),
    /// The same for keys that other hosts have, and this one has older ones.
    Behind(String),
    /// A certificate on the host begins later than the one that would replace it.
    Older {
        /// Its path.
        path: String,
        /// When the one on the host begins, for people.
        live: String,
        /// When the other one does.
        new: String,
    },
    /// Another program has a port on which nginx would listen.
    PortTaken {
        /// The port.
        port: u16,
        /// What has it.
        program: String,
    },
    /// A balancer would connect from an address that it does not have.
    NoAddress(IpAddr),
    /// The kernel of a balancer would connect from an address that app servers do not believe any more.
    Unbelieved {
        /// From where it would.
        from: IpAddr,
        /// An address of the host that they believe.
        own: IpAddr,
    },
}

impl Problem {
    /// The file that it is about, if it is about one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::NotInstalled
            | Self::OtherRole(_)
            | Self::NoTool(_)
            | Self::PortTaken { .. }
            | Self::NoAddress(_)
            | Self::Unbelieved { .. } => None,
            Self::NoCertificate(path)
            | Self::Unread(path)
            | Self::Behind(path)
            | Self::Foreign(path)
            | Self::NotAFile(path)
            | Self::HeaderFlip { path, .. }
            | Self::Older { path, .. } => Some(path),
        }
    }
}
