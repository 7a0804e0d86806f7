//! Where a request of a client ends up, as far as names, ports and paths decide it.

use std::collections::{HashMap, HashSet};

use crate::inventory::Inventory;
use crate::inventory::model::{ACME_CHALLENGE, AcmeChallenge, Http, Target};
use crate::inventory::routing::{adds_slash, answering, as_nginx_reads};

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
    /// It is redirected to this URL by a location: the indices of its site and its own. With the path that nginx went
    /// on to by itself, if it did.
    Location(usize, usize, String, Option<String>),
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
    /// The first URL from which nginx goes on by itself, and the path that it goes on to.
    pub page: Option<(String, String)>,
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
        let site_of = &self.inventory.sites[site];
        let read = as_nginx_reads(path).filter(|path| !adds_slash(site_of, path));
        let answering = read.as_ref().map(|path| answering(site_of, path));
        let location = answering.as_ref().and_then(|it| it.location);
        match location.map(|index| (index, &site_of.locations[index].target)) {
            Some((index, Target::Redirect(redirect))) => {
                let appended = if redirect.append_request_uri { path } else { "" };
                let page = answering.map(|it| it.path).filter(|path| Some(path) != read.as_ref());
                Hop::Location(site, index, format!("{}{appended}", redirect.url), page)
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
                AcmeChallenge::AppServers { .. } | AcmeChallenge::Answered(_) => Hop::End,
            },
            Http { .. } => secure,
        }
    }

    /// Follows redirects from `start` on until a URL comes again. `None` if none does.
    pub fn circle(&self, start: &str) -> Option<Circle> {
        let (mut urls, mut redirects, mut pages) = (Vec::new(), Vec::new(), Vec::new());
        let mut url = start.to_owned();
        loop {
            if let Some(first) = urls.iter().position(|it| *it == url) {
                let redirects = redirects.split_off(first).into_iter().flatten().collect();
                let urls = urls.split_off(first);
                let page = pages.into_iter().find(|(url, _)| urls.contains(url));
                return Some(Circle { urls, redirects, page });
            }
            urls.push(url.clone());
            // No client follows as many.
            if urls.len() > 64 {
                return None;
            }
            url = match self.hop(&url) {
                Hop::Location(site, location, next, page) => {
                    redirects.push(Some((site, location)));
                    pages.extend(page.map(|page| (url, page)));
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
    use super::as_browsers_ask;

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
