//! Paths of a host that have two uses, or that its programs own.

use proptest::prelude::*;

use super::*;

/// What each path of a fleet of two app servers is. The first serves a site, the second another one.
#[derive(Debug, Clone)]
struct Paths {
    certificates: [&'static str; 2],
    keys: [&'static str; 2],
    root: &'static str,
    socket: &'static str,
    /// Of both app servers.
    log: Option<&'static str>,
    /// Of the second one.
    its_log: Option<&'static str>,
    haproxy: &'static str,
}

/// A fleet without conflicts.
const SOUND: Paths = Paths {
    certificates: ["/etc/ssl/a.crt", "/etc/ssl/b.crt"],
    keys: ["/etc/ssl/a.key", "/etc/ssl/b.key"],
    root: "/srv/a",
    socket: "/run/app/a.sock",
    log: None,
    its_log: None,
    haproxy: "/dev/log",
};

impl Paths {
    fn inventory(&self) -> String {
        let log = |log: Option<&str>| log.map(|log| format!("access_log: {log}")).unwrap_or_default();
        format!(
            "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\n\
             app_servers: [{{ name: srv1, address: 10.0.0.11 }}, \
             {{ name: srv2, address: 10.0.0.12, nginx: {{ {} }} }}]\n{POOLS}\
             haproxy: {{ log: {} }}\nnginx: {{ {} }}\nsites:\n\
             - {{ server_name: a.example, pool: web, root: {}, ssl_certificate: {}, ssl_certificate_key: {} }}\n\
             - {{ server_name: b.example, pool: api, ssl_certificate: {}, ssl_certificate_key: {}, \
             locations: [{{ path: /, uwsgi_pass: \"unix:{}\" }}] }}\n",
            log(self.its_log),
            self.haproxy,
            log(self.log),
            self.root,
            self.certificates[0],
            self.keys[0],
            self.certificates[1],
            self.keys[1],
            self.socket,
        )
    }
}

fn found(paths: &Paths) -> Vec<(&'static str, String)> {
    refusals(&paths.inventory())
}

#[test]
fn paths_that_the_programs_of_a_host_own() {
    accepted(&SOUND.inventory());
    for path in [
        "/var/log",
        "/var/log/nginx",
        "/var/log/nginx/error.log",
        "/opt",
        "/dev/null",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/fd/1",
        "/dev/shm/a.log",
        "/proc/self/fd/1",
        "/run/nginx.pid",
        "/var/run/nginx.pid",
        "/run/a.log",
        "/etc/nginx/nginx.conf",
        "/etc/nginx/nginx.conf/a",
        "/etc/nginx/conf.d/a.conf",
        "/etc/haproxy/haproxy.cfg",
        "/etc/sslscale/tickets/current.key",
        "/usr/sbin/nginx",
    ] {
        assert_eq!(found(&Paths { log: Some(path), ..SOUND }), [("IN06", path.to_owned())], "{path}");
        assert_eq!(found(&Paths { its_log: Some(path), ..SOUND }), [("IN06", path.to_owned())], "{path}");
    }
    for path in [
        "/etc/nginx/nginx.conf",
        "/etc/nginx/mime.types",
        "/etc/nginx/conf.d/a.crt",
        "/etc/ssl",
        "/etc/sslscale/a",
        "/var/log/a.crt",
        "/dev/null",
        "/proc/a",
        "/run/nginx.pid",
    ] {
        assert_eq!(found(&Paths { certificates: [path, SOUND.certificates[1]], ..SOUND }), [("IN09", path.to_owned())]);
        assert_eq!(found(&Paths { keys: [path, SOUND.keys[1]], ..SOUND }), [("IN09", path.to_owned())]);
    }
    for path in [
        "/run",
        "/run/nginx.pid",
        "/run/systemd/notify",
        "/run/haproxy/admin.sock",
        "/run/sslscale/a.sock",
        "/dev/log",
        "/dev/null",
        "/etc/app.sock",
        "/sys/a",
    ] {
        assert_eq!(found(&Paths { socket: path, ..SOUND }), [("IN06", format!("\"unix:{path}\""))], "{path}");
    }
    for path in [
        "/dev",
        "/proc/1",
        "/etc",
        "/etc/haproxy",
        "/etc/letsencrypt/live/a.example",
        "/etc/nginx",
        "/etc/nginx/nginx.conf",
        "/etc/nginx/sites-available/a",
        "/etc/ssl",
        "/etc/ssl/private",
        "/etc/sslscale",
        "/home",
        "/root",
        "/run",
        "/run/nginx.pid",
        "/usr",
        "/var/lib",
        "/var/log/nginx",
        "/var/run",
    ] {
        assert_eq!(found(&Paths { root: path, ..SOUND }), [("IN06", path.to_owned())], "{path}");
    }
    for path in [
        "/run/haproxy/admin.sock",
        "/var/run/haproxy/admin.sock",
        "/run/haproxy-master.sock",
        "/run/haproxy.pid",
        "/run/haproxy",
        "/run/sslscale",
        "/run/sslscale/haproxy.state",
        "/var/run/sslscale/a",
        "/etc/haproxy/haproxy.cfg",
        "/var/log/haproxy.log",
        "/dev/null",
        "/dev/stderr",
        "/dev",
        "/proc/self/fd/1",
    ] {
        assert_eq!(found(&Paths { haproxy: path, ..SOUND }), [("IN06", path.to_owned())], "{path}");
    }
    for sound in [
        Paths { haproxy: "/run/systemd/journal/dev-log", ..SOUND },
        Paths { haproxy: "/var/lib/haproxy/dev/log", ..SOUND },
        Paths { socket: "/dev/shm/a.sock", ..SOUND },
        Paths { root: "/usr/share/nginx/html", ..SOUND },
        Paths { root: "/etc/nginx/html", ..SOUND },
        Paths { root: "/var/lib/app/static", ..SOUND },
        Paths { root: "/home/app/public", ..SOUND },
        Paths { root: "/run/app/static", ..SOUND },
        Paths { haproxy: "/run/sslscale.sock", ..SOUND },
        Paths { root: "/var/www/html", log: Some("/opt/logs/a.log"), ..SOUND },
        Paths { certificates: ["/run/secrets/a", "/etc/nginx/ssl/a"], ..SOUND },
        Paths { keys: ["/etc/letsencrypt/live/a/privkey.pem", "/usr/local/etc/ssl/a"], ..SOUND },
    ] {
        accepted(&sound.inventory());
    }
}

#[test]
fn logs_that_are_not_files_have_no_path() {
    let nginx = |more: &str| with(&format!("nginx: {{ {more} }}\n"));
    for log in ["\"off\"", "syslog:server=unix:/dev/log", "\"syslog:server=[fd00::5]:514,tag=a\""] {
        accepted(&nginx(&format!("access_log: {log}")));
    }
    // With `stock` nothing is logged there.
    accepted(&nginx("access_log: /srv/a.log, log_format: stock"));
    assert_eq!(refusals(&nginx("access_log: /srv/a.log")), [("IN09", "/srv/a.log".to_owned())]);
    // The default log, below a root.
    assert_eq!(refusals(&replaced("root: /srv", "root: /var")), [("IN09", "/var".to_owned())]);
    assert_eq!(refusals(&nginx("access_log: a.log")), [("IN06", "a.log".to_owned())]);
    let challenges = "http: { acme_challenge: { app_server: srv1, root: /var/acme } }\n";
    accepted(&with(challenges));
    let below = with(&format!("nginx: {{ access_log: /var/acme/a.log }}\n{challenges}"));
    assert_eq!(refusals(&below), [("IN09", "/var/acme/a.log".to_owned())]);
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Certificate,
    Key,
    Log,
    Root,
    Socket,
}
use Kind::{Certificate, Key, Log, Root, Socket};

/// Whether the paths of a kind may not be there: written down apart from the table.
fn owned(kind: Kind, path: &str) -> bool {
    match path {
        "/dev/null" | "/etc/nginx/nginx.conf" => true,
        "/opt" => kind != Root,
        _ if path.starts_with("/etc/") => matches!(kind, Log | Socket),
        _ if path.starts_with("/run/") || path.starts_with("/var/run/") => kind == Log,
        _ if path.starts_with("/var/log/") => matches!(kind, Certificate | Key | Root),
        _ => false,
    }
}

/// Whether one host can have both.
fn together((one, first): (Kind, &str), (other, second): (Kind, &str)) -> bool {
    let parts = |path: &str| path.replace("/var/run", "/run").split('/').map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (parts(first), parts(second));
    let pem = |kind| matches!(kind, Certificate | Key);
    if first == second {
        return one == other || pem(one) && pem(other);
    }
    let below = |(child, path): (Kind, &[String]), (parent, above): (Kind, &[String])| {
        path.starts_with(above) && !(parent == Root && child != Log)
    };
    !below((one, &first), (other, &second)) && !below((other, &second), (one, &first))
}

impl Paths {
    fn any() -> impl Strategy<Value = Self> {
        let path = || {
            prop::sample::select(vec![
                "/etc/ssl/a",
                "/etc/ssl/a/b",
                "/etc/ssl/ab",
                "/opt",
                "/opt/a",
                "/opt/a/b",
                "/opt/a/b/c",
                "/opt/ab",
                "/run/a",
                "/var/run/a",
                "/var/log/nginx/a.log",
                "/dev/null",
                "/etc/nginx/nginx.conf",
            ])
        };
        let pair = || (path(), path(), any::<bool>());
        let logs = (proptest::option::of(path()), proptest::option::of(path()));
        (pair(), pair(), path(), path(), logs, 0..8_u8).prop_map(|(one, two, root, socket, (log, its_log), mask)| {
            // Most fields are sound, so that some fleets are.
            let pick = |bit: u8, found: &'static str, sound: &'static str| if mask & bit == 0 { sound } else { found };
            Self {
                certificates: [if one.2 { one.0 } else { "/etc/ssl/1.crt" }, pick(1, two.0, "/etc/ssl/2.crt")],
                keys: [pick(2, one.1, "/etc/ssl/1.key"), if two.2 { two.1 } else { "/etc/ssl/2.key" }],
                root: pick(4, root, "/srv/a"),
                socket: if one.2 { "/run/b" } else { socket },
                log: log.filter(|_| two.2),
                its_log,
                haproxy: "/dev/log",
            }
        })
    }

    /// What the paths of each app server are.
    fn hosts(&self) -> [Vec<(Kind, &'static str)>; 2] {
        let default = "/var/log/nginx/access.log";
        let log = self.log.unwrap_or(default);
        let pem = |index: usize| [(Certificate, self.certificates[index]), (Key, self.keys[index])];
        let first = [[(Root, self.root), (Log, log)], pem(0)].concat();
        let second = [[(Socket, self.socket), (Log, self.its_log.unwrap_or(log))], pem(1)].concat();
        [first, second]
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(2000), failure_persistence: None, ..ProptestConfig::default() })]

    /// Any two paths of a host that cannot be together are refused, and nothing else is.
    #[test]
    fn random_paths_are_refused_exactly_where_they_meet(paths in Paths::any()) {
        let wrong = |host: &[(Kind, &'static str)]| {
            let taken = host.iter().any(|(kind, path)| owned(*kind, path));
            taken || host.iter().any(|one| host.iter().any(|other| !together(*one, *other)))
        };
        let wanted = paths.hosts().iter().any(|host| wrong(host));
        let found = found(&paths);
        prop_assert_eq!(!found.is_empty(), wanted, "{:?}\n{}", found, paths.inventory());
    }
}
