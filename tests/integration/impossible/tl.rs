//! What cannot go wrong with TLS: the TL and RS families.

use std::collections::BTreeSet;

use sslscale::inventory::types::Tickets;
use sslscale::tickets::{KEYS, RING};

use super::nginx::Directive;
use super::rendered::{App, Rendered};
use super::{Held, ensure};

/// What holds of every server by itself.
fn every(rendered: &Rendered<'_>, what: &str, holds: impl Fn(&Directive) -> bool) -> Held {
    for (app, server) in rendered.servers() {
        let name = server.only("server_name").unwrap_or_default();
        ensure(holds(server), || format!("{}: {what} in the server of {name:?}", app.host.name))?;
    }
    Ok(())
}

/// What every server of a host must have alike.
fn alike<T: PartialEq>(rendered: &Rendered<'_>, what: &str, of: impl Fn(&Directive) -> T) -> Held {
    for app in &rendered.apps {
        let mut servers = app.servers().map(&of);
        let first = servers.next();
        ensure(servers.all(|other| Some(other) == first), || format!("{}: servers differ in {what}", app.host.name))?;
    }
    Ok(())
}

/// That a directive is nowhere.
fn nowhere(rendered: &Rendered<'_>, names: &[&str]) -> Held {
    for app in &rendered.apps {
        let found = app.conf.everything().into_iter().find(|d| names.contains(&d.name()));
        ensure(found.is_none(), || format!("{}: {found:?}", app.host.name))?;
    }
    Ok(())
}

/// TL09: versions are said, not left to the version's default.
pub fn tls13_is_said(rendered: &Rendered<'_>) -> Held {
    every(rendered, "versions unsaid", |server| server.only("ssl_protocols").is_some_and(|said| !said.is_empty()))
}

/// TL11: HTTP/2 is the socket's.
pub fn http2_is_everywhere_or_nowhere(rendered: &Rendered<'_>) -> Held {
    alike(rendered, "HTTP/2", |server| {
        let parameter: Vec<bool> = server.listens().iter().map(|listen| listen.has("http2")).collect();
        (parameter, server.only("http2").map(|on| on.join(" ")))
    })
}

/// TL12: so are the versions, and all else that a handshake begins with.
pub fn protocols_are_alike(rendered: &Rendered<'_>) -> Held {
    let settings = ["ssl_protocols", "ssl_ciphers", "ssl_ecdh_curve", "ssl_dhparam", "ssl_prefer_server_ciphers"];
    alike(rendered, "protocols", |server| settings.map(|name| server.only(name).map(|words| words.join(" "))))
}

/// TL14: nothing is stapled.
pub fn nothing_is_stapled(rendered: &Rendered<'_>) -> Held {
    nowhere(rendered, &["ssl_stapling", "ssl_stapling_file", "ssl_stapling_responder", "ssl_stapling_verify"])
}

/// TL15: the first server of every socket is its default, has no certificate and no site's name, unless a site here is
/// the default.
pub fn unknown_names_are_rejected(rendered: &Rendered<'_>) -> Held {
    let chosen = rendered.inventory.default_site().map(|(_, site)| site.server_names[0].as_str());
    for app in &rendered.apps {
        let host = &app.host.name;
        let is_chosen = |server: &Directive| server.only("server_name").unwrap_or_default().first().copied() == chosen;
        if chosen.is_some() && app.servers().any(is_chosen) {
            a_site_is_the_default(app, is_chosen)?;
            continue;
        }
        let default = app.servers().next().ok_or_else(|| format!("{host}: no server"))?;
        ensure(rejects(app, default), || format!("{host}: the first server takes handshakes"))?;
        let names = default.only("server_name").unwrap_or_default();
        let own = |name: &&str| app.servers().skip(1).any(|s| s.only("server_name").unwrap_or_default().contains(name));
        ensure(names.first() == Some(&"\"\"") && !names.iter().any(own), || format!("{host}: {names:?}"))?;
        for (index, server) in app.servers().enumerate() {
            let right = server.listens().iter().all(|listen| listen.has("default_server") == (index == 0));
            ensure(right, || format!("{host}: server {index} and `default_server`"))?;
        }
        let sockets = |server: &Directive| server.listens().iter().map(|l| l.socket).collect::<BTreeSet<_>>();
        ensure(app.servers().all(|server| sockets(server) == sockets(default)), || format!("{host}: other sockets"))?;
    }
    Ok(())
}

/// Its server is the default of every socket, and one for names of other pools rejects handshakes.
fn a_site_is_the_default(app: &App<'_>, is_chosen: impl Fn(&Directive) -> bool) -> Held {
    let host = &app.host.name;
    for (index, server) in app.servers().enumerate() {
        let right = server.listens().iter().all(|listen| listen.has("default_server") == is_chosen(server));
        ensure(right, || format!("{host}: server {index} and `default_server`"))?;
        let elsewhere = server.only("return") == Some(vec!["421"]);
        ensure(!elsewhere || rejects(app, server), || format!("{host}: server {index} takes handshakes"))?;
    }
    Ok(())
}

/// By the directive, or by a certificate that is no file.
fn rejects(app: &App<'_>, server: &Directive) -> bool {
    let none = "$sslscale_no_certificate";
    let map = app.conf.all("map").find(|map| map.words[2] == none);
    let empty = map.is_some_and(|map| map.block.iter().all(|value| value.words == ["default", "\"\""]));
    let files = [server.only("ssl_certificate"), server.only("ssl_certificate_key")];
    match server.only("ssl_reject_handshake") {
        Some(on) => on == ["on"] && files == [None, None],
        None => empty && files.into_iter().all(|file| file == Some(vec![none])),
    }
}

/// TL16: no client certificates but where a site asks for them.
pub fn no_client_certificates(rendered: &Rendered<'_>) -> Held {
    nowhere(rendered, &["ssl_trusted_certificate"])?;
    for app in &rendered.apps {
        for server in app.servers() {
            let name = server.only("server_name").unwrap_or_default().first().copied();
            // A name of another pool that a wildcard here matches is answered with 421.
            let inventory = rendered.inventory;
            let here = |pool: usize| inventory.pools[pool].app_servers(inventory).any(|it| it.name == app.host.name);
            let mut sites = inventory.sites.iter().filter(|site| here(site.pool));
            let site = sites.find(|site| name == Some(site.server_names[0].as_str()));
            let wanted = site.and_then(|site| site.client_certificates.as_ref());
            let right = server.only("ssl_verify_client") == wanted.map(|it| vec![it.verify.name()])
                && server.only("ssl_client_certificate") == wanted.map(|it| vec![it.authorities.as_str()]);
            ensure(right, || format!("{}: certificates of clients of {name:?}", app.host.name))?;
        }
        let all = app.conf.everything().into_iter().filter(|it| it.name() == "ssl_verify_client").count();
        let of_servers = app.servers().filter(|it| it.only("ssl_verify_client").is_some()).count();
        ensure(all == of_servers, || format!("{}: certificates of clients outside of servers", app.host.name))?;
    }
    Ok(())
}

/// RS02: ticket keys are those of every socket's default server, in its order, or nowhere.
pub fn ticket_keys_are_the_sockets(rendered: &Rendered<'_>) -> Held {
    let keys = |server: &Directive| -> Vec<String> {
        server.all("ssl_session_ticket_key").map(|key| key.words[1..].join(" ")).collect()
    };
    alike(rendered, "ticket keys", |server| (server.only("ssl_session_tickets").map(|on| on.join(" ")), keys(server)))?;
    for app in &rendered.apps {
        let (host, shared) = (&app.host.name, rendered.inventory.tickets == Tickets::Shared);
        // No key is outside of a server, where it would be for servers that have none.
        let all = app.conf.everything().into_iter().filter(|d| d.name() == "ssl_session_ticket_key").count();
        ensure(all == 3 * usize::from(shared) * app.servers().count(), || format!("{host}: {all} ticket keys"))?;
        let first = app.servers().next().map(keys).unwrap_or_default();
        let wanted = KEYS.map(|key| format!("{RING}/{key}"));
        ensure(!shared || first == wanted, || format!("{host}: {first:?}"))?;
    }
    Ok(())
}

/// RS03: no key file but those that the program itself makes, and one cache of one size.
pub fn the_cache_has_its_size(rendered: &Rendered<'_>) -> Held {
    for (app, server) in rendered.servers() {
        for key in server.all("ssl_session_ticket_key") {
            let own =
                key.words[1].strip_prefix(RING).is_some_and(|file| KEYS.iter().any(|own| file == format!("/{own}")));
            ensure(own, || format!("{}: {key:?}", app.host.name))?;
        }
    }
    every(rendered, "another cache", |server| server.only("ssl_session_cache") == Some(vec!["shared:sslscale:10m"]))
}
