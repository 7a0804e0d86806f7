//! `manifest.json`: what a stored tree contains, for the program that installs it and for the next
//! run, which removes what an earlier one wrote and this one does not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use super::{DirectoryKind, Entry, Need, NeedKind, NeededDirectory, Needs, Tree};
use crate::file::unique;

/// The manifest's name in a stored tree.
pub const MANIFEST: &str = "manifest.json";

const VERSION: u32 = 1;
/// The owner and the group of every file.
pub const ROOT: &str = "root";
/// Permission bits of a directory that is created.
const DIRECTORY_MODE: u32 = 0o755;

/// The manifest as it is read. `files` maps `HOST/etc/…` to what is to be there.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    version: u32,
    /// By path.
    #[serde(deserialize_with = "unique")]
    pub files: BTreeMap<String, Listed>,
    /// What hosts need besides these; manifests of earlier versions have none.
    #[serde(default)]
    needs: Vec<Needed>,
}

/// The manifest as it is written. At 10,000 hosts a map of owned strings would be the largest thing in
/// memory, so it borrows from the tree.
#[derive(Serialize)]
struct Written<'t> {
    version: u32,
    files: Files<'t>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<Needed>,
}

/// Hosts that need the same files, which the program that installs the tree brings along.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Needed {
    hosts: Vec<String>,
    /// By absolute path.
    #[serde(default, deserialize_with = "unique", skip_serializing_if = "BTreeMap::is_empty")]
    directories: BTreeMap<String, Directory>,
    /// By absolute path.
    #[serde(deserialize_with = "unique")]
    files: BTreeMap<String, NeededFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Directory {
    kind: DirectoryKind,
    /// Four octal digits.
    mode: String,
    owner: String,
    group: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct NeededFile {
    kind: NeedKind,
    /// Four octal digits.
    mode: String,
    owner: String,
    group: String,
    /// Where the program that installs it finds it, from the inventory's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Needed {
    fn of(needs: &Needs) -> Self {
        let file = |need: &Need| {
            let (owner, group) = (ROOT.to_owned(), ROOT.to_owned());
            let mode = octal(need.kind.mode());
            (need.path.clone(), NeededFile { kind: need.kind, mode, owner, group, source: need.source.clone() })
        };
        let directory = |needed: &NeededDirectory| {
            let (mode, owner, group) = (octal(DIRECTORY_MODE), ROOT.to_owned(), ROOT.to_owned());
            (needed.path.clone(), Directory { kind: needed.kind, mode, owner, group })
        };
        Self {
            hosts: needs.hosts.iter().map(ToString::to_string).collect(),
            directories: needs.directories.iter().map(directory).collect(),
            files: needs.files.iter().map(file).collect(),
        }
    }

    /// The same for those of its hosts that are not in the tree, if there are any.
    fn beside(&self, tree: &Tree) -> Option<Self> {
        let hosts: Vec<String> = self.hosts.iter().filter(|host| tree.host(host).is_none()).cloned().collect();
        (!hosts.is_empty()).then(|| Self { hosts, directories: self.directories.clone(), files: self.files.clone() })
    }
}

/// One file of the manifest.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Listed {
    /// Of the content, hexadecimal.
    pub sha256: String,
    /// Four octal digits.
    mode: String,
    owner: String,
    group: String,
}

/// The files of a tree, and those of an earlier manifest that belong to other hosts.
struct Files<'t> {
    tree: &'t Tree,
    other: Option<&'t Manifest>,
}

/// One file as it is written.
#[derive(Serialize)]
pub struct Line<'t> {
    /// Of the content, hexadecimal.
    pub sha256: &'t str,
    /// Four octal digits.
    pub mode: &'t str,
    /// By name.
    pub owner: &'t str,
    /// By name.
    pub group: &'t str,
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        let others = self.other.into_iter().flat_map(|other| &other.files);
        let mut others = others.filter(|(path, _)| self.tree.host(host_of(path)).is_none()).peekable();
        for (host, entries) in self.tree.hosts() {
            while let Some((path, listed)) = others.next_if(|(path, _)| host_of(path) < host) {
                map.serialize_entry(path, listed)?;
            }
            for Entry { path, content } in entries.iter() {
                let line = Line { sha256: &content.sha256, mode: &octal(content.mode), owner: ROOT, group: ROOT };
                map.serialize_entry(&format_args!("{host}{path}"), &line)?;
            }
        }
        others.try_for_each(|(path, listed)| map.serialize_entry(path, listed))?;
        map.end()
    }
}

impl Manifest {
    /// The manifest of a tree, and of those files of `other` that belong to hosts not in it.
    pub fn bytes(tree: &Tree, other: Option<&Manifest>) -> Vec<u8> {
        let written = Written { version: VERSION, files: Files { tree, other }, needs: needs(tree, other) };
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
        written.serialize(&mut serializer).expect("names, hashes and modes are text, and memory takes it");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a manifest; `None` for one of another version or shape, with a path that leads out of the
    /// tree, or with the same path twice.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        let inside = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
        (manifest.version == VERSION && manifest.files.keys().all(|path| inside(path))).then_some(manifest)
    }
}

/// What hosts need, in groups of hosts that need the same.
pub fn needs(tree: &Tree, other: Option<&Manifest>) -> Vec<Needed> {
    let kept = other.into_iter().flat_map(|other| &other.needs).filter_map(|needed| needed.beside(tree));
    let mut groups: BTreeMap<String, Needed> = BTreeMap::new();
    for needed in kept.chain(tree.needs().iter().map(Needed::of)) {
        // Hosts that are written one by one end up as if they had been written together.
        let hosts = needed.hosts;
        let needed = Needed { hosts: Vec::new(), ..needed };
        let same = serde_json::to_string(&needed).unwrap_or_default();
        groups.entry(same).or_insert(needed).hosts.extend(hosts);
    }
    let mut groups: Vec<Needed> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.hosts.sort());
    groups.sort_by_cached_key(|group| serde_json::to_string(group).unwrap_or_default());
    groups
}

/// Four octal digits.
pub fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// One file, or one group of hosts with their needs, on a line.
#[derive(Default)]
struct Lines {
    depth: usize,
    /// Inside the list of needs, which has no blanks between its parts.
    dense: bool,
}

/// Objects and arrays up to this depth have a line for each entry.
const OPEN: usize = 2;

impl Lines {
    fn open<W: io::Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        out.write_all(bracket)
    }

    fn close<W: io::Write + ?Sized>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.depth < OPEN {
            out.write_all(b"\n")?;
            out.write_all(&b"    "[..2 * self.depth])?;
        } else if !self.dense {
            out.write_all(b" ")?;
        }
        out.write_all(bracket)
    }

    fn entry<W: io::Write + ?Sized>(&self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        match self.depth {
            depth @ ..=OPEN => {
                out.write_all(b"\n")?;
                out.write_all(&b"    "[..2 * depth])
            }
            _ if self.dense => Ok(()),
            _ => out.write_all(b" "),
        }
    }
}

impl Formatter for Lines {
    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.dense { b":" } else { b": " })
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.dense = true;
        self.open(out, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")?;
        self.dense = self.depth >= OPEN;
        Ok(())
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }
}

/// The host that a path of the manifest belongs to.
pub fn host_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tree::{Content, Entry};

    fn tree(hosts: &[&str]) -> Tree {
        let content = Arc::new(Content::new(b"x".to_vec()));
        let entries: Arc<[Entry]> = Arc::new([Entry { path: "/etc/x".into(), content }]);
        let mut tree = Tree::default();
        hosts.iter().for_each(|host| tree.insert(host, Arc::clone(&entries)));
        tree
    }

    #[test]
    fn what_is_written_can_be_read_and_other_hosts_stay() {
        let all = Manifest::bytes(&tree(&["a", "b", "c"]), None);
        let manifest = Manifest::parse(&all).unwrap();
        assert_eq!(manifest.files.keys().collect::<Vec<_>>(), ["a/etc/x", "b/etc/x", "c/etc/x"]);
        assert_eq!(manifest.files["a/etc/x"].sha256, Content::new(b"x".to_vec()).sha256);
        assert_eq!(Manifest::bytes(&tree(&["b"]), Some(&manifest)), all);
        assert!(Manifest::parse(&Manifest::bytes(&Tree::default(), None)).unwrap().files.is_empty());
    }

    #[test]
    fn each_file_is_listed_with_its_own_hash_and_mode() {
        let file = |path: &str, text: &str, mode| Entry {
            path: path.into(),
            content: Arc::new(Content { mode, ..Content::new(text.as_bytes().to_vec()) }),
        };
        let mut tree = Tree::default();
        tree.insert("a", Arc::new([file("/etc/x", "", 0o644), file("/etc/y", "y\n", 0o600)]));
        tree.insert("b", Arc::new([file("/etc/z", "", 0o7)]));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let y = "3bb2abb69ebb27fbfe63c7639624c6ec5e331b841a5bc8c3ebc10b9285e90877";
        let line = |path: &str, hash: &str, mode: &str| {
            let owner = "\"owner\": \"root\", \"group\": \"root\"";
            format!("    \"{path}\": {{ \"sha256\": \"{hash}\", \"mode\": \"{mode}\", {owner} }}")
        };
        let lines = [line("a/etc/x", empty, "0644"), line("a/etc/y", y, "0600"), line("b/etc/z", empty, "0007")];
        let bytes = Manifest::bytes(&tree, None);
        let wanted = format!("{{\n  \"version\": 1,\n  \"files\": {{\n{}\n  }}\n}}\n", lines.join(",\n"));
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), wanted);
        let old = Manifest::parse(&bytes).unwrap();
        for host in ["a", "b"] {
            let mut one = Tree::default();
            one.insert(host, Arc::from(tree.host(host).unwrap()));
            assert_eq!(Manifest::bytes(&one, Some(&old)), bytes, "{host}");
        }
        assert!(Manifest::parse(wanted.replace("\"version\": 1", "\"version\": 2").as_bytes()).is_none());
    }

    #[test]
    fn what_hosts_need_is_listed_whatever_part_is_written() {
        let need = |path: &str, kind, source: Option<&str>| {
            let source = source.map(str::to_owned);
            Need { path: path.to_owned(), kind, source }
        };
        let (certificate, key) = (NeedKind::Certificate, NeedKind::Key);
        let files = vec![need("/etc/ssl/a.crt", certificate, Some("tls/a.crt")), need("/etc/ssl/a.key", key, None)];
        let mut all = tree(&["a", "b", "c"]);
        let directories = vec![NeededDirectory { path: "/srv/www".to_owned(), kind: DirectoryKind::DocumentRoot }];
        all.need(Needs { hosts: vec!["c".into(), "a".into()], directories, files });
        let bytes = Manifest::bytes(&all, None);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let line = "{\"hosts\":[\"a\",\"c\"],\"directories\":{\"/srv/www\":{\"kind\":\"document_root\",\"mode\":\"0755\",\"owner\":\"root\",\
                    \"group\":\"root\"}},\"files\":{\"/etc/ssl/a.crt\":{\"kind\":\"certificate\",\"mode\":\"0644\",\
                    \"owner\":\"root\",\"group\":\"root\",\"source\":\"tls/a.crt\"},\"/etc/ssl/a.key\":{\"kind\":\"key\",\"mode\":\"0600\",\
                    \"owner\":\"root\",\"group\":\"root\"}}}";
        assert!(text.contains(line), "{text}");
        let old = Manifest::parse(&bytes).unwrap();
        // As it was before there were needs.
        let before = text[..text.find(",\n  \"needs\"").unwrap()].to_owned() + "\n}\n";
        assert!(Manifest::parse(before.as_bytes()).is_some_and(|it| it.needs.is_empty() && it.files == old.files));
        for host in ["a", "b", "c"] {
            let mut one = tree(&["a", "b", "c"]);
            one.need(all.needs()[0].clone());
            assert_eq!(Manifest::bytes(&one.only(&[host.to_owned()]), Some(&old)), bytes, "{host}");
        }
    }

    #[test]
    fn a_manifest_cannot_point_out_of_the_tree() {
        let text = String::from_utf8(Manifest::bytes(&tree(&["a"]), None)).unwrap();
        for evil in ["../x", "/etc/passwd", "a/../../x"] {
            assert!(Manifest::parse(text.replace("a/etc/x", evil).as_bytes()).is_none(), "{evil}");
        }
    }
}
