//! Servers that are not app servers: each connection reaches the pool that the inventory says, with the PROXY header that
//! it says, and no app server notices.

use std::collections::BTreeSet;
use std::path::Path;

use sslscale::event::{Request, Verdict};
use sslscale::inventory::check;
use sslscale::render::{HAPROXY_CFG, Templates, render};
use sslscale::source::Source;
use sslscale::try_fleet::describe;
use sslscale::try_fleet::spec::FileSpec;

use crate::beside;
use crate::run::Try;

const FLEET: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }, { name: lb2, address: 10.0.0.20 }]
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
haproxy: { check: { type: http } }
other_pools:
  - name: mail
    server_name: [mail.example.com, \"*.mail.example.com\"]
    servers: [\"10.0.0.50:8443\", \"10.0.0.51:8443\"]
    send_proxy: v2
    check: tls
  - { name: cover, takes: [unknown_names], servers: [\"127.0.0.1:9443\"], send_proxy: v1 }
  - { name: ssh, takes: [not_tls], servers: [\"10.0.0.12:22\"], timeout_tunnel: 6h }
sites:
  - server_name: [example.com, \"*.example.com\"]
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn other_servers_get_their_connections_and_the_clients_address() {
    let _beside = beside();
    let (code, requests) = Try::inventory(FLEET).requests();
    assert_eq!(code, Some(0), "{requests:#?}");
    let seen: BTreeSet<String> = requests
        .iter()
        .filter(|it| it.balancer == "lb1" && !it.site.contains("http://"))
        .map(|it| format!("{} {} {}", it.site, it.app_server.as_deref().unwrap_or("-"), it.seen.unwrap()))
        .collect();
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(
        seen,
        [
            "example.com srv1 192.0.2.1",
            "example.com srv2 192.0.2.1",
            "mail.example.com 10.0.0.50:8443 192.0.2.1",
            "mail.example.com 10.0.0.51:8443 192.0.2.1",
            "not TLS 10.0.0.12:22 10.0.0.10",
            "sslscale-try.invalid, an unknown name 127.0.0.1:9443 192.0.2.1",
            "x.mail.example.com 10.0.0.50:8443 192.0.2.1",
            "x.mail.example.com 10.0.0.51:8443 192.0.2.1",
        ]
    );
}

/// A balancer that sends another header than the server takes, and one that sends connections elsewhere, are found.
#[test]
fn what_other_servers_do_not_get_is_found() {
    let _beside = beside();
    for (from, to, wanted) in [
        (":8443 send-proxy-v2", ":8443 send-proxy", "the server got PROXY v1, not PROXY v2"),
        ("    use_backend mail if { var(sess.name) -m str mail.example.com }\n", "", "curl: (35)"),
    ] {
        let inventory = check(&Source::new("t", FLEET)).inventory.unwrap();
        let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
        let mut spec = describe(&inventory, &tree);
        for file in spec.hosts.iter_mut().filter_map(|host| host.files.get_mut(Path::new(HAPROXY_CFG))) {
            let text = String::from_utf8(file.bytes.to_vec()).unwrap();
            assert!(text.contains(from), "{text}");
            *file = FileSpec::new(text.replace(from, to).into_bytes(), file.mode);
        }
        let (code, requests) = Try::of(&spec).requests();
        assert_eq!(code, Some(1), "{requests:#?}");
        let wrong = |it: &Request| matches!(&it.verdict, Verdict::Wrong(why) if why[0].starts_with(wanted));
        assert!(requests.iter().any(wrong), "{wanted}: {requests:#?}");
    }
}
