//! The authorities that may have signed a certificate, or that it is not verified.

use std::fmt;

use super::{AbsolutePath, Scalar, ValueError};
use crate::diagnostic::Applicability;

/// What `upstream_ssl_trusted_certificate` takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authorities {
    /// A file with their certificates on the host.
    File(AbsolutePath),
    /// Nothing is verified.
    Off,
}

impl fmt::Display for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

impl Scalar for Authorities {
    fn parse(text: &str) -> Result<Self, ValueError> {
        match text {
            "off" => Ok(Self::Off),
            "false" | "no" | "none" | "Off" | "OFF" | "False" => {
                let help = "write `\"off\"` if the certificate should not be verified";
                Err(ValueError::malformed("is not a file", help).replaced_by(Applicability::Unsafe, "off"))
            }
            _ => AbsolutePath::parse(text).map(Self::File),
        }
    }

    fn instead(text: &str) -> Option<String> {
        AbsolutePath::instead(text)
    }
}
