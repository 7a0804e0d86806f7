//! SN01: text of the user's that listens on ports of the fleet.

use crate::config::word_values;
use crate::diagnostic::Code;
use crate::inventory::model::AppServer;
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples, quoted};

pub const RULE: Rule = Rule {
    code: Code::SN01,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has a `listen` in a site or for the port of the sites, or a `bind` for a port that the balancers use.",
        why: "Every listener of the fleet expects a PROXY header, has the fleet's TLS settings and its list of trusted proxies. One that differs answers some clients by other rules: without the header, anybody who reaches it directly, with an address of their choice.",
        evidence: "nginx rejects a `listen 443 ssl` without `proxy_protocol` beside others with it in one version and takes the options of one of them in another. Two `bind` lines for one port are accepted by `haproxy -c`; the kernel then gives each listener some of the connections.",
        fix: "Remove the line. What has another port is not found, such as a frontend of its own.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("SN01"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let of_app = |app: &AppServer| {
        let metrics = app.nginx.metrics.as_ref().map(|metrics| metrics.port.0);
        std::iter::once(app.nginx.port.0).chain(metrics)
    };
    let sites: Vec<u16> = inventory.app_servers.iter().flat_map(of_app).collect();
    fleet.directives(|directive| {
        if directive.statement.name() != "listen" {
            return;
        }
        let to = directive.statement.arguments().first().map_or("", |word| &*word.value);
        let in_site = matches!(directive.included.block, Block::Server(_) | Block::Location(..));
        if in_site || ports(to).iter().any(|range| sites.iter().any(|port| range.contains(port))) {
            let message = format!("`{}` listens beside the sites", directive.text());
            let help = "remove the line: `nginx.port` is the port of all sites, and `nginx.metrics` has its own";
            reporter.push(directive.finding(message, help));
        }
    });
    let http = inventory.http.as_ref().map(|http| http.port.0);
    let own = inventory.load_balancers.iter().map(|it| it.haproxy.port.0);
    let metrics = inventory.load_balancers.iter().filter_map(|it| Some(it.haproxy.metrics.as_ref()?.port.0));
    let counting = inventory.load_balancers.iter().filter(|it| it.haproxy.limits.req.is_some());
    let peers = counting.map(|it| it.haproxy.peers_port.0);
    let bound: Vec<u16> = own.chain(metrics).chain(peers).chain(http).collect();
    fleet.lines(|included, _, line| {
        let to = word_values(line.arguments()).next().unwrap_or_default();
        let taken = |range: &std::ops::RangeInclusive<u16>| bound.iter().any(|port| range.contains(port));
        if line.keyword() == "bind" && ports(to).iter().any(taken) {
            let text = quoted(&included.snippet.text[line.span.clone()]);
            let message = format!("`{text}` takes a port of the balancers");
            let end = line.words.last().map_or(line.span.end, |word| word.span.end);
            let help = "use another port, or remove the line: the ports of `haproxy`, its `metrics` and `http` are bound already";
            reporter.push(included.finding(line.words[0].span.start..end, message, help));
        }
    });
}

/// The ports of an address as nginx and haproxy write it, with commas and ranges; 80 if there is none.
fn ports(address: &str) -> Vec<std::ops::RangeInclusive<u16>> {
    let one = |part: &str| {
        if part.starts_with("unix") || part.starts_with('/') || part.contains('@') {
            return None;
        }
        let port = part.rsplit_once(':').map_or(part, |(_, port)| port);
        let (low, high) = port.split_once('-').unwrap_or((port, port));
        Some(low.parse().unwrap_or(80)..=high.parse().unwrap_or(80))
    };
    address.split(',').filter_map(one).collect()
}
