//! The paths of a host that its programs own: what Debian's and nginx.org's packages put there, what
//! sslscale renders, and what the system keeps. It says which paths of an inventory cannot be there.

use std::borrow::Cow;
use std::fmt;

use super::owned::Extent::{Alone, Children, File, Tree};

/// What an inventory uses a path of a host for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    Certificate,
    Key,
    AccessLog,
    /// The socket that an app listens on.
    AppSocket,
    /// A directory that nginx serves files from.
    Root,
    /// The socket that haproxy logs to.
    LogSocket,
    /// The socket that nginx logs requests to.
    SyslogSocket,
}

use Use::{AccessLog, AppSocket, Certificate, Key, LogSocket, Root, SyslogSocket};

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Certificate => "a certificate",
            Key => "a private key",
            AccessLog => "an access log",
            AppSocket => "the socket of an app",
            Root => "a document root",
            LogSocket => "the socket that haproxy logs to",
            SyslogSocket => "the socket that nginx logs to",
        })
    }
}

impl Use {
    /// What to write instead of a path that is taken.
    pub fn help(self, path: &str) -> &'static str {
        match self {
            Certificate | Key => "keep certificates and keys below `/etc/ssl`",
            AccessLog if path == "/dev/null" => "write `\"off\"` if requests should not be logged",
            AccessLog if path.starts_with("/dev/") || path.starts_with("/proc/") => {
                "write `syslog:server=unix:/dev/log` for systemd's journal, or a path such as `/var/log/nginx/access.log`"
            }
            AccessLog => "write a path such as `/var/log/nginx/access.log`",
            AppSocket => "write the path of the app's socket, such as `unix:/run/app/app.sock`",
            Root => "write a directory that holds only what is served, such as `/srv/example`",
            SyslogSocket => {
                "write `syslog:server=unix:/dev/log` or a syslog server such as `syslog:server=10.0.0.5:514`"
            }
            LogSocket => "write `/dev/log`, or a syslog server such as `10.0.0.5:514`",
        }
    }
}

/// How much of a path is owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The file alone.
    File,
    /// The directory itself, but nothing in it.
    Alone,
    /// The files in the directory, but not those in directories below it.
    Children,
    /// The directory and everything below it.
    Tree,
}

/// A path, why an inventory cannot use it, and what for.
struct Owned(&'static str, Extent, &'static str, &'static [Use]);

const FILES: &[Use] = &[Certificate, Key, AccessLog, AppSocket, Root, SyslogSocket];
const PEM: &[Use] = &[Certificate, Key];

/// The first entry that fits gives the reason.
const OWNED: &[Owned] = &[
    Owned("/etc/nginx/nginx.conf", File, NGINX, FILES),
    Owned("/etc/nginx/mime.types", File, NGINX, FILES),
    Owned("/etc/nginx/fastcgi.conf", File, NGINX, FILES),
    Owned("/etc/nginx/fastcgi_params", File, NGINX, FILES),
    Owned("/etc/nginx/proxy_params", File, NGINX, FILES),
    Owned("/etc/nginx/scgi_params", File, NGINX, FILES),
    Owned("/etc/nginx/uwsgi_params", File, NGINX, FILES),
    Owned("/etc/nginx/koi-utf", File, NGINX, FILES),
    Owned("/etc/nginx/koi-win", File, NGINX, FILES),
    Owned("/etc/nginx/win-utf", File, NGINX, FILES),
    Owned("/etc/nginx/sslscale-dhparam-9ba6429597ae.pem", File, NGINX, FILES),
    Owned("/etc/nginx/sites-available/default", File, NGINX, FILES),
    Owned("/etc/nginx/snippets/fastcgi-php.conf", File, NGINX, FILES),
    Owned("/etc/nginx/snippets/snakeoil.conf", File, NGINX, FILES),
    Owned("/etc/nginx/conf.d", Children, INCLUDED, FILES),
    Owned("/etc/nginx/sites-enabled", Children, INCLUDED, FILES),
    Owned("/etc/nginx/modules-enabled", Children, INCLUDED, FILES),
    Owned("/etc/sslscale", Tree, "it is in the directory of session ticket keys", FILES),
    Owned("/run/nginx.pid", File, "nginx keeps its process id there", FILES),
    Owned("/var/log/nginx/error.log", File, "it is nginx's error log", FILES),
    Owned("/var/log", Tree, "`/var/log` is for logs, which are renamed and removed", PEM),
    Owned("/run/haproxy/admin.sock", File, "it is haproxy's own admin socket", SOCKETS),
    Owned("/run/haproxy-master.sock", File, "it is haproxy's own master socket", SOCKETS),
    Owned("/run/haproxy.pid", File, "haproxy keeps its process id there", SOCKETS),
    Owned("/run/sslscale", Tree, "the state of haproxy's servers is kept there", SOCKETS),
    Owned("/var/log", Tree, "`/var/log` is for log files, not for sockets", &[LogSocket, SyslogSocket]),
    Owned("/dev/stdin", File, STREAM, &[AccessLog, LogSocket, SyslogSocket]),
    Owned("/dev/stdout", File, STREAM, &[AccessLog, LogSocket, SyslogSocket]),
    Owned("/dev/stderr", File, STREAM, &[AccessLog, LogSocket, SyslogSocket]),
    Owned("/dev/fd", Tree, STREAM, WRITTEN),
    Owned("/proc/self/fd", Tree, STREAM, &[AccessLog, LogSocket, SyslogSocket]),
    Owned("/dev", Tree, "`/dev` is for devices", &[Certificate, Key, AccessLog, Root]),
    Owned("/dev", Children, "`/dev` is for devices", &[AppSocket]),
    Owned("/dev/null", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/zero", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/full", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/random", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/urandom", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/tty", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/console", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/dev/kmsg", File, DEVICE, &[LogSocket, SyslogSocket]),
    Owned("/proc", Tree, "`/proc` has no files of its own", ALL),
    Owned("/sys", Tree, "`/sys` has no files of its own", ALL),
    Owned("/etc/nginx", Alone, CONFIGURATION, &[Root]),
    Owned("/etc/nginx/conf.d", Tree, CONFIGURATION, &[Root]),
    Owned("/etc/nginx/modules-enabled", Tree, CONFIGURATION, &[Root]),
    Owned("/etc/nginx/sites-available", Tree, CONFIGURATION, &[Root]),
    Owned("/etc/nginx/sites-enabled", Tree, CONFIGURATION, &[Root]),
    Owned("/etc/nginx/snippets", Tree, CONFIGURATION, &[Root]),
    Owned("/etc/haproxy", Tree, "it holds haproxy's configuration", &[Root]),
    Owned("/etc/ssl", Alone, PRIVATE, &[Root]),
    Owned("/etc/ssl/private", Tree, PRIVATE, &[Root]),
    Owned("/etc/letsencrypt", Alone, PRIVATE, &[Root]),
    Owned("/etc/letsencrypt/archive", Tree, PRIVATE, &[Root]),
    Owned("/etc/letsencrypt/live", Tree, PRIVATE, &[Root]),
    Owned("/etc", Alone, "it holds passwords, keys and configuration", &[Root]),
    Owned("/run", Alone, "it holds sockets and process ids", &[Root]),
    Owned("/var/lib", Alone, "it holds the data of all programs", &[Root]),
    Owned("/var/log", Tree, "it holds logs", &[Root]),
    Owned("/home", Alone, "it holds everybody's files", &[Root]),
    Owned("/root", Alone, "it holds the administrator's files", &[Root]),
    Owned("/boot", Tree, "it holds the kernel", &[Root]),
    Owned("/usr", Alone, "it holds programs", &[Root]),
    Owned("/run/systemd", Tree, "`/run/systemd` is systemd's", FILES),
    Owned("/run", Tree, "`/run` is emptied at every boot and is not a place for logs", &[AccessLog]),
    Owned("/tmp", Tree, "anyone can write to `/tmp`, which is emptied at every boot", &[AccessLog]),
    Owned("/var/tmp", Tree, "anyone can write to `/var/tmp`", &[AccessLog]),
    Owned("/etc", Tree, "`/etc` is for configuration", WRITTEN),
    Owned("/usr", Tree, "`/usr` is for programs", WRITTEN),
    Owned("/bin", Tree, "`/bin` is for programs", WRITTEN),
    Owned("/sbin", Tree, "`/sbin` is for programs", WRITTEN),
    Owned("/lib", Tree, "`/lib` is for programs", WRITTEN),
    Owned("/lib64", Tree, "`/lib64` is for programs", WRITTEN),
    Owned("/boot", Tree, "`/boot` is for the kernel", WRITTEN),
];

const ALL: &[Use] = &[Certificate, Key, AccessLog, AppSocket, Root, LogSocket, SyslogSocket];
/// What programs write to or create.
const WRITTEN: &[Use] = &[AccessLog, AppSocket, LogSocket, SyslogSocket];
/// What programs of the same host listen on.
const SOCKETS: &[Use] = &[AppSocket, LogSocket, SyslogSocket];
const CONFIGURATION: &str = "it holds nginx's configuration";
const PRIVATE: &str = "it holds private keys";
const NGINX: &str = "it is a part of nginx's configuration";
const INCLUDED: &str = "nginx reads every file there as configuration";
const DEVICE: &str = "it is a device";
const STREAM: &str = "under systemd it is a socket, which cannot be opened by its path";

/// Directories that every host has, apart from those above.
const DIRECTORIES: &[&str] = &[
    "/dev/block",
    "/dev/char",
    "/dev/disk",
    "/dev/hugepages",
    "/dev/mapper",
    "/dev/mqueue",
    "/dev/net",
    "/dev/pts",
    "/dev/shm",
    "/etc/nginx/modules-available",
    "/etc/letsencrypt",
    "/etc/letsencrypt/live",
    "/etc/ssl/certs",
    "/etc/ssl/private",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/run/haproxy",
    "/run/lock",
    "/srv",
    "/tmp",
    "/usr/local",
    "/usr/share/nginx/html",
    "/var/backups",
    "/var/cache/nginx",
    "/var/lib/haproxy/dev",
    "/var/lib/nginx",
    "/var/mail",
    "/var/opt",
    "/var/spool",
    "/var/tmp",
    "/var/www/html",
];

/// The path without Debian's links of directories.
pub fn canonical(path: &str) -> Cow<'_, str> {
    let through = |link: &str, to: &str| {
        let rest = path.strip_prefix(link).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(Cow::Owned(format!("{to}{rest}")))
    };
    through("/var/run", "/run").or_else(|| through("/var/lock", "/run/lock")).unwrap_or(Cow::Borrowed(path))
}

/// Whether `path` is below the directory `above`.
pub fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

/// Why an inventory cannot use `path`, which is canonical, for this; `None` if it can.
pub fn refused(path: &str, wanted: Use) -> Option<&'static str> {
    let fits = |Owned(owned, extent, _, uses): &&Owned| {
        let inside = match extent {
            File | Alone => path == *owned,
            Children => path.rsplit_once('/').is_some_and(|(parent, _)| parent == *owned),
            Tree => path == *owned || is_below(path, owned),
        };
        let under = *extent == File && is_below(path, owned);
        (inside || under) && uses.contains(&wanted)
    };
    let known = || {
        let owned = OWNED.iter().map(|Owned(path, extent, ..)| (*path, *extent != File));
        owned.chain(DIRECTORIES.iter().map(|path| (*path, true)))
    };
    let directory = known().any(|(other, is_directory)| is_below(other, path) || is_directory && other == path);
    if directory && wanted != Root {
        return Some("it is a directory");
    }
    OWNED.iter().find(fits).map(|Owned(_, _, why, _)| *why)
}
