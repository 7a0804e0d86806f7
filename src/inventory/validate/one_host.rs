//! Balancers and app servers that are one host: haproxy and nginx listen there side by side, on different ports.

use super::hosts::{Hosts, Places};
use super::http::PlacedHttp;
use super::listeners::{Apps, Challenges};
use super::pools::Pools;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{AppServer, LoadBalancer};
use crate::inventory::schema::Reader;
use crate::inventory::types::Port;
use crate::source::Span;

/// What listens on a port: the key of the port, and where that is written.
type Listener = (Port, &'static str, Option<Span>);

/// Compares what haproxy and nginx listen on, where both run on one host.
pub fn check(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    hosts: &Hosts,
    (pools, sites): (&Pools, &[PlacedSite]),
) {
    if !hosts.shared {
        return;
    }
    let challenges = http.and_then(Challenges::of);
    for (index, (app, places)) in hosts.app_servers.iter().enumerate() {
        let mut beside = hosts.load_balancers.iter().filter(|(balancer, _)| balancer.is_host_of(app));
        let Some((balancer, at)) = beside.next() else { continue };
        if let Some((second, other)) = beside.next() {
            let message =
                format!("`{}` has addresses of two balancers, `{}` and `{}`", app.name, balancer.name, second.name);
            let help = "write addresses of one host: its own, or those of the balancer on the same host";
            let two = Diagnostic::refusal(Code::AD05, places.address, message, help);
            reader.diagnostics.push(two.related(at.address, "the first one").related(other.address, "the second one"));
            continue;
        }
        let haproxy = of_haproxy(balancer, at, http);
        let takes = challenges.as_ref().filter(|it| it.members.contains(&index));
        let nginx = of_nginx(app, places, takes);
        for (port, key, place) in &nginx {
            let Some((_, other, with)) = haproxy.iter().find(|(other, ..)| other == port) else { continue };
            let message = format!(
                "`{}` and `{}` are one host, where `{other}` and `{key}` are both {port}",
                balancer.name, app.name
            );
            let help = help(key, |port| haproxy.iter().chain(&nginx).all(|(taken, ..)| *taken != port));
            let both = Diagnostic::refusal(Code::AD08, place.unwrap_or(places.address), message, help);
            reader
                .diagnostics
                .push(both.related(with.unwrap_or(at.address), format!("`{other}` of `{}`", balancer.name)));
        }
        apps(
            reader,
            (balancer, app),
            &haproxy,
            pools.all.iter().filter(|it| it.pool.members.contains(&index)).map(|it| Apps::of(&it.pool, sites)),
        );
    }
}

fn of_haproxy(balancer: &LoadBalancer, places: &Places, http: Option<&PlacedHttp>) -> Vec<Listener> {
    let haproxy = &balancer.haproxy;
    let tls = Some((haproxy.port, "haproxy.port", places.port));
    let plain = http.map(|it| (it.http.port, "http.port", it.port));
    let metrics = haproxy.metrics.as_ref().map(|it| (it.port, "haproxy.metrics.port", places.metrics));
    let peers = haproxy.limits.req.map(|_| (haproxy.peers_port, "haproxy.peers_port", places.peers));
    [tls, plain, metrics, peers].into_iter().flatten().collect()
}

fn of_nginx(app: &AppServer, places: &Places, challenges: Option<&Challenges>) -> Vec<Listener> {
    let tls = Some((app.nginx.port, "nginx.port", places.port));
    let plain = challenges.map(|it| (it.port, "http.acme_challenge.port", Some(it.span)));
    let metrics = app.nginx.metrics.as_ref().map(|it| (it.port, "nginx.metrics.port", places.metrics));
    [tls, plain, metrics].into_iter().flatten().collect()
}

/// What to write instead, with a port that nothing rendered has.
fn help(key: &str, is_free: impl Fn(Port) -> bool) -> String {
    let free = |from: u16| (from..).map(Port).find(|port| is_free(*port)).unwrap_or(Port(from));
    match key {
        "nginx.port" => format!(
            "let nginx listen elsewhere on this host: `nginx: {{ port: {} }}` in the app server's entry; correct `address` if these are two hosts",
            free(8443)
        ),
        "nginx.metrics.port" => format!("write another `port` into `metrics`, such as {}", free(9113)),
        _ => format!("write another `port` into `acme_challenge`, such as {}", free(8888)),
    }
}

/// No app can listen where haproxy does.
fn apps(
    reader: &mut Reader<'_>,
    (balancer, app): (&LoadBalancer, &AppServer),
    haproxy: &[Listener],
    pools: impl Iterator<Item = Apps>,
) {
    let bound = balancer.bound();
    let listens = |address| bound.is_empty() || bound.iter().any(|it| it.address == address);
    for of_pool in pools {
        let taken = |(port, key, _): &Listener| {
            // An app at the balancer's own address and these ports would be a circle, which is found for all app servers.
            let passes = ["haproxy.port", "http.port"].contains(key);
            of_pool.at(*port, app, |address| listens(address) && (address.is_loopback() || !passes))
        };
        let Some((socket, span)) = haproxy.iter().find_map(taken) else { continue };
        let message = format!(
            "no app can listen on `{socket}`: haproxy listens on that port of `{}`, which is the host of `{}`",
            balancer.name, app.name
        );
        reader.report(Code::IN09, span, message, "write the port that the app listens on");
    }
}
