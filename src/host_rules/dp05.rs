//! DP05: something on a host that sslscale does not manage and that takes connections of a rendered file.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::{Live, Seen, quoted};
use crate::deploy::{Block, Facts, Listen, Listening, Role};
use crate::diagnostic::Severity;
use crate::inventory::model::{AcmeChallenge, Http};
use crate::lint::{Finding, Reporter};

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    let running = live.running(None, reporter);
    // Ports of haproxy that nginx has on the same host.
    let mut of_nginx: BTreeSet<(&str, u16)> = BTreeSet::new();
    for (seen, facts) in &running {
        let ports = ports(live, seen);
        for (program, port) in others(seen, facts, &ports) {
            if program == Role::AppServer.program() {
                of_nginx.insert((seen.host.name, port));
            }
            let message = format!(
                "{} listens on port {port} of `{}`, which {} needs",
                quoted(&program),
                seen.host.name,
                seen.host.role.program()
            );
            let help = match (ports.key(seen.host.role, port), program.as_str()) {
                // Whoever follows the other advice has no way to the host any more.
                (key, "sshd") => format!("change `{key}` in the inventory"),
                // Both are wanted there, but not on one port.
                (key, "nginx") if is_beside(live, seen) => format!(
                    "change `{key}` in the inventory, or take the port from nginx on that host first, such as by removing \
                     `/etc/nginx/sites-enabled/default`"
                ),
                (key, "haproxy") if is_beside(live, seen) => {
                    format!("change `{key}` in the inventory, or take the port from haproxy on that host first")
                }
                (key, _) => format!("change `{key}` in the inventory, or stop that program and disable its service"),
            };
            reporter.report(live.place(seen.host, "name").span(), message, help);
        }
        if seen.host.role == Role::AppServer {
            blocks(live, seen, facts, &ports, reporter);
        }
    }
    for (seen, facts) in running.iter().filter(|(seen, _)| seen.host.role == Role::AppServer) {
        beside(live, seen, facts, &of_nginx, reporter);
    }
}

/// Other servers of nginx on a port of the haproxy that is on the same host: only one of the two programs starts. Those in
/// `told` are found where haproxy is.
fn beside(live: &Live<'_>, seen: &Seen<'_>, facts: &Facts, told: &BTreeSet<(&str, u16)>, reporter: &mut Reporter<'_>) {
    let inventory = live.fleet.inventory;
    let Some((_, app)) = live.app(seen.host.name) else { return };
    let Some(balancer) = inventory.balancer_beside(app) else { return };
    let balancer_name = balancer.name.as_str();
    let bind = &balancer.haproxy.bind;
    let ports: BTreeSet<u16> = inventory.ports_of_haproxy(balancer).collect();
    let mut told = told.clone();
    for block in others_of_nginx(seen, facts) {
        let takes = |listen: &&Listen| {
            let elsewhere = |address: &String| !bind.is_empty() && !bind.iter().any(|it| it.to_string() == *address);
            ports.contains(&listen.port) && !listen.address.as_ref().is_some_and(elsewhere)
        };
        for Listen { port, .. } in block.listens.iter().filter(takes) {
            if told.insert((balancer_name, *port)) {
                let what = format!(
                    "has a server on port {port}, which haproxy of `{balancer_name}` needs on the same host: only one of \
                     them starts"
                );
                reporter.push(finding(live, seen, block, (Severity::Error, what)));
            }
        }
    }
}

/// Servers of nginx that are not in files of a release or of the inventory.
fn others_of_nginx<'f>(seen: &Seen<'_>, facts: &'f Facts) -> Vec<&'f Block> {
    let ours = |file: &str| {
        seen.observation.managed.contains_key(file) || seen.host.files.iter().any(|entry| *entry.path == *file)
    };
    facts.nginx.blocks.iter().filter(|block| !ours(&block.file)).collect()
}

/// Whether the other program has a host of the inventory on the same machine.
fn is_beside(live: &Live<'_>, seen: &Seen<'_>) -> bool {
    let inventory = live.fleet.inventory;
    match (live.balancer(seen.host.name), live.app(seen.host.name)) {
        (Some((_, balancer)), _) => inventory.app_servers.iter().any(|app| balancer.is_host_of(app)),
        (None, Some((_, app))) => inventory.balancer_beside(app).is_some(),
        (None, None) => false,
    }
}

/// The ports that rendered files of a host listen on.
struct Ports {
    /// With TLS.
    tls: u16,
    /// With plain HTTP.
    plain: Option<u16>,
    /// For the program's numbers.
    metrics: Option<u16>,
    /// Where a balancer listens to the others.
    peers: Option<SocketAddr>,
}

impl Ports {
    /// The key of the inventory that says so.
    fn key(&self, role: Role, port: u16) -> &'static str {
        match role {
            Role::Balancer if port == self.tls => "haproxy.port",
            Role::Balancer if Some(port) == self.metrics => "haproxy.metrics.port",
            Role::Balancer if self.peers.is_some_and(|it| it.port() == port) => "haproxy.peers_port",
            Role::Balancer => "http.port",
            Role::AppServer if port == self.tls => "nginx.port",
            Role::AppServer if Some(port) == self.metrics => "nginx.metrics.port",
            Role::AppServer => "http.acme_challenge.port",
        }
    }
}

fn ports(live: &Live<'_>, seen: &Seen<'_>) -> Ports {
    let http = live.fleet.inventory.http.as_ref();
    if let Some((_, balancer)) = live.balancer(seen.host.name) {
        let haproxy = &balancer.haproxy;
        let metrics = haproxy.metrics.as_ref().map(|it| it.port.0);
        let peers = live.fleet.inventory.peers(balancer).into_iter().find(|(it, _)| it.name == balancer.name);
        let peers = peers.map(|(_, address)| address);
        return Ports { tls: haproxy.port.0, plain: http.map(|it| it.port.0), metrics, peers };
    }
    let Some((index, app)) = live.app(seen.host.name) else {
        return Ports { tls: 0, plain: None, metrics: None, peers: None };
    };
    let challenges = match http {
        Some(Http { acme_challenge: Some(AcmeChallenge::AppServers { members, port, root: Some(_) }), .. }) => {
            members.contains(&index).then_some(port.0)
        }
        _ => None,
    };
    let metrics = app.nginx.metrics.as_ref().map(|it| it.port.0);
    Ports { tls: app.nginx.port.0, plain: challenges, metrics, peers: None }
}

/// Other programs that listen on a port of ours.
fn others(seen: &Seen<'_>, facts: &Facts, ports: &Ports) -> BTreeSet<(String, u16)> {
    let program = seen.host.role.program();
    let taken = |it: &Listening| {
        let is_peer =
            |peer: SocketAddr| peer.port() == it.port && (it.address.is_unspecified() || it.address == peer.ip());
        it.port == ports.tls
            || [ports.plain, ports.metrics].contains(&Some(it.port))
            || ports.peers.is_some_and(is_peer)
    };
    let others = facts.listening.iter().filter(|it| taken(it) && it.program != program);
    others.map(|it| (it.program.clone(), it.port)).collect()
}

/// Other servers of nginx on a port of ours.
fn blocks(live: &Live<'_>, seen: &Seen<'_>, facts: &Facts, ports: &Ports, reporter: &mut Reporter<'_>) {
    let sites = &live.fleet.inventory.sites;
    let names: BTreeSet<&str> = sites.iter().flat_map(|site| &site.server_names).map(|name| name.as_str()).collect();
    let mut told = BTreeSet::new();
    for block in others_of_nginx(seen, facts) {
        let name = block.names.iter().find(|name| names.contains(name.as_str()));
        let options = [("ssl", true), ("proxy_protocol", live.fleet.inventory.has_proxy_header())];
        let conflicts = block.listens.iter().filter_map(|listen| conflict(listen, name, ports, options));
        // One of each file and port is enough; errors first.
        let Some((severity, port, what)) = conflicts.max_by_key(|(severity, ..)| *severity) else { continue };
        if !told.insert((&block.file, port)) {
            continue;
        }
        reporter.push(finding(live, seen, block, (severity, what)));
    }
}

fn finding(live: &Live<'_>, seen: &Seen<'_>, block: &Block, (severity, what): (Severity, String)) -> Finding {
    let message = format!("{} on `{}` {what}", quoted(&block.file), seen.host.name);
    let help = "remove the file, or give its server another port; what it serves can be a site of the inventory";
    Finding::new(live.place(seen.host, "name").span(), message, help).with_severity(severity)
}

/// What a server that is not ours does to those that are, which have these options or not.
fn conflict(
    listen: &Listen,
    name: Option<&String>,
    ports: &Ports,
    options: [(&str, bool); 2],
) -> Option<(Severity, u16, String)> {
    let Listen { address, port, .. } = listen;
    let plain = Some(*port) == ports.plain;
    if !plain && *port != ports.tls {
        return None;
    }
    let error = |what: String| Some((Severity::Error, *port, what));
    if let Some(address) = address {
        return error(format!(
            "takes all connections to {} from the rendered servers",
            quoted(&format!("{address}:{port}"))
        ));
    }
    if let Some(name) = name {
        return error(format!("has a server for {} on port {port}, as the rendered file does", quoted(name)));
    }
    if plain {
        return None;
    }
    for (option, wanted) in options {
        if listen.has(option) != wanted {
            let (is, other) = if wanted { ("without", "with") } else { ("with", "without") };
            return error(format!("listens on port {port} {is} `{option}`, and the rendered file {other} it"));
        }
    }
    if listen.has("default_server") {
        return error(format!("has a `default_server` on port {port}, as the rendered file does"));
    }
    let what = format!("shares port {port} with the rendered file, whose TLS settings then apply");
    Some((Severity::Warning, *port, what))
}
