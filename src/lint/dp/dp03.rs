//! DP03: a certificate that is renewed by whoever is asked, where anybody may be.

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::{AcmeChallenge, Pool, Site, Target};
use crate::inventory::types::Endpoint;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

/// Where ACME clients keep what they were issued.
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
/// Directories that they keep it in below any home.
const HOMES: &[&str] = &["/.acme.sh/", "/.getssl/", "/.lego/"];
/// Where a certificate authority asks for the answer to a challenge.
const CHALLENGE: &str = "/.well-known/acme-challenge";

pub const RULE: Rule = Rule {
    code: Code::DP03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A site of a pool with several app servers that take traffic at once has its certificate where an ACME client such as certbot \
               keeps what it was issued, or has a location for the challenges of one that each app server answers \
               itself, and `http.acme_challenge` does not say who answers. Or it does say so and is of no use: it names \
               a pool whose members each have a `root` of their own, or a redirect to a name of the fleet itself. A \
               location that sends challenges to one place for all is a cure, and a wildcard's certificate is had by \
               DNS-01 alone.",
        why: "The app server that orders a certificate puts the answer to the challenge on its own disk. The authority \
              asks the name, is sent to whichever server is next, and most of the time finds nothing there. Renewal \
              works by luck, or never; it is noticed when the certificate has expired. A challenge begins at port 80, \
              where rendered balancers redirect it to HTTPS like all else, and authorities follow: to any app server. \
              A redirect to a name that the fleet serves comes back to it.",
        evidence: "With the answer on one of two app servers behind `balance roundrobin`, 10 of 20 requests for it are \
                   answered with 404, and none of 4 orders of certbot's, each for two names, was issued by an authority \
                   (pebble) that asks three times for each. With `http.acme_challenge` all are, through the same \
                   balancer. `haproxy -c` and `nginx -t` have nothing to say about it.",
        fix: "Let one server answer: `http: { acme_challenge: { app_server: srv1, root: /var/www/acme } }` and \
              `certbot --webroot -w /var/www/acme` there; or a host outside of the fleet, with `redirect`. The \
              certificate has to get from there to the same path, such as `/etc/ssl/example/ssl.crt`, on every app \
              server. Or use DNS-01 challenges, which need no server to answer. TLS-ALPN-01, which never passes port \
              80, reaches any server.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1, certbot 2.1.0, pebble of Debian bookworm",
    },
    examples: examples!("DP03"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    match fleet.inventory.http.as_ref().and_then(|http| http.acme_challenge.as_ref()) {
        Some(AcmeChallenge::Redirect(url)) => comes_back(fleet, &url.to_string(), reporter),
        Some(AcmeChallenge::AppServers { members, root: Some(_), .. }) => spread(fleet, members.len(), reporter),
        // One answers for all, or they share what they answer with.
        Some(AcmeChallenge::AppServers { root: None, .. }) => {}
        None => unsaid(fleet, reporter),
    }
}

/// nginx of each member serves what its own disk holds.
fn spread(fleet: &Fleet<'_>, members: usize, reporter: &mut Reporter<'_>) {
    if members > 1 {
        let place = fleet.written.key("http").key("acme_challenge").key("root");
        let message = format!("a challenge reaches any of {members} app servers, each with a `root` of its own");
        let help = "write `app_server: srv1`, the one that orders certificates, in the place of `pool`; where all mount \
                    one directory there, ignore this";
        reporter.report(place.span(), message, help);
    }
}

/// A redirect to a name of the fleet's own is answered by the fleet.
fn comes_back(fleet: &Fleet<'_>, url: &str, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let Some((scheme, rest)) = url.split_once("://") else { return };
    let host = rest.split(':').next().unwrap_or_default();
    let covers = |name: &str| name == host || name.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix));
    let site = inventory.sites.iter().position(|site| site.server_names.iter().any(|name| covers(name.as_str())));
    let Some(site) = site else { return };
    let active = active(fleet, &inventory.pools[inventory.sites[site].pool]);
    let message = if scheme == "http" {
        format!("challenges are sent to `{host}`, which is this fleet: a redirect that comes back for ever")
    } else if active > 1 && !matches!(challenges(fleet, site, &inventory.sites[site]), Some((_, false))) {
        format!("challenges are sent to `{host}`, any of {active} app servers of this fleet")
    } else {
        return;
    };
    let place = fleet.written.key("http").key("acme_challenge").key("redirect");
    let help = "write the name of a host outside of the fleet, or `app_server: srv1` for one inside of it";
    reporter.report(place.span(), message, help);
}

/// Those that take connections now.
fn active(fleet: &Fleet<'_>, pool: &Pool) -> usize {
    pool.app_servers(fleet.inventory).filter(|app| app.is_active()).count()
}

/// Challenges go where all requests go.
fn unsaid(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        let pool = &fleet.inventory.pools[site.pool];
        let active = active(fleet, pool);
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
            "an ACME challenge for `{}` reaches any of the {active} app servers of `{}`, not the one that ordered it",
            site.server_names[0], pool.name
        );
        let first =
            pool.app_servers(fleet.inventory).find(|app| app.is_active()).map_or("srv1", |app| app.name.as_str());
        let help = format!(
            "let one server answer: `http: {{ acme_challenge: {{ app_server: {first}, root: /var/www/acme }} }}`, and \
             copy the certificate from it to the others; or use DNS-01 challenges"
        );
        reporter.report(place.span(), message, help);
    }
}

/// Whether an ACME client on the app server itself renews the certificate by answering challenges
/// there. A wildcard's is had by DNS-01 alone.
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
    Some((fleet.site(index, "locations").item(at).key("path"), is_local(&site.locations[at].target)))
}

/// Whether every app server answers by itself. One place for all of them is the cure.
fn is_local(target: &Target) -> bool {
    match target.endpoint() {
        Some(Endpoint::Unix(_)) => true,
        Some(Endpoint::Tcp(address)) => address.ip().is_loopback(),
        None => matches!(target, Target::Root(_)),
    }
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
    fn challenges_that_one_place_answers_are_none_of_its_business() {
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
    fn one_place_that_answers_is_the_cure() {
        let example = RULE.examples.unwrap().fires;
        let with = |acme: &str| fires(&format!("{example}http: {{ acme_challenge: {{ {acme} }} }}\n"));
        let pools = "pools: [{ name: all, app_servers: [srv1, srv2] }]\n";
        let pool = |acme: &str| fires(&format!("{pools}{example}http: {{ acme_challenge: {{ {acme} }} }}\n"));
        assert!(fires(&format!("{example}http: {{ enabled: false }}\n")));
        assert!(!with("app_server: srv1"));
        assert!(!with("app_server: srv1, root: /var/www/acme"));
        assert!(!with("redirect: \"http://acme.example.net\""));
        assert!(with("redirect: \"http://example.com\""), "it comes back for ever");
        assert!(with("redirect: \"https://example.com\""), "it comes back to any of them");
        assert!(!pool("pool: all"), "they share what they answer with");
        assert!(pool("pool: all, root: /var/www/acme"), "each has a directory of its own");
    }

    #[test]
    fn one_that_takes_connections_answers_its_own_challenges() {
        let example = RULE.examples.unwrap().fires;
        for idle in ["backup: true", "weight: 0"] {
            assert!(!fires(&example.replace("10.0.0.12", &format!("10.0.0.12, {idle}"))), "{idle}");
        }
        assert!(fires(&example.replace("10.0.0.12", "10.0.0.12, weight: 1")));
    }

    #[test]
    fn wildcards_have_no_such_challenges() {
        let example = RULE.examples.unwrap().fires;
        assert!(fires(&example.replace("/etc/letsencrypt/live/", "/root/.acme.sh/")));
        assert!(!fires(&example.replace("server_name: example.com", "server_name: [example.com, \"*.example.com\"]")));
    }
}
