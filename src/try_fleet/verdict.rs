//! The verdict on one request: what the fleet promises, compared with what the client, nginx and the
//! app saw. Pure, so that every kind of failure has a test.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::app::websocket::{ACCEPT, BYTE};
use super::browser::http2_allows;
use super::curl::{Fetch, Reply};
use super::spec::{Offered, Probe, ProbeKind, SiteSpec};
use crate::event::Verdict;

/// Where nginx logged a request, and the client address in the line.
pub(super) type Logged<'a> = Option<(&'a str, Option<IpAddr>)>;

/// One request with all that is known about its answer.
pub(super) struct Case<'a> {
    pub(super) site: &'a SiteSpec,
    pub(super) probe: &'a Probe,
    pub(super) offered: &'a Offered,
    pub(super) fetch: &'a Fetch<'a>,
    pub(super) reply: &'a Reply,
    pub(super) logged: Logged<'a>,
    /// The addresses of the balancer, if it sends no PROXY header: app servers see one of them.
    pub(super) hidden_by: Option<&'a [IpAddr]>,
}

impl Case<'_> {
    /// Whether this is the address that nginx and apps should see.
    fn expects(&self, address: IpAddr) -> bool {
        self.hidden_by.map_or(address == self.fetch.client, |balancer| balancer.contains(&address))
    }

    /// Whose address that is.
    fn expected(&self) -> &'static str {
        if self.hidden_by.is_some() { "the balancer's" } else { "the client's" }
    }
}

/// Every deviation of a request from what the site promises.
pub(super) fn judge(case: &Case) -> Verdict {
    let Case { site, probe, reply, .. } = case;
    let mut wrong = Vec::new();
    let echoes = probe.received.is_some();
    let answered = reply.echo().filter(|_| echoes).map(|echo| echo.host);
    // An app elsewhere does not say which app server passed the request on.
    let answered = answered.filter(|host| !site.app_hosts.contains(host));
    match (&reply.browser, &reply.error) {
        (Some(reason), _) => wrong.push(format!("a browser would fail: {reason}")),
        (None, Some(error)) => wrong.push(format!("curl: {error}")),
        (None, None) => negotiated(case, &mut wrong),
    }
    match case.logged {
        None if reply.error.is_some() => {}
        // An app may say where the request was; a file or a redirect cannot.
        None if answered.as_ref().map_or(!site.unlogged.is_empty(), |host| site.unlogged.contains(host)) => {}
        None => {
            wrong.push("no app server logged it".to_owned());
            if let Some(host) = answered.filter(|host| !site.pool_hosts.contains(host)) {
                wrong.push(format!("{host} is not in the pool of this site"));
            }
        }
        Some((server, address)) => {
            if !site.pool_hosts.iter().any(|host| host == server) {
                wrong.push(format!("{server} is not in the pool of this site"));
            }
            match address {
                Some(seen) if !case.expects(seen) => {
                    wrong.push(format!("nginx saw {seen}, not {} address", case.expected()));
                }
                None if probe.received.is_none() => {
                    wrong.push("the access log has no client address".to_owned());
                }
                _ => {}
            }
        }
    }
    if let Some(expected) = &probe.received
        && reply.error.is_none()
        && reply.status == Some(probe.status)
    {
        echoed(case, expected, &mut wrong);
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}

fn negotiated(case: &Case, wrong: &mut Vec<String>) {
    let Case { probe, offered, reply, .. } = case;
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    if reply.status != Some(probe.status) {
        let status = reply.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        wrong.push(format!("status {status}, not {}", probe.status));
    }
    if probe.redirect.is_some() && reply.redirect != probe.redirect {
        let (to, wanted) = (or_none(&reply.redirect), or_none(&probe.redirect));
        wrong.push(format!("redirected to `{to}`, not to `{wanted}`"));
    }
    if reply.status == Some(probe.status) {
        kind(case, wrong);
    }
    let http = offered.http2.map(|http2| if http2 { "2" } else { "1.1" });
    if http.is_some() && reply.http.as_deref() != http {
        wrong.push(format!("HTTP version {}, not {}", or_none(&reply.http), http.unwrap_or_default()));
    }
    if offered.tls.is_some() && reply.tls != offered.tls {
        wrong.push(format!("TLS version {}, not {}", or_none(&reply.tls), or_none(&offered.tls)));
    }
    if let Some(cipher) = &reply.cipher
        && reply.http.as_deref() == Some("2")
        && reply.tls.as_deref() == Some("1.2")
        && !http2_allows(cipher)
    {
        wrong.push(format!(
            "a browser would fail: HTTP/2 forbids the cipher `{cipher}`: add ECDHE ciphers with GCM or CHACHA20 to \
             `ssl_ciphers`, or set `http2: false`"
        ));
    }
}

/// What an answer of this kind has besides its status.
fn kind(case: &Case, wrong: &mut Vec<String>) {
    let Case { probe, reply, .. } = case;
    let has = |name: &str, value: &str| reply.headers.get(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
    match probe.kind {
        ProbeKind::Get => {}
        ProbeKind::Grpc if has("grpc-status", "0") => {}
        ProbeKind::Grpc => wrong.push("the answer has no `grpc-status: 0`".to_owned()),
        ProbeKind::WebSocket => {
            let wanted = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)];
            let missing = wanted.iter().filter(|(name, value)| !has(name, value));
            wrong.extend(missing.map(|(name, value)| format!("a browser would fail: no header `{name}: {value}`")));
            if !reply.body.starts_with(BYTE) {
                wrong.push("the byte that was sent over the WebSocket did not come back".to_owned());
            }
        }
    }
}

/// What the app received must be what nginx logged, and what the inventory foretells.
fn echoed(case: &Case, expected: &BTreeMap<String, String>, wrong: &mut Vec<String>) {
    let Some(echo) = case.reply.echo() else {
        wrong.push("the answer does not come from the stand-in app".to_owned());
        return;
    };
    if let Some((server, _)) = case.logged
        && echo.host != server
        && !case.site.app_hosts.contains(&echo.host)
    {
        wrong.push(format!("{server} logged it, but the app of {} answered", echo.host));
    }
    if !echo.forged.is_empty() {
        let (named, more) =
            (echo.forged.iter().take(3).cloned().collect::<Vec<_>>(), echo.forged.len().saturating_sub(3));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        wrong.push(format!("the app received the address that the client forged, as {}{more}", named.join(", ")));
    }
    let passed = echo.remote_addr.as_deref();
    if !passed.and_then(|passed| passed.parse().ok()).is_some_and(|passed| case.expects(passed)) {
        wrong.push(passed.map_or_else(
            || "the app received no client address".to_owned(),
            |passed| format!("the app received {passed}, not {} address", case.expected()),
        ));
    }
    let host = echo.received.get("HTTP_HOST").map(|host| host.to_ascii_lowercase());
    let wanted = case.fetch.host().to_ascii_lowercase();
    if host.as_ref() != Some(&wanted) {
        wrong.push(format!("the app received the host `{}`, not `{wanted}`", host.unwrap_or_default()));
    }
    // An app over HTTP has no SERVER_PORT.
    let ports = ["SERVER_PORT", "HTTP_X_FORWARDED_PORT"];
    let told = ports.into_iter().filter(|name| !expected.is_empty() && echo.received.contains_key(*name));
    let port = case.fetch.port.to_string();
    for (name, value) in expected.iter().map(|(name, value)| (name.as_str(), value)).chain(told.map(|it| (it, &port))) {
        let received = echo.received.get(name).map(String::as_str).unwrap_or_default();
        if received != value {
            wrong.push(format!("the app received `{received}` as {name}, not `{value}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::try_fleet::app::Echo;

    const CLIENT: &str = "192.0.2.1";

    fn site() -> SiteSpec {
        let received = BTreeMap::from([("PATH_INFO".to_owned(), "/".to_owned())]);
        SiteSpec {
            name: "example.com".to_owned(),
            pool_hosts: vec!["srv1".to_owned()],
            unlogged: Vec::new(),
            app_hosts: Vec::new(),
            location: "/".to_owned(),
            probes: vec![Probe { received: Some(received), ..Probe::new("/".to_owned()) }],
            driven: Ok(()),
            offers: vec![Offered { http2: Some(true), tls: Some("1.3".to_owned()) }],
        }
    }

    fn reply(host: &str, address: &str) -> Reply {
        let received = [("HTTP_HOST", "Example.com:8443"), ("PATH_INFO", "/")];
        let echo = Echo {
            host: host.to_owned(),
            via: "uwsgi".to_owned(),
            remote_addr: Some(address.to_owned()),
            protocol: None,
            https: true,
            server_name: None,
            forged: Vec::new(),
            received: received.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Reply {
            status: Some(200),
            http: Some("2".to_owned()),
            tls: Some("1.3".to_owned()),
            cipher: Some("TLS_AES_128_GCM_SHA256".to_owned()),
            body: serde_json::to_string(&echo).unwrap(),
            ..Reply::default()
        }
    }

    fn judged(site: &SiteSpec, reply: &Reply, logged: Option<(&str, &str)>) -> String {
        judged_behind(None, site, reply, logged)
    }

    /// The same, behind a balancer with these addresses that sends no PROXY header.
    fn judged_behind(
        hidden_by: Option<&[IpAddr]>,
        site: &SiteSpec,
        reply: &Reply,
        logged: Option<(&str, &str)>,
    ) -> String {
        let logged = logged.map(|(server, seen)| (server, seen.parse().ok()));
        let fetch = Fetch {
            name: &site.name,
            path: "/",
            kind: site.probes[0].kind,
            client: CLIENT.parse().unwrap(),
            entry: "10.0.0.10".parse().unwrap(),
            port: 8443,
            mapped: 443,
            verified: true,
        };
        let (probe, offered) = (&site.probes[0], &site.offers[0]);
        judge(&Case { site, probe, offered, fetch: &fetch, reply, logged, hidden_by }).to_string()
    }

    #[test]
    fn what_the_app_is_told_is_compared() {
        let mut site = site();
        site.probes[0].received = Some(BTreeMap::from([("PATH_INFO".to_owned(), "/a b".to_owned())]));
        let told = judged(&site, &reply("srv1", CLIENT), Some(("srv1", CLIENT)));
        assert_eq!(told, "the app received `/` as PATH_INFO, not `/a b`");
        site.name = "other.example".to_owned();
        let told = judged(&site, &reply("srv1", CLIENT), Some(("srv1", CLIENT)));
        assert!(told.starts_with("the app received the host `example.com:8443`, not `other.example:8443`"), "{told}");
    }

    #[test]
    fn another_redirect() {
        let mut site = site();
        site.probes[0] = Probe { status: 301, redirect: Some("https://a/b".to_owned()), ..Probe::new("/".to_owned()) };
        let mut reply = Reply { status: Some(301), redirect: Some("https://a/b".to_owned()), ..reply("srv1", CLIENT) };
        assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "ok");
        reply.redirect = None;
        assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "redirected to `none`, not to `https://a/b`");
    }

    #[test]
    fn what_only_browsers_refuse() {
        let mut site = site();
        site.offers[0].tls = Some("1.2".to_owned());
        let mut reply = Reply { tls: site.offers[0].tls.clone(), ..reply("srv1", CLIENT) };
        for (cipher, fine) in [("ECDHE-RSA-AES128-GCM-SHA256", true), ("ECDHE-RSA-AES128-SHA", false)] {
            reply.cipher = Some(cipher.to_owned());
            let told = judged(&site, &reply, Some(("srv1", CLIENT)));
            assert_eq!(told == "ok", fine, "{told}");
            assert_eq!(told.starts_with("a browser would fail: HTTP/2 forbids"), !fine, "{told}");
        }
        // Over HTTP/1.1 it is allowed.
        (site.offers[0].http2, reply.http) = (Some(false), Some("1.1".to_owned()));
        assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "ok");
        let reply = Reply {
            error: Some("(35) handshake failure".to_owned()),
            browser: Some("browsers have none of the groups".to_owned()),
            ..Reply::default()
        };
        assert_eq!(judged(&site, &reply, None), "a browser would fail: browsers have none of the groups");
    }

    #[test]
    fn answers_of_grpc_apps_and_websockets_have_more() {
        let mut site = site();
        site.probes[0].kind = ProbeKind::Grpc;
        let mut call = reply("srv1", CLIENT);
        let logged = Some(("srv1", CLIENT));
        assert_eq!(judged(&site, &call, logged), "the answer has no `grpc-status: 0`");
        call.headers.insert("grpc-status".to_owned(), "12".to_owned());
        assert_eq!(judged(&site, &call, logged), "the answer has no `grpc-status: 0`");
        call.headers.insert("grpc-status".to_owned(), "0".to_owned());
        assert_eq!(judged(&site, &call, logged), "ok");

        (site.probes[0].kind, site.probes[0].status) = (ProbeKind::WebSocket, 101);
        let mut opened = Reply { status: Some(101), ..reply("srv1", CLIENT) };
        let headers = [("upgrade", "WebSocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)];
        opened.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let silent = judged(&site, &opened, logged);
        assert_eq!(silent, "the byte that was sent over the WebSocket did not come back");
        opened.body.insert(0, BYTE);
        assert_eq!(judged(&site, &opened, logged), "ok");
        opened.headers.remove("upgrade");
        assert_eq!(judged(&site, &opened, logged), "a browser would fail: no header `upgrade: websocket`");
    }

    #[test]
    fn all_as_promised() {
        assert_eq!(judged(&site(), &reply("srv1", CLIENT), Some(("srv1", CLIENT))), "ok");
    }

    #[test]
    fn an_app_on_a_balancer() {
        let site = SiteSpec { app_hosts: vec!["lb1".to_owned()], ..site() };
        let logged = Some(("srv1", CLIENT));
        assert_eq!(judged(&site, &reply("lb1", CLIENT), logged), "ok");
        assert_eq!(judged(&site, &reply("srv1", CLIENT), logged), "ok");
        assert_eq!(judged(&site, &reply("lb2", CLIENT), logged), "srv1 logged it, but the app of lb2 answered");
        assert_eq!(judged(&site, &reply("lb1", CLIENT), None), "no app server logged it");
        let silent = SiteSpec { unlogged: vec!["srv1".to_owned()], ..site };
        assert_eq!(judged(&silent, &reply("lb1", CLIENT), None), "ok");
    }

    #[test]
    fn a_lost_client_address() {
        let reply = reply("srv1", "10.0.0.10");
        assert_eq!(
            judged(&site(), &reply, Some(("srv1", "10.0.0.10"))),
            "nginx saw 10.0.0.10, not the client's address; the app received 10.0.0.10, not the client's address"
        );
    }

    #[test]
    fn a_balancer_without_a_proxy_header() {
        let balancer = ["10.0.0.10", "fd00::10"].map(|address| address.parse().unwrap());
        for (address, wanted) in [
            ("10.0.0.10", "ok"),
            ("fd00::10", "ok"),
            (
                CLIENT,
                "nginx saw 192.0.2.1, not the balancer's address; the app received 192.0.2.1, not the balancer's address",
            ),
        ] {
            let told = judged_behind(Some(&balancer), &site(), &reply("srv1", address), Some(("srv1", address)));
            assert_eq!(told, wanted, "{address}");
        }
    }

    #[test]
    fn an_app_that_is_told_something_else_than_nginx_knows() {
        let reply = reply("srv1", "10.0.0.10");
        assert_eq!(
            judged(&site(), &reply, Some(("srv1", CLIENT))),
            "the app received 10.0.0.10, not the client's address"
        );
    }

    #[test]
    fn the_wrong_server() {
        assert_eq!(
            judged(&site(), &reply("srv9", CLIENT), Some(("srv9", CLIENT))),
            "srv9 is not in the pool of this site"
        );
        assert_eq!(judged(&site(), &reply("srv1", CLIENT), None), "no app server logged it");
    }

    #[test]
    fn a_server_without_a_log() {
        let site = SiteSpec {
            pool_hosts: vec!["srv1".to_owned(), "srv2".to_owned()],
            unlogged: vec!["srv2".to_owned()],
            ..site()
        };
        assert_eq!(judged(&site, &reply("srv2", CLIENT), None), "ok");
        assert_eq!(judged(&site, &reply("srv1", CLIENT), None), "no app server logged it");
        assert_eq!(
            judged(&site, &reply("srv9", CLIENT), None),
            "no app server logged it; srv9 is not in the pool of this site"
        );
        assert_eq!(
            judged(&site, &reply("srv2", "10.0.0.10"), None),
            "the app received 10.0.0.10, not the client's address"
        );
        // Nothing says which server sent a file.
        let mut files = site;
        files.probes[0].received = None;
        let page = |status| Reply { status: Some(status), body: "<html>".to_owned(), ..reply("srv2", CLIENT) };
        assert_eq!(judged(&files, &page(200), None), "ok");
        assert_eq!(judged(&files, &page(404), None), "status 404, not 200");
    }

    #[test]
    fn older_protocols_and_another_status() {
        let mut reply = reply("srv1", CLIENT);
        reply.http = Some("1.1".to_owned());
        reply.tls = Some("1.2".to_owned());
        reply.status = Some(502);
        assert_eq!(
            judged(&site(), &reply, Some(("srv1", CLIENT))),
            "status 502, not 200; HTTP version 1.1, not 2; TLS version 1.2, not 1.3"
        );
    }

    #[test]
    fn no_connection_at_all() {
        let reply = Reply { error: Some("(7) refused".to_owned()), ..Reply::default() };
        assert_eq!(judged(&site(), &reply, None), "curl: (7) refused");
    }

    #[test]
    fn files_have_the_log_alone() {
        let mut site = site();
        site.probes[0].received = None;
        let reply = Reply { body: "<html>".to_owned(), ..reply("srv1", CLIENT) };
        assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "ok");
        assert_eq!(judged(&site, &reply, Some(("srv1", "-"))), "the access log has no client address");
    }
}
