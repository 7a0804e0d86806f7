//! TL16: client certificates that a session of another site goes around.

use crate::diagnostic::Code;
use crate::inventory::types::Version;
use crate::lint::{Block, Detection, Directive, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL16,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "Two sites have `client_certificates` of different authorities on one app server, whose version of nginx is \
            unknown or older than 1.26.3 or 1.27.4; or a file in `include` has `ssl_verify_client` for a site, and an app server of it serves another site that \
            does not, with a version of nginx that is unknown or older than 1.26.3 or 1.27.4; or it has \
            `ssl_verify_client on` for all servers of nginx.",
        why: "A TLS session started with one site can be resumed with another site on the same socket. Before \
            nginx 1.26.3 and 1.27.4, that bypassed the client certificate check (CVE-2025-23419). In the http block it \
            is for the server that tells a deploy which revision nginx runs, too, and for health checks over HTTP: \
            neither has a certificate, and every deploy is undone.",
        evidence: "With nginx 1.18.0 of bullseye before its security update, a session that a certificate of one authority \
            began was resumed with a site that has another: 200, `$ssl_client_verify` is `SUCCESS`. One that began without \
            a certificate got 400. nginx of bookworm, trixie and sid refuse both. `nginx -t` accepts sites with and without `ssl_verify_client` on one socket: exit code 0, no \
            message. The flaw needs TLS 1.3. To a request without a certificate nginx answers 400.",
        fix: "Move the line into the `include` of the sites that ask for certificates. Give such a site a pool with app servers of its own, or update nginx and write its version under \
            `nginx.version`.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3 and 1.30.6",
    },
    examples: examples!("TL16"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut asking: Vec<(usize, crate::lint::Finding)> = Vec::new();
    fleet.directives(|directive| {
        if !asks(directive) {
            return;
        }
        let requires = directive.statement.arguments().first().is_some_and(|word| word.is("on"));
        if directive.included.block == Block::Http && requires {
            let message = format!(
                "`{}` is for every server of nginx, and a deploy asks one without a certificate",
                directive.text()
            );
            let help = "write it into a file that the `include` of each such site names";
            reporter.push(directive.finding(message, help));
        } else if let Block::Server(site) = directive.included.block {
            let message =
                format!("`{}` shares a socket with sites that ask for no client certificate", directive.text());
            let help = "give the site app servers of its own, or write an `nginx.version` of 1.26.3 or later";
            asking.push((site, directive.finding(message, help)));
        }
    });
    of_other_authorities(fleet, reporter);
    let all: Vec<usize> = asking.iter().map(|(site, _)| *site).collect();
    for (site, finding) in asking {
        let pool = |site: usize| &fleet.inventory.pools[fleet.inventory.sites[site].pool];
        let others: Vec<usize> = (0..fleet.inventory.sites.len()).filter(|it| !all.contains(it)).collect();
        let shared = pool(site).members.iter().any(|app| {
            let version = fleet.inventory.app_servers[*app].nginx.version;
            !version.is_some_and(is_fixed) && others.iter().any(|other| pool(*other).members.contains(app))
        });
        if shared {
            reporter.push(finding);
        }
    }
}

/// Finds sites whose app servers accept certificates of other authorities for another site.
fn of_other_authorities(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let sites = &fleet.inventory.sites;
    let pool = |site: usize| &fleet.inventory.pools[sites[site].pool];
    let authorities = |site: usize| sites[site].client_certificates.as_ref().map(|it| it.authorities.as_str());
    let old = |app: &usize| !fleet.inventory.app_servers[*app].nginx.version.is_some_and(is_fixed);
    for site in (0..sites.len()).filter(|site| authorities(*site).is_some()) {
        let differs = |other: &usize| authorities(*other).is_some_and(|it| authorities(site) != Some(it));
        let shared =
            |other: &usize| pool(site).members.iter().any(|app| old(app) && pool(*other).members.contains(app));
        let Some(other) = (0..sites.len()).filter(differs).find(shared) else { continue };
        let key = |site: usize| fleet.site(site, "client_certificates").key("ssl_client_certificate");
        let name = &sites[other].server_names[0];
        let message = format!("clients with a certificate for `{name}` get in, too: nginx resumes its sessions here");
        let help = "give one of them app servers of its own, or write an `nginx.version` of 1.26.3 or later";
        let finding = crate::lint::Finding::new(key(site).span(), message, help);
        reporter.push(finding.related(key(other).span(), "other authorities"));
    }
}

/// Whether it is a directive of the site that asks clients for certificates.
fn asks(directive: &Directive<'_, '_>) -> bool {
    let on = !directive.statement.arguments().first().is_some_and(|word| word.is("off"));
    directive.statement.name() == "ssl_verify_client" && directive.around.is_empty() && on
}

/// Whether sessions are no longer resumed with a site that asks for certificates.
fn is_fixed(version: Version) -> bool {
    version >= Version(1, 27, 4) || (version >= Version(1, 26, 3) && version < Version(1, 27, 0))
}
