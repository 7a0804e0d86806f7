//! Paths on the hosts and paths in requests.

use std::fmt;

use super::{Flaw, Scalar, ValueError};

/// An absolute, normalised path of a file or directory on a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AbsolutePath(Box<str>);

/// A directory on a host, kept without a final slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directory(pub AbsolutePath);

/// A path on this machine, absolute or relative to the inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalPath(Box<str>);

/// The path of a location, as in a decoded request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationPath(Box<str>);

const LONGEST: usize = 1024;
/// nginx (at least 1.22) counts the bytes of a location in eight bits: a path of 300 bytes matches
/// every request that starts with its first 44.
const LONGEST_REQUEST: usize = 255;
/// The longest name of a single file or directory.
const LONGEST_PART: usize = 255;

impl AbsolutePath {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LocalPath {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for LocalPath {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if let Some(bad) = text.chars().find(|c| !in_paths(*c)) {
            return Err(ValueError::malformed(format!("contains `{bad}`"), PATH_HELP));
        }
        Ok(Self(text.into()))
    }
}

const PATH_HELP: &str = "a path may contain letters, digits and `/._-+@:,=~%`";

fn in_paths(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-+@:,=~%".contains(c)
}

impl fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl LocationPath {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for AbsolutePath {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if !text.starts_with('/') {
            let help = "write the whole path, starting with `/`: a relative path depends on where nginx was installed";
            return Err(ValueError::new(Flaw::PathForm, "is not an absolute path", help));
        }
        if let Some(normal) = normalised(text) {
            return Err(ValueError::new(Flaw::PathForm, "is not a normalised path", format!("write `{normal}`")));
        }
        if let Some(bad) = text.chars().find(|c| !in_paths(*c)) {
            return Err(ValueError::malformed(format!("contains `{bad}`"), PATH_HELP));
        }
        if text == "/" {
            return Err(ValueError::malformed(
                "is the root of the file system",
                "write the path of a file or directory below it",
            ));
        }
        if text.len() > LONGEST {
            let what = format!("is {} bytes long", text.len());
            return Err(ValueError::malformed(what, format!("a path has at most {LONGEST} bytes")));
        }
        if text.split('/').any(|part| part.len() > LONGEST_PART) {
            let help = format!("file systems allow at most {LONGEST_PART} bytes between two slashes");
            return Err(ValueError::malformed("has a part that is too long", help));
        }
        Ok(Self(text.into()))
    }
}

impl Scalar for Directory {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let bare = text.strip_suffix('/').filter(|bare| !bare.is_empty()).unwrap_or(text);
        AbsolutePath::parse(bare).map(Self)
    }
}

/// The path without empty, `.` and `..` parts and without a final slash; `None` where it already is.
pub(super) fn normalised(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let normal = format!("/{}", parts.join("/"));
    (normal != path).then_some(normal)
}

impl Scalar for LocationPath {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a path such as `/` or `/static/`";
        if !text.starts_with('/') {
            return Err(ValueError::malformed("does not start with `/`", HELP));
        }
        if let Some(bad) = text.chars().find(|c| !in_locations(*c)) {
            let help = Self::instead(text).unwrap_or_else(|| HELP.to_owned());
            return Err(ValueError::malformed(format!("contains `{bad}`"), help));
        }
        // nginx merges slashes and resolves dots before it compares, so these would never match.
        if text.contains("//") || text.split('/').any(|part| part == "." || part == "..") {
            return Err(ValueError::malformed("is not a normalised path, so no request would match it", HELP));
        }
        if text.len() > LONGEST_REQUEST {
            let what = format!("is {} bytes long", text.len());
            let help = format!("a location's path has at most {LONGEST_REQUEST} bytes");
            return Err(ValueError::malformed(what, help));
        }
        Ok(Self(text.into()))
    }

    /// A location cannot have these characters, encoded or not. One that ends before them matches the same
    /// requests, and others.
    fn instead(text: &str) -> Option<String> {
        let end = text.find(|c| !in_locations(c))?;
        let known = Self::parse(&text[..end]).ok()?;
        let rest = if text[end..].starts_with('?') {
            "locations have no query"
        } else {
            "it matches every path that begins so"
        };
        Some(format!("write `{}`: {rest}", known.as_str()))
    }
}

fn in_locations(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._~+:@,=-".contains(c)
}
