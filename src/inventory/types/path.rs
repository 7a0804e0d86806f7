//! Paths on the hosts and paths in requests.

use std::fmt;

use super::{Refusal, Scalar};
use crate::diagnostic::Code;

/// An absolute, normalised path of a file or directory on a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AbsolutePath(Box<str>);

/// A directory on a host; a final slash is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Directory(pub AbsolutePath);

/// A path on this machine, absolute or relative to the inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalPath(Box<str>);

/// The path of a location, as requests carry it once decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocationPath(Box<str>);

const LONGEST: usize = 1024;
/// nginx (1.22 at least) counts the bytes of a location in eight bits: a path of 300 answers for
/// every request that starts like its first 44.
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
    fn parse(text: &str) -> Result<Self, Refusal> {
        if let Some(bad) = text.chars().find(|c| !in_paths(*c)) {
            return Err(Refusal::invalid(format!("holds `{bad}`"), PATH_HELP));
        }
        Ok(Self(text.into()))
    }
}

const PATH_HELP: &str = "paths hold letters, digits and `/._-+@:,=~%`";

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
    fn parse(text: &str) -> Result<Self, Refusal> {
        if !text.starts_with('/') {
            let help = "write the whole path, starting with `/`: nginx would look below its own directory";
            return Err(Refusal::new(Code::TL19, "is not an absolute path", help));
        }
        if let Some(normal) = normalised(text) {
            return Err(Refusal::new(Code::TL19, "is not a normalised path", format!("write `{normal}`")));
        }
        if let Some(bad) = text.chars().find(|c| !in_paths(*c)) {
            return Err(Refusal::invalid(format!("holds `{bad}`"), PATH_HELP));
        }
        if text == "/" {
            return Err(Refusal::invalid("is the root of the file system", "name a file or directory below it"));
        }
        if text.len() > LONGEST {
            let what = format!("is {} bytes long", text.len());
            return Err(Refusal::invalid(what, format!("a path has at most {LONGEST} bytes")));
        }
        if text.split('/').any(|part| part.len() > LONGEST_PART) {
            let help = format!("no file system takes more than {LONGEST_PART} bytes between two slashes");
            return Err(Refusal::invalid("has a name that is too long for any file", help));
        }
        Ok(Self(text.into()))
    }
}

impl Scalar for Directory {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let bare = text.strip_suffix('/').filter(|bare| !bare.is_empty()).unwrap_or(text);
        AbsolutePath::parse(bare).map(Self).map_err(Refusal::of_no_certificate)
    }
}

/// The normal form of a path that is not in it: no empty, `.` or `..` part, no final slash.
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
    fn parse(text: &str) -> Result<Self, Refusal> {
        const HELP: &str = "write a path such as `/` or `/static/`, decoded, without a query";
        if !text.starts_with('/') {
            return Err(Refusal::invalid("does not start with `/`", HELP));
        }
        let known = |c: char| c.is_ascii_alphanumeric() || "/._~+:@,=-".contains(c);
        if let Some(bad) = text.chars().find(|c| !known(*c)) {
            return Err(Refusal::invalid(format!("holds `{bad}`"), HELP));
        }
        // nginx merges slashes and resolves dots before it compares: these would never match.
        if text.contains("//") || text.split('/').any(|part| part == "." || part == "..") {
            return Err(Refusal::invalid("is not a normalised path, so that no request would match", HELP));
        }
        if text.len() > LONGEST_REQUEST {
            let what = format!("is {} bytes long", text.len());
            let help = format!("the path of a request has at most {LONGEST_REQUEST} bytes here");
            return Err(Refusal::invalid(what, help));
        }
        Ok(Self(text.into()))
    }
}
