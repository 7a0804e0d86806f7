//! From a site to the requests that prove it: for every location its bare path and paths below it,
//! each with the answer and with what the app must receive. Pure; it foretells what nginx does with
//! the inventory's values and reads no rendered file.

use std::collections::BTreeMap;

use super::scripts::{self, Scripts};
use super::spec::{Offered, Probe, ProbeKind, SiteSpec};
use super::upstreams::{is_shared, is_taken, is_too_small};
use crate::inventory::Inventory;
use crate::inventory::model::{AppServer, Location, Site, Target};
use crate::inventory::openssl::{Authentication, Offer};
use crate::inventory::types::{AccessLog, LocationMatch, LogFormat, TlsVersion};

/// What is requested below a location: a plain segment, one that has to be encoded, and a query.
const BELOW: &str = "a-path/x";
const ENCODED: &str = "a%20path/%C3%A9";
const QUERY: &str = "a=%2F%20b&c";

/// [`ENCODED`] as an app or a file system has it.
const DECODED: &str = "a path/é";

/// The requests for each location of a site, and for what its locations leave over.
pub(super) fn of_site(inventory: &Inventory, scripts: &Scripts, site: &Site) -> Vec<SiteSpec> {
    let pool = &inventory.pools[site.pool];
    let members: Vec<&AppServer> = pool.app_servers(inventory).collect();
    let plain = SiteSpec {
        name: inventory.sample_name(site),
        unlogged: members.iter().filter(|app| !is_logged(app)).map(|app| app.name.to_string()).collect(),
        pool_hosts: members.iter().map(|app| app.name.to_string()).collect(),
        location: "/".to_owned(),
        probes: Vec::new(),
        driven: Ok(()),
        offers: offers(&members, site),
    };
    if plain.offers.is_empty() {
        let why = "needs a certificate with an RSA key, which stand-ins do not have: write `ssl_certificate_source`";
        return vec![SiteSpec { driven: Err(why.to_owned()), ..plain }];
    }
    let known = (inventory, scripts);
    let locations = site.locations.iter().map(|location| of_location(known, &plain, site, location));
    locations.chain(rest(&plain, site)).collect()
}

/// Whether no browser gets a connection over TLS 1.2 because the site's certificates are stand-ins: these
/// have ECDSA keys, and browsers have ciphers of this app server for RSA keys alone.
fn needs_rsa(app: &AppServer, site: &Site) -> bool {
    let browsers_have = |kind| {
        let mut known = Offer::of(&app.nginx).known().collect::<Vec<_>>().into_iter();
        known.any(|cipher| cipher.authentication == kind && cipher.is_in_browsers())
    };
    let stand_ins = site.certificates.iter().all(|certificate| certificate.source.is_none());
    stand_ins && !browsers_have(Authentication::Ecdsa) && browsers_have(Authentication::Rsa)
}

/// The versions that every app server of a pool offers, combined; empty if stand-ins of apps can have no such connection.
fn offers(members: &[&AppServer], site: &Site) -> Vec<Offered> {
    let all = |version| members.iter().all(|app| Offer::of(&app.nginx).protocols.contains(&version));
    let http2 = match members.iter().filter(|app| app.nginx.http2).count() {
        0 => vec![Some(false)],
        count if count == members.len() => vec![Some(true), Some(false)],
        _ => vec![None],
    };
    let tls = [(TlsVersion::Tls13, "1.3"), (TlsVersion::Tls12, "1.2")];
    let needs_rsa = members.iter().any(|app| needs_rsa(app, site));
    let mut tls: Vec<_> = tls.into_iter().filter(|it| all(it.0)).map(|it| Some(it.1.to_owned())).collect();
    if tls.is_empty() {
        tls.push(None);
    }
    tls.retain(|tls| tls.as_deref() == Some("1.3") || !needs_rsa);
    tls.iter().flat_map(|tls| http2.iter().map(|http2| Offered { http2: *http2, tls: tls.clone() })).collect()
}

/// What no location takes: files below the site's root, or a 404.
fn rest(plain: &SiteSpec, site: &Site) -> Option<SiteSpec> {
    let at_root = |matching| site.locations.iter().any(|it| it.path.as_str() == "/" && it.matching == matching);
    if at_root(LocationMatch::Prefix) {
        return None;
    }
    let mut probes = match &site.root {
        Some(_) => files("/"),
        None => vec![Probe { status: 404, ..Probe::new(format!("/{BELOW}")) }],
    };
    probes.retain(|probe| probe.path != "/" || !at_root(LocationMatch::Exact));
    Some(SiteSpec { probes, ..plain.clone() })
}

fn of_location(known: (&Inventory, &Scripts), plain: &SiteSpec, site: &Site, location: &Location) -> SiteSpec {
    let (inventory, scripts) = known;
    let path = location.path.as_str();
    let exact = location.matching == LocationMatch::Exact;
    let not_driven =
        |why: &str| SiteSpec { location: path.to_owned(), driven: Err(format!("`{path}` {why}")), ..plain.clone() };
    let probes = match &location.target {
        _ if is_taken(inventory, site, location) => {
            return not_driven("passes requests to a port that nginx takes itself on the app servers of a try-out");
        }
        _ if is_shared(inventory, site, location) => {
            return not_driven("calls a gRPC app on a socket that takes plain HTTP too, which stand-ins do not");
        }
        _ if is_too_small(inventory, site, location) => {
            return not_driven("takes no gRPC message: `client_max_body_size` is less than 5 bytes");
        }
        Target::Root(_) if exact && file(inventory, location).is_some() => vec![Probe::new(path.to_owned())],
        Target::Root(_) if exact || twin(site, location) => {
            return not_driven("serves files whose names are not known to the try-out");
        }
        Target::Root(_) => {
            let mut probes = files(&directory(path));
            let missing = Probe::new(format!("{}no-file/x", directory(path)));
            probes.push(Probe { status: if location.fallback.is_some() { 200 } else { 404 }, ..missing });
            probes
        }
        Target::Redirect(redirect) => {
            let status = redirect.code.name().parse().unwrap_or_default();
            let to = |uri: &str| format!("{}{}", redirect.url, if redirect.append_request_uri { uri } else { "" });
            let probe = |path: String| Probe { status, redirect: Some(to(&path)), ..Probe::new(path) };
            paths(site, location).into_iter().map(|asked| probe(asked.uri())).collect()
        }
        target => {
            let asked = paths(site, location);
            let plain = asked.iter().map(|asked| to_app(scripts, site, location, asked));
            let handshake = plain.clone().take(usize::from(matches!(target, Target::Proxy(_))));
            plain.chain(handshake.map(|probe| Probe { kind: ProbeKind::WebSocket, status: 101, ..probe })).collect()
        }
    };
    SiteSpec { location: path.to_owned(), probes, ..plain.clone() }
}

/// Requests for indexes of directories, which the try-out makes.
fn files(directory: &str) -> Vec<Probe> {
    let below = |path: &str| Probe::new(format!("{directory}{path}/"));
    let mut query = below(BELOW);
    query.path.push_str(&format!("?{QUERY}"));
    vec![Probe::new(directory.to_owned()), query, below(ENCODED)]
}

/// The directories whose indexes are requested below a document root.
pub(super) fn roots(site: &Site) -> Vec<String> {
    let below = |location: &Location| match &location.target {
        Target::Root(_) if served(location).is_some() => None,
        Target::Root(root) => Some(format!("{root}{}", directory(location.path.as_str()))),
        _ => None,
    };
    let root = site.root.iter().map(|root| format!("{root}/"));
    let all = root.chain(site.locations.iter().filter_map(below));
    all.flat_map(|root| [format!("{root}{BELOW}"), format!("{root}{DECODED}"), root]).collect()
}

/// The file that an exact location serves, where the try-out can make it: no other location needs a
/// directory there.
pub(super) fn file(inventory: &Inventory, location: &Location) -> Option<String> {
    let file = served(location)?;
    let within = |path: &String| path.strip_prefix(&file).is_some_and(|rest| rest.starts_with('/'));
    let mut others = inventory.sites.iter().flat_map(|site| {
        let files = site.locations.iter().filter_map(served);
        roots(site).into_iter().chain(files)
    });
    let free = !others.any(|path| within(&path)) && !scripts::wanted(inventory).iter().any(within);
    free.then_some(file)
}

/// The file that an exact location serves. Files whose names start with a dot and scripts get 404.
fn served(location: &Location) -> Option<String> {
    let (path, Target::Root(root)) = (location.path.as_str(), &location.target) else { return None };
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    let hidden = path.contains("/.") || path.contains(".ph");
    let is_file = location.matching == LocationMatch::Exact && !path.ends_with('/');
    (plain && !hidden && is_file).then(|| format!("{root}{path}"))
}

/// A location's path as the path of a directory.
fn directory(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// A path to request, encoded and decoded, and its query.
struct Asked {
    raw: String,
    decoded: String,
    query: &'static str,
}

impl Asked {
    fn new(path: &str) -> Self {
        Self { raw: path.to_owned(), decoded: path.to_owned(), query: "" }
    }

    /// As in the first line of an HTTP/1.1 request.
    fn uri(&self) -> String {
        with_query(&self.raw, self.query)
    }
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// With the same path, an exact location serves the request for the bare path.
fn twin(site: &Site, location: &Location) -> bool {
    let same = |other: &Location| other.path == location.path && other.matching == LocationMatch::Exact;
    location.matching != LocationMatch::Exact && site.locations.iter().any(same)
}

/// The bare path and paths below it, as far as this location serves them.
fn paths(site: &Site, location: &Location) -> Vec<Asked> {
    let path = location.path.as_str();
    if location.matching == LocationMatch::Exact {
        return vec![Asked::new(path)];
    }
    if let (Target::Fastcgi(_), Some(script)) = (&location.target, &location.fallback) {
        return to_script(&directory(path), script.as_str());
    }
    let end = if matches!(location.target, Target::Fastcgi(_)) { ".php" } else { "" };
    let below = |raw: &str, decoded: &str, query| {
        let directory = directory(path);
        Asked { raw: format!("{directory}{raw}{end}"), decoded: format!("{directory}{decoded}{end}"), query }
    };
    let bare = (!twin(site, location)).then(|| Asked::new(path));
    let below = [below(BELOW, BELOW, ""), below(ENCODED, DECODED, ""), below(BELOW, BELOW, QUERY)];
    bare.into_iter().chain(below).collect()
}

/// Paths for which there are no files, so that the fallback script gets them.
fn to_script(directory: &str, script: &str) -> Vec<Asked> {
    let asked = |raw: &str, decoded: &str, query| Asked {
        raw: format!("{directory}no-file/{raw}"),
        decoded: format!("{directory}no-file/{decoded}"),
        query,
    };
    // nginx runs the index of a directory, which may be another script or a page.
    let bare = (format!("{directory}index.php") == script).then(|| Asked::new(directory));
    let below =
        [asked("x", "x", ""), asked(ENCODED, DECODED, ""), asked("x", "x", QUERY), asked("style.css", "style.css", "")];
    bare.into_iter().chain(below).collect()
}

/// The paths of the scripts that requests for this site's locations lead to.
pub(super) fn script_paths(site: &Site) -> Vec<String> {
    let root = site.root.as_ref().map(ToString::to_string).unwrap_or_default();
    let scripts = site.locations.iter().filter(|it| matches!(it.target, Target::Fastcgi(_)));
    scripts
        .flat_map(|location| paths(site, location).into_iter().map(|asked| script(location, &asked)))
        .map(|script| format!("{root}{script}"))
        .collect()
}

/// The script that a FastCGI app is to run, below the document root.
fn script(location: &Location, asked: &Asked) -> String {
    let index = if asked.decoded.ends_with('/') { "index.php" } else { "" };
    let fallback = location.fallback.as_ref().map(|script| script.as_str().to_owned());
    fallback.unwrap_or_else(|| format!("{}{index}", asked.decoded))
}

/// A request that an app answers, and what nginx must tell it.
fn to_app(scripts: &Scripts, site: &Site, location: &Location, asked: &Asked) -> Probe {
    let (uri, target) = (asked.uri(), &location.target);
    let received: Vec<(&str, String)> = match target {
        Target::Uwsgi(_) => vec![("REQUEST_URI", uri.clone()), ("PATH_INFO", asked.decoded.clone())],
        Target::Fastcgi(_) => {
            let script = script(location, asked);
            let root = site.root.as_ref().map(ToString::to_string).unwrap_or_default();
            vec![("REQUEST_URI", uri.clone()), ("SCRIPT_FILENAME", format!("{root}{script}")), ("SCRIPT_NAME", script)]
        }
        Target::Proxy(app) => match app.path() {
            // The part that the location matched is replaced, whatever its last character is.
            Some(path) => {
                let rest = asked.raw.get(location.path.as_str().len()..).unwrap_or_default();
                vec![("REQUEST_URI", with_query(&format!("{path}{rest}"), asked.query))]
            }
            None => vec![("REQUEST_URI", uri.clone())],
        },
        Target::Grpc(_) => vec![("REQUEST_URI", uri.clone())],
        Target::Root(_) | Target::Redirect(_) => Vec::new(),
    };
    let query = [("QUERY_STRING", asked.query.to_owned())];
    let query = query.into_iter().filter(|_| !matches!(target, Target::Proxy(_) | Target::Grpc(_)));
    let received: BTreeMap<String, String> =
        received.into_iter().chain(query).map(|(name, value)| (name.to_owned(), value)).collect();
    let status = received.get("SCRIPT_FILENAME").map_or(200, |script| scripts.status(script));
    let kind = if matches!(target, Target::Grpc(_)) { ProbeKind::Grpc } else { ProbeKind::Get };
    Probe { received: Some(received), kind, status, ..Probe::new(uri) }
}

/// Whether nginx writes its requests to a file; with the format `stock`, nginx.conf decides.
fn is_logged(app: &AppServer) -> bool {
    match app.nginx.access_log {
        AccessLog::File(_) => true,
        AccessLog::Syslog(_) => app.nginx.log_format == LogFormat::Stock,
        AccessLog::Off => false,
    }
}
