//! From a site to the requests that prove it: for every location its bare path and paths below it,
//! each with the answer and with what the app must receive. Pure; it foretells what nginx does with
//! the inventory's values and reads no rendered file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::paths::{Asked, Place, with_query};
use super::scripts::{self, Scripts};
use super::spec::{Offered, Probe, ProbeKind, SiteSpec};
use super::upstreams::{balancer, is_shared, is_taken, is_too_small, upstreams};
use crate::inventory::Inventory;
use crate::inventory::model::{Answer, AppServer, Location, NO_CERTIFICATE, Redirect, Site, Snippet, Target};
use crate::inventory::openssl::{Authentication, Offer};
use crate::inventory::routing::{answering, location_of};
use crate::inventory::types::{AccessLog, LocationMatch, LogFormat, TlsVersion, UpgradeProtocol};
use crate::stand_ins::CLIENT;

/// The requests for each location of a site, and for what its locations leave over.
pub(super) fn of_site(inventory: &Inventory, scripts: &Scripts, site: &Site) -> Vec<SiteSpec> {
    let pool = &inventory.pools[site.pool];
    let members: Vec<&AppServer> = pool.app_servers(inventory).collect();
    let plain = SiteSpec {
        name: inventory.sample_name(site),
        unknown: false,
        cdn: None,
        certified: site.client_certificates.is_some(),
        early: false,
        unlogged: members.iter().filter(|app| !is_logged(app)).map(|app| app.name.to_string()).collect(),
        app_hosts: app_hosts(inventory, site),
        pool_hosts: members.iter().map(|app| app.name.to_string()).collect(),
        location: "/".to_owned(),
        probes: Vec::new(),
        driven: Ok(()),
        offers: offers(&members, site),
        line: members.iter().map(|app| app.nginx.large_client_header_buffers.bytes()).min().unwrap_or_default(),
    };
    if plain.offers.is_empty() {
        let why = "needs a certificate with an RSA key, which stand-ins do not have: write `ssl_certificate_source`";
        return vec![SiteSpec { driven: Err(why.to_owned()), ..plain }];
    }
    // A rule for some addresses, such as `rewrite`, leaves the others as they are.
    let http = members.iter().flat_map(|app| &app.nginx.include);
    if let Some(why) = site.include.iter().chain(http).find_map(|it| answers(it, &["rewrite"])) {
        return vec![SiteSpec { driven: Err(why), ..plain }];
    }
    let known = (inventory, scripts);
    let locations = (0..site.locations.len()).map(|index| of_location(known, &plain, site, index));
    let mut specs: Vec<SiteSpec> = locations.chain(rest(inventory, &plain, site)).collect();
    if site.client_certificates.is_some() {
        for received in specs.iter_mut().flat_map(|spec| &mut spec.probes).filter_map(|it| it.received.as_mut()) {
            told(received, "SUCCESS", &format!("CN={CLIENT}"));
        }
    }
    specs
}

/// Writes what an app is told of the client's certificate. Where it is not known what it receives, it is not compared.
fn told(received: &mut BTreeMap<String, String>, verify: &str, subject: &str) {
    if !received.is_empty() {
        received.insert("HTTP_X_SSL_CLIENT_VERIFY".to_owned(), verify.to_owned());
        received.insert("HTTP_X_SSL_CLIENT_S_DN".to_owned(), subject.to_owned());
    }
}

/// A request for a site that asks for certificates, of a client without one.
pub(super) fn uncertified(site: &Site, specs: &[SiteSpec]) -> Option<SiteSpec> {
    site.client_certificates.as_ref()?;
    let is_plain = |probe: &&Probe| probe.kind == ProbeKind::Get;
    let driven = specs.iter().filter(|spec| spec.driven.is_ok());
    let (spec, probe) = driven.into_iter().find_map(|spec| Some((spec, spec.probes.iter().find(is_plain)?)))?;
    let mut probe = probe.clone();
    if site.needs_certificate() {
        // nginx answers before it looks at the path.
        probe = Probe { status: NO_CERTIFICATE, ..Probe::new(probe.path) };
    } else if let Some(received) = &mut probe.received {
        told(received, "NONE", "");
    }
    let early = site.needs_certificate();
    Some(SiteSpec { certified: false, early, probes: vec![probe], ..spec.clone() })
}

/// The same requests with a name that no site has, for the site that takes those: of the first location that does not
/// need the site's own name.
pub(super) fn unknown(inventory: &Inventory, site: &Site, specs: &[SiteSpec]) -> Option<SiteSpec> {
    let own = |spec: &&SiteSpec| {
        let mut here = site.locations.iter().filter(|it| it.path.as_str() == spec.location);
        here.any(|it| it.upstream_tls.as_ref().is_some_and(|tls| tls.file().is_some() && tls.name.is_none()))
    };
    let spec = specs.iter().find(|spec| spec.driven.is_ok() && !spec.probes.is_empty() && !own(spec))?;
    let name = "no-site.invalid".to_owned();
    let is_free = inventory.names().all(|it| it.as_str() != name);
    (site.default && is_free).then(|| SiteSpec { name, unknown: true, ..spec.clone() })
}

/// The balancers on which apps of the site run.
fn app_hosts(inventory: &Inventory, site: &Site) -> Vec<String> {
    let listens = site.locations.iter().flat_map(|it| upstreams(inventory, it)).map(|(listen, _)| listen);
    let balancers: BTreeSet<usize> = listens.filter_map(|listen| balancer(inventory, &listen)).collect();
    balancers.into_iter().map(|index| inventory.load_balancers[index].name.to_string()).collect()
}

/// Whether no browser gets a connection over TLS 1.2 because the site's certificates are stand-ins: these
/// have ECDSA keys, and browsers, or all clients, have ciphers of this app server for RSA keys alone.
fn needs_rsa(app: &AppServer, site: &Site) -> bool {
    let offer = Offer::of(&app.nginx);
    let known = |kind| offer.known().filter(move |it| it.authentication == kind && it.useless().is_none());
    let browsers_have = |kind| known(kind).any(|cipher| cipher.is_in_browsers());
    let stand_ins = site.certificates.iter().all(|certificate| certificate.source.is_none());
    let other = browsers_have(Authentication::Rsa) || known(Authentication::Ecdsa).next().is_none();
    stand_ins && !browsers_have(Authentication::Ecdsa) && other
}

/// The pools with a site that has no TLS connection with stand-ins.
pub(super) fn keyless(inventory: &Inventory) -> BTreeSet<String> {
    let none = |site: &&Site| {
        let members: Vec<&AppServer> = inventory.pools[site.pool].app_servers(inventory).collect();
        offers(&members, site).is_empty()
    };
    inventory.sites.iter().filter(none).map(|site| inventory.pools[site.pool].name.to_string()).collect()
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

/// A request for each protocol that the location passes on.
fn upgrades(location: &Location, plain: &Probe) -> Vec<Probe> {
    let of = |kind, protocol: &str| Probe { kind, status: 101, protocol: protocol.to_owned(), ..plain.clone() };
    let Some(list) = location.other_upgrades() else { return vec![of(ProbeKind::WebSocket, "")] };
    let probe = |protocol: &UpgradeProtocol| match protocol.is(UpgradeProtocol::WEBSOCKET) {
        true => of(ProbeKind::WebSocket, ""),
        false => of(ProbeKind::Upgrade, protocol.as_str()),
    };
    list.iter().map(probe).collect()
}

/// What no location takes: files below the site's root, or a 404.
fn rest(inventory: &Inventory, plain: &SiteSpec, site: &Site) -> Option<SiteSpec> {
    let place = Place::new(site, None);
    let probes: Vec<Probe> = match &site.root {
        Some(_) => files(inventory, site, place),
        None => place.paths().iter().map(|asked| Probe { status: 404, ..Probe::new(asked.uri()) }).collect(),
    };
    (!probes.is_empty()).then(|| SiteSpec { probes, ..plain.clone() })
}

/// Why requests are not sent where this text is included, if it may answer them by other directives than these.
fn answers(snippet: &Snippet, others: &[&str]) -> Option<String> {
    let directive = snippet.answers(others)?;
    Some(format!("has text that may answer by itself: `{directive}` in `{}`", snippet.written.as_str()))
}

fn of_location(known: (&Inventory, &Scripts), plain: &SiteSpec, site: &Site, index: usize) -> SiteSpec {
    let ((inventory, scripts), location) = (known, &site.locations[index]);
    let (path, place) = (location.path.as_str(), Place::new(site, Some(index)));
    let exact = location.matching == LocationMatch::Exact;
    let not_driven =
        |why: &str| SiteSpec { location: path.to_owned(), driven: Err(format!("`{path}` {why}")), ..plain.clone() };
    if let Some(why) = location.include.iter().find_map(|it| answers(it, &[])) {
        return not_driven(&why);
    }
    let probes: Vec<Probe> = match &location.target {
        _ if is_taken(inventory, site, location) => {
            return not_driven("passes requests to a port that something else takes on the app servers of a try-out");
        }
        _ if is_shared(inventory, site, location) => {
            return not_driven("calls a gRPC app on a socket that takes plain HTTP too, which stand-ins do not");
        }
        _ if is_too_small(inventory, site, location) => {
            return not_driven("takes no gRPC message: `client_max_body_size` is less than 5 bytes");
        }
        Target::Root(_) if exact && file(inventory, location).is_some() => vec![Probe::new(path.to_owned())],
        Target::Root(_) if exact => return not_driven("serves files whose names are not known to the try-out"),
        Target::Root(_) => {
            let status = if location.fallback.is_some() { 200 } else { 404 };
            let missing = place.missing().map(|path| Probe { status, ..Probe::new(format!("{path}/x")) });
            files(inventory, site, place).into_iter().chain(missing).collect()
        }
        Target::Redirect(redirect) => place.paths().iter().map(|asked| redirected(redirect, asked.uri())).collect(),
        Target::Answer(answer) => place.paths().iter().map(|asked| answered(answer, asked.uri())).collect(),
        target => {
            let asked = place.paths();
            let plain = asked.iter().map(|asked| to_app(scripts, site, location, asked));
            let first = plain.clone().take(usize::from(matches!(target, Target::Proxy(_))));
            plain.chain(first.flat_map(|probe| upgrades(location, &probe))).collect()
        }
    };
    if probes.is_empty() {
        return not_driven("takes no path that another location does not take");
    }
    SiteSpec { location: path.to_owned(), probes, ..plain.clone() }
}

/// A request that is redirected.
fn redirected(redirect: &Redirect, uri: String) -> Probe {
    let status = redirect.code.name().parse().unwrap_or_default();
    let to = format!("{}{}", redirect.url, if redirect.append_request_uri { &uri } else { "" });
    Probe { status, redirect: Some(to), ..Probe::new(uri) }
}

/// A request that nginx answers by itself.
fn answered(answer: &Answer, uri: String) -> Probe {
    let body = answer.body.as_ref().map(ToString::to_string);
    Probe { status: answer.status, body, ..Probe::new(uri) }
}

/// Requests for indexes of directories, which the try-out makes.
fn files(inventory: &Inventory, site: &Site, place: Place<'_>) -> Vec<Probe> {
    place.directories().iter().filter_map(|asked| index(inventory, site, asked)).collect()
}

/// A request for the index of a directory, with which nginx goes on in the location of `index.html`. `None` if
/// what that answers is not known.
fn index(inventory: &Inventory, site: &Site, asked: &Asked) -> Option<Probe> {
    let (uri, found) = (asked.uri(), location_of(site, &asked.decoded));
    let end = answering(site, &asked.decoded).location;
    if end == found {
        return Some(Probe::new(uri));
    }
    let location = &site.locations[end?];
    match &location.target {
        _ if is_taken(inventory, site, location) => None,
        Target::Redirect(redirect) => Some(redirected(redirect, uri)),
        Target::Answer(answer) => Some(answered(answer, uri)),
        Target::Proxy(_) | Target::Uwsgi(_) => Some(Probe { received: Some(BTreeMap::new()), ..Probe::new(uri) }),
        Target::Root(_) | Target::Fastcgi(_) | Target::Grpc(_) => None,
    }
}

/// The directories whose indexes are requested below a document root.
pub(super) fn roots(site: &Site) -> Vec<String> {
    let below = |index: Option<usize>, root: &dyn Display| {
        let directories = Place::new(site, index).directories();
        directories.into_iter().map(|it| format!("{root}{}", it.decoded)).collect::<Vec<_>>()
    };
    let root = site.root.iter().flat_map(|root| std::iter::once(format!("{root}/")).chain(below(None, root)));
    let locations = site.locations.iter().enumerate().filter_map(|(index, location)| match &location.target {
        Target::Root(_) if served(location).is_some() => None,
        Target::Root(root) => Some(below(Some(index), root)),
        _ => None,
    });
    root.chain(locations.flatten()).collect()
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

/// The paths of the scripts that requests for this site's locations lead to.
pub(super) fn script_paths(site: &Site) -> Vec<String> {
    let root = site.root.as_ref().map(ToString::to_string).unwrap_or_default();
    let scripts = site.locations.iter().enumerate().filter(|(_, it)| matches!(it.target, Target::Fastcgi(_)));
    let asked = |index| Place::new(site, Some(index)).paths().into_iter();
    let scripts = scripts.flat_map(|(index, location)| asked(index).map(|asked| script(location, &asked)));
    scripts.map(|script| format!("{root}{script}")).collect()
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
        Target::Root(_) | Target::Redirect(_) | Target::Answer(_) => Vec::new(),
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
