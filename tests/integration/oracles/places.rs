//! No path of an accepted inventory is something else on the host: a directory, a device, a file or socket
//! of haproxy or nginx, or the place of another file. What there is on a host is read from a Debian root,
//! from the devices of this machine, and from the rendered files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use sslscale::render::{HAPROXY_CFG, NGINX_CONF};
use sslscale::tree::Tree;

use super::{Numbers, rendered, text};
use crate::cases::cases;
use crate::support::need;
use crate::support::release::roots;

/// Inventories with several such paths at once.
const MIXED: u32 = 400;
/// The keys that take a path of a host, with one that is fine.
const KEYS: [(&str, &str); 7] = [
    ("LOG", "/dev/log"),
    ("ACCESS", "/var/log/nginx/a.log"),
    ("ROOT", "/srv/a"),
    ("INNER", "/srv/b"),
    ("CRT", "/etc/ssl/a.crt"),
    ("KEY", "/etc/ssl/a.key"),
    ("APP", "/run/a.sock"),
];
const INVENTORY: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]\n\
    app_servers: [{ name: srv1, address: 10.0.0.11 }]\n\
    haproxy: { log: LOG }\nnginx: { access_log: ACCESS }\n\
    sites: [{ server_name: a.example, root: ROOT, ssl_certificate: CRT, ssl_certificate_key: KEY, locations: \
    [{ path: /b/, root: INNER }, { path: /app/, uwsgi_pass: \"unix:APP\" }] }]\n";
/// Paths that meet each other, on top of those of the root.
const MEETING: [&str; 12] = [
    "/srv/a",
    "/srv/a/x",
    "/srv/a/x.log",
    "/srv/b",
    "/srv/b/x.log",
    "/etc/ssl/a.crt",
    "/etc/ssl/a.crt/x",
    "/etc/ssl/a.key",
    "/etc/ssl/a.key/x",
    "/run/a.sock",
    "/run/a.sock/x",
    "/var/log/nginx/a.log",
];

fn inventory(values: &[(&str, &str)]) -> String {
    let of = |key: &str| values.iter().find(|(other, _)| *other == key).map(|(_, value)| *value);
    KEYS.iter().fold(INVENTORY.to_owned(), |text, (key, fine)| text.replace(key, of(key).unwrap_or(fine)))
}

/// A path of a rendered file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The directive that names it.
    directive: String,
    path: String,
    /// The program that reads it.
    haproxy: bool,
}

impl Place {
    fn is_directory(&self) -> bool {
        self.directive == "root"
    }

    /// Whether a program writes to it.
    fn is_written(&self) -> bool {
        matches!(self.directive.as_str(), "access_log" | "error_log" | "pid")
    }
}

/// The paths of the rendered files, and of nginx.conf as the root has it.
fn places(tree: &Tree, host: &Host) -> BTreeSet<Place> {
    let mut found = BTreeSet::new();
    let nginx = format!("{}\n{}", host.nginx_conf, text(tree, "srv1", NGINX_CONF));
    for (program, haproxy) in [(nginx.as_str(), false), (text(tree, "lb1", HAPROXY_CFG), true)] {
        for line in program.lines() {
            let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches(';')).collect();
            let (directive, path) = match words[..] {
                ["stats", "socket", path, ..] => ("stats socket", path),
                ["include", ..] | ["location", ..] => continue,
                [directive, path, ..] => (directive, path.strip_prefix("unix:").unwrap_or(path)),
                _ => continue,
            };
            if path.starts_with('/') && path != "/var/lib/haproxy" {
                let directive = directive.to_owned();
                found.insert(Place { directive, path: host.resolved(path), haproxy });
            }
        }
    }
    found
}

/// What is on hosts.
struct Host {
    root: PathBuf,
    nginx_conf: String,
    /// Files and directories that nginx's packages have where it reads its configuration and writes logs.
    owned: BTreeSet<String>,
}

impl Host {
    fn open() -> Option<Self> {
        let root = roots().join("bookworm");
        if !root.is_dir() {
            need::missing("there is no root of bookworm", "make roots");
            return None;
        }
        let lists = fs::read_dir(root.join("var/lib/dpkg/info")).unwrap().map(|it| it.unwrap().path());
        let ours = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".list") && name.starts_with("nginx")
        };
        let owned: BTreeSet<String> = lists
            .filter(ours)
            .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|path| path.starts_with("/etc/nginx") || path.starts_with("/var/"))
            .collect();
        assert!(owned.len() > 20, "{owned:?}");
        let nginx_conf = fs::read_to_string(root.join("etc/nginx/nginx.conf")).unwrap();
        Some(Self { root, nginx_conf, owned })
    }

    fn inside(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The path without the links of directories that the root has, such as /var/run.
    fn resolved(&self, path: &str) -> String {
        for (end, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
            if let Ok(link) = fs::read_link(self.inside(&path[..end])) {
                let parent = path[..end].rsplit_once('/').unwrap().0;
                let link = link.to_string_lossy();
                let to = if link.starts_with('/') { link.into_owned() } else { format!("{parent}/{link}") };
                return if link_is_plain(&to) {
                    self.resolved(&format!("{to}{}", &path[end..]))
                } else {
                    path.to_owned()
                };
            }
        }
        path.to_owned()
    }

    /// What is wrong with one path.
    fn wrong(&self, place: &Place) -> Option<&'static str> {
        let path = place.path.as_str();
        let own = ["stats socket", "error_log", "pid"].contains(&place.directive.as_str());
        let below = |above: &str| path == above || path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
        if own {
            return None;
        }
        if ["/proc", "/sys"].into_iter().any(below) {
            return Some("the kernel's own files");
        }
        if !place.is_directory() {
            if self.inside(path).is_dir() || Path::new(path).starts_with("/dev") && Path::new(path).is_dir() {
                return Some("a directory");
            }
            let there = fs::metadata(path).map(|it| it.file_type());
            let device = there.is_ok_and(|it| it.is_char_device() || it.is_block_device());
            let socket = ["log", "uwsgi_pass"].contains(&place.directive.as_str());
            if below("/dev") && (device || below("/dev/fd") || !socket) {
                return Some("a device, or among devices");
            }
            if place.is_written() && (below("/run") || below("/etc") || below("/usr")) {
                return Some("no place for a log");
            }
        }
        if place.is_directory() && below("/dev") {
            return Some("a directory of devices");
        }
        let known = self.owned.contains(path) && self.inside(path).is_file();
        (known && !place.haproxy).then_some("a file of nginx's packages")
    }
}

fn link_is_plain(to: &str) -> bool {
    !to.split('/').any(|part| part == "..")
}

/// What is wrong with two paths of one program's host.
fn meet(one: &Place, other: &Place) -> Option<&'static str> {
    if one.haproxy != other.haproxy || one == other {
        return None;
    }
    let pem = |place: &Place| place.directive.starts_with("ssl_certificate");
    let (one_is, other_is) = (one.directive.as_str(), other.directive.as_str());
    if one.path == other.path {
        return (one_is != other_is && !(pem(one) && pem(other))).then_some("one path for two things");
    }
    let below = one.path.strip_prefix(&other.path).is_some_and(|rest| rest.starts_with('/'));
    let served = other.is_directory() && one_is == "access_log";
    (below && (!other.is_directory() || served)).then_some("below a file, or served")
}

/// What an accepted inventory has in a wrong place.
fn misplaced(tree: &Tree, host: &Host) -> Option<String> {
    let all = places(tree, host);
    assert!(all.len() > 8, "{all:?}");
    let single = all.iter().find_map(|place| Some(format!("{place:?}: {}", host.wrong(place)?)));
    single.or_else(|| {
        all.iter()
            .find_map(|one| all.iter().find_map(|other| Some(format!("{one:?} {other:?}: {}", meet(one, other)?))))
    })
}

/// Paths that something else has, or may have.
fn pool(host: &Host) -> Vec<String> {
    let top = ["/dev", "/proc/self", "/sys", "/run", "/run/haproxy", "/var/run", "/etc/nginx", "/etc/ssl", "/var/log"];
    let own = ["/run/haproxy/admin.sock", "/run/nginx.pid", "/var/run/nginx.pid", "/var/log/nginx/error.log"];
    let devices =
        ["null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr", "fd/1", "shm", "pts"];
    let mut all: BTreeSet<String> = host.owned.clone();
    all.extend(top.into_iter().chain(own).chain(MEETING).map(str::to_owned));
    all.extend(devices.into_iter().map(|name| format!("/dev/{name}")));
    let below: Vec<String> = all.iter().map(|path| format!("{path}/x")).collect();
    all.into_iter().chain(below).collect()
}

#[test]
fn no_path_of_an_accepted_inventory_is_something_else() {
    let Some(host) = Host::open() else { return };
    let pool = pool(&host);
    let mixed = (0..cases(MIXED)).map(|number| {
        let mut numbers = Numbers::of(number);
        let mut one = |_| (KEYS[numbers.below(KEYS.len())].0, MEETING[numbers.below(MEETING.len())]);
        inventory(&[(); 3].map(&mut one))
    });
    let single = KEYS.iter().flat_map(|(key, _)| pool.iter().map(move |path| inventory(&[(key, path)])));
    let (mut accepted, mut refused) = (0, 0);
    for yaml in single.chain(mixed) {
        match rendered(&yaml) {
            Ok((_, tree)) => {
                accepted += 1;
                let found = misplaced(&tree, &host);
                assert!(found.is_none(), "{}\n{yaml}", found.unwrap_or_default());
            }
            Err(_) => refused += 1,
        }
    }
    // With few cases, most are those of single places, which are refused.
    assert!(accepted > 100 && refused > 200, "{accepted} accepted, {refused} refused");
}
