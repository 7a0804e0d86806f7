//! TL26: TLS to an upstream whose certificate is not verified.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL26,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`upstream_ssl_trusted_certificate` is `off` for an upstream on another host.",
        why: "Whoever can answer in its place, by a forged ARP or DNS answer or as a host between the two, gets the \
              requests with all passwords and cookies, and nobody notices: without verification TLS keeps out only \
              those who listen.",
        evidence: "With `proxy_ssl_verify off`, which is nginx's own default, a request to a server with a self-signed \
                   certificate for another name is answered with 200. With `on` it is a 502, and the error log says \
                   `upstream SSL certificate verify error`.",
        fix: "Remove the key. If the app's certificate was signed by an authority of your own, write \
              the file with its certificate on the app servers; a self-signed certificate \
              is its own authority. If it is for another name than clients ask for, write `upstream_ssl_name`.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("TL26"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (_, location, place) in fleet.locations() {
        if location.upstream_tls.as_ref().is_none_or(|tls| tls.file().is_some()) || fleet.inventory.is_local(location) {
            continue;
        }
        let message = "the upstream's certificate is not verified: any host that answers gets these requests";
        let help = "remove the key, or write the file of an authority of your own";
        reporter.report(place.key("upstream_ssl_trusted_certificate").span(), message, help);
    }
}
