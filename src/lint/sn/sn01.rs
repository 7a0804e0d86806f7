//! SN01: text of the user's that listens on ports of the fleet.

use std::net::{IpAddr, SocketAddr};

use crate::config::{Word, word_values};
use crate::diagnostic::Code;
use crate::inventory::model::{AppServer, LoadBalancer};
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples, quoted};

/// What to do about a port of haproxy in nginx's text on one host, or the other way round.
const OF_THE_OTHER: &str = "use another port: only one of the two programs would start";

pub const RULE: Rule = Rule {
    code: Code::SN01,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has a `listen` in a site or for the port of the sites, or a `bind` for a port that the balancers use; or, where a balancer and an app server are one host, a `listen` for a port of haproxy or a `bind` for one of nginx. A `listen` in a site for a loopback address and another port, without a PROXY header, is fine, unless the site has client certificates and it is without `ssl`.",
        why: "Every listener of the fleet expects a PROXY header and TLS, and app servers get connections from balancers alone. One that differs answers some clients by other rules: without the header whoever connects is the client, also a balancer that connects for somebody else, and nothing that balancers refuse is kept out. Without `ssl` nobody is asked for a certificate.",
        evidence: "nginx rejects a `listen 443 ssl` without `proxy_protocol` beside others with it in one version and takes the options of one of them in another. A listener without `proxy_protocol` closes connections that begin with a PROXY header, and headers such as `X-Forwarded-For` change no address. Two `bind` lines for one port are accepted by `haproxy -c`; the kernel then gives each listener some of the connections. Of haproxy and nginx on one port, the second does not start.",
        fix: "Remove the line, or listen on a loopback address for programs of the host. For the time of a move, ignore the finding. What has another port is not found, such as a frontend of its own.",
        verified_on: "haproxy 2.6.12, nginx 1.22.1",
    },
    examples: examples!("SN01"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let inventory = fleet.inventory;
    let sites: Vec<u16> = inventory.app_servers.iter().flat_map(of_nginx).collect();
    let bound: Vec<u16> = inventory.load_balancers.iter().flat_map(|it| inventory.ports_of_haproxy(it)).collect();
    // Of haproxy and nginx on one host, for the other one.
    let pairs: Vec<(&AppServer, &LoadBalancer)> =
        inventory.app_servers.iter().filter_map(|app| Some((app, inventory.balancer_beside(app)?))).collect();
    let beside_nginx: Vec<u16> = pairs.iter().flat_map(|(_, balancer)| inventory.ports_of_haproxy(balancer)).collect();
    let beside_haproxy: Vec<u16> = pairs.iter().flat_map(|(app, _)| of_nginx(app)).collect();
    let certified = |index: usize| inventory.sites.get(index).is_some_and(|it| it.client_certificates.is_some());
    fleet.directives(|directive| {
        if directive.statement.name() != "listen" {
            return;
        }
        let to = directive.statement.arguments().first().map_or("", |word| &*word.value);
        let is_open = match directive.included.block {
            Block::Server(index) => !is_for_the_host(directive.statement.arguments(), certified(index)),
            Block::Location(..) => true,
            _ => false,
        };
        if is_open || has_one_of(to, &sites) {
            let message = format!("`{}` listens beside the sites", directive.text());
            let help = "remove the line: `nginx.port` is the port of all sites, and `nginx.metrics` has its own";
            reporter.push(directive.finding(message, help));
        } else if has_one_of(to, &beside_nginx) {
            let message = format!("`{}` takes a port of haproxy, which is on the same host", directive.text());
            reporter.push(directive.finding(message, OF_THE_OTHER));
        }
    });
    fleet.lines(|included, _, line| {
        let to = word_values(line.arguments()).next().unwrap_or_default();
        if line.keyword() != "bind" {
            return;
        }
        let (whose, help) = if has_one_of(to, &bound) {
            let help = "use another port, or remove the line: the ports of `haproxy`, its `metrics` and `http` are bound already";
            ("the balancers", help)
        } else if has_one_of(to, &beside_haproxy) {
            ("nginx, which is on the same host", OF_THE_OTHER)
        } else {
            return;
        };
        let text = quoted(&included.snippet.text[line.span.clone()]);
        let end = line.words.last().map_or(line.span.end, |word| word.span.end);
        let message = format!("`{text}` takes a port of {whose}");
        reporter.push(included.finding(line.words[0].span.start..end, message, help));
    });
}

/// The ports that nginx of this app server listens on.
fn of_nginx(app: &AppServer) -> impl Iterator<Item = u16> + use<> {
    let metrics = app.nginx.metrics.as_ref().map(|metrics| metrics.port.0);
    std::iter::once(app.nginx.port.0).chain(metrics)
}

/// Whether an address has one of these ports.
fn has_one_of(address: &str, taken: &[u16]) -> bool {
    ports(address).iter().any(|range| taken.iter().any(|port| range.contains(port)))
}

/// Whether what listens like this takes plain connections of the host itself, and asks for certificates where the site does.
fn is_for_the_host(arguments: &[Word<'_>], certified: bool) -> bool {
    let Some((to, options)) = arguments.split_first() else { return false };
    let address = to.value.parse().map(|socket: SocketAddr| socket.ip()).or_else(|_| to.value.parse());
    let local = address.is_ok_and(|it: IpAddr| it.is_loopback());
    let has = |option: &str| options.iter().any(|word| word.is(option));
    local && !has("proxy_protocol") && (has("ssl") || !certified)
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
