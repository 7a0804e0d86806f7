//! SN03: text of the user's that says what a key says.

use crate::diagnostic::{Code, Severity};
use crate::inventory::model::{Limits, Location};
use crate::lint::{
    Block, Detection, Directive, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples, upstream_key,
};

pub const RULE: Rule = Rule {
    code: Code::SN03,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has a directive for which the inventory has a key, such as `ssl_protocols` or `timeout client`.",
        why: "What the file says wins, loses or keeps nginx from starting, depending on the directive and its block; the last is an error here. Rules judge what the key says: that it is fine means nothing then.",
        evidence: "In haproxy's `defaults` the last of two lines wins. In a server block nginx rejects a second `ssl_protocols` or `proxy_read_timeout` (`directive is duplicate`), adds a second `ssl_session_ticket_key` to the ring that all app servers share, and ignores `ssl_session_tickets` in all servers of a socket but the first.",
        fix: "Remove the line, and set the key that the finding names.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("SN03"),
};

/// Directives of a server or of http, with the keys that they are rendered from.
const NGINX: &[(&str, &str)] = &[
    ("access_log", "nginx.access_log"),
    ("client_max_body_size", "client_max_body_size"),
    ("http2", "nginx.http2"),
    ("keepalive_time", "nginx.keepalive_time"),
    ("keepalive_timeout", "nginx.keepalive_timeout"),
    ("large_client_header_buffers", "nginx.large_client_header_buffers"),
    ("limit_conn", "limit"),
    ("limit_conn_status", "limit"),
    ("limit_req", "limit"),
    ("limit_req_status", "limit"),
    ("root", "root"),
    ("server_name", "server_name"),
    ("ssl_certificate", "ssl_certificate"),
    ("ssl_certificate_key", "ssl_certificate_key"),
    ("ssl_ciphers", "nginx.ssl_ciphers"),
    ("ssl_client_certificate", "client_certificates"),
    ("ssl_conf_command", "nginx.tls_profile"),
    ("ssl_crl", "client_certificates"),
    ("ssl_dhparam", "nginx.ssl_ciphers"),
    ("ssl_early_data", "nginx.tls_profile"),
    ("ssl_ecdh_curve", "nginx.ssl_ecdh_curve"),
    ("ssl_prefer_server_ciphers", "nginx.tls_profile"),
    ("ssl_protocols", "nginx.ssl_protocols"),
    ("ssl_reject_handshake", "haproxy.unknown_names"),
    ("ssl_session_cache", "tickets"),
    ("ssl_session_ticket_key", "tickets"),
    ("ssl_session_tickets", "tickets"),
    ("ssl_session_timeout", "tickets"),
    ("ssl_verify_client", "client_certificates"),
    ("ssl_verify_depth", "client_certificates"),
];

/// Those that every site has, of which nginx takes no second one.
const ONCE: &[&str] = &[
    "client_max_body_size",
    "keepalive_timeout",
    "large_client_header_buffers",
    "ssl_early_data",
    "ssl_ecdh_curve",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_tickets",
    "ssl_session_timeout",
];

/// Lines of `global` and `defaults`, with the keys that they are rendered from.
const HAPROXY: &[(&str, &str, &str)] = &[
    ("balance", "", "haproxy.balance"),
    ("hard-stop-after", "", "haproxy.hard_stop_after"),
    ("log", "", "haproxy.log"),
    ("maxconn", "", "haproxy.maxconn"),
    ("mode", "", "haproxy.include.sections"),
    ("mworker-max-reloads", "", "haproxy.mworker_max_reloads"),
    ("option", "redispatch", "haproxy.redispatch"),
    ("retries", "", "haproxy.retries"),
    ("timeout", "check", "haproxy.timeouts.check"),
    ("timeout", "client", "haproxy.timeouts.client"),
    ("timeout", "client-fin", "haproxy.timeouts.client_fin"),
    ("timeout", "connect", "haproxy.timeouts.connect"),
    ("timeout", "queue", "haproxy.timeouts.queue"),
    ("timeout", "server", "haproxy.timeouts.server"),
];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    fleet.directives(|directive| {
        let key = NGINX.iter().find(|(name, _)| *name == directive.statement.name()).map(|(_, key)| *key);
        let outer = directive.around.is_empty() && !matches!(directive.included.block, Block::Location(..));
        // For http, defaults of servers of one's own are fine; the sites do not use them.
        let tls = directive.statement.name().starts_with("ssl_");
        let counts = outer && (matches!(directive.included.block, Block::Server(_)) || tls);
        let of_site = key.filter(|_| counts).map(|key| (key, is_there(fleet, directive)));
        if let Some((key, twice)) = of_site.or_else(|| of_upstream(fleet, directive)) {
            let message = format!("`{}` says what a key of the inventory says", directive.text());
            let finding = directive.finding(message, format!("remove the line, and set `{key}`"));
            reporter.push(if twice { finding.with_severity(Severity::Error) } else { finding });
        }
    });
    fleet.lines(|included, _, line| {
        if included.block == Block::Sections {
            return;
        }
        let second = line.arguments().first().map_or("", |word| &*word.value);
        let same =
            |(first, then, _): &&(&str, &str, &str)| *first == line.keyword() && (then.is_empty() || *then == second);
        let Some((first, _, key)) = HAPROXY.iter().find(same) else { return };
        let end = line.words.last().map_or(line.span.end, |word| word.span.end);
        let span = line.words[0].span.start..end;
        let help = match *first {
            "mode" => "remove the line: the balancers forward TCP; a section of your own may set its mode".to_owned(),
            _ => format!("remove the line, and set `{key}`"),
        };
        let text = super::super::quoted(&included.snippet.text[span.clone()]);
        reporter.push(included.finding(span, format!("`{text}` says what a key of the inventory says"), help));
    });
}

/// Whether the block has the directive already, so that nginx does not start.
fn is_there(fleet: &Fleet<'_>, directive: &Directive<'_, '_>) -> bool {
    let Block::Server(site) = directive.included.block else { return false };
    let limited = |has: fn(&Limits) -> bool| fleet.inventory.sites[site].limits().any(|(_, limits)| has(limits));
    match directive.statement.name() {
        "limit_req_status" => limited(|it| it.req.is_some()),
        "limit_conn_status" => limited(|it| it.conn.is_some()),
        "ssl_client_certificate" | "ssl_verify_client" | "ssl_verify_depth" | "ssl_crl" => {
            fleet.inventory.sites[site].client_certificates.is_some()
        }
        name => ONCE.contains(&name),
    }
}

/// The key of a directive about upstreams, and whether nginx would find the directive twice in a block.
fn of_upstream(fleet: &Fleet<'_>, directive: &Directive<'_, '_>) -> Option<(&'static str, bool)> {
    let name = directive.statement.name();
    let (kind, key) = upstream_key(name)?;
    let passes = |location: &Location| location.target.kind() == kind;
    let tls = key.starts_with("upstream_ssl_");
    match directive.included.block {
        _ if !directive.around.is_empty() => None,
        // A site's own lines are for the kinds of its locations.
        Block::Server(site) => {
            let locations = &fleet.inventory.sites[site].locations;
            let key = if key == "upstream_buffer_size" { "nginx.upstream_buffer_size" } else { key };
            locations.iter().any(passes).then_some((key, !tls))
        }
        Block::Location(site, at) => {
            let location = &fleet.inventory.sites[site].locations[at];
            let set = &location.upstream_timeouts;
            let written = match key {
                // One for all sites: a location may have its own.
                "upstream_buffer_size" => return None,
                "upstream_connect_timeout" => set.connect.is_some(),
                "upstream_read_timeout" => set.read.is_some(),
                "upstream_send_timeout" => set.send.is_some(),
                _ => location.target.is_tls(),
            };
            passes(location).then_some((key, written))
        }
        _ => None,
    }
}
