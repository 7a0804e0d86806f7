//! The verdict on one request: what the fleet promises, compared with what the client, nginx and the
//! app saw. Pure, so that every kind of failure has a test.

use std::net::IpAddr;

use super::app::Echo;
use super::curl::Reply;
use super::spec::SiteSpec;
use crate::event::Verdict;

/// Where nginx logged a request, and the client address in the line.
pub(super) type Logged<'a> = Option<(&'a str, Option<IpAddr>)>;

/// Every deviation of a request by `client` from what `site` promises.
pub(super) fn judge(site: &SiteSpec, client: IpAddr, reply: &Reply, logged: Logged) -> Verdict {
    let mut wrong = Vec::new();
    if let Some(error) = &reply.error {
        wrong.push(format!("curl: {error}"));
    }
    if reply.error.is_none() {
        negotiated(site, reply, &mut wrong);
    }
    match logged {
        None if reply.error.is_some() => {}
        None => wrong.push("no app server logged it".to_owned()),
        Some((server, address)) => {
            if !site.pool_hosts.iter().any(|host| host == server) {
                wrong.push(format!("{server} is not in the pool of this site"));
            }
            match address {
                Some(seen) if seen != client => {
                    wrong.push(format!("nginx saw {seen}, not the client's address"));
                }
                None if !site.echoes => {
                    wrong.push("the access log has no client address".to_owned());
                }
                _ => {}
            }
        }
    }
    if site.echoes && reply.error.is_none() && reply.status == Some(site.expected_status) {
        echoed(client, reply, logged, &mut wrong);
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}

fn negotiated(site: &SiteSpec, reply: &Reply, wrong: &mut Vec<String>) {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    if reply.status != Some(site.expected_status) {
        let status = reply.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        wrong.push(format!("status {status}, not {}", site.expected_status));
    }
    if site.http2 && reply.http.as_deref() != Some("2") {
        wrong.push(format!("HTTP version {}, not 2", or_none(&reply.http)));
    }
    if site.tls13 && reply.tls.as_deref() != Some("1.3") {
        wrong.push(format!("TLS version {}, not 1.3", or_none(&reply.tls)));
    }
}

/// What the app received must be what nginx logged.
fn echoed(client: IpAddr, reply: &Reply, logged: Logged, wrong: &mut Vec<String>) {
    let Ok(echo) = serde_json::from_str::<Echo>(&reply.body) else {
        wrong.push("the answer does not come from the stand-in app".to_owned());
        return;
    };
    if let Some((server, _)) = logged
        && echo.host != server
    {
        wrong.push(format!("{server} logged it, but the app of {} answered", echo.host));
    }
    if !echo.forged.is_empty() {
        wrong.push(format!("the app received the address that the client forged, as {}", echo.forged.join(", ")));
    }
    let passed = echo.remote_addr.as_deref();
    if passed.and_then(|passed| passed.parse().ok()) != Some(client) {
        wrong.push(passed.map_or_else(
            || "the app received no client address".to_owned(),
            |passed| format!("the app received {passed}, not the client's address"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> SiteSpec {
        SiteSpec {
            name: "example.com".to_owned(),
            pool_hosts: vec!["srv1".to_owned()],
            path: "/".to_owned(),
            echoes: true,
            expected_status: 200,
            driven: Ok(()),
            http2: true,
            tls13: true,
        }
    }

    fn reply(host: &str, address: &str) -> Reply {
        let echo = Echo {
            host: host.to_owned(),
            via: "uwsgi".to_owned(),
            remote_addr: Some(address.to_owned()),
            protocol: None,
            https: true,
            server_name: None,
            forged: Vec::new(),
        };
        Reply {
            status: Some(200),
            http: Some("2".to_owned()),
            tls: Some("1.3".to_owned()),
            body: serde_json::to_string(&echo).unwrap(),
            error: None,
        }
    }

    const CLIENT: &str = "192.0.2.1";

    fn judged(site: &SiteSpec, reply: &Reply, logged: Option<(&str, &str)>) -> String {
        let logged = logged.map(|(server, seen)| (server, seen.parse().ok()));
        judge(site, CLIENT.parse().unwrap(), reply, logged).to_string()
    }

    #[test]
    fn all_as_promised() {
        assert_eq!(judged(&site(), &reply("srv1", CLIENT), Some(("srv1", CLIENT))), "ok");
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
        let site = SiteSpec { echoes: false, ..site() };
        let reply = Reply { body: "<html>".to_owned(), ..reply("srv1", CLIENT) };
        assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "ok");
        assert_eq!(judged(&site, &reply, Some(("srv1", "-"))), "the access log has no client address");
    }
}
