//! Makes a host's private root and enters it: a tmpfs with the tree of `tree.rs`, and below it bind
//! mounts of this machine's other directories. It is in a separate mount namespace, so that it is
//! invisible outside and ends with the processes inside.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use super::tree::{Directory, Node};
use super::{FileSpec, RootPlan, accounts, paths};
use crate::file;

/// Where this machine's root is reachable within a host's.
const MACHINE: &str = "/.machine";
/// Existing directories to mount over: the first that the fleet does not name is used.
const PLACES: [&str; 6] = ["/mnt", "/media", "/srv", "/opt", "/var/tmp", "/tmp"];

/// Directories without which haproxy and nginx do not start.
const SYSTEM: [&str; 16] = [
    MACHINE,
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local",
    "/usr/sbin",
    "/usr/share/nginx/modules-available",
];

/// The tree of a host: this machine's, with the plan's files and what they need.
fn tree(plan: &RootPlan<'_>) -> Directory {
    let mut root = Directory::stock();
    let read = |path| {
        let bytes = file::read(Path::new(path), file::TEXT).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let passwd = accounts::passwd(&read("/etc/passwd"), plan.unprivileged);
    let group = accounts::group(&read("/etc/group"), plan.unprivileged);
    let accounts = [("passwd", passwd), ("group", group), ("hosts", plan.names.to_owned())];
    for (name, text) in accounts {
        root.file(&Path::new("/etc").join(name), text.into_bytes().into(), 0o644);
    }
    for (path, file) in plan.files {
        let path = root.resolve(path);
        match (file.target(), file.as_directory()) {
            (Some(target), _) => root.link(&path, target),
            (_, Some(mode)) => root.directory(&path).mode = mode,
            _ => root.file(&path, file.bytes.clone(), file.mode),
        }
    }
    for directory in needed(plan) {
        let directory = root.resolve(&directory);
        root.directory(&directory);
    }
    for path in plan.roots {
        let path = root.resolve(path);
        if !is_of_system(&path) {
            root.directory(&path).mirror = false;
        }
        let index = path.join("index.html");
        // A file of the plan may be there or below it.
        if !plan.files.range(index.clone()..).next().is_some_and(|(path, _)| path.starts_with(&index)) {
            let page = format!("<!doctype html>\n<title>{0}</title>\n<p>{0}</p>\n", plan.name);
            root.file(&index, page.into_bytes().into(), 0o644);
        }
    }
    root
}

/// Whether programs need what this machine has in a directory, or in one below it. There, a document root is
/// not empty.
pub fn is_of_system(directory: &Path) -> bool {
    SYSTEM.iter().any(|path| Path::new(path).starts_with(directory) || directory.starts_with(path))
}

/// Directories that must exist: those of the plan, and those that its files expect.
fn needed(plan: &RootPlan<'_>) -> Vec<PathBuf> {
    let mut needed = plan.directories.to_vec();
    for (path, file) in plan.files {
        if let Ok(text) = std::str::from_utf8(&file.bytes) {
            needed.extend(paths::directories(path, text));
        }
    }
    needed
}

/// Builds the plan's root and moves this process into it.
///
/// # Errors
/// A mount or a file that the kernel refused, with its path.
pub fn enter(plan: &RootPlan<'_>) -> io::Result<()> {
    let none = None::<&str>;
    at("/", mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none))?;
    let place = place(plan)?;
    at(&place, mount(Some("tmpfs"), &place, Some("tmpfs"), MsFlags::empty(), Some("mode=755")))?;
    let machine = place.join(MACHINE.trim_start_matches('/'));
    at(&machine, fs::create_dir(&machine))?;
    bind(Path::new("/"), &machine)?;

    let tree = tree(plan);
    for entry in fs::read_dir("/")? {
        let entry = entry?;
        let (from, to) = (entry.path(), place.join(entry.file_name()));
        if tree.children.contains_key(&entry.file_name()) || to == machine {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            at(&to, symlink(fs::read_link(&from)?, &to))?;
        } else if kind.is_dir() {
            at(&to, fs::create_dir(&to))?;
            // The work area, and what this user may not see, stay empty.
            if from != place && fs::read_dir(&from).is_ok() {
                bind(&from, &to)?;
            }
        }
    }
    children(&tree, Path::new("/"), &place)?;
    at(&place, nix::unistd::chroot(&place))?;
    std::env::set_current_dir("/")
}

/// Replaces the content of files in the root that this process is in.
///
/// # Errors
/// A file that the kernel refused, with its path.
pub fn refill(files: &BTreeMap<PathBuf, FileSpec>) -> io::Result<()> {
    let mut files = files.iter().filter(|(_, file)| file.is_file());
    files.try_for_each(|(path, file)| at(path, fs::write(path, &file.bytes)))
}

/// Somewhere to mount the tmpfs, in this namespace only.
fn place(plan: &RootPlan<'_>) -> io::Result<PathBuf> {
    let mut named: Vec<PathBuf> = plan.files.keys().chain(plan.roots).cloned().collect();
    named.extend(needed(plan));
    PLACES
        .iter()
        .map(PathBuf::from)
        .find(|place| place.is_dir() && !named.iter().any(|path| path.starts_with(place)))
        .ok_or_else(|| io::Error::other("no directory to mount the work area on: create one with `mkdir /mnt`"))
}

fn directory(node: &Directory, real: Option<&Path>, to: &Path) -> io::Result<()> {
    at(to, fs::create_dir(to))?;
    let mode = if node.mode == 0 { 0o755 } else { node.mode };
    at(to, fs::set_permissions(to, fs::Permissions::from_mode(mode)))?;
    let real = real.filter(|_| node.mirror);
    // What this user may not list is left out; the programs could not read it either.
    for entry in real.and_then(|real| fs::read_dir(real).ok()).into_iter().flatten().flatten() {
        if node.children.contains_key(&entry.file_name()) {
            continue;
        }
        let link = to.join(entry.file_name());
        let target = if entry.file_type()?.is_symlink() {
            fs::read_link(entry.path())?
        } else {
            Path::new(MACHINE).join(entry.path().strip_prefix("/").unwrap_or(&entry.path()))
        };
        at(&link, symlink(target, &link))?;
    }
    match real {
        Some(real) => children(node, real, to),
        None => children_of_empty(node, to),
    }
}

fn children(node: &Directory, real: &Path, to: &Path) -> io::Result<()> {
    for (name, child) in &node.children {
        make(child, Some(&real.join(name)), &to.join(name))?;
    }
    Ok(())
}

fn children_of_empty(node: &Directory, to: &Path) -> io::Result<()> {
    for (name, child) in &node.children {
        make(child, None, &to.join(name))?;
    }
    Ok(())
}

fn make(node: &Node, real: Option<&Path>, to: &Path) -> io::Result<()> {
    match node {
        Node::Directory(node) => directory(node, real, to),
        Node::File(bytes, mode) => {
            at(to, fs::write(to, bytes))?;
            at(to, fs::set_permissions(to, fs::Permissions::from_mode(*mode)))
        }
        Node::Link(target) => at(to, symlink(target, to)),
        Node::Absent => Ok(()),
    }
}

fn bind(from: &Path, to: &Path) -> io::Result<()> {
    let none = None::<&str>;
    at(from, mount(Some(from), to, none, MsFlags::MS_BIND | MsFlags::MS_REC, none))
}

/// Adds the path to an error of the kernel, which does not contain it.
fn at<T, E: Into<io::Error>>(path: impl AsRef<Path>, result: Result<T, E>) -> io::Result<T> {
    result.map_err(|error| {
        let error = error.into();
        io::Error::new(error.kind(), format!("{}: {error}", path.as_ref().display()))
    })
}
