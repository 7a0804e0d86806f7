//! Random sites: their names, their locations, and where those lead.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::values::{
    Part, Spoken, app_socket, dns, duration, grpc_upstream, http_upstream, one_of, path, redirect_url, request_path,
    scalar, size,
};
use super::yaml::Yaml;
use super::{Scale, access, maybe, section, snippets, tls, upstreams};

/// `count` sites without pools. Names are unique: each contains its site's number.
/// With `grpc` some locations are for gRPC, which needs HTTP/2.
pub fn sites(count: Count, grpc: bool) -> BoxedStrategy<Vec<Yaml>> {
    (0..count.sites).map(|number| site(number, grpc, count)).collect::<Vec<_>>().boxed()
}

fn site(number: usize, grpc: bool, count: Count) -> Part {
    let plain = count.sites > 30;
    let locations = if plain { Just(Yaml::List(Vec::new())).boxed() } else { locations(grpc, count.locations) };
    let certificates = certificates(number);
    let own = maybe(0.25, snippets::site());
    let sizes = (
        maybe(0.2, size()),
        maybe(0.1, tls::hsts()),
        rare_timeouts(),
        own,
        (access::lists(), maybe(0.2, access::limit())),
        (maybe(0.06, access::maintenance()), maybe(0.06, access::cdn()), maybe(0.08, access::client_certificates())),
    );
    let served = (maybe(0.6, scalar(path())), locations);
    (names(number, count), certificates, sizes, served, any::<bool>())
        .prop_map(|(names, certificates, (size, hsts, timeouts, own, access, closed), (root, locations), listed)| {
            let ((access, limit), (maintenance, cdn, clients)) = (access, closed);
            let locations = named(locations, &names);
            let mut entries = vec![("server_name", names)];
            let empty = matches!(&locations, Yaml::List(list) if list.is_empty());
            match root {
                Some(root) => entries.push(("root", root)),
                None if empty || scripts(&locations) => entries.push(("root", Yaml::Scalar("/srv/www".to_owned()))),
                None => {}
            }
            entries.extend(certificates);
            entries.extend(size.map(|size| ("client_max_body_size", size)));
            entries.extend(hsts.map(|hsts| ("hsts", hsts)));
            entries.extend(timeouts);
            entries.extend(access);
            entries.extend(limit.map(|it| ("limit", it)));
            entries.extend(cdn.map(|it| ("cdn", it)));
            entries.extend(clients.map(|it| ("client_certificates", it)));
            entries.extend(maintenance.map(|it| ("maintenance", it)));
            entries.extend(own.map(|own| ("include", own)));
            if !empty || listed {
                entries.push(("locations", locations));
            }
            Yaml::Map(entries)
        })
        .boxed()
}

/// Kinds of keys whose certificates one site can have side by side: OpenSSL has a place for each.
const TOGETHER: &[&[&str]] = &[
    &["rsa", "p256"],
    &["p384", "rsa"],
    &["p256", "ed25519", "rsa"],
    &["rsa"],
    &["rsa"],
    &["p256"],
    &["p384"],
    &["p521"],
    &["ed25519"],
];

/// A certificate and a key that are only on the app servers, or certificates with sources on this
/// machine, whose names tell the kinds of their keys.
fn certificates(number: usize) -> BoxedStrategy<Vec<(&'static str, Yaml)>> {
    let unread = (path(), path()).prop_map(|(file, key)| {
        let key = if file == key { key + "y" } else { key };
        vec![("ssl_certificate", Yaml::Scalar(file)), ("ssl_certificate_key", Yaml::Scalar(key))]
    });
    let read = select(TOGETHER).prop_map(move |kinds| {
        let each = |front: &str, end: &str| {
            let mut all: Vec<Yaml> =
                kinds.iter().map(|kind| Yaml::Scalar(format!("{front}s{number}-{kind}.{end}"))).collect();
            if all.len() == 1 { all.remove(0) } else { Yaml::List(all) }
        };
        vec![
            ("ssl_certificate", each("/etc/ssl/", "crt")),
            ("ssl_certificate_key", each("/etc/ssl/", "key")),
            ("ssl_certificate_source", each("", "crt")),
            ("ssl_certificate_key_source", each("", "key")),
        ]
    });
    prop_oneof![3 => unread, 2 => read].boxed()
}

/// Whether FastCGI gets the path of scripts, for which the site needs a root.
fn scripts(locations: &Yaml) -> bool {
    let Yaml::List(list) = locations else { return false };
    list.iter()
        .any(|location| matches!(location, Yaml::Map(entries) if entries.iter().any(|(key, _)| *key == "fastcgi_pass")))
}

/// One name or a list; often a wildcard together with the name that it covers.
fn names(number: usize, count: Count) -> Part {
    let name = move |index: usize| {
        let all = (dns(format!("s{number}n{index}"), 251, count.long_names), 0..8_u8);
        all.prop_map(move |(name, mood)| match mood {
            0 if name.contains('.') => vec![format!("*.{name}")],
            1 if name.contains('.') => vec![name.clone(), format!("*.{name}")],
            _ => vec![name],
        })
        .boxed()
    };
    let some = move |count: usize| (0..count).map(name).collect::<Vec<_>>().boxed();
    let lists = if count.sites > 30 { some(1) } else { prop_oneof![6 => some(1), 2 => some(3), 1 => some(40)].boxed() };
    lists
        .prop_map(|lists| {
            let mut names: Vec<Yaml> = lists.into_iter().flatten().map(Yaml::Scalar).collect();
            if names.len() == 1 { names.remove(0) } else { Yaml::List(names) }
        })
        .boxed()
}

fn locations(grpc: bool, most: usize) -> Part {
    let at_root = (target(grpc), select(&["", "prefix", "exact"][..]))
        .prop_map(|(target, matching)| location("/".to_owned(), matching, target));
    let other = move |index: usize| {
        let all = (request_path(format!("l{index}")), target(grpc), select(&["", "", "prefix", "exact"][..]));
        all.prop_map(|(path, target, matching)| location(path, matching, target))
    };
    let others = prop_oneof![4 => 0..4_usize, 1 => Just(most)]
        .prop_flat_map(move |count| (0..count).map(other).collect::<Vec<_>>());
    let others = (others, proptest::option::weighted(0.4, vec(neighbour(grpc), 1..4)));
    (proptest::option::weighted(0.7, at_root), others)
        .prop_map(|(root, (others, neighbours))| {
            let mut all: Vec<Yaml> = root.into_iter().chain(others).collect();
            neighbours.into_iter().flatten().for_each(|neighbour| neighbour.join(&mut all));
            Yaml::List(all)
        })
        .boxed()
}

/// Stands for a name of the site in a redirect.
const OWN: &str = "own.invalid";

/// What takes requests that another location, or nginx by itself, or `try` could be thought to send elsewhere.
const BESIDE: &[&str] = &["", "", "index.html", "index.html", "index.php", "no-file/", "a-path", "a", "a-path/x"];

/// A location beside another one of the site.
#[derive(Debug, Clone)]
struct Neighbour {
    of: prop::sample::Index,
    end: &'static str,
    matching: &'static str,
    /// Whether it redirects back to the directory.
    back: bool,
    target: TargetKeys,
}

fn neighbour(grpc: bool) -> BoxedStrategy<Neighbour> {
    let kind = (select(BESIDE), select(&["prefix", "exact"][..]), proptest::bool::weighted(0.2));
    (any::<prop::sample::Index>(), kind, target(grpc))
        .prop_map(|(of, (end, matching, back), target)| Neighbour { of, end, matching, back, target })
        .boxed()
}

impl Neighbour {
    fn join(self, locations: &mut Vec<Yaml>) {
        let key = |yaml: &Yaml, name: &str| match yaml {
            Yaml::Map(entries) => entries.iter().find_map(|(key, value)| match value {
                Yaml::Scalar(text) if *key == name => Some(text.clone()),
                _ => None,
            }),
            _ => None,
        };
        let of = if locations.is_empty() { None } else { key(self.of.get(locations), "path") };
        let of = of.unwrap_or_else(|| "/".to_owned());
        let directory = if of.ends_with('/') { of.clone() } else { format!("{of}/") };
        let path = match self.end {
            // The same with a slash or without, or the exact one.
            "" if of.ends_with('/') && of.len() > 1 && self.matching == "prefix" => of.trim_end_matches('/').to_owned(),
            "" => directory.clone(),
            end => format!("{directory}{end}"),
        };
        let is_exact = |yaml: &Yaml| key(yaml, "match").as_deref() == Some("exact");
        let same = |it: &Yaml| key(it, "path").as_ref() == Some(&path) && is_exact(it) == (self.matching == "exact");
        if path.len() > 250 || locations.iter().any(same) {
            return;
        }
        let back = ("return", Yaml::Map(vec![("url", Yaml::Scalar(format!("https://{OWN}{directory}")))]));
        let target = if self.back { vec![back] } else { self.target };
        locations.push(location(path, self.matching, target));
    }
}

/// The same with this name in redirects to the site itself.
fn named(locations: Yaml, names: &Yaml) -> Yaml {
    let first = match names {
        Yaml::List(names) => names.first(),
        name => Some(name),
    };
    let name = match first {
        Some(Yaml::Scalar(name)) => name.trim_start_matches("*.").to_owned(),
        _ => return locations,
    };
    match locations {
        Yaml::List(items) => Yaml::List(items.into_iter().map(|item| named(item, names)).collect()),
        Yaml::Map(entries) => Yaml::Map(entries.into_iter().map(|(key, value)| (key, named(value, names))).collect()),
        Yaml::Scalar(text) => Yaml::Scalar(text.replace(OWN, &name)),
    }
}

/// The keys for timeouts of upstreams.
pub fn timeouts(weight: f64, longest: u64) -> Vec<(&'static str, f64, Part)> {
    vec![
        ("upstream_connect_timeout", weight, duration(1_000, 75_000)),
        ("upstream_read_timeout", weight, duration(1_000, longest)),
        ("upstream_send_timeout", weight, duration(1_000, longest)),
    ]
}

/// The same with values, for sites and locations, which rarely have them.
fn rare_timeouts() -> BoxedStrategy<Vec<(&'static str, Yaml)>> {
    maybe(0.2, section(timeouts(0.4, 3_600_000)))
        .prop_map(|keys| match keys {
            Some(Yaml::Map(entries)) => entries,
            _ => Vec::new(),
        })
        .boxed()
}

type TargetKeys = Vec<(&'static str, Yaml)>;

fn location(path: String, matching: &str, target: TargetKeys) -> Yaml {
    let mut entries = vec![("path", Yaml::Scalar(path.clone()))];
    if !matching.is_empty() {
        entries.push(("match", Yaml::Scalar(matching.to_owned())));
    }
    let kind = target[0].0;
    let fallback = match kind {
        _ if matching == "exact" => None,
        _ if if path == "/" { matching.is_empty() } else { path.len() % 2 == 1 } => None,
        "root" => Some("/index.html".to_owned()),
        // The first part would be the script.
        "fastcgi_pass" if path.contains(".php") => None,
        "fastcgi_pass" => Some(format!("{path}/index.php").replace("//", "/")),
        _ => None,
    };
    entries.extend(target);
    entries.extend(fallback.map(|path| ("fallback", Yaml::Scalar(path))));
    Yaml::Map(entries)
}

fn target(grpc: bool) -> BoxedStrategy<TargetKeys> {
    let kinds = vec![
        ("uwsgi_pass", app_socket(Spoken::Uwsgi)),
        ("fastcgi_pass", app_socket(Spoken::Fastcgi)),
        ("proxy_pass", http_upstream()),
        ("root", scalar(path())),
        ("return", redirect()),
        if grpc { ("grpc_pass", grpc_upstream()) } else { ("proxy_pass", http_upstream()) },
    ];
    let mut named = vec![
        ("uwsgi_pass", upstreams::by_name("", Spoken::Uwsgi, false)),
        ("fastcgi_pass", upstreams::by_name("", Spoken::Fastcgi, false)),
        ("proxy_pass", upstreams::by_name("http://", Spoken::Http, true)),
        ("proxy_pass", upstreams::by_name("https://", Spoken::Tls, true)),
    ];
    if grpc {
        named.push(("grpc_pass", upstreams::by_name("grpc://", Spoken::Http, false)));
        named.push(("grpc_pass", upstreams::by_name("grpcs://", Spoken::Tls, false)));
    }
    let named: Vec<_> = named.into_iter().map(|(key, part)| part.prop_map(move |part| (key, part)).boxed()).collect();
    let mut kinds: Vec<_> =
        kinds.into_iter().map(|(key, part)| part.prop_map(move |part| (key, part)).boxed()).collect();
    kinds.push(proptest::strategy::Union::new(named).boxed());
    let lists = (access::lists(), maybe(0.2, access::limit()), maybe(0.15, upgrades()));
    (proptest::strategy::Union::new(kinds), rare_timeouts(), upstreams::tls(), snippets::location(), lists)
        .prop_map(|(target, timeouts, tls, own, (access, limit, upgrade))| {
            let passed = target.0.ends_with("_pass");
            let secure =
                matches!(&target.1, Yaml::Scalar(text) if text.starts_with("https://") || text.starts_with("grpcs://"));
            let tls = tls.into_iter().filter(|_| passed && secure);
            let timeouts = timeouts.into_iter().filter(|_| passed);
            let own = own.map(|own| ("include", own));
            let answers = target.0 == "return";
            let limit = limit.filter(|_| !answers).map(|it| ("limit", it));
            let upgrade = upgrade.filter(|_| target.0 == "proxy_pass").map(|it| ("upgrade", it));
            let keys = std::iter::once(target).chain(timeouts).chain(tls).chain(own).chain(upgrade);
            keys.chain(access).chain(limit).collect()
        })
        .boxed()
}

/// Upgrades that a location passes on.
fn upgrades() -> Part {
    let some = subsequence(&["websocket", "tcp", "SPDY/3.1", "a+b.c_d-e", "x/1.0"][..], 1..=5);
    let list = some.prop_map(|names| Yaml::List(names.into_iter().map(|it| Yaml::Scalar(it.to_owned())).collect()));
    prop_oneof![3 => list, 1 => one_of(&["tcp", "WEBSOCKET"])].boxed()
}

fn redirect() -> Part {
    let codes = || one_of(&["301", "302", "303", "307", "308"]);
    let appended = section(vec![
        ("code", 0.5, codes()),
        ("url", 1.0, scalar(redirect_url(false))),
        ("append_request_uri", 1.0, one_of(&["true"])),
    ]);
    let whole = section(vec![
        ("code", 0.5, codes()),
        ("url", 1.0, scalar(redirect_url(true))),
        ("append_request_uri", 0.3, one_of(&["false"])),
    ]);
    let answer = section(vec![
        ("code", 1.0, one_of(&["200", "404", "410", "403", "503", "599", "418"])),
        ("body", 0.7, super::values::body()),
    ]);
    let typed = section(vec![
        ("code", 1.0, one_of(&["200", "404"])),
        ("body", 1.0, super::values::body()),
        ("type", 1.0, one_of(&["text/html", "application/json", "application/vnd.api+json"])),
    ]);
    let empty = section(vec![("code", 1.0, one_of(&["204", "205"]))]);
    prop_oneof![4 => appended, 4 => whole, 2 => answer, 1 => typed, 1 => empty].boxed()
}

/// How many sites there are.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    pub sites: usize,
    /// Whether every name is as long as possible, the worst case for nginx's hash table of names.
    pub long_names: bool,
    /// How many locations a site has at most, besides `/`.
    pub locations: usize,
}

/// Mostly a few sites, sometimes more than nginx's hash table of names holds by default.
pub fn count(scale: Scale) -> BoxedStrategy<Count> {
    let (sites, locations) = match scale {
        Scale::Any => (prop_oneof![10 => 1..6_usize, 4 => 6..=30_usize, 1 => Just(150)].boxed(), 20),
        Scale::Small => ((1..4_usize).boxed(), 4),
    };
    (sites, proptest::bool::weighted(0.1))
        .prop_map(move |(sites, long_names)| Count { sites, long_names, locations })
        .boxed()
}

/// Gives every pool one site first, then the others at random.
pub fn assign(sites: &mut [Yaml], pools: &[String], choices: &[prop::sample::Index]) {
    for (index, site) in sites.iter_mut().enumerate() {
        let pool = pools.get(index).unwrap_or_else(|| choices[index % choices.len()].get(pools));
        site.put("pool", Yaml::Scalar(pool.clone()));
    }
}

/// Makes one of some fleets' sites the default, unless connections with unknown names get elsewhere.
pub fn take_unknown_names(sites: &mut [Yaml], elsewhere: bool, mood: u8) {
    let at = usize::from(mood) % sites.len();
    match mood % 5 {
        3 => sites[at].put("default", Yaml::Scalar((!elsewhere).to_string())),
        4 => sites[at].put("default", Yaml::Scalar("false".to_owned())),
        _ => {}
    }
}

/// Random numbers for [`assign`].
pub fn choices() -> BoxedStrategy<Vec<prop::sample::Index>> {
    vec(any::<prop::sample::Index>(), 30).boxed()
}
