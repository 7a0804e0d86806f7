//! Which location of a site answers a request: the one that nginx chooses for the path, and then the ones that
//! it goes on to by itself, for the page of a directory or a fallback script. Knows no files.

use std::net::IpAddr;

use super::model::{Limits, Location, Site, Target};
use super::types::LocationMatch;

/// nginx gives up with status 500 after as many internal redirects.
const MOST: usize = 10;

/// What answers a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answering {
    /// The index of the location; `None` for what no location takes.
    pub location: Option<usize>,
    /// The path that it gets: another than the client asked for after an internal redirect.
    pub path: String,
}

/// The location that nginx chooses for a path that it has [read](as_nginx_reads).
pub fn location_of(site: &Site, path: &str) -> Option<usize> {
    let locations = || site.locations.iter().enumerate();
    let exact = |matching| matching == LocationMatch::Exact;
    let whole = locations().find(|(_, it)| exact(it.matching) && it.path.as_str() == path);
    let start = || locations().filter(|(_, it)| !exact(it.matching) && path.starts_with(it.path.as_str()));
    whole.or_else(|| start().max_by_key(|(_, it)| it.path.as_str().len())).map(|(index, _)| index)
}

/// A request's path as nginx compares it with locations: decoded, with single slashes and without `.` and `..`.
/// `None` if it answers 400. A query is cut off.
pub fn as_nginx_reads(path: &str) -> Option<String> {
    let mut decoded = Vec::new();
    let mut bytes = path.split(['?', '#']).next().unwrap_or_default().bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let byte = if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte };
        decoded.push(Some(byte).filter(|byte| *byte != 0)?);
    }
    let decoded = String::from_utf8_lossy(&decoded);
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => parts.truncate(parts.len().checked_sub(1)?),
            part => parts.push(part),
        }
    }
    let is_directory = matches!(decoded.rsplit('/').next(), Some("" | "." | ".."));
    let end = if is_directory && !parts.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", parts.join("/")))
}

/// Whether nginx answers this path with a redirect to the same with a slash: it does for locations that pass
/// requests on, unless there is one for the path itself.
pub fn adds_slash(site: &Site, path: &str) -> bool {
    let passes = |it: &Location| match it.target {
        // Scripts are passed on in a location within it.
        Target::Fastcgi(_) => it.fallback.is_none(),
        _ => it.target.passes(),
    };
    let with_slash = |it: &&Location| it.path.as_str().strip_suffix('/') == Some(path);
    let itself = site.locations.iter().any(|it| it.path.as_str() == path);
    !itself && site.locations.iter().filter(with_slash).any(passes)
}

/// The location that answers a request for a path that nginx has [read](as_nginx_reads). A directory has an
/// `index.html`, and nothing else is a file, so that fallback scripts get it.
pub fn answering(site: &Site, path: &str) -> Answering {
    let mut at = Answering { location: location_of(site, path), path: path.to_owned() };
    for _ in 0..MOST {
        let Some(path) = redirected(site, at.location, &at.path).filter(|path| *path != at.path) else { break };
        at = Answering { location: location_of(site, &path), path };
    }
    at
}

/// The locations, by index, that a request for a path that nginx has [read](as_nginx_reads) is in before its answer.
/// Files that are not served are refused in a location within the last of them, and nginx adds a slash before it
/// chooses one.
fn visited(site: &Site, path: &str) -> Vec<usize> {
    let mut path = path.to_owned();
    let mut visited = Vec::new();
    for _ in 0..=MOST {
        let location = location_of(site, &path);
        if adds_slash(site, &path) || is_refused(site, location, &path) {
            break;
        }
        visited.extend(location);
        match redirected(site, location, &path).filter(|next| *next != path) {
            Some(next) => path = next,
            None => break,
        }
    }
    visited
}

impl Site {
    /// Whether a client with this address gets an answer for a path that nginx has [read](as_nginx_reads).
    pub fn admits(&self, client: IpAddr, path: &str) -> bool {
        let visited = visited(self, path);
        let mut lists = std::iter::once(&self.access).chain(visited.iter().map(|index| &self.locations[*index].access));
        lists.all(|list| list.admits(client))
    }
}

impl Site {
    /// Where a request for a path that nginx has [read](as_nginx_reads) is counted, if `has` says which limits there are:
    /// the index of the location whose limit it is, or `Some(None)` for the site's.
    pub fn counts(&self, path: &str, has: impl Fn(&Limits) -> bool) -> Option<Option<usize>> {
        let first = location_of(self, path);
        // nginx answers these before it counts.
        if adds_slash(self, path) || is_refused(self, first, path) || first.is_none() && self.root.is_none() {
            return None;
        }
        let limit = |index: usize| {
            let own = has(&self.locations[index].limits).then_some(Some(index));
            own.or_else(|| has(&self.limits).then_some(None))
        };
        let answers = |index: &usize| !matches!(self.locations[*index].target, Target::Redirect(_) | Target::Answer(_));
        match first {
            None => has(&self.limits).then_some(None),
            Some(_) => visited(self, path).into_iter().take_while(answers).find_map(limit),
        }
    }
}

/// The path that nginx itself goes on with, in whichever location takes that.
fn redirected(site: &Site, location: Option<usize>, path: &str) -> Option<String> {
    if is_refused(site, location, path) {
        return None;
    }
    let index = || path.ends_with('/').then(|| format!("{path}index.html"));
    match location.map(|index| &site.locations[index]) {
        None => index().filter(|_| site.root.is_some()),
        // `try_files` finds the page of a directory, and a fallback that is a file, in the same location.
        Some(Location { target: Target::Root(_), fallback: Some(_), .. }) => None,
        Some(Location { target: Target::Root(_), .. }) => index(),
        Some(Location { target: Target::Fastcgi(_), fallback: Some(script), .. }) => {
            (!runs(path)).then(|| script.as_str().to_owned())
        }
        Some(_) => None,
    }
}

/// Whether nginx itself answers 404 in this location, whatever files there are: dotfiles are not served, and
/// scripts are run or not served.
pub fn is_refused(site: &Site, location: Option<usize>, path: &str) -> bool {
    match location.map(|index| &site.locations[index]) {
        Some(Location { matching: LocationMatch::Exact, .. }) => false,
        None => site.root.is_some() && (has_dotfile(path) || site.runs_scripts() && has_script(path)),
        Some(Location { target: Target::Root(_), .. }) => has_dotfile(path) || site.runs_scripts() && has_script(path),
        Some(Location { target: Target::Fastcgi(_), fallback: Some(_), .. }) => {
            has_dotfile(path) || has_script(path) && !runs(path)
        }
        Some(_) => false,
    }
}

/// Whether a location with a fallback script runs the script in this path.
fn runs(path: &str) -> bool {
    path.ends_with(".php") || path.contains(".php/")
}

/// Whether a part of the path starts with a dot, other than `.well-known`: with files, nginx answers 404.
pub fn has_dotfile(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part != ".well-known")
}

/// Whether a part of the path has the name of a script, which `nginx-scripts.conf.tera` answers with 404.
pub fn has_script(path: &str) -> bool {
    let is_script = |part: &str| {
        let end = part.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
        let version = end.strip_prefix("php").map(str::as_bytes);
        matches!(version, Some([] | [b'0'..=b'9' | b's'])) || end == "phtml" || end == "phar"
    };
    path.split('/').any(is_script)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory;
    use crate::source::Source;

    const SITE: &str = r#"
load_balancers: [ { name: lb1, address: 10.0.0.10 } ]
app_servers: [ { name: srv1, address: 10.0.0.11 } ]
sites:
  - server_name: example.com
    root: /srv/site
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations:
      - { path: /, match: exact, root: /srv/site }
      - { path: /index.html, match: exact, return: { url: "https://example.org" } }
      - { path: /docs/, root: /srv/site }
      - { path: /docs/index.html, match: exact, proxy_pass: "http://127.0.0.1:8000" }
      - { path: /app/, root: /srv/site, fallback: /index.html }
      - { path: /php/, fastcgi_pass: "127.0.0.1:9000", fallback: /php/public/index.php }
      - { path: /php/public/, root: /srv/site }
      - { path: /one/, fastcgi_pass: "127.0.0.1:9000", fallback: /one/index.php }
      - { path: /two/, fastcgi_pass: "127.0.0.1:9000" }
      - { path: /exact/, match: exact, uwsgi_pass: "127.0.0.1:3031" }
"#;

    /// The same on real nginx: `served::locations` of the integration tests, and what `try` foretells.
    #[test]
    fn nginx_goes_on_to_other_locations_by_itself() {
        let inventory = inventory::check(&Source::new("t", SITE)).inventory.unwrap();
        let site = &inventory.sites[0];
        let cases: [(&str, Option<usize>, &str); 16] = [
            ("/", Some(1), "/index.html"),
            ("/index.html", Some(1), "/index.html"),
            ("/docs/", Some(3), "/docs/index.html"),
            ("/docs/a/", Some(2), "/docs/a/index.html"),
            ("/docs/.git/", Some(2), "/docs/.git/"),
            ("/docs/x.php/", Some(2), "/docs/x.php/"),
            ("/app/", Some(4), "/app/"),
            ("/app/x", Some(4), "/app/x"),
            ("/php/x", Some(6), "/php/public/index.php"),
            ("/php/x.php", Some(5), "/php/x.php"),
            ("/php/x.phtml", Some(5), "/php/x.phtml"),
            ("/php/.env", Some(5), "/php/.env"),
            ("/one/x/", Some(7), "/one/index.php"),
            ("/two/x/", Some(8), "/two/x/"),
            ("/rest/", None, "/rest/index.html"),
            ("/rest", None, "/rest"),
        ];
        for (asked, location, path) in cases {
            let wanted = Answering { location, path: path.to_owned() };
            assert_eq!(answering(site, asked), wanted, "{asked}");
        }
        let slashed = ["/docs", "/app", "/php", "/one", "/two", "/two/", "/exact", "/index.html"];
        let slashed = slashed.map(|path| adds_slash(site, path));
        assert_eq!(slashed, [false, false, false, false, true, false, true, false]);
        let refused = |path: &str| is_refused(site, location_of(site, path), path);
        for path in ["/docs/.git/", "/docs/x.php/", "/docs/X.PHP", "/php/x.phtml", "/php/.env", "/rest/.env"] {
            assert!(refused(path), "{path}");
        }
        for path in ["/docs/x", "/php/x.php", "/two/.env", "/index.html", "/.well-known/x"] {
            assert!(!refused(path), "{path}");
        }
    }

    /// Seen with nginx 1.22.1, by the location of each that answered.
    #[test]
    fn a_path_is_decoded_and_normalised_before_it_is_compared() {
        for (path, read) in [
            ("/a", "/a"),
            ("/%61%2Fb", "/a/b"),
            ("//a///b//", "/a/b/"),
            ("/a/./b/.", "/a/b/"),
            ("/a/x/../b", "/a/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/..", "/"),
            ("/%2561", "/%61"),
            ("/a?b=//%zz", "/a"),
            ("/a%3fb", "/a?b"),
            ("/...", "/..."),
            ("/", "/"),
        ] {
            assert_eq!(as_nginx_reads(path).as_deref(), Some(read), "{path}");
        }
        for refused in ["/..", "/a/../../b", "//x/../../y", "/%2e%2e/z", "/%00", "/%", "/%4", "/%zz"] {
            assert_eq!(as_nginx_reads(refused), None, "{refused}");
        }
    }
}
