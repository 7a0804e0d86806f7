//! DP03: ACME HTTP-01 challenges that reach any app server of a pool.

use std::net::SocketAddr;

use crate::diagnostic::{Code, Severity};
use crate::inventory::Inventory;
use crate::inventory::document::Cursor;
use crate::inventory::model::{AcmeChallenge, AppServer, LoadBalancer, Location, Pool, Site, Target};
use crate::inventory::types::{HostName, Port};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// Where ACME clients keep certificates.
const CLIENTS: &[&str] = &[
    "/etc/acme/",
    "/etc/acme.sh/",
    "/etc/dehydrated/",
    "/etc/lego/",
    "/etc/letsencrypt/",
    "/var/lib/acme/",
    "/var/lib/certbot/",
    "/var/lib/dehydrated/",
    "/var/lib/getssl/",
    "/var/lib/lego/",
];
/// Where they keep them below a home directory.
const HOMES: &[&str] = &["/.acme.sh/", "/.getssl/", "/.lego/"];
/// Where a certificate authority requests the answer to a challenge.
const CHALLENGE: &str = "/.well-known/acme-challenge";

pub const RULE: Rule = Rule {
    code: Code::DP03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "Several app servers of a site's pool take traffic at once, `http.acme_challenge` is not set, and either \
               the site's certificate is in a directory where an ACME client such as certbot keeps its certificates, \
               or the site has a location for ACME challenges that each app server answers itself. The rule also \
               reports an `http.acme_challenge` that does not help: a pool whose members each have their own `root`, \
               or a redirect to a name of the fleet itself or to an address of a balancer. Without a `root`, it \
               reports a port that an app has, and port 80 as a note. A location that sends all challenges to one place is fine, \
               and so is a wildcard certificate, which only DNS-01 can issue.",
        why: "The app server that orders a certificate puts the answer to the challenge on its own disk. The \
              certificate authority's request reaches whichever app server is next, which most of the time does not \
              have the answer. Renewal succeeds only by chance, and often nobody notices until the certificate has \
              expired. A challenge arrives on port 80, where rendered balancers redirect it to HTTPS like every other \
              request. The authority follows the redirect and reaches any of the app servers. A redirect to a name \
              that the fleet serves leads back to the fleet. On port 80 the packages' nginx has a default site: \
              another program cannot listen there as long as nginx does.",
        evidence: "With the answer on one of two app servers behind `balance roundrobin`, 10 of 20 requests for it are \
                   answered with 404. certbot ordered 4 certificates, each for two names, from an authority (pebble) \
                   that requests the answer for each name three times, and got none. With `http.acme_challenge` it \
                   gets all of them through the same balancer. `haproxy -c` and `nginx -t` report nothing.",
        fix: "Let one app server answer: `http: { acme_challenge: { app_server: srv1, root: /var/www/acme } }`, and \
              run `certbot --webroot -w /var/www/acme` there. Or let a host outside the fleet answer, with \
              `redirect`, or the balancers themselves, with `account_thumbprint`. In any case, copy the certificate to the same path, such as `/etc/ssl/example/ssl.crt`, on \
              every app server. Or use DNS-01 challenges, which need no server to answer. TLS-ALPN-01 does not help: \
              it never uses port 80, and its challenges reach any app server.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1, certbot 2.1.0, pebble from Debian bookworm",
    },
    examples: examples!("DP03"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    match fleet.inventory.http.as_ref().and_then(|http| http.acme_challenge.as_ref()) {
        // Each balancer answers by itself, and all of them the same.
        Some(AcmeChallenge::Answered(_)) => {}
        Some(AcmeChallenge::Redirect(url)) => redirects_to_fleet(fleet, &url.to_string(), reporter),
        Some(AcmeChallenge::AppServers { members, root: Some(_), .. }) => {
            separate_roots(fleet, members.len(), reporter)
        }
        // One app server answers for all, or all share their answers.
        Some(AcmeChallenge::AppServers { members, port, root: None }) => taken_port(fleet, (members, *port), reporter),
        None => unset(fleet, reporter),
    }
}

/// Each member's nginx serves only what is on its own disk.
fn separate_roots(fleet: &Fleet<'_>, members: usize, reporter: &mut Reporter<'_>) {
    if members > 1 {
        let place = fleet.written.key("http").key("acme_challenge").key("root");
        let message = format!("an ACME challenge reaches any of {members} app servers, and each has its own `root`");
        let help = "write `app_server: srv1`, naming the one that orders certificates, instead of `pool`; if all of \
                    them mount one shared directory there, ignore this finding";
        reporter.report(place.span(), message, help);
    }
}

/// The upstream on this port of an app server that takes challenges, with that app server.
fn app_on<'f>(fleet: &Fleet<'f>, members: &[usize], port: Port) -> Option<(SocketAddr, &'f HostName)> {
    let inventory = fleet.inventory;
    let sites =
        inventory.sites.iter().flat_map(|site| site.locations.iter().map(move |location| (site.pool, location)));
    let upstreams = sites
        .flat_map(|(pool, location)| inventory.sockets(location).filter_map(move |socket| Some((pool, socket.tcp()?))));
    upstreams.filter(|(_, socket)| socket.port() == port.0).find_map(|(pool, socket)| {
        let serving = inventory.pools[pool].members.iter().filter(|member| members.contains(*member));
        let mut serving = serving.map(|member| &inventory.app_servers[*member]);
        let own = |app: &&AppServer| app.addresses.iter().any(|address| address.0 == socket.ip());
        let host = serving.find(|app| socket.ip().is_loopback() || own(app))?;
        Some((socket, &host.name))
    })
}

/// Without a `root` another program has to listen on the port. It cannot where an app does, or nginx as packages
/// install it.
fn taken_port(fleet: &Fleet<'_>, (members, port): (&[usize], Port), reporter: &mut Reporter<'_>) {
    let place = fleet.written.key("http").key("acme_challenge");
    if let Some((socket, host)) = app_on(fleet, members, port) {
        let message = format!("challenges go to port {port} of `{host}`, where an app listens on `{socket}`");
        let other = if port == Port(8888) { 8889 } else { 8888 };
        let help = format!("write another `port`, such as {other}; if the app answers challenges, ignore this finding");
        reporter.report(place.key("port").span(), message, help);
        return;
    }
    let Some(host) = members.first().filter(|_| port == Port(80)).map(|it| &fleet.inventory.app_servers[*it].name)
    else {
        return;
    };
    let message = format!("challenges go to port 80 of `{host}`, where nginx listens as packages install it");
    let help = "add `root: /var/www/acme` for nginx to answer, or `port: 8888` for a program such as `certbot \
                --standalone`; if the default site is removed or answers challenges, nothing has to change";
    reporter.push(Finding::new(place.span(), message, help).with_severity(Severity::Info));
}

/// The balancer that a URL without a name leads to, with what takes connections there.
fn balancer<'f>(fleet: &'f Fleet<'_>, scheme: &str, authority: &str) -> Option<&'f HostName> {
    let inventory = fleet.inventory;
    let usual = if scheme == "http" { 80 } else { 443 };
    let bare = authority.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(authority);
    let socket = authority.parse().or_else(|_| bare.parse().map(|address| SocketAddr::new(address, usual))).ok()?;
    let plain = inventory.http.as_ref().map(|http| http.port);
    let listens = |host: &&LoadBalancer| {
        let port = if scheme == "http" { plain } else { Some(host.haproxy.port) };
        let mut addresses = host.addresses.iter().chain(inventory.virtual_addresses.iter().copied());
        port.is_some_and(|port| port.0 == socket.port())
            && addresses.any(|address| address.0 == socket.ip())
            && host.listens_on(socket.ip())
    };
    inventory.load_balancers.iter().find(listens).map(|host| &host.name)
}

/// A redirect to a name of the fleet is answered by the fleet itself.
fn redirects_to_fleet(fleet: &Fleet<'_>, url: &str, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let Some((scheme, rest)) = url.split_once("://") else { return };
    let place = fleet.written.key("http").key("acme_challenge").key("redirect");
    let help = "redirect to a host outside the fleet, or write `app_server: srv1` to let one app server answer";
    if let Some(balancer) = balancer(fleet, scheme, rest) {
        let end = if scheme == "http" { "the redirect loops" } else { "no site has an address as its name" };
        let message = format!("challenges are redirected to `{rest}`, which is the balancer `{balancer}`: {end}");
        reporter.report(place.span(), message, help);
        return;
    }
    let host = rest.split(':').next().unwrap_or_default();
    let covers = |name: &str| name == host || name.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix));
    let site = inventory.sites.iter().position(|site| site.server_names.iter().any(|name| covers(name.as_str())));
    let Some(site) = site else { return };
    let active = active(fleet, &inventory.pools[inventory.sites[site].pool]);
    let message = if scheme == "http" {
        format!("challenges are redirected to `{host}`, a name of this fleet: the redirect loops")
    } else if active > 1 && !matches!(challenges(fleet, site, &inventory.sites[site]), Some((_, false))) {
        format!("challenges are redirected to `{host}`, which reaches any of {active} app servers of this fleet")
    } else {
        return;
    };
    reporter.report(place.span(), message, help);
}

/// How many app servers of the pool take connections now.
fn active(fleet: &Fleet<'_>, pool: &Pool) -> usize {
    pool.app_servers(fleet.inventory).filter(|app| app.is_active()).count()
}

/// Without `http.acme_challenge`, challenges go where all requests go.
fn unset(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let active: Vec<usize> = fleet.inventory.pools.iter().map(|pool| active(fleet, pool)).collect();
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        let (pool, active) = (&fleet.inventory.pools[site.pool], active[site.pool]);
        if active < 2 {
            continue;
        }
        let place = match challenges(fleet, index, site) {
            Some((_, false)) => continue,
            Some((place, true)) => place,
            None if issued_by_acme(site) => fleet.site(index, "ssl_certificate"),
            None => continue,
        };
        let message = format!(
            "an ACME challenge for `{}` reaches any of the {active} app servers of `{}`, not only the one that \
             ordered the certificate",
            site.server_names[0], pool.name
        );
        let first =
            pool.app_servers(fleet.inventory).find(|app| app.is_active()).map_or("srv1", |app| app.name.as_str());
        let help = format!(
            "let one app server answer: `http: {{ acme_challenge: {{ app_server: {first}, root: /var/www/acme }} }}`, and \
             copy the certificate from it to the others; or use DNS-01 challenges"
        );
        reporter.report(place.span(), message, help);
    }
}

/// Whether an ACME client on the app server renews the certificate by answering challenges there.
/// Wildcard certificates are issued only for DNS-01 challenges.
fn issued_by_acme(site: &Site) -> bool {
    let known = |path: &str| {
        CLIENTS.iter().any(|client| path.starts_with(client)) || HOMES.iter().any(|home| path.contains(home))
    };
    site.certificates.iter().any(|pair| known(pair.ssl_certificate.as_str()))
        && site.server_names.iter().all(|name| name.wildcard().is_none())
}

/// Where a location for challenges is written, and whether the app server answers them itself.
fn challenges<'a>(fleet: &Fleet<'a>, index: usize, site: &Site) -> Option<(Cursor<'a>, bool)> {
    let at = site.locations.iter().position(|location| {
        let rest = location.path.as_str().strip_prefix(CHALLENGE);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })?;
    Some((fleet.site(index, "locations").item(at).key("path"), is_local(fleet.inventory, &site.locations[at])))
}

/// Whether each app server answers by itself, and not one place for all of them.
fn is_local(inventory: &Inventory, location: &Location) -> bool {
    matches!(location.target, Target::Root(_)) || inventory.is_local(location)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Settings, lint};
    use crate::source::Source;

    fn fires(text: &str) -> bool {
        let linted = lint(&Source::new("t", text), &Settings::default());
        linted.findings.iter().any(|finding| finding.code == Code::DP03)
    }

    #[test]
    fn a_location_that_leads_to_one_place_is_fine() {
        let example = RULE.examples.unwrap().fires;
        let with = |target: &str| {
            let location = format!("    locations: [{{ path: /.well-known/acme-challenge/, {target} }}]\n");
            fires(&format!("{example}{location}"))
        };
        assert!(with("root: /var/www/acme"));
        assert!(with("proxy_pass: \"http://127.0.0.1:402\""));
        assert!(!with("proxy_pass: \"http://10.0.0.5:402\""));
        assert!(!with("return: { url: \"https://acme.example.net\", append_request_uri: true }"));
    }

    #[test]
    fn an_acme_challenge_that_one_place_answers_is_fine() {
        let example = RULE.examples.unwrap().fires;
        let with = |acme: &str| fires(&format!("{example}http: {{ acme_challenge: {{ {acme} }} }}\n"));
        let pools = "pools: [{ name: all, app_servers: [srv1, srv2] }]\n";
        let pool = |acme: &str| fires(&format!("{pools}{example}http: {{ acme_challenge: {{ {acme} }} }}\n"));
        assert!(fires(&format!("{example}http: {{ enabled: false }}\n")));
        assert!(with("app_server: srv1"), "nginx has the port");
        assert!(!with("app_server: srv1, port: 8888"));
        assert!(!with("app_server: srv1, root: /var/www/acme"));
        assert!(!with("redirect: \"http://acme.example.net\""));
        assert!(!with("account_thumbprint: LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"), "balancers answer");
        assert!(with("redirect: \"http://example.com\""), "the redirect loops");
        assert!(with("redirect: \"https://example.com\""), "any of them answers");
        assert!(!pool("pool: all, port: 8888"), "they share their answers");
        let location = "    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]\n";
        let app = |port: u16| {
            fires(&format!("{example}{location}http: {{ acme_challenge: {{ app_server: srv1, port: {port} }} }}\n"))
        };
        assert!(app(8000) && !app(8888), "an app has the port");
        for loop_or_dead_end in ["http://10.0.0.10", "http://10.0.0.10:80", "https://10.0.0.10"] {
            assert!(with(&format!("redirect: \"{loop_or_dead_end}\"")), "{loop_or_dead_end}");
        }
        // Whatever listens there, it is no rendered balancer.
        assert!(!with("redirect: \"http://10.0.0.10:8888\""));
        assert!(pool("pool: all, root: /var/www/acme"), "each has its own directory");
    }

    #[test]
    fn a_single_active_app_server_answers_its_own_challenges() {
        let example = RULE.examples.unwrap().fires;
        for idle in ["backup: true", "weight: 0"] {
            assert!(!fires(&example.replace("10.0.0.12", &format!("10.0.0.12, {idle}"))), "{idle}");
        }
        assert!(fires(&example.replace("10.0.0.12", "10.0.0.12, weight: 1")));
    }

    #[test]
    fn wildcard_certificates_have_no_such_challenges() {
        let example = RULE.examples.unwrap().fires;
        assert!(fires(&example.replace("/etc/letsencrypt/live/", "/root/.acme.sh/")));
        assert!(!fires(&example.replace("server_name: example.com", "server_name: [example.com, \"*.example.com\"]")));
    }
}
