//! HP15: an HTTP check that no app server of a pool can pass.

use std::collections::HashSet;

use crate::diagnostic::{Code, Severity};
use crate::inventory::model::{HttpCheck, LoadBalancer, NO_CERTIFICATE, Pool, Site, TOO_MANY, Target, UNAVAILABLE};
use crate::inventory::routing::{adds_slash, answering, as_nginx_reads, is_refused};
use crate::inventory::types::CheckType;
use crate::lint::router::Router;
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::HP15,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A health check over HTTP (`type: http`) asks for something that no app server of the pool answers with \
            an expected status: a name that is not the pool's, a path that nginx itself answers with another status, or \
            a gRPC app; or `allow` and `deny` of what it asks for leave the balancer out; or the site that it asks is in maintenance, or asks clients for certificates; or checks come more often than its `limit` allows. It is a warning if the check passes without asking an app, or asks for an invented name below a \
            wildcard.",
        why: "Every app server of the pool counts as down. Clients are served all the same, by the backend that takes \
            over then, but an app server whose app is down is no longer taken out.",
        evidence: "nginx answers a name that none of its sites has with 421, a path that no location has with 404, and \
            a redirect with the redirect's status, also where it goes on to that location by itself, as from `/` to \
            `/index.html`. Beside a location `/v1/` with an upstream, `/v1` is answered with 301. haproxy shows `L7STS/421` for such a check, and `haproxy -c` accepts \
            it.",
        fix: "Write a `host` that is a name of one of the pool's sites, a `path` that an app answers, or the status in \
            `expect`. `check` in a pool's entry overrides the `check` of all pools.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("HP15"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let router = Router::new(inventory);
    let mut seen = HashSet::new();
    for (balancer, host) in inventory.load_balancers.iter().enumerate() {
        let check = &host.haproxy.check;
        if check.kind != CheckType::Http {
            continue;
        }
        for (index, pool) in inventory.pools.iter().enumerate() {
            let asked = pool.check.or(&check.http);
            let refused = refused(&router, host, (index, pool), &asked);
            let failed = refused.or_else(|| failure(&router, (index, pool), &asked));
            let Some((severity, key, message, help)) =
                failed.or_else(|| too_often(&router, host, (index, pool), &asked))
            else {
                continue;
            };
            let keys = [key, "host", "path", "expect", "type"];
            let Some(place) = keys.iter().find_map(|key| fleet.http_check((balancer, index), key)) else { continue };
            if seen.insert((place.span(), index)) {
                reporter.push(Finding::new(place.span(), message, help).with_severity(severity));
            }
        }
    }
}

/// What is wrong with a check: the key, a message and a help, and whether it always fails.
type Failure = (Severity, &'static str, String, String);

/// The site that a check asks for, if its name is one of the pool's.
fn asked_site<'i>(router: &Router<'i>, (index, pool): (usize, &Pool), asked: &HttpCheck) -> Option<&'i Site> {
    let sites = &router.inventory.sites;
    let Some(host) = &asked.host else { return Some(&sites[pool.sites[0]]) };
    let named = router.site_of(host.as_str()).map(|at| &sites[at]);
    named.or_else(|| router.inventory.default_site().map(|(_, site)| site)).filter(|site| site.pool == index)
}

/// Why nginx refuses the check of this balancer, if `allow` and `deny` leave the balancer out.
fn refused(
    router: &Router<'_>,
    balancer: &LoadBalancer,
    (index, pool): (usize, &Pool),
    asked: &HttpCheck,
) -> Option<Failure> {
    let site = asked_site(router, (index, pool), asked)?;
    let (path, expected) = (asked.path(), asked.expect());
    let read = as_nginx_reads(path.path())?;
    let used = balancer.addresses.families().used(pool.app_servers(router.inventory).map(|app| app.addresses));
    let closed = balancer.addresses.iter().find(|from| used.has(from.0) && site.is_closed_to(from.0));
    if let Some(from) = closed.filter(|_| !expected.accepts(UNAVAILABLE)) {
        let (pool, host) = (&pool.name, &balancer.name);
        let message = format!(
            "health checks of the pool `{pool}` fail: the site that `{host}` asks from {from} is in maintenance, and \
             {expected} is expected"
        );
        let help = "write the balancers' addresses in `maintenance.allow`, or let the checks ask another site (`host`)";
        return Some((Severity::Error, "path", message, help.to_owned()));
    }
    if site.needs_certificate() && !expected.accepts(NO_CERTIFICATE) {
        let message = format!(
            "health checks of the pool `{}` fail: `{}` asks clients for certificates, which checks do not have",
            pool.name, site.server_names[0]
        );
        let help = "let the checks ask another site (`host`), or write `ssl_verify_client: optional`";
        return Some((Severity::Error, "path", message, help.to_owned()));
    }
    let from = balancer.addresses.iter().find(|from| used.has(from.0) && !site.admits(from.0, &read))?;
    let (pool, host) = (&pool.name, &balancer.name);
    let why = format!("`allow` or `deny` refuses `{host}`, which asks from {from}");
    if expected.accepts(403) {
        let message = format!("health checks of the pool `{pool}` ask no app: {why}");
        return Some((Severity::Warning, "path", message, LET_IN.to_owned()));
    }
    let message = format!("health checks of the pool `{pool}` fail: {why}, and {expected} is expected");
    Some((Severity::Error, "path", message, LET_IN.to_owned()))
}

/// Why nginx refuses checks of this balancer after a while, if they exceed a limit.
fn too_often(
    router: &Router<'_>,
    balancer: &LoadBalancer,
    (index, pool): (usize, &Pool),
    asked: &HttpCheck,
) -> Option<Failure> {
    let site = asked_site(router, (index, pool), asked)?;
    let read = as_nginx_reads(asked.path().path())?;
    let counted = site.counts(&read, |limits| limits.req.is_some())?;
    let limits = counted.map_or(&site.limits, |location| &site.locations[location].limits);
    let (rate, check) = (limits.req?.rate, &balancer.haproxy.check);
    let inter = check.inter.min(check.downinter());
    if asked.expect().accepts(TOO_MANY) || inter.milliseconds() >= rate.milliseconds_between() {
        return None;
    }
    let message = format!(
        "health checks of the pool `{}` exceed `limit`: `{}` asks every {inter}, and the limit is {rate}",
        pool.name, balancer.name
    );
    let help = "let the checks ask for a `path` with another `limit`, or raise the rate";
    Some((Severity::Error, "path", message, help.to_owned()))
}

const LET_IN: &str = "let the balancers' addresses in, or write a `host` and `path` that they may ask for";

/// Why the check always fails, or always succeeds, if it does.
fn failure(router: &Router<'_>, (index, pool): (usize, &Pool), asked: &HttpCheck) -> Option<Failure> {
    let inventory = router.inventory;
    let first = &inventory.sites[pool.sites[0]];
    let (name, sample) = (&pool.name, inventory.sample_name(first));
    let Some(site) = asked_site(router, (index, pool), asked) else {
        let host = asked.host.as_ref().map(ToString::to_string).unwrap_or_default();
        let message = format!("health checks ask the pool `{name}` for `{host}`, which is not one of its names");
        let help =
            format!("write a name of the pool, such as `host: {sample}`, in this check or in the pool's own `check`");
        return Some((Severity::Error, "host", message, help));
    };
    let (path, expected) = (asked.path(), asked.expect());
    // nginx decodes a path before it chooses a location.
    let decoded = !path.path().contains('%');
    let help = "write the `path` of something that an app answers".to_owned();
    match answer(site, path.path()).filter(|_| decoded) {
        Some(Answer::Nginx(status)) if !expected.accepts(status) => {
            let message = format!(
                "health checks of the pool `{name}` fail: nginx answers `{path}` with {status}, and {expected} is expected"
            );
            Some((Severity::Error, "path", message, help))
        }
        Some(Answer::Nginx(status)) => {
            let message =
                format!("health checks of the pool `{name}` ask no app: nginx itself answers `{path}` with {status}");
            Some((Severity::Warning, "path", message, help))
        }
        Some(Answer::Grpc) => {
            let message = format!(
                "health checks of the pool `{name}` fail: `{path}` is passed to a gRPC app, which answers no plain GET"
            );
            Some((Severity::Error, "path", message, help))
        }
        None if asked.host.is_none() && first.server_names[0].wildcard().is_some() => {
            let message = format!(
                "health checks ask the pool `{name}` for `{sample}`, an invented name below `{}`",
                first.server_names[0]
            );
            let help = "write `host` with a name that the app knows, in `haproxy.check` or in the pool's own `check`";
            Some((Severity::Warning, "host", message, help.to_owned()))
        }
        None => None,
    }
}

/// Who answers a request, as far as the inventory tells.
enum Answer {
    /// nginx itself, with this status.
    Nginx(u16),
    /// A gRPC app.
    Grpc,
}

/// Who answers requests for this path, if it is not an app or a file.
fn answer(site: &Site, path: &str) -> Option<Answer> {
    if adds_slash(site, path) {
        return Some(Answer::Nginx(301));
    }
    let answering = answering(site, path);
    if is_refused(site, answering.location, &answering.path) {
        return Some(Answer::Nginx(404));
    }
    match answering.location.map(|index| &site.locations[index].target) {
        None if site.root.is_some() => None,
        Some(Target::Redirect(redirect)) => redirect.code.name().parse().ok().map(Answer::Nginx),
        Some(Target::Answer(answer)) => Some(Answer::Nginx(answer.status)),
        Some(Target::Grpc(_)) => Some(Answer::Grpc),
        Some(_) => None,
        None => Some(Answer::Nginx(404)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory;
    use crate::source::Source;

    const FLEET: &str = r#"
load_balancers: [ { name: lb1, address: 10.0.0.10 } ]
app_servers: [ { name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 } ]
pools: [ { name: web, app_servers: [srv1] }, { name: api, app_servers: [srv2] } ]
sites:
  - server_name: ["*.example.com", example.com]
    pool: web
    root: /srv/web
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations:
      - { path: /app/, proxy_pass: "http://127.0.0.1:8000" }
      - { path: /app/old, return: { url: "https://example.org" } }
      - { path: /app, match: exact, return: { code: 301, url: "https://example.org" } }
      - { path: /v1/, proxy_pass: "http://127.0.0.1:8000" }
      - { path: /grpc., grpc_pass: "grpc://127.0.0.1:8001" }
      - { path: /docs/, root: /srv/docs }
      - { path: /docs/index.html, match: exact, return: { url: "https://example.org" } }
      - { path: /blog/, fastcgi_pass: "127.0.0.1:9000", fallback: /blog/index.php }
  - server_name: api.example.com
    pool: api
    root: /srv/api
    ssl_certificate: /etc/ssl/b.crt
    ssl_certificate_key: /etc/ssl/b.key
"#;

    #[test]
    fn a_check_passes_where_nginx_does_not_answer_otherwise() {
        let inventory = inventory::check(&Source::new("t", FLEET)).inventory.unwrap();
        let router = Router::new(&inventory);
        let fails = |pool: usize, [path, host, expect]: [&str; 3]| {
            let asked = HttpCheck {
                path: crate::inventory::types::Scalar::parse(path).ok(),
                host: crate::inventory::types::Scalar::parse(host).ok(),
                expect: crate::inventory::types::Scalar::parse(expect).ok(),
            };
            failure(&router, (pool, &inventory.pools[pool]), &asked).map(|(severity, key, ..)| (severity, key))
        };
        let (error, warning) = (|key| Some((Severity::Error, key)), |key| Some((Severity::Warning, key)));
        let cases = [
            (0, ["/app/health", "example.com", "200"], None),
            (0, ["/app/health", "", ""], warning("host")),
            (0, ["/.env", "", ""], error("path")),
            (0, ["/.env", "", "404"], warning("path")),
            (0, ["/docs/", "example.com", ""], warning("path")),
            (0, ["/docs/", "example.com", "200"], error("path")),
            (0, ["/docs/a", "example.com", "200"], None),
            (0, ["/docs/a.php", "example.com", "200"], error("path")),
            (0, ["/blog/health", "example.com", ""], None),
            (0, ["/blog/health.php", "example.com", ""], None),
            (0, ["/blog/health.phtml", "example.com", ""], error("path")),
            (0, ["/app", "", ""], warning("path")),
            (0, ["/app", "", "200"], error("path")),
            (0, ["/app/old/x", "", "200-307"], error("path")),
            (0, ["/app/old/x", "", "308"], warning("path")),
            (0, ["/app/%6fld/x", "example.com", "200"], None),
            (0, ["/v1", "example.com", "301"], warning("path")),
            (0, ["/v1", "example.com", "404"], error("path")),
            (0, ["/grpc.Health/Check", "example.com", ""], error("path")),
            (0, ["/app/.env", "example.com", ""], None),
            (0, ["/app/", "www.example.com", ""], None),
            (0, ["/app/", "api.example.com", ""], error("host")),
            (0, ["/app/", "example.org", ""], error("host")),
            (1, ["/healthz", "", ""], None),
            (1, ["/healthz.html", "", ""], None),
            (1, ["/.well-known/healthz", "", ""], None),
            (1, ["/.env", "", ""], error("path")),
            (1, ["/healthz", "www.example.com", ""], error("host")),
        ];
        for (pool, asked, wanted) in cases {
            assert_eq!(fails(pool, asked), wanted, "{asked:?}");
        }
    }

    #[test]
    fn a_check_fails_where_the_balancer_gets_no_answer() {
        let refusal = |site: &str, path: &str| {
            let text = FLEET.replace("    root: /srv/api\n", &format!("    root: /srv/api\n    {site}\n"));
            let checked = inventory::check(&Source::new("t", text));
            let inventory = checked.inventory.unwrap_or_else(|| panic!("{site}: {:?}", checked.diagnostics));
            let router = Router::new(&inventory);
            let path = crate::inventory::types::Scalar::parse(path).ok();
            let asked = HttpCheck { path, ..HttpCheck::default() };
            let found = refused(&router, &inventory.load_balancers[0], (1, &inventory.pools[1]), &asked);
            found.map(|(severity, ..)| severity)
        };
        let location = "locations: [ { path: /a/, root: /srv, deny: [10.0.0.0/24] } ]";
        for (site, path, fails) in [
            ("allow: [192.0.2.0/24]", "/", true),
            ("allow: [10.0.0.0/24]", "/", false),
            ("deny: [10.0.0.10]", "/x", true),
            ("deny: [10.0.0.11]", "/x", false),
            ("maintenance: {}", "/", true),
            ("maintenance: { allow: [10.0.0.10] }", "/", false),
            (location, "/a/x?b", true),
            (location, "/b", false),
        ] {
            assert_eq!(refusal(site, path), fails.then_some(Severity::Error), "{site}: {path}");
        }
    }

    #[test]
    fn a_check_has_no_certificate() {
        let (clients, optional) =
            ("client_certificates: { ssl_client_certificate: /etc/ca.crt", "ssl_verify_client: optional");
        for (site, fails) in [
            (format!("{clients} }}"), true),
            (format!("{clients}, {optional} }}"), false),
            ("limit: { connections: 1 }".to_owned(), false),
        ] {
            let text = FLEET.replace("    root: /srv/api\n", &format!("    root: /srv/api\n    {site}\n"));
            let checked = inventory::check(&Source::new("t", text));
            let inventory = checked.inventory.unwrap_or_else(|| panic!("{site}: {:?}", checked.diagnostics));
            let (router, asked) = (Router::new(&inventory), HttpCheck::default());
            let found = refused(&router, &inventory.load_balancers[0], (1, &inventory.pools[1]), &asked);
            assert_eq!(found.map(|it| it.0), fails.then_some(Severity::Error), "{site}");
        }
    }

    #[test]
    fn a_check_fails_where_it_comes_more_often_than_a_limit_allows() {
        let limited = |site: &str, path: &str| {
            let text = FLEET.replace("    root: /srv/api\n", &format!("    root: /srv/api\n    {site}\n"));
            let checked = inventory::check(&Source::new("t", text));
            let inventory = checked.inventory.unwrap_or_else(|| panic!("{site}: {:?}", checked.diagnostics));
            let router = Router::new(&inventory);
            let asked = HttpCheck { path: crate::inventory::types::Scalar::parse(path).ok(), ..HttpCheck::default() };
            too_often(&router, &inventory.load_balancers[0], (1, &inventory.pools[1]), &asked).is_some()
        };
        let location = |more: &str| {
            format!(
                "limit: {{ rate: 1r/m, burst: 9 }}\n    locations: [ {{ path: /a/, root: /srv{more} }}, \
                 {{ path: /b, return: {{ code: 200 }} }} ]"
            )
        };
        let own = location(", limit: { rate: 100r/s, burst: 0 }");
        // The default is a check every two seconds.
        for (site, path, fails) in [
            ("limit: { rate: 10r/s, burst: 0 }", "/", false),
            ("limit: { rate: 30r/m, burst: 0 }", "/", false),
            ("limit: { rate: 29r/m, burst: 1000 }", "/", true),
            ("limit: { connections: 1 }", "/", false),
            (&location(""), "/a/x", true),
            (&own, "/a/x", false),
            (&own, "/", true),
            (&own, "/b", false),
            (&own, "/.git", false),
        ] {
            assert_eq!(limited(site, path), fails, "{site}: {path}");
        }
    }
}
