//! Where requests end up is read from rendered nginx.conf, as nginx reads it, and compared with the rules about
//! locations: each finds what is there, and nothing else.

use std::collections::BTreeMap;

use sslscale::diagnostic::Severity;
use sslscale::inventory::types::REVISION_NAME;
use sslscale::lint::{Settings, lint};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF, Templates, render};
use sslscale::source::Source;

use super::{Numbers, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 400;
const CODES: [&str; 6] = ["LO01", "LO02", "LO03", "LO04", "SE08", "LO05"];
const PATHS: [&str; 12] = [
    "/",
    "/app",
    "/app/",
    "/base",
    "/static/",
    "/files",
    "/.git/",
    "/.well-known/",
    "/a/.env",
    "/index.html",
    "/static/index.html",
    "/index.php",
];
/// What health checks ask for: of some of these, no app is asked.
const CHECKED: [&str; 8] = ["/", "/app", "/static/", "/app/x", "/base/x", "/files/x", "/.git/x", "/none"];
const TARGETS: [&str; 17] = [
    "proxy_pass: \"http://127.0.0.1:8000\"",
    "proxy_pass: \"http://127.0.0.1:8000/\"",
    "proxy_pass: \"http://127.0.0.1:8000/base\"",
    "proxy_pass: \"http://127.0.0.1:8000/base/\"",
    "root: /srv/www",
    "root: /srv/www/static",
    "root: /srv/www/files",
    "fastcgi_pass: \"127.0.0.1:9000\"",
    "fastcgi_pass: \"127.0.0.1:9000\", fallback: /index.php",
    "uwsgi_pass: \"127.0.0.1:3031\"",
    "return: { url: \"https://a.example\", append_request_uri: true }",
    "return: { url: \"https://b.example\", append_request_uri: true }",
    "return: { url: \"http://a.example/app/x\" }",
    "return: { url: \"https://b.example/files\" }",
    "return: { url: \"https://a.example/\" }",
    "return: { url: \"https://a.example/static/\" }",
    "return: { url: \"https://elsewhere.example\" }",
];

fn inventory(number: u32) -> String {
    let mut numbers = Numbers::of(number);
    let checked = CHECKED[numbers.below(CHECKED.len())];
    let mut text = format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\n\
         app_servers: [{{ name: srv1, address: 10.0.0.11 }}]\n\
         haproxy: {{ check: {{ type: http, path: {checked}, host: a.example }} }}\nsites:\n"
    );
    for name in ["a.example", "b.example"] {
        let root = if numbers.below(2) == 0 { ", root: /srv/site" } else { "" };
        let mut locations = BTreeMap::new();
        for _ in 0..=numbers.below(4) {
            let path = PATHS[numbers.below(PATHS.len())];
            let exact = if numbers.below(4) == 0 { ", match: exact" } else { "" };
            locations.insert(path, format!("{{ path: {path}{exact}, {} }}", TARGETS[numbers.below(TARGETS.len())]));
        }
        // Scripts of others are rare otherwise.
        if !root.is_empty() && numbers.below(4) == 0 {
            let php = "fastcgi_pass: \"127.0.0.1:9000\", fallback: /index.php";
            let other = format!("{{ path: /index.php, {} }}", TARGETS[numbers.below(TARGETS.len())]);
            locations.extend([("/", format!("{{ path: /, {php} }}")), ("/index.php", other)]);
        }
        let locations = locations.into_values().collect::<Vec<_>>().join(", ");
        text += &format!(
            "  - {{ server_name: {name}, ssl_certificate: /etc/{name}.crt, ssl_certificate_key: \
             /etc/{name}.key{root}, locations: [{locations}] }}\n"
        );
    }
    text
}

/// A `location` of nginx.conf: whether it is exact, its path, and its directives.
struct Location<'c>(bool, &'c str, Vec<&'c str>);

impl Location<'_> {
    /// The rest of the first directive that starts with this.
    fn directive(&self, start: &str) -> Option<&str> {
        self.2.iter().find_map(|line| line.strip_prefix(start)?.strip_suffix(';'))
    }
}

/// A `server` of nginx.conf: its name, whether it has a root, and its locations.
struct Server<'c>(&'c str, bool, Vec<Location<'c>>);

/// Those of sites.
fn servers(config: &str) -> Vec<Server<'_>> {
    let of_sites = config.split("\nserver {").skip(2).filter(|block| !block.contains(REVISION_NAME));
    of_sites.map(server).collect()
}

/// Locations are indented by four spaces, and what is in them by more.
fn server(block: &str) -> Server<'_> {
    let mut server = Server("", false, Vec::new());
    let mut open = false;
    for line in block.lines() {
        if let Some(head) = line.strip_prefix("    location ").and_then(|rest| rest.strip_suffix(" {")) {
            let exact = head.strip_prefix("= ");
            server.2.push(Location(exact.is_some(), exact.unwrap_or(head), Vec::new()));
            open = true;
        } else if line == "    }" {
            open = false;
        } else if open {
            server.2.last_mut().unwrap().2.push(line.trim());
        } else if let Some(names) = line.strip_prefix("    server_name ") {
            server.0 = names.trim_end_matches(';');
        } else {
            server.1 |= line.starts_with("    root ");
        }
    }
    server
}

/// The location that nginx takes for a path.
fn chosen<'s>(server: &'s Server<'s>, path: &str) -> Option<&'s Location<'s>> {
    let exact = server.2.iter().find(|it| it.0 && it.1 == path);
    let prefix = server.2.iter().filter(|it| !it.0 && path.starts_with(it.1)).max_by_key(|it| it.1.len());
    exact.or(prefix)
}

/// The location that a request for a path ends in, and whether that answers 404 to it: nginx goes on with the page of a directory, and with
/// the last argument of `try_files` if there is no such file.
fn answering<'s>(server: &'s Server<'s>, path: &str) -> Option<(&'s Location<'s>, bool)> {
    let location = chosen(server, path)?;
    let within = |start: &str| location.2.iter().any(|line| line.starts_with(start));
    let dot = path.split('/').any(|it| it.starts_with('.') && it != ".well-known");
    let (script, php) = (path.contains(".php/") || path.ends_with(".php"), within(r"location ~ \.php"));
    let refused = within(r"location ~ /\.") && dot || within("location ~* ") && script && !php;
    let outer: Vec<&str> = location.2.iter().copied().take_while(|line| !line.starts_with("location ")).collect();
    let next = match outer.iter().find_map(|line| line.strip_prefix("try_files ")?.strip_suffix(';')) {
        _ if refused || script && php => None,
        Some(files) => files.rsplit(' ').next().unwrap().strip_suffix("$is_args$args").map(str::to_owned),
        None if outer.iter().any(|line| line.contains("_pass ") || line.starts_with("return ")) => None,
        None => path.ends_with('/').then(|| format!("{path}index.html")),
    };
    match next {
        Some(next) if next != path => answering(server, &next),
        _ => Some((location, refused)),
    }
}

/// Whether nginx redirects this path to the same with a slash, as it does for locations that pass requests on.
fn adds_slash(server: &Server<'_>, path: &str) -> bool {
    let slashed = format!("{path}/");
    let passes = |it: &Location<'_>| {
        it.2.iter().take_while(|line| !line.starts_with("location ")).any(|line| line.contains("_pass "))
    };
    !server.2.iter().any(|it| it.1 == path) && server.2.iter().any(|it| it.1 == slashed && passes(it))
}

/// Where a URL of the fleet is redirected to, and by which location; a balancer has none.
fn redirected<'s>(servers: &'s [Server<'s>], url: &str) -> Option<(String, Option<*const Location<'s>>)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| (&rest[..at], &rest[at..]));
    let server = servers.iter().find(|it| it.0 == host)?;
    if scheme == "http" {
        return Some((format!("https://{host}{path}"), None));
    }
    let (location, _) = answering(server, path).filter(|_| !adds_slash(server, path))?;
    let to = location.directive("return ")?.split_once(' ')?.1;
    Some((to.replace("$request_uri", path), Some(std::ptr::from_ref(location))))
}

/// Whether a request for this URL comes back to its location for ever.
fn circles(servers: &[Server<'_>], start: &str, location: &Location<'_>) -> bool {
    let (mut url, mut met) = (start.to_owned(), 0);
    for _ in 0..20 {
        let Some((to, by)) = redirected(servers, &url) else { return false };
        met += usize::from(by == Some(std::ptr::from_ref(location)));
        url = to;
    }
    met > 3
}

/// What is true of a location, by the rules that say so.
fn facts(servers: &[Server<'_>], server: &Server<'_>, location: &Location<'_>) -> [bool; 6] {
    let Location(exact, path, _) = location;
    let file = if path.ends_with('/') { format!("{path}x") } else { format!("{path}/x") };
    let glued = location.directive("proxy_pass http://127.0.0.1:8000").is_some_and(|to| {
        let passed = format!("{to}{}", &file[path.len()..]);
        !exact && to.starts_with('/') && passed != format!("{}/x", to.trim_end_matches('/'))
    });
    let dot = |path: &str| path.split('/').any(|part| part.starts_with('.') && part != ".well-known");
    let hides = location.2.iter().any(|line| line.starts_with(r"location ~ /\."));
    let index = format!("{path}index.html");
    let lost = *exact
        && path.ends_with('/')
        && !server.1
        && chosen(server, &index).is_none_or(|it| it.1 == "/" && it.2 == ["return 404;"]);
    let root = location.directive("root ");
    let twice = root.is_some_and(|root| *path != "/" && root.ends_with(path.trim_end_matches('/')));
    let urls = [path.to_string(), format!("{path}x")];
    let mut urls = urls
        .iter()
        .take(if *exact { 1 } else { 2 })
        .filter(|path| chosen(server, path).is_some_and(|it| std::ptr::eq(it, location)));
    let circle = urls.any(|path| circles(servers, &format!("https://{}{path}", server.0), location));
    let every = !exact && !path.ends_with(".php") && location.directive("try_files ").is_none();
    let scripts = every && location.directive("fastcgi_pass ").is_some();
    let fallback = location.directive("try_files $uri $uri/ ").and_then(|rest| rest.strip_suffix("$is_args$args"));
    let runs = |it: &Location<'_>| it.2.iter().any(|line| line.starts_with("fastcgi_pass "));
    let not_run = fallback.is_some_and(|script| chosen(server, script).is_none_or(|it| !runs(it)));
    let script = location.2.iter().any(|line| line.starts_with("location ~* ")) && file.contains(".php/");
    [glued, root.is_some() && (hides && dot(&file) || script || lost), circle, twice, scripts, not_run]
}

/// Whether nginx itself answers the health checks of haproxy.cfg: no app does then, and no file.
fn checks_no_app(servers: &[Server<'_>], haproxy: &str) -> bool {
    let line = haproxy.lines().find(|line| line.contains("http-check send ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |word: &str| words[words.iter().position(|it| *it == word).unwrap() + 1];
    let server = servers.iter().find(|it| it.0 == after("Host")).unwrap();
    let (location, hidden) = answering(server, after("uri")).unwrap();
    let grpc = location.directive("grpc_pass ").is_some();
    // What is in a location within it is for other requests.
    let mut outer = location.2.iter().take_while(|line| !line.starts_with("location "));
    grpc || hidden || adds_slash(server, after("uri")) || outer.any(|line| line.starts_with("return "))
}

#[test]
fn rules_about_locations_find_what_is_rendered_and_nothing_else() {
    let (count, mut seen, mut checks) = (cases(COUNT), [0; 6], 0);
    for number in first()..first() + count {
        let yaml = inventory(number);
        let linted = lint(&Source::new("generated.yaml", &yaml), &Settings::default());
        let Some(inventory) = &linted.inventory else { continue };
        let tree = render(inventory, &Templates::load(None).unwrap()).unwrap();
        let servers = servers(text(&tree, "srv1", NGINX_CONF));
        assert_eq!(servers.len(), 2);
        let mut true_of = [0; 6];
        for server in &servers {
            for location in &server.2 {
                let facts = facts(&servers, server, location);
                true_of.iter_mut().zip(facts).for_each(|(sum, fact)| *sum += i32::from(fact));
            }
        }
        let found = linted.findings.iter().any(|it| it.code.id == "HP15");
        let expected = checks_no_app(&servers, text(&tree, "lb1", HAPROXY_CFG));
        assert_eq!(found, expected, "HP15 of inventory {number}\n{yaml}");
        checks += i32::from(expected);
        for ((code, expected), all) in CODES.into_iter().zip(true_of).zip(&mut seen) {
            let found = linted.findings.iter().filter(|it| it.code.id == code && it.severity != Severity::Info).count();
            assert_eq!(i32::try_from(found).unwrap(), expected, "{code} of inventory {number}\n{yaml}");
            *all += expected;
        }
    }
    if all_of(COUNT, count) {
        assert!(seen.iter().chain([&checks]).all(|seen| *seen > 10), "{seen:?} {checks}");
    }
}
