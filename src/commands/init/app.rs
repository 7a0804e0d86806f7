//! What people call the ways to an app.

use crate::starter::Kind;

/// What answers the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Kind(Kind),
    /// No app: the files of a directory.
    Root,
}

/// Other names than those of the inventory's keys.
const NAMES: [(&str, App); 23] = [
    ("proxy", App::Kind(Kind::Proxy)),
    ("http", App::Kind(Kind::Proxy)),
    ("node", App::Kind(Kind::Proxy)),
    ("nodejs", App::Kind(Kind::Proxy)),
    ("gunicorn", App::Kind(Kind::Proxy)),
    ("puma", App::Kind(Kind::Proxy)),
    ("rails", App::Kind(Kind::Proxy)),
    ("spring", App::Kind(Kind::Proxy)),
    ("spring boot", App::Kind(Kind::Proxy)),
    ("tomcat", App::Kind(Kind::Proxy)),
    ("uwsgi", App::Kind(Kind::Uwsgi)),
    ("fastcgi", App::Kind(Kind::Fastcgi)),
    ("fcgi", App::Kind(Kind::Fastcgi)),
    ("fpm", App::Kind(Kind::Fastcgi)),
    ("php", App::Kind(Kind::Fastcgi)),
    ("php-fpm", App::Kind(Kind::Fastcgi)),
    ("wordpress", App::Kind(Kind::Fastcgi)),
    ("grpc", App::Kind(Kind::Grpc)),
    ("root", App::Root),
    ("static", App::Root),
    ("files", App::Root),
    ("file", App::Root),
    ("html", App::Root),
];

/// What an answer means.
pub fn parse(answer: &str) -> Option<App> {
    let answer = answer.trim_matches(['`', '"', '\'']).to_ascii_lowercase().replace('_', "-");
    let name = answer.strip_suffix("-pass").unwrap_or(&answer);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, app)| *app)
}

/// What an answer is that says where the requests go. A socket may be that of any app.
pub fn of_target(answer: &str) -> Option<App> {
    match answer.split_once("://") {
        Some(("http" | "https", _)) => Some(App::Kind(Kind::Proxy)),
        Some(("grpc" | "grpcs", _)) => Some(App::Kind(Kind::Grpc)),
        _ => answer.starts_with('/').then_some(App::Root),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_other_names_are_understood() {
        for kind in Kind::ALL {
            assert_eq!(parse(kind.key()), Some(App::Kind(kind)), "{kind:?}");
        }
        for (answer, wanted) in [
            ("root", Some(App::Root)),
            ("Static", Some(App::Root)),
            ("PHP", Some(App::Kind(Kind::Fastcgi))),
            ("`fastcgi-pass`", Some(App::Kind(Kind::Fastcgi))),
            ("php-fpm", Some(App::Kind(Kind::Fastcgi))),
            ("http", Some(App::Kind(Kind::Proxy))),
            ("http://127.0.0.1:8000", None),
            ("-pass", None),
            ("cobol", None),
        ] {
            assert_eq!(parse(answer), wanted, "{answer}");
        }
    }

    #[test]
    fn a_target_says_what_it_is() {
        for (answer, wanted) in [
            ("http://127.0.0.1:3000", Some(App::Kind(Kind::Proxy))),
            ("grpcs://10.0.0.1:50051", Some(App::Kind(Kind::Grpc))),
            ("/srv/app", Some(App::Root)),
            ("unix:/run/app.sock", None),
            ("cobol", None),
        ] {
            assert_eq!(of_target(answer), wanted, "{answer}");
        }
    }
}
