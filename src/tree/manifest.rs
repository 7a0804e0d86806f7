//! `manifest.json`: what a stored tree holds, for those who install it and for the next run,
//! which removes what an earlier one wrote and this one does not.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::{Need, NeedKind, Needs, Tree};

/// The manifest's name in a stored tree.
pub const MANIFEST: &str = "manifest.json";

const VERSION: u32 = 1;

/// The manifest as JSON. `files` maps `HOST/etc/…` to what is to be there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// Sorted, so that the same tree gives the same bytes.
    pub files: BTreeMap<String, Listed>,
    /// What hosts need beside these; manifests of earlier versions have none.
    #[serde(default)]
    needs: Vec<Needed>,
}

/// Hosts that need the same files from whoever installs the tree.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Needed {
    hosts: Vec<String>,
    /// By absolute path.
    files: BTreeMap<String, NeededFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct NeededFile {
    kind: NeedKind,
    /// Four octal digits.
    mode: String,
    owner: String,
    group: String,
    /// Where whoever installs it finds it, from the inventory's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Needed {
    fn of(needs: &Needs) -> Self {
        let file = |need: &Need| {
            let (owner, group) = ("root".to_owned(), "root".to_owned());
            let mode = format!("{:04o}", need.kind.mode());
            (need.path.clone(), NeededFile { kind: need.kind, mode, owner, group, source: need.source.clone() })
        };
        Self {
            hosts: needs.hosts.iter().map(ToString::to_string).collect(),
            files: needs.files.iter().map(file).collect(),
        }
    }

    /// Those of its hosts that the tree does not speak of, if there are any.
    fn beside(&self, tree: &Tree) -> Option<Self> {
        let hosts: Vec<String> = self.hosts.iter().filter(|host| tree.host(host).is_none()).cloned().collect();
        (!hosts.is_empty()).then(|| Self { hosts, files: self.files.clone() })
    }

    /// The same text for the same hosts and files, one group a line.
    fn line(&self) -> String {
        format!("    {}", serde_json::to_string(self).expect("names and modes are text"))
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

impl Manifest {
    /// The manifest of a tree, and of those files of `other` that belong to hosts not in it.
    pub fn bytes(tree: &Tree, other: Option<&Manifest>) -> Vec<u8> {
        // Written by hand for one reason: at 10,000 hosts a map of owned strings would be the
        // largest thing in memory. The test below reads it back.
        let mut lines: Vec<(String, String)> = Vec::new();
        if let Some(other) = other {
            let foreign = other.files.iter().filter(|(path, _)| tree.host(host_of(path)).is_none());
            lines.extend(foreign.map(|(path, l)| (path.clone(), line(path, &l.sha256, &l.mode))));
        }
        let mut out = format!("{{\n  \"version\": {VERSION},\n  \"files\": {{").into_bytes();
        let mut first = true;
        let mut push = |text: &str| {
            out.extend_from_slice(if first { b"\n" } else { b",\n" });
            out.extend_from_slice(text.as_bytes());
            first = false;
        };
        let mut lines = lines.into_iter().peekable();
        for (host, entries) in tree.hosts() {
            while let Some((_, text)) = lines.next_if(|(path, _)| host_of(path) < host) {
                push(&text);
            }
            for entry in entries.iter() {
                let path = format!("{host}{}", entry.path);
                push(&line(&path, &entry.content.sha256, &format!("{:04o}", entry.content.mode)));
            }
        }
        lines.for_each(|(_, text)| push(&text));
        out.extend_from_slice(b"\n  }");
        out.extend_from_slice(needs(tree, other).as_bytes());
        out.extend_from_slice(b"\n}\n");
        out
    }

    /// Reads a manifest; one of another version or shape, or with a path that leads out of
    /// the tree, is none of ours.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        let inside = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
        (manifest.version == VERSION && manifest.files.keys().all(|path| inside(path))).then_some(manifest)
    }
}

/// The member of the manifest that says what hosts need; nothing where they need nothing.
fn needs(tree: &Tree, other: Option<&Manifest>) -> String {
    let kept = other.into_iter().flat_map(|other| &other.needs).filter_map(|needed| needed.beside(tree));
    let mut groups: Vec<Needed> = kept.collect();
    for new in tree.needs().iter().map(Needed::of) {
        // Hosts that are written one by one end up as if they had been written together.
        let files = |needed: &Needed| serde_json::to_string(&needed.files).unwrap_or_default();
        match groups.iter_mut().find(|old| files(old) == files(&new)) {
            Some(old) => old.hosts.extend(new.hosts),
            None => groups.push(new),
        }
    }
    groups.iter_mut().for_each(|group| group.hosts.sort());
    let mut lines: Vec<String> = groups.iter().map(Needed::line).collect();
    lines.sort();
    if lines.is_empty() { String::new() } else { format!(",\n  \"needs\": [\n{}\n  ]", lines.join(",\n")) }
}

/// Paths and hashes hold nothing that JSON would escape: hosts and files are checked names.
fn line(path: &str, sha256: &str, mode: &str) -> String {
    format!(
        "    \"{path}\": {{ \"sha256\": \"{sha256}\", \"mode\": \"{mode}\", \"owner\": \"root\", \"group\": \"root\" }}"
    )
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
    fn what_hosts_need_is_listed_whatever_part_is_written() {
        let need = |path: &str, kind, source: Option<&str>| {
            let source = source.map(str::to_owned);
            Need { path: path.to_owned(), kind, source }
        };
        let (certificate, key) = (NeedKind::Certificate, NeedKind::Key);
        let files = vec![need("/etc/ssl/a.crt", certificate, Some("tls/a.crt")), need("/etc/ssl/a.key", key, None)];
        let mut all = tree(&["a", "b", "c"]);
        all.need(Needs { hosts: vec!["c".into(), "a".into()], files });
        let bytes = Manifest::bytes(&all, None);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let line = "{\"hosts\":[\"a\",\"c\"],\"files\":{\"/etc/ssl/a.crt\":{\"kind\":\"certificate\",\"mode\":\"0644\",\
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
