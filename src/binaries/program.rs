//! The real programs: how each is asked, and what it answers.

use serde::{Deserialize, Serialize};

use super::outline::Outline;
use crate::diagnostic::Code;

/// A real program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Program {
    /// On balancers.
    Haproxy,
    /// On app servers.
    Nginx,
}

impl Program {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Haproxy, Self::Nginx];

    /// As it is typed; Debian's package has the same name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
        }
    }

    /// The code of what it complains of.
    pub fn code(self) -> &'static Code {
        match self {
            Self::Haproxy => Code::RP01,
            Self::Nginx => Code::RP02,
        }
    }

    /// How it is asked. nginx prints what it has read when it is content: that shows whether the
    /// rendered file was among it.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Haproxy => &["-c", "-f", "/etc/haproxy/haproxy.cfg"],
            Self::Nginx => &["-T"],
        }
    }

    /// A file of its.
    pub fn outline(self, text: &str) -> Outline<'_> {
        match self {
            Self::Haproxy => Outline::haproxy(text),
            Self::Nginx => Outline::nginx(text),
        }
    }
}

/// What a program said to one shape of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether it takes the files.
    pub success: bool,
    /// Its messages.
    pub lines: Vec<String>,
    /// The files that nginx has read; only known when it is content.
    pub read: Vec<String>,
    /// Its version.
    pub version: String,
}
