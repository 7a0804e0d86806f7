//! Where a certificate or a key is read from.

use std::fmt;

use super::path::normalised;
use super::{AbsolutePath, HostName, LocalPath, Scalar, ValueError};

/// A file on this machine or on a host of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourcePath {
    /// A file on this machine.
    Local(LocalPath),
    /// `HOST:PATH`.
    OnHost(HostName, AbsolutePath),
}

impl Scalar for SourcePath {
    /// As for `scp`: what comes before a colon is a host if no slash comes before it.
    fn parse(text: &str) -> Result<Self, ValueError> {
        let host = text.split_once(':').filter(|(host, _)| !host.contains('/'));
        let Some((host, path)) = host.and_then(|(host, path)| Some((HostName::parse(host).ok()?, path))) else {
            return LocalPath::parse(text).map(Self::Local);
        };
        if !path.starts_with('/') {
            let here = format!("./{text}");
            // What no path may have is reported first.
            LocalPath::parse(&here)?;
            let help = format!("write `{host}:/…` for a file on `{host}`, or `{here}` for one on this machine");
            return Err(ValueError::malformed(format!("has no absolute path after `{host}:`"), help));
        }
        if let Some(normal) = normalised(path) {
            return Err(ValueError::malformed("is not a normalised path", format!("write `{host}:{normal}`")));
        }
        Ok(Self::OnHost(host, AbsolutePath::parse(path)?))
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(path.as_str()),
            Self::OnHost(host, path) => write!(f, "{host}:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_before_the_first_slash_ends_a_host() {
        for (text, host) in [
            ("srv1:/etc/ssl/a.crt", Some("srv1")),
            ("srv1.example.com:/a:b", Some("srv1.example.com")),
            ("./srv1:/a", None),
            ("tls/srv1:a", None),
            ("/etc/srv1:/a", None),
            ("a@b:/c", None),
            (":/a", None),
            ("ssl.crt", None),
        ] {
            let parsed = SourcePath::parse(text).unwrap();
            assert_eq!(parsed.to_string(), text);
            let found = if let SourcePath::OnHost(host, _) = &parsed { Some(host.as_str()) } else { None };
            assert_eq!(found, host, "{text}");
        }
        for (text, help) in [
            ("srv1:a.crt", "write `srv1:/…` for a file on `srv1`, or `./srv1:a.crt` for one on this machine"),
            ("srv1:", "write `srv1:/…` for a file on `srv1`, or `./srv1:` for one on this machine"),
            ("srv1:/a/../b", "write `srv1:/b`"),
        ] {
            assert_eq!(SourcePath::parse(text).unwrap_err().help, help, "{text}");
        }
    }
}
