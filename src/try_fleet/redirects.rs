//! Where a redirect leads: back to the fleet, or out of it. Pure; the requests are made elsewhere.

/// More redirects in a row than this make no sense; browsers give up after some twenty.
pub(super) const MOST: usize = 8;

/// A name and a path, with its query, on the port of the fleet that clients use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) path: String,
}

/// The place that `url` leads to, for a client that was at `from`. Plain HTTP on the fleet's port leads to
/// the same place over TLS. `None` if it is another port.
pub(super) fn place(url: &str, from: &Place, tls_port: u16, plain_port: Option<u16>) -> Option<Place> {
    let url = url.split('#').next().unwrap_or_default();
    if url.starts_with('/') && !url.starts_with("//") {
        return Some(Place { name: from.name.clone(), path: url.to_owned() });
    }
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u16>().ok()?)),
        None => (authority, None),
    };
    let ours = match scheme.to_ascii_lowercase().as_str() {
        "https" => port.unwrap_or(443) == tls_port,
        "http" => Some(port.unwrap_or(80)) == plain_port,
        _ => false,
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    ours.then(|| Place { name: name.to_ascii_lowercase(), path: format!("{slash}{path}") })
}

/// What is wrong with redirects through these places, the last of which redirects to `next`.
pub(super) fn circle(visited: &[Place], next: &Place) -> Option<String> {
    let show = |places: &[Place]| {
        let all = places.iter().chain([next]).map(|it| format!("https://{}{}", it.name, it.path));
        all.collect::<Vec<_>>().join(" → ")
    };
    if let Some(first) = visited.iter().position(|place| place == next) {
        return Some(format!("a browser would fail: redirects lead in a circle: {}", show(&visited[first..])));
    }
    let more = visited.len() > MOST;
    more.then(|| format!("a browser would fail: more than {MOST} redirects: {}", show(&visited[visited.len() - 2..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, path: &str) -> Place {
        Place { name: name.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn only_urls_of_the_fleet_are_places() {
        let from = at("example.com", "/a");
        let cases = [
            ("https://www.example.com", Some(at("www.example.com", "/"))),
            ("https://Example.com/b?c#d", Some(at("example.com", "/b?c"))),
            ("https://example.com?c", Some(at("example.com", "/?c"))),
            ("https://example.com:443/", Some(at("example.com", "/"))),
            ("http://example.com/x", Some(at("example.com", "/x"))),
            ("/y", Some(at("example.com", "/y"))),
            ("https://example.com:8443/", None),
            ("http://example.com:8080/", None),
            ("mailto:someone", None),
        ];
        for (url, wanted) in cases {
            assert_eq!(place(url, &from, 443, Some(80)), wanted, "{url}");
        }
        assert_eq!(place("http://example.com/x", &from, 443, None), None);
    }

    #[test]
    fn a_circle_is_found_and_so_is_a_spiral() {
        let mut visited = vec![at("a", "/"), at("b", "/")];
        assert_eq!(circle(&visited, &at("c", "/")), None);
        let told = circle(&visited, &at("b", "/")).unwrap();
        assert!(told.ends_with("in a circle: https://b/ → https://b/"), "{told}");
        visited.extend((0..MOST).map(|n| at("a", &"/x".repeat(n + 1))));
        assert!(circle(&visited, &at("z", "/")).is_some_and(|told| told.contains("more than 8 redirects")));
    }
}
