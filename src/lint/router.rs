//! Where a request of a client ends up, as far as names, ports and paths decide it.

use std::collections::{HashMap, HashSet};

use crate::inventory::Inventory;
use crate::inventory::model::{ACME_CHALLENGE, AcmeChallenge, Http, Site, Target};
use crate::inventory::types::LocationMatch;

/// The fleet's names and ports.
pub struct Router<'f> {
    pub inventory: &'f Inventory,
    names: HashMap<&'f str, usize>,
    /// By what follows the star.
    wildcards: HashMap<&'f str, usize>,
    ports: HashSet<u16>,
}

/// What becomes of a request.
pub enum Hop {
    /// It is redirected to this URL by a location: the indices of its site and its own.
    Location(usize, usize, String),
    /// It is redirected to this URL by a balancer.
    Balancer(String),
    /// It is answered, or it leads out of the fleet.
    End,
}

/// Redirects that lead back to the first of them.
pub struct Circle {
    /// Each of them once.
    pub urls: Vec<String>,
    /// The locations, by the indices of their sites and their own.
    pub redirects: Vec<(usize, usize)>,
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

/// The path that a browser requests for a path in a URL: it removes `.` and `..`, also those that are encoded.
fn as_browsers_ask(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(part) = rest.next() {
        let dots = part.to_ascii_lowercase().replace("%2e", ".");
        if dots == ".." {
            parts.pop();
        }
        match dots.as_str() {
            "." | ".." if rest.peek().is_none() => parts.push(""),
            "." | ".." => {}
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether a part of the path starts with a dot, other than `.well-known`: with files, nginx answers 404.
pub fn has_dotfile(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part != ".well-known")
}

impl<'f> Router<'f> {
    /// The router of a fleet.
    pub fn new(inventory: &'f Inventory) -> Self {
        let (mut names, mut wildcards) = (HashMap::new(), HashMap::new());
        for (index, site) in inventory.sites.iter().enumerate() {
            for name in &site.server_names {
                match name.wildcard() {
                    Some(parent) => wildcards.insert(parent, index),
                    None => names.insert(name.as_str(), index),
                };
            }
        }
        let ports = inventory.load_balancers.iter().map(|it| it.haproxy.public_port().0).collect();
        Self { inventory, names, wildcards, ports }
    }

    /// The site that answers for a name: an exact one, else that of the longest wildcard.
    pub fn site_of(&self, host: &str) -> Option<usize> {
        let parents = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
        self.names.get(host).or_else(|| parents.into_iter().find_map(|parent| self.wildcards.get(parent))).copied()
    }

    /// What becomes of a request for `url`.
    pub fn hop(&self, url: &str) -> Hop {
        let Some((scheme, rest)) = url.split_once("://") else { return Hop::End };
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let path = &as_browsers_ask(path.split('?').next().unwrap_or_default());
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let Some(site) = self.site_of(&host) else { return Hop::End };
        if scheme == "http" {
            return self.plain(&host, port.parse().unwrap_or(80), path);
        }
        if !self.ports.contains(&port.parse().unwrap_or(443)) {
            return Hop::End;
        }
        let location = as_nginx_reads(path).and_then(|path| location_of(&self.inventory.sites[site], &path));
        match location.map(|index| (index, &self.inventory.sites[site].locations[index].target)) {
            Some((index, Target::Redirect(redirect))) => {
                let appended = if redirect.append_request_uri { path } else { "" };
                Hop::Location(site, index, format!("{}{appended}", redirect.url))
            }
            _ => Hop::End,
        }
    }

    /// Plain HTTP, which balancers answer.
    fn plain(&self, host: &str, port: u16, path: &str) -> Hop {
        let Some(http) = &self.inventory.http else { return Hop::End };
        if http.public_port.unwrap_or(http.port).0 != port {
            return Hop::End;
        }
        let tls = self.inventory.load_balancers[0].haproxy.public_port();
        let port = if tls.0 == 443 { String::new() } else { format!(":{tls}") };
        let secure = Hop::Balancer(format!("https://{host}{port}{path}"));
        match http {
            Http { acme_challenge: Some(challenge), .. } if path.starts_with(ACME_CHALLENGE) => match challenge {
                AcmeChallenge::Redirect(url) => Hop::Balancer(format!("{url}{path}")),
                AcmeChallenge::AppServers { .. } => Hop::End,
            },
            Http { .. } => secure,
        }
    }

    /// Follows redirects from `start` on until a URL comes again. `None` if none does.
    pub fn circle(&self, start: &str) -> Option<Circle> {
        let (mut urls, mut redirects) = (Vec::new(), Vec::new());
        let mut url = start.to_owned();
        loop {
            if let Some(first) = urls.iter().position(|it| *it == url) {
                let redirects = redirects.split_off(first).into_iter().flatten().collect();
                return Some(Circle { urls: urls.split_off(first), redirects });
            }
            urls.push(url.clone());
            // No client follows as many.
            if urls.len() > 64 {
                return None;
            }
            url = match self.hop(&url) {
                Hop::Location(site, location, next) => {
                    redirects.push(Some((site, location)));
                    next
                }
                Hop::Balancer(next) => {
                    redirects.push(None);
                    next
                }
                Hop::End => return None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{as_browsers_ask, as_nginx_reads};

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

    #[test]
    fn a_browser_does_not_ask_for_dots() {
        for (path, asked) in [
            ("", "/"),
            ("/", "/"),
            ("/a/../../b", "/b"),
            ("/a//../b", "/a/b"),
            ("//a/./b", "//a/b"),
            ("/a/%2E%2e/b/.", "/b/"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
            ("/a%2f..%61", "/a%2f..%61"),
        ] {
            assert_eq!(as_browsers_ask(path), asked, "{path}");
        }
    }
}
