//! What cannot go wrong with health checks, capacity and privileges: the HP, CP and SE families.

use std::collections::BTreeSet;

use sslscale::inventory::model::OtherPool;
use sslscale::inventory::types::ProxyProtocol;

use super::haproxy::{Section, Server};
use super::rendered::{Balancer, CHALLENGES, FALLBACK, Rendered};
use super::{Held, ensure};

/// What holds of every backend's default, which comes before its servers.
fn every_check(rendered: &Rendered<'_>, what: &str, holds: impl Fn(usize, &Section, &Server<'_>) -> bool) -> Held {
    for balancer in &rendered.balancers {
        let host = &balancer.host.name;
        let pools = rendered.inventory.pools.len();
        ensure(balancer.backends().count() == pools, || format!("{host}: a pool without its backend"))?;
        let fallbacks = if balancer.backends().any(asks) { pools } else { 0 };
        ensure(balancer.fallbacks().count() == fallbacks, || format!("{host}: a pool without its second backend"))?;
        for (pool, backend) in balancer.backends().enumerate().chain(balancer.fallbacks().enumerate()) {
            let found = backend.default_server().is_some_and(|default| holds(pool, backend, &default));
            ensure(found, || format!("{host}: {what} in {:?}", backend.head))?;
        }
    }
    Ok(())
}

/// HP02: checks go where traffic goes, behind a PROXY header as traffic does.
pub fn checks_go_where_traffic_goes(rendered: &Rendered<'_>) -> Held {
    every_check(rendered, "a check of something else", |_, backend, default| {
        let astray = |server: &Server<'_>| ["port", "addr"].iter().any(|keyword| server.has(keyword));
        let mut servers = backend.servers().into_iter();
        servers.all(|server| !astray(&server) && default.has("check-send-proxy") != server.sends().is_empty())
            && !astray(default)
    })?;
    every_balancer(rendered, "another header to other servers than their pool has", |balancer| {
        let pools = &rendered.inventory.other_pools;
        let fits = |(pool, backend): (&OtherPool, &Section)| {
            let sends = pool.send_proxy != ProxyProtocol::Off;
            let servers = backend.servers();
            let same = servers.iter().all(|server| server.sends().len() == usize::from(sends));
            let checks =
                backend.default_server().is_some_and(|it| it.has("check-send-proxy") == sends && it.has("check"));
            same && checks && backend.head[1] == pool.name.as_str() && servers.len() == pool.servers.len()
        };
        Ok(balancer.others().count() == pools.len() && pools.iter().zip(balancer.others()).all(fits))
    })
}

/// HP03: a check that makes a handshake names a site that every member of the pool serves.
pub fn checks_name_a_site(rendered: &Rendered<'_>) -> Held {
    every_check(rendered, "a check without a site's name", |pool, _, default| {
        let members = || rendered.apps.iter().filter(|app| app.pools.contains(&pool));
        let served = |name: &str| {
            let refuses = |server: &&super::nginx::Directive| server.only("return") == Some(vec!["421"]);
            members().all(|app| app.servers().filter(|it| !refuses(it)).any(|site| serves(site, name)))
        };
        default.has("check-ssl") == default.has("check-sni") && default.value("check-sni").is_none_or(served)
    })
}

fn serves(site: &super::nginx::Directive, name: &str) -> bool {
    let parent = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let names = site.only("server_name");
    names.unwrap_or_default().iter().any(|own| *own == name || parent.as_deref() == Some(*own))
}

/// Whether the checks of a backend are HTTP requests.
fn asks(backend: &Section) -> bool {
    backend.all(&["option", "httpchk"]).next().is_some()
}

/// HP05: checks are handshakes, bare connections, or requests in TLS after a PROXY header for a name that
/// nginx serves there: it answers all of them.
pub fn checks_speak_no_other_protocol(rendered: &Rendered<'_>) -> Held {
    every_check(rendered, "another kind of check", |_, backend, default| {
        let kinds = ["option", "http-check", "tcp-check", "external-check"];
        let lines = backend.lines.iter().filter(|line| kinds.contains(&line[0].as_str()));
        let first: Vec<String> =
            lines.map(|line| line[..2].join(" ")).filter(|line| line != "option allbackups").collect();
        let sent = backend.all(&["http-check", "send"]).next().unwrap_or_default();
        let name = sent.windows(3).find(|words| words[..2] == ["hdr", "Host"]).map(|words| words[2].as_str());
        let asked = first == ["option httpchk", "http-check send", "http-check expect"]
            && default.has("check-ssl")
            && default.has("check-send-proxy") != backend.servers().iter().any(|server| server.sends().is_empty())
            && name.is_some()
            && name == default.value("check-sni");
        first.is_empty() || (asked && !backend.head[1].ends_with(FALLBACK))
    })?;
    for section in rendered.balancers.iter().flat_map(|balancer| balancer.cfg.iter()) {
        let check = section.all(&["option"]).find(|option| option[0].contains("chk") || option[0].contains("check"));
        ensure(check.is_none() || section.kind() == "backend", || format!("{:?}: {check:?}", section.head))?;
    }
    Ok(())
}

/// HP06: every server of a pool is checked, or is as a checked one with its address is; what answers challenges may not listen all the time.
pub fn every_server_is_checked(rendered: &Rendered<'_>) -> Held {
    every_check(rendered, "a server without a check", |_, backend, default| {
        let servers = backend.servers();
        let checked = |server: &Server<'_>| !server.has("no-check") && !server.has("disabled");
        let follows = |server: &Server<'_>| {
            let mut others = servers.iter().filter(|it| checked(it) && it.address == server.address);
            let followed = |it: &Server<'_>| server.value("track") == Some(&format!("{}/{}", backend.head[1], it.name));
            !server.has("disabled") && others.any(followed)
        };
        default.has("check") && servers.iter().all(|server| checked(server) || follows(server))
    })
}

/// HP11: everything is TCP but the frontends for plain HTTP and metrics, and the one backend that it leads to.
pub fn modes_are_alike(rendered: &Rendered<'_>) -> Held {
    every_balancer(rendered, "another mode", |balancer| {
        let plain = |section: &Section| {
            ["http-in", "metrics-in", CHALLENGES].contains(&section.head.last().map_or("", String::as_str))
        };
        let mut proxies = balancer.cfg.iter().filter(|section| !["global", "peers"].contains(&section.kind()));
        let wanted = |section: &Section| if plain(section) { "http" } else { "tcp" };
        let said = proxies.all(|section| section.value(&["mode"]) == Some(wanted(section)));
        let mut frontends = balancer.cfg.iter().filter(|section| section.kind() == "frontend");
        let alike = frontends.all(|frontend| {
            let ways = frontend.all(&["use_backend"]).chain(frontend.all(&["default_backend"]));
            let ways: BTreeSet<String> = ways.map(|words| words[0].clone()).collect();
            // What comes out of a map is one of its values.
            let mapped =
                if ways.iter().any(|way| way.starts_with("%[")) { balancer.mapped.clone() } else { BTreeSet::new() };
            let ways = ways.into_iter().filter(|way| !way.starts_with("%[")).chain(mapped);
            let mut led = ways.map(|way| balancer.named("backend", &way));
            led.all(|backend| backend.is_ok_and(|backend| plain(backend) == plain(frontend)))
        });
        Ok(said && alike)
    })
}

fn maxconn(balancer: &Balancer<'_>) -> Result<u64, String> {
    let value = balancer.section("global")?.value(&["maxconn"]);
    value.and_then(|n| n.parse().ok()).ok_or_else(|| format!("{}: no maxconn", balancer.host.name))
}

/// CP02: no limit is above that of the process.
pub fn no_limit_is_above_the_processs(rendered: &Rendered<'_>) -> Held {
    every_balancer(rendered, "a limit above the process's", |balancer| {
        let mut proxies = balancer.cfg.iter().filter(|section| section.kind() != "global");
        let process = maxconn(balancer)?;
        let below = |words: &[String]| words[0].parse::<u64>().is_ok_and(|limit| limit <= process);
        Ok(proxies.all(|section| section.all(&["maxconn"]).all(below)))
    })
}

/// SE01: the one admin socket is a file that only root can open.
pub fn the_admin_socket_is_roots(rendered: &Rendered<'_>) -> Held {
    every_balancer(rendered, "an open socket", |balancer| {
        let sockets: Vec<&[String]> =
            balancer.cfg.iter().flat_map(|section| section.all(&["stats", "socket"])).collect();
        Ok(sockets == [["/run/haproxy/admin.sock", "mode", "600", "level", "admin"]])
    })
}

/// SE02: workers give root up, in a chroot.
pub fn workers_are_nobody(rendered: &Rendered<'_>) -> Held {
    every_balancer(rendered, "workers that are somebody", |balancer| {
        let global = balancer.section("global")?;
        let is = |setting: &str, value: &str| global.value(&[setting]) == Some(value);
        Ok(is("user", "haproxy") && is("group", "haproxy") && is("chroot", "/var/lib/haproxy"))
    })
}

/// SE04: headers are added by servers, one at most, and by nothing inside of them, where it would drop
/// the server's; nor outside of them, where the server's would drop it.
pub fn headers_are_the_servers(rendered: &Rendered<'_>) -> Held {
    for app in &rendered.apps {
        let all = app.conf.everything().into_iter().filter(|directive| directive.name() == "add_header").count();
        let own: Vec<usize> = app.servers().map(|server| server.all("add_header").count()).collect();
        let refuses = |server: &&super::nginx::Directive| server.only("return") == Some(vec!["421"]);
        let bare = app.servers().filter(refuses).all(|server| server.all("add_header").next().is_none());
        let held = own.iter().sum::<usize>() == all && bare;
        ensure(held, || format!("{}: {all} headers, of servers {own:?}", app.host.name))?;
        for header in app.servers().flat_map(|server| server.all("add_header")) {
            let always = header.words.last().is_some_and(|word| word == "always");
            let known = ["Strict-Transport-Security", "Upgrade", "Retry-After"].contains(&header.words[1].as_str());
            ensure(always && known, || format!("{}: {header:?}", app.host.name))?;
        }
    }
    Ok(())
}

fn every_balancer(rendered: &Rendered<'_>, what: &str, holds: impl Fn(&Balancer<'_>) -> Result<bool, String>) -> Held {
    for balancer in &rendered.balancers {
        ensure(holds(balancer)?, || format!("{}: {what}", balancer.host.name))?;
    }
    Ok(())
}
