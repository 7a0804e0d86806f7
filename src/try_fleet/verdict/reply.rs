//! What the client saw: the status, the redirect, the protocols, and what answers of gRPC apps and
//! WebSockets have besides.

use super::Case;
use crate::try_fleet::app::websocket::{ACCEPT, BYTE};
use crate::try_fleet::browser::http2_allows;
use crate::try_fleet::spec::ProbeKind;

/// The status, the redirect and the protocols, and what a browser would refuse of them.
pub(super) fn compare(case: &Case, wrong: &mut Vec<String>) {
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
        compare_kind(case, wrong);
        let found = reply.headers.get("retry-after");
        if probe.retry_after.is_some() && found != probe.retry_after.as_ref() {
            let wanted = or_none(&probe.retry_after);
            wrong.push(format!("`Retry-After` is `{}`, not `{wanted}`", or_none(&found.cloned())));
        }
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
fn compare_kind(case: &Case, wrong: &mut Vec<String>) {
    let Case { probe, reply, .. } = case;
    let has = |name: &str, value: &str| reply.headers.get(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
    match probe.kind {
        ProbeKind::Get => {
            if let Some(body) = probe.body.as_ref().filter(|body| **body != reply.body) {
                wrong.push(format!("the text `{}`, not `{}`", short(&reply.body), short(body)));
            }
        }
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
        ProbeKind::Upgrade => {
            let wanted = [("upgrade", &*probe.protocol), ("connection", "upgrade")];
            let missing = wanted.iter().filter(|(name, value)| !has(name, value));
            wrong.extend(missing.map(|(name, value)| format!("no header `{name}: {value}`")));
            if !reply.body.starts_with(BYTE) {
                wrong.push("the byte that was sent after the upgrade did not come back".to_owned());
            }
        }
    }
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    text.chars().take(40).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{CLIENT, judged, reply, site};
    use super::*;
    use crate::try_fleet::curl::Reply;
    use crate::try_fleet::spec::Probe;

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
        (site.probes[0].kind, site.probes[0].protocol) = (ProbeKind::Upgrade, "tcp".to_owned());
        assert_eq!(judged(&site, &opened, logged), "no header `upgrade: tcp`");
        opened.headers.insert("upgrade".to_owned(), "TCP".to_owned());
        assert_eq!(judged(&site, &opened, logged), "ok");
        (site.probes[0].kind, site.probes[0].protocol) = (ProbeKind::WebSocket, String::new());
        opened.headers.remove("upgrade");
        assert_eq!(judged(&site, &opened, logged), "a browser would fail: no header `upgrade: websocket`");
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
}
