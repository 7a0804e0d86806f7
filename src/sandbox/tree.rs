//! A host's private root as a tree in memory, before anything is mounted. A directory contains either
//! only what the run puts there, or it mirrors this machine's: then every entry that the run does not
//! replace is a link to the real one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// One place in the private root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A directory of the run.
    Directory(Directory),
    /// A file of the run: content and permission bits.
    File(Arc<[u8]>, u32),
    /// A symbolic link of the run.
    Link(OsString),
    /// An entry of this machine that the host must not have.
    Absent,
}

/// A directory of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directory {
    /// Whether this machine's entries are visible where there is no child.
    pub(super) mirror: bool,
    /// The permission bits; 0 means 0755.
    pub(super) mode: u32,
    /// What the run puts there.
    pub(super) children: BTreeMap<OsString, Node>,
}

/// Directories that a host does not share with this machine, with their permission bits.
const EMPTY: [(&str, u32); 11] = [
    ("/etc/haproxy", 0o755),
    ("/etc/nginx/conf.d", 0o755),
    ("/etc/nginx/sites-enabled", 0o755),
    ("/run", 0o755),
    ("/tmp", 0o1777),
    ("/var/cache/nginx", 0o755),
    ("/var/lib/haproxy", 0o755),
    ("/var/lib/nginx", 0o755),
    ("/var/log", 0o755),
    ("/var/spool/haproxy", 0o755),
    ("/var/tmp", 0o1777),
];

/// Directories within those that the programs do not make themselves.
const MADE: [&str; 6] =
    ["/run/haproxy", "/run/lock", "/run/nginx", "/var/lib/nginx/tmp", "/var/log/nginx", "/var/log/haproxy"];

/// The state of haproxy's servers as its service leaves it for a first start: only the version of the
/// format. Some versions warn where the file is missing.
const STATE: (&str, &[u8]) = ("/run/sslscale/haproxy.state", b"1\n");

impl Directory {
    /// The root of a host before its files: this machine without its state.
    pub(super) fn stock() -> Self {
        let mut root = Self { mirror: true, ..Self::default() };
        for (path, mode) in EMPTY {
            let directory = root.directory(Path::new(path));
            directory.mirror = false;
            directory.mode = mode;
        }
        for path in MADE {
            root.directory(Path::new(path));
        }
        root.file(Path::new(STATE.0), STATE.1.into(), 0o600);
        // This machine's syslog must not get the fleet's lines.
        root.directory(Path::new("/dev")).children.insert("log".into(), Node::Absent);
        root
    }

    /// The directory at `path`, made where it is missing. New ones mirror this machine's, unless they
    /// are below an empty one.
    pub(super) fn directory(&mut self, path: &Path) -> &mut Self {
        let mut at = self;
        for name in names(path) {
            let node = at.children.entry(name).or_insert(Node::Absent);
            if !matches!(node, Node::Directory(_)) {
                *node = Node::Directory(Self { mirror: true, ..Self::default() });
            }
            let Node::Directory(next) = node else { unreachable!("it was just made a directory") };
            at = next;
        }
        at
    }

    /// Puts a file, and the directories that lead to it.
    pub(super) fn file(&mut self, path: &Path, bytes: Arc<[u8]>, mode: u32) {
        self.put(path, Node::File(bytes, mode));
    }

    /// Puts a symbolic link, and the directories that lead to it.
    pub(super) fn link(&mut self, path: &Path, target: &OsStr) {
        self.put(path, Node::Link(target.to_owned()));
    }

    fn put(&mut self, path: &Path, node: Node) {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            self.directory(parent).children.insert(name.to_owned(), node);
        }
    }

    /// Whether this machine's content is visible at `path`.
    pub(super) fn shows(&self, path: &Path) -> bool {
        let mut at = self;
        for name in names(path) {
            match at.children.get(&name) {
                None => return at.mirror,
                Some(Node::Directory(next)) if next.mirror => at = next,
                Some(_) => return false,
            }
        }
        at.mirror
    }

    /// `path` with this machine's symbolic links followed, as far as the host sees them.
    ///
    /// `/var/run/x` must become `/run/x`: the mirror of `/var` has the link, not a directory.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        let mut at = PathBuf::from("/");
        for name in names(path) {
            let next = at.join(&name);
            let linked = self.shows(&at) && next.is_symlink();
            at = match (linked, next.canonicalize()) {
                (true, Ok(target)) => target,
                _ => next,
            };
        }
        at
    }
}

fn names(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_hidden_and_the_rest_shows() {
        let mut root = Directory::stock();
        root.file(Path::new("/etc/nginx/conf.d/a.conf"), b"a".as_slice().into(), 0o644);
        for shown in ["/usr/share/nginx", "/etc/nginx/mime.types", "/etc/ssl", "/var/www"] {
            assert!(root.shows(Path::new(shown)), "{shown}");
        }
        for hidden in ["/tmp/app.sock", "/run/x", "/etc/nginx/conf.d/b.conf", "/dev/log"] {
            assert!(!root.shows(Path::new(hidden)), "{hidden}");
        }
        let Some(Node::Directory(etc)) = root.children.get(&OsString::from("etc")) else {
            panic!("/etc is a directory");
        };
        assert!(etc.mirror);
    }

    #[test]
    fn links_of_the_machine_are_followed_where_they_show() {
        let machine = tempfile::tempdir().unwrap();
        let base = machine.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("releases/5")).unwrap();
        std::os::unix::fs::symlink("releases/5", base.join("current")).unwrap();
        let mut root = Directory { mirror: true, ..Directory::default() };
        assert_eq!(root.resolve(&base.join("current/app")), base.join("releases/5/app"));
        root.directory(&base).mirror = false;
        assert_eq!(root.resolve(&base.join("current/app")), base.join("current/app"));
    }
}
