//! SN04: text of the user's that changes what apps get to know about clients.

use crate::diagnostic::Code;
use crate::inventory::headers;
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SN04,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has `proxy_set_header`, `grpc_set_header`, `uwsgi_param` or `include uwsgi_params` in a location, or sets one of the headers that only a proxy may set, or `REMOTE_ADDR`.",
        why: "nginx inherits these directives only into blocks that have none: one more header in a location drops all of the site's. What clients send as `X-Forwarded-For`, `X-Real-IP` or `Remote-User` then reaches the app, which believes it, and WebSockets end.",
        evidence: "With `proxy_set_header X-A b` in a location of a site that sets `X-Forwarded-For $remote_addr`, an app gets the `X-Forwarded-For` that the client wrote. `nginx -t` returns 0.",
        fix: "Put the line into the site's `include`, where it is added to the others, and leave the headers of proxies to sslscale.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SN04"),
};

const DIRECTIVES: &[&str] = &["proxy_set_header", "grpc_set_header", "uwsgi_param", "fastcgi_param"];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    fleet.directives(|directive| {
        let header = directive.statement.arguments().first().map_or("", |word| &*word.value);
        // nginx's own file of parameters is a list of them.
        let params = directive.statement.name() == "include" && header.rsplit('/').next() == Some("uwsgi_params");
        let name = if params { "uwsgi_param" } else { directive.statement.name() };
        if !DIRECTIVES.contains(&name) || directive.is_elsewhere() || directive.included.block == Block::Http {
            return;
        }
        let ours = is_ours(header);
        let inner = matches!(directive.included.block, Block::Location(..)) || !directive.around.is_empty();
        // The parameters of FastCGI are in the location themselves, and the headers where it has `upgrade`.
        let beside = matches!(directive.included.block, Block::Location(site, location)
            if directive.around.is_empty()
                && fleet.inventory.sites[site].locations[location].other_upgrades().is_some());
        if inner && !beside && name != "fastcgi_param" && passes(fleet, directive.included.block, name) {
            let message =
                format!("`{}` drops the headers that the site sets: apps get those of clients", directive.text());
            reporter.push(directive.finding(message, "put the line into the `include` of the site"));
        } else if ours {
            let message = format!("`{}` sets a header that the site sets", directive.text());
            reporter.push(directive.finding(message, "remove the line: apps are told the client's address and port"));
        }
    });
}

/// Whether the location has an upstream of the kind that the directive is for; true for one of the user's own.
fn passes(fleet: &Fleet<'_>, block: Block, name: &str) -> bool {
    let Block::Location(site, location) = block else { return true };
    use crate::inventory::model::Target;
    let target = &fleet.inventory.sites[site].locations[location].target;
    let kind = name.split('_').next().unwrap_or_default();
    matches!((kind, target), ("proxy", Target::Proxy(_)) | ("grpc", Target::Grpc(_)) | ("uwsgi", Target::Uwsgi(_)))
}

/// Whether a header, or the parameter that it becomes, is one that only a proxy may set.
fn is_ours(name: &str) -> bool {
    let plain = |name: &str| name.trim_start_matches("HTTP_").to_ascii_uppercase().replace('-', "_");
    let name = plain(name);
    ["Host", "Upgrade", "Connection", "REMOTE_ADDR"]
        .iter()
        .chain(headers::SET)
        .copied()
        .chain(headers::removed())
        .any(|it| plain(it) == name)
}
