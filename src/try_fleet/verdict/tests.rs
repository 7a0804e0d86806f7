//! The log, the pool and client addresses, and the parts of a case for the tests of the other files.

use std::collections::BTreeMap;

use super::*;
use crate::try_fleet::app::Echo;

pub(super) const CLIENT: &str = "192.0.2.1";

pub(super) fn site() -> SiteSpec {
    let received = BTreeMap::from([("PATH_INFO".to_owned(), "/".to_owned())]);
    SiteSpec {
        unknown: false,
        cdn: None,
        certified: false,
        early: false,
        name: "example.com".to_owned(),
        pool_hosts: vec!["srv1".to_owned()],
        unlogged: Vec::new(),
        app_hosts: Vec::new(),
        location: "/".to_owned(),
        probes: vec![Probe { received: Some(received), ..Probe::new("/".to_owned()) }],
        driven: Ok(()),
        offers: vec![Offered { http2: Some(true), tls: Some("1.3".to_owned()) }],
        line: 4096,
    }
}

pub(super) fn reply(host: &str, address: &str) -> Reply {
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

pub(super) fn judged(site: &SiteSpec, reply: &Reply, logged: Option<(&str, &str)>) -> String {
    judged_behind(None, site, reply, logged)
}

/// The same, behind a balancer with these addresses that sends no PROXY header.
fn judged_behind(hidden_by: Option<&[IpAddr]>, site: &SiteSpec, reply: &Reply, logged: Option<(&str, &str)>) -> String {
    let logged = logged.map(|(server, seen)| (server, seen.parse().ok()));
    let fetch = Fetch {
        claims: None,
        certified: false,
        name: &site.name,
        path: "/",
        kind: site.probes[0].kind,
        protocol: &site.probes[0].protocol,
        line: site.line,
        client: CLIENT.parse().unwrap(),
        entry: "10.0.0.10".parse().unwrap(),
        port: 8443,
        mapped: 443,
        verified: true,
        header: false,
    };
    let (probe, offered) = (&site.probes[0], &site.offers[0]);
    judge(&Case { site, probe, offered, fetch: &fetch, reply, logged, hidden_by }).to_string()
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
fn the_wrong_server() {
    assert_eq!(judged(&site(), &reply("srv9", CLIENT), Some(("srv9", CLIENT))), "srv9 is not in the pool of this site");
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
fn files_have_the_log_alone() {
    let mut site = site();
    site.probes[0].received = None;
    let reply = Reply { body: "<html>".to_owned(), ..reply("srv1", CLIENT) };
    assert_eq!(judged(&site, &reply, Some(("srv1", CLIENT))), "ok");
    assert_eq!(judged(&site, &reply, Some(("srv1", "-"))), "the access log has no client address");
}
