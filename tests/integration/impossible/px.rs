//! What cannot go wrong between the two sides of the wire: AD06, AD07 and the PX family.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sslscale::inventory::types::ProxyProtocol;

use super::nginx::Directive;
use super::rendered::{App, Leg, Rendered};
use super::{Held, ensure};

/// Whether the app server's listener at the end of `leg` expects a PROXY header.
fn expects(rendered: &Rendered<'_>, leg: &Leg<'_>) -> Result<bool, String> {
    let from = &leg.balancer.host.name;
    let app = rendered.app_at(leg.to).ok_or_else(|| format!("{from}: no app server at {}", leg.to))?;
    let listens: Vec<_> = app.servers().flat_map(|server| server.listens()).filter(|l| l.takes(leg.to)).collect();
    ensure(!listens.is_empty(), || format!("{}: nothing listens at {}", app.host.name, leg.to))?;
    let expecting = listens.iter().filter(|listen| listen.has("proxy_protocol")).count();
    ensure(expecting == 0 || expecting == listens.len(), || format!("{}: of two minds", app.host.name))?;
    Ok(expecting > 0)
}

/// PX01: what a balancer sends, its app server expects.
pub fn sent_is_expected(rendered: &Rendered<'_>) -> Held {
    let sends = |leg: &Leg<'_>| !leg.server.sends().is_empty() || leg.balancer.backends().any(checks_send);
    for leg in rendered.legs().filter(sends) {
        let words = || format!("{} sends a header to {}, which expects none", leg.balancer.host.name, leg.to);
        ensure(expects(rendered, &leg)?, words)?;
    }
    Ok(())
}

/// PX02: what an app server expects, every balancer sends, and every balancer that may.
pub fn expected_is_sent(rendered: &Rendered<'_>) -> Held {
    let mut reached = BTreeSet::new();
    for leg in rendered.legs() {
        let sends = leg.server.sends().len() == 1 && leg.balancer.backends().all(checks_send);
        let off = leg.balancer.host.haproxy.proxy_protocol == ProxyProtocol::Off;
        ensure(off != sends, || format!("{} sends a header or not, against its key", leg.balancer.host.name))?;
        let words = || format!("{} sends no header to {}, which waits for one", leg.balancer.host.name, leg.to);
        ensure(sends || !expects(rendered, &leg)?, words)?;
        reached
            .extend(rendered.app_at(leg.to).map(|app| (leg.balancer.host.name.to_string(), app.host.name.to_string())));
    }
    let all = rendered.balancers.len() * rendered.apps.len();
    ensure(reached.len() == all, || format!("{} of {all} pairs of hosts are connected", reached.len()))
}

fn checks_send(backend: &super::haproxy::Section) -> bool {
    backend.default_server().is_some_and(|default| default.has("check-send-proxy"))
}

/// PX03: all listeners of a socket have the same options.
pub fn sockets_have_one_mind(rendered: &Rendered<'_>) -> Held {
    for app in &rendered.apps {
        let mut options = BTreeMap::new();
        for listen in app.servers().flat_map(|server| server.listens()) {
            let own: Vec<String> =
                listen.options.iter().filter(|o| **o != "default_server").map(ToString::to_string).collect();
            let first = options.entry(listen.socket).or_insert_with(|| own.clone());
            ensure(*first == own, || format!("{}: {} has {first:?} and {own:?}", app.host.name, listen.socket))?;
        }
    }
    Ok(())
}

/// PX04: every listener is a wildcard's, of the one port that the inventory gives.
pub fn only_wildcards_listen(rendered: &Rendered<'_>) -> Held {
    for (app, server) in rendered.servers() {
        for listen in server.listens() {
            let wildcard = listen.socket.ip().is_unspecified() && listen.socket.port() == app.host.nginx.port.0;
            ensure(wildcard, || format!("{}: listens at {}", app.host.name, listen.socket))?;
        }
    }
    Ok(())
}

/// AD06: no socket is bound twice by a balancer, or named twice by a server.
pub fn sockets_are_bound_once(rendered: &Rendered<'_>) -> Held {
    for balancer in &rendered.balancers {
        let binds: Vec<&[String]> = balancer.cfg.iter().flat_map(|section| section.all(&["bind"])).collect();
        let addresses: BTreeSet<&str> = binds.iter().map(|bind| bind[0].as_str()).collect();
        let plain = rendered.inventory.http.as_ref().map(|http| http.port.0);
        let metrics = balancer.host.haproxy.metrics.as_ref().map(|metrics| metrics.port.0);
        let ports: Vec<u16> = [balancer.host.haproxy.port.0].into_iter().chain(plain).chain(metrics).collect();
        let listed = balancer.host.bound();
        let of = |address: &str, port: &u16| match listed.is_empty() {
            true => address == format!("*:{port}") || address == format!(":::{port}"),
            false => listed.iter().any(|it| address == SocketAddr::new(it.address, *port).to_string()),
        };
        let peers = rendered.inventory.peers(balancer.host);
        let own = peers.iter().find(|(it, _)| it.name == balancer.host.name).map(|(_, socket)| socket.to_string());
        let known = |address: &&str| own.as_deref() == Some(*address) || ports.iter().any(|port| of(address, port));
        let fine = !binds.is_empty() && addresses.len() == binds.len() && addresses.iter().all(known);
        ensure(fine, || format!("{}: binds {binds:?}", balancer.host.name))?;
    }
    for (app, server) in rendered.servers() {
        let listens = server.listens();
        let sockets: BTreeSet<_> = listens.iter().map(|listen| listen.socket).collect();
        ensure(!listens.is_empty() && sockets.len() == listens.len(), || format!("{}: {listens:?}", app.host.name))?;
    }
    Ok(())
}

/// AD07: an IPv6 socket never takes IPv4.
pub fn families_are_apart(rendered: &Rendered<'_>) -> Held {
    for balancer in &rendered.balancers {
        for bind in balancer.cfg.iter().flat_map(|section| section.all(&["bind"])) {
            let apart = !bind[0].starts_with("::") || bind[1..] == ["v6only"];
            ensure(apart, || format!("{}: binds {bind:?}", balancer.host.name))?;
        }
    }
    for (app, server) in rendered.servers() {
        let both = server.listens().iter().any(|listen| listen.has("ipv6only=off"));
        ensure(!both, || format!("{}: an IPv6 listener takes IPv4", app.host.name))?;
    }
    Ok(())
}

/// PX08: who is trusted, and what is read of them, are never one without the other.
pub fn real_ip_is_whole(rendered: &Rendered<'_>) -> Held {
    for (app, server) in rendered.servers() {
        let header = server.only("real_ip_header");
        let trusts = server.all("set_real_ip_from").next().is_some();
        let whole = trusts
            && header.is_some()
            && (header == Some(vec!["proxy_protocol"]) || header == of_cdn(rendered, server));
        let none = !trusts && header.is_none() && server.listens().iter().all(|it| !it.has("proxy_protocol"));
        ensure(whole || none, || format!("{}: a server with half of it, {header:?}", app.host.name))?;
    }
    Ok(())
}

/// The header of the CDN that is in front of this server, which has to refuse who goes around it before all else.
fn of_cdn<'r>(rendered: &'r Rendered<'_>, server: &Directive) -> Option<Vec<&'r str>> {
    let names = server.only("server_name").unwrap_or_default();
    let site = rendered.inventory.sites.iter().find(|site| names.first() == Some(&site.server_names[0].as_str()))?;
    let refuses = server.all("if").next().is_some_and(|it| it.words[1].starts_with("($sslscale_around_"));
    site.cdn.as_ref().filter(|_| refuses).map(|cdn| vec![cdn.header.as_str()])
}

/// PX09: where the header is what counts, every listener reads it.
pub fn real_ip_is_read(rendered: &Rendered<'_>) -> Held {
    for (app, server) in rendered.servers() {
        let header = server.all("real_ip_header").any(|header| header.arguments() == ["proxy_protocol"]);
        let read = server.listens().iter().all(|listen| listen.has("proxy_protocol"));
        ensure(!header || read, || format!("{}: an address out of nowhere", app.host.name))?;
    }
    Ok(())
}

/// PX10: every server has the whole list, and nothing else has any of it.
pub fn trust_is_said_in_servers(rendered: &Rendered<'_>) -> Held {
    let trusted_proxies = rendered.inventory.trusted_proxies.iter().filter(|_| rendered.inventory.has_proxy_header());
    let wanted: Vec<String> = trusted_proxies.map(ToString::to_string).collect();
    for app in &rendered.apps {
        let mut inside = 0;
        for server in app.servers() {
            let list: Vec<&str> = server.all("set_real_ip_from").map(|from| from.arguments()[0].as_str()).collect();
            ensure(list == wanted, || format!("{}: trusts {list:?}, not {wanted:?}", app.host.name))?;
            inside += list.len();
        }
        ensure(trusted(app) == inside, || format!("{}: trust outside of servers", app.host.name))?;
    }
    Ok(())
}

fn trusted(app: &App<'_>) -> usize {
    app.conf.everything().iter().filter(|directive| directive.name() == "set_real_ip_from").count()
}

/// PX12: a balancer sends the same header to all.
pub fn headers_are_alike(rendered: &Rendered<'_>) -> Held {
    let mut first = BTreeMap::new();
    for leg in rendered.legs() {
        let (name, sends) = (leg.balancer.host.name.as_str(), leg.server.sends());
        let one = first.entry(name).or_insert_with(|| sends.clone());
        let count = usize::from(leg.balancer.host.haproxy.proxy_protocol != ProxyProtocol::Off);
        ensure(*one == sends && sends.len() == count, || format!("{name}: {one:?} and {sends:?}"))?;
    }
    Ok(())
}
