//! A release: the files that a host is to have, with the directories that they need, under one id for the fleet.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::expand::{self, Kept};
use super::observation::{FileKind, Observation};
use super::revision::NGINX_CONF;
use crate::tree::{Content, Entry};

/// How many digits an id has.
const DIGITS: usize = 12;
/// The id of what a host had before its first release.
pub const BEFORE: &str = "000000000000";
/// Where hosts keep releases.
const RELEASES: &str = "/var/lib/sslscale/releases";

/// What one host is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRelease {
    /// The files, by path.
    pub files: Vec<Entry>,
    /// Directories that have to be there, by path.
    pub directories: Vec<String>,
}

impl HostRelease {
    /// The list of files that the host keeps.
    pub fn manifest(&self) -> String {
        let directories = self.directories.iter().map(|path| format!("directory {path}\n"));
        let files = self.files.iter().map(|entry| {
            let Content { sha256, mode, .. } = &*entry.content;
            format!("file {sha256} {mode:04o} {}\n", entry.path)
        });
        directories.chain(files).chain(["end\n".to_owned()]).collect()
    }

    /// What is sent to the host: only what it has neither at its place, nor in the release that it uses, nor in `stored`,
    /// a release that it keeps.
    pub fn stream(&self, seen: &Observation, stored: Option<&Self>) -> Zeroizing<Vec<u8>> {
        let lines = self.files.iter().map(|entry| entry.path.len() + entry.content.bytes.len() + 100);
        let directories = self.directories.iter().map(|path| path.len() + 20);
        // Keys are in it: a larger buffer would leave a copy behind.
        let mut stream = Zeroizing::new(Vec::with_capacity(lines.chain(directories).sum::<usize>() + 10));
        for path in &self.directories {
            stream.extend(format!("directory {path}\n").into_bytes());
        }
        for entry in &self.files {
            let Content { bytes, sha256, mode } = &*entry.content;
            let there =
                matches!(seen.files.get(&*entry.path), Some(FileKind::Regular(found)) if found.sha256 == *sha256);
            let kept = seen.managed.get(&*entry.path) == Some(sha256);
            let is = |other: &Entry| other.path == entry.path && other.content.sha256 == *sha256;
            let stored = stored.is_some_and(|release| release.files.iter().any(is));
            let length = match (there, kept, stored) {
                (true, ..) => "-".to_owned(),
                (false, true, _) => "=".to_owned(),
                (false, false, true) => "+".to_owned(),
                (false, false, false) => bytes.len().to_string(),
            };
            stream.extend(format!("{length} {mode:04o} {sha256} {}\n", entry.path).into_bytes());
            if !there && !kept && !stored {
                stream.extend(bytes);
            }
        }
        stream.extend(b"end\n");
        stream
    }
}

impl HostRelease {
    /// What an app server keeps until balancers have changed. `contents` are the files that differ.
    pub fn kept(&self, contents: &BTreeMap<String, Vec<u8>>) -> Kept {
        self.compared(contents, Kept::between)
    }

    /// The same for the way back: what is new with this.
    pub fn added(&self, contents: &BTreeMap<String, Vec<u8>>) -> Kept {
        self.compared(contents, |old, new| Kept::between(new, old))
    }

    fn compared(&self, contents: &BTreeMap<String, Vec<u8>>, compare: fn(&str, &str) -> Kept) -> Kept {
        let conf = self.files.iter().find(|entry| entry.path.ends_with(NGINX_CONF));
        let both = conf.and_then(|conf| Some((contents.get(&*conf.path)?, &conf.content.bytes)));
        let compared =
            |(old, new): (&Vec<u8>, &Vec<u8>)| compare(&String::from_utf8_lossy(old), &String::from_utf8_lossy(new));
        both.map(compared).unwrap_or_default()
    }

    /// What an app server has until balancers have changed, if that is more than this. `contents` are the files that
    /// differ.
    pub fn expanded(&self, seen: &Observation, contents: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let conf = self.files.iter().find(|entry| entry.path.ends_with(NGINX_CONF))?;
        let old = String::from_utf8_lossy(contents.get(&*conf.path)?);
        let text = expand::expanded(&old, &String::from_utf8_lossy(&conf.content.bytes))?;
        let with = |entry: &Entry| {
            let new = || Entry { content: Arc::new(Content::new(text.clone().into_bytes())), ..entry.clone() };
            if entry.path == conf.path { new() } else { entry.clone() }
        };
        let mut files: Vec<Entry> = self.files.iter().map(with).collect();
        // What the old blocks name, such as certificates, is there still.
        for (path, kind) in &seen.files {
            let FileKind::Regular(found) = kind else { continue };
            if seen.managed.contains_key(path) && !self.files.iter().any(|entry| *entry.path == **path) {
                let bytes = contents.get(path).cloned().unwrap_or_default();
                let content = Content { bytes, sha256: found.sha256.clone(), mode: found.mode };
                files.push(Entry { path: path.as_str().into(), content: Arc::new(content) });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Some(Self { files, directories: self.directories.clone() })
    }
}

/// The id of a release of a fleet, which depends on every file of every host and on nothing else.
pub fn id<'h>(hosts: impl IntoIterator<Item = (&'h str, &'h HostRelease)>) -> String {
    let mut text = String::new();
    for (name, release) in hosts {
        let _ = write!(text, "host {name}\n{}", release.manifest());
    }
    hex::encode(Sha256::digest(text))[..DIGITS].to_owned()
}

/// Whether a text is the id of a release.
pub fn is_id(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text can stand for the id of a release that begins like this.
pub fn begins_id(text: &str) -> bool {
    const SHORTEST: usize = 4;
    text.len() >= SHORTEST && text.len() <= DIGITS && is_id(&format!("{text:0<DIGITS$}"))
}

/// Where a host keeps the list of files of a release.
pub fn manifest_path(id: &str) -> String {
    format!("{RELEASES}/{id}/manifest")
}

/// Where a host keeps a file of a release.
pub fn file_path(id: &str, path: &str) -> String {
    format!("{RELEASES}/{id}/files{path}")
}

/// A release as a host keeps it. The bytes of files are in `contents`, by [`file_path`]; of a file without any, such
/// as a private key, only what the list says is known.
pub fn parse(id: &str, manifest: &str, contents: &BTreeMap<String, Vec<u8>>) -> Option<HostRelease> {
    let lines = manifest.strip_suffix("end\n")?;
    let mut release = HostRelease { files: Vec::new(), directories: Vec::new() };
    for line in lines.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["directory", path] if path.starts_with('/') => release.directories.push(path.to_owned()),
            ["file", sha256, mode, path] if path.starts_with('/') && sha256.len() == 64 => {
                let mode = u32::from_str_radix(mode, 8).ok()?;
                let bytes = contents.get(&file_path(id, path)).cloned().unwrap_or_default();
                let content = Content { bytes, sha256: sha256.to_owned(), mode };
                release.files.push(Entry { path: path.into(), content: Arc::new(content) });
            }
            _ => return None,
        }
    }
    Some(release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Found;

    fn entry(path: &str, text: &str) -> Entry {
        Entry { path: path.into(), content: Arc::new(Content::new(text.as_bytes().to_vec())) }
    }

    fn release() -> HostRelease {
        HostRelease {
            files: vec![entry("/etc/a", "a\n"), entry("/etc/b", "end\n")],
            directories: vec!["/srv".to_owned()],
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written_or_not_at_all() {
        let manifest = release().manifest();
        let id = id([("lb1", &release())]);
        let contents = [("a", "a\n"), ("b", "end\n")]
            .map(|(name, text)| (file_path(&id, &format!("/etc/{name}")), text.as_bytes().to_vec()));
        assert_eq!(parse(&id, &manifest, &contents.into()), Some(release()));
        for end in 0..manifest.len() {
            assert_eq!(parse(&id, &manifest[..end], &BTreeMap::new()), None, "{end}");
        }
    }

    #[test]
    fn an_id_changes_with_every_file_and_host() {
        let base = release();
        let mut ids = vec![id([("lb1", &base)]), id([("lb2", &base)]), id([("lb1", &base), ("lb2", &base)])];
        let mut other = release();
        other.files[0] = entry("/etc/a", "b\n");
        ids.push(id([("lb1", &other)]));
        let mut other = release();
        other.files[0] = entry("/etc/c", "a\n");
        ids.push(id([("lb1", &other)]));
        assert!(ids.iter().all(|id| is_id(id)) && !is_id("0123") && !is_id("00000000000G"));
        let begin = ["0123", "abcdef", "0123456789ab"];
        assert!(begin.iter().all(|text| begins_id(text)));
        assert!(!["", "012", "0123G", "0123456789abc", "ABCD"].iter().any(|text| begins_id(text)));
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert_eq!(id([("lb1", &base)]), id([("lb1", &release())]));
    }

    #[test]
    fn only_what_a_host_has_not_is_sent() {
        let mut seen = Observation::default();
        let sha256 = Content::new(b"a\n".to_vec()).sha256;
        let found = Found { mode: 0o600, owner: "root:root".to_owned(), sha256: sha256.clone() };
        seen.files.insert("/etc/a".to_owned(), FileKind::Regular(found));
        let other = Content::new(b"end\n".to_vec()).sha256;
        let text = format!("directory /srv\n- 0644 {sha256} /etc/a\n4 0644 {other} /etc/b\nend\nend\n");
        assert_eq!(String::from_utf8(release().stream(&seen, None).to_vec()).unwrap(), text);
        // What the release that it uses has, whatever became of the file.
        seen.managed.insert("/etc/b".to_owned(), other.clone());
        let text = format!("directory /srv\n- 0644 {sha256} /etc/a\n= 0644 {other} /etc/b\nend\n");
        assert_eq!(String::from_utf8(release().stream(&seen, None).to_vec()).unwrap(), text);
        // What only a release that it keeps has: of a key its bytes are not known here.
        seen.managed.clear();
        let mut between = release();
        let key = Content { bytes: Vec::new(), sha256: other.clone(), mode: 0o600 };
        between.files[1].content = Arc::new(key);
        let text = format!("directory /srv\n- 0644 {sha256} /etc/a\n+ 0600 {other} /etc/b\nend\n");
        assert_eq!(String::from_utf8(between.stream(&seen, Some(&release())).to_vec()).unwrap(), text);
    }
}
