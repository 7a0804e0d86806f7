//! LO03: a redirect that leads back to itself.

use crate::diagnostic::Code;
use crate::inventory::model::{ACME_CHALLENGE, AcmeChallenge, Target};
use crate::inventory::routing::location_of;
use crate::inventory::types::LocationMatch;
use crate::lint::router::{Circle, Router};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::LO03,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A redirect leads to a URL of the fleet that is redirected back, at once or through other locations, \
            other sites or plain HTTP.",
        why: "A browser gives up after some twenty redirects and shows an error such as `ERR_TOO_MANY_REDIRECTS`. \
            Nobody sees a page.",
        evidence: "nginx decodes a path and merges its slashes before it chooses a location, so that a redirect from \
            `/b` to `//b` or `/%62` comes back, too. A site with both names `example.com` and `www.example.com` whose \
            `/` redirects to `https://www.example.com` redirects that name, too: curl stops with exit code 47. So does \
            a redirect to `http://` of the same name, which balancers send back to `https://`. For `/`, nginx goes on \
            with `/index.html` by itself, so that an exact location that redirects `/index.html` to `/` redirects `/`, \
            too; a fallback script is such a page as well.",
        fix: "Give the name or path that is redirected a site or location of its own, and let the redirect lead to \
            another one, which has an answer. Remove a redirect from `/index.html` to `/`.",
        verified_on: "haproxy 2.2.9, 2.6.12, 3.0.11 and 3.2.26 with nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("LO03"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let router = Router::new(fleet.inventory);
    for (at, site) in fleet.inventory.sites.iter().enumerate() {
        for (index, location) in site.locations.iter().enumerate() {
            let Target::Redirect(redirect) = &location.target else { continue };
            // A request for the path itself, and one below it, where another location does not take it.
            let path = location.path.as_str();
            let prefix = location.matching == LocationMatch::Prefix;
            let mine = |path: &String| location_of(site, path) == Some(index);
            let below = ('a'..='z').filter(|_| prefix).map(|end| format!("{path}{end}")).find(mine);
            let mine = std::iter::once(path.to_owned()).filter(mine).chain(below);
            let next =
                |path: String| format!("{}{}", redirect.url, if redirect.append_request_uri { &path } else { "" });
            let circle = mine
                .filter_map(|path| router.circle(&next(path)))
                .find(|circle| circle.redirects.contains(&(at, index)));
            if let Some(circle) = circle {
                let place = fleet.site(at, "locations").item(index).key("return").key("url");
                reporter.push(returning(place.span(), &circle));
            }
        }
    }
    if let Some(AcmeChallenge::Redirect(url)) =
        fleet.inventory.http.as_ref().and_then(|http| http.acme_challenge.as_ref())
        && let Some(circle) = router.circle(&format!("{url}{ACME_CHALLENGE}x"))
    {
        let place = fleet.written.key("http").key("acme_challenge").key("redirect");
        reporter.push(returning(place.span(), &circle));
    }
}

/// The finding about a circle of URLs.
fn returning(span: crate::source::Span, circle: &Circle) -> Finding {
    let way: Vec<String> = circle.urls.iter().chain(circle.urls.first()).map(|url| format!("`{url}`")).collect();
    let page = circle.page.as_ref().map(|(url, page)| format!("; nginx serves `{url}` as `{page}`"));
    let message = format!("the redirect leads back to itself: {}{}", way.join(" to "), page.unwrap_or_default());
    Finding::new(span, message, "write a URL that a location or another host answers without a redirect")
}
