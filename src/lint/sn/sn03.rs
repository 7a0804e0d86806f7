//! SN03: text of the user's that says what a key says.

use crate::diagnostic::Code;
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SN03,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has a directive for which the inventory has a key, such as `ssl_protocols` or `timeout client`.",
        why: "What the file says wins, loses or is an error, depending on the directive and its block. Rules judge what the key says: that it is fine means nothing then.",
        evidence: "In haproxy's `defaults` the last of two lines wins. In a server block nginx rejects a second `ssl_protocols` (`directive is duplicate`), adds a second `ssl_session_ticket_key` to the ring that all app servers share, and ignores `ssl_session_tickets` in all servers of a socket but the first.",
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
    ("keepalive_timeout", "nginx.keepalive_timeout"),
    ("root", "root"),
    ("server_name", "server_name"),
    ("ssl_certificate", "ssl_certificate"),
    ("ssl_certificate_key", "ssl_certificate_key"),
    ("ssl_ciphers", "nginx.ssl_ciphers"),
    ("ssl_conf_command", "nginx.tls_profile"),
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
        if let Some(key) = key.filter(|_| counts) {
            let message = format!("`{}` says what a key of the inventory says", directive.text());
            reporter.push(directive.finding(message, format!("remove the line, and set `{key}`")));
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
