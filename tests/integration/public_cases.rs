//! Public cases: what people who run such fleets asked for, and how an inventory says it. The page about them is
//! made of this table; `check` has to find what a row says, and the tests that serve it have to be there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::docs::generated;
use crate::support::Sslscale;

/// Where a line of an inventory is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Top,
    Balancer,
    /// With an address.
    AppServer,
    Site,
    /// Beside `path: /`, with what the location does.
    Location,
}
use At::{AppServer, Balancer, Location, Site, Top};

struct Case {
    /// What they wanted, or what they met.
    asked: &'static str,
    /// Where: projects and numbers on GitHub.
    sources: &'static str,
    written: &'static [(At, &'static str)],
    /// What `check` finds: rules.
    found: &'static [&'static str],
    /// Tests with real programs, by their names.
    seen: &'static [&'static str],
}

/// Nothing has to be written.
const BASE: &[(At, &str)] = &[(Top, "")];
const APP: &str = "proxy_pass: \"http://127.0.0.1:8000\"";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { asked: "Two frontends on one port, which `haproxy -c` accepts: clients get one or the other.",
        sources: "haproxy/haproxy#629, #868, #3459", written: &[(Top, "haproxy: { port: 80 }")], found: &["IN09"], seen: &[] },
    Case { asked: "The same port where nothing takes plain HTTP.",
        sources: "haproxy/haproxy#629", written: &[(Top, "haproxy: { port: 80 }\nhttp: { enabled: false }")], found: &[], seen: &[] },
    Case { asked: "`Upgrade: h2,h2c` from the app ends HTTP/2 streams.",
        sources: "nginx/nginx#1461, curl/curl#674, nextcloud/all-in-one#3588", written: &[(Location, APP)], found: &[],
        seen: &["headers_that_http2_forbids_reach_no_client"] },
    Case { asked: "Mail, a VPN or a proxy of another kind on port 443, by its TLS name.",
        sources: "mtprotoproxy#119, Mail-Toaster-6#394, yggdrasil-go#872",
        written: &[(Top, "other_pools: [{ name: mail, server_name: imap.example.com, send_proxy: v2, servers: [\"10.0.0.50:993\"] }]")],
        found: &[], seen: &["connections_go_to_other_servers_by_name_and_by_not_being_tls", "other_servers_get_their_connections_and_the_clients_address"] },
    Case { asked: "SSH and HTTPS on one port.",
        sources: "—",
        written: &[(Top, "other_pools: [{ name: ssh, takes: [not_tls], servers: [\"10.0.0.60:22\"], timeout_tunnel: 12h }]")],
        found: &[], seen: &["connections_go_to_other_servers_by_name_and_by_not_being_tls"] },
    Case { asked: "Ciphers that HTTP/2 forbids: browsers show an error, curl does not.",
        sources: "httpwg/http2-spec#755, EasyEngine/easyengine#863, mozilla/server-side-tls#115",
        written: &[(Top, "nginx: { ssl_protocols: [TLSv1.2], ssl_ciphers: [ECDHE-RSA-AES256-SHA] }")], found: &["TL23"],
        seen: &["what_chromium_refuses_is_found_and_nothing_else"] },
    Case { asked: "WebSockets, long polls and slow reports end after 60 seconds.",
        sources: "websockets/ws#2283, ingress-nginx#5167, #12434",
        written: &[(Location, "proxy_pass: \"http://127.0.0.1:8000\", upstream_read_timeout: 10m"),
            (Top, "haproxy: { timeouts: { client: 11m, server: 11m } }")], found: &[],
        seen: &["a_silent_websocket_lives_as_long_as_the_keys_say", "a_slow_answer_is_waited_for_as_long_as_the_keys_say"] },
    Case { asked: "A port is mapped before the balancer, and redirects lead to the wrong one.",
        sources: "haproxytech/kubernetes-ingress#679, #642", written: &[(Balancer, "haproxy: { port: 8443, public_port: 443 }")], found: &[],
        seen: &["a_port_that_is_mapped_is_the_one_that_clients_use"] },
    Case { asked: "PHP and WSGI apps make URLs of SERVER_PORT, which is nginx's own port.",
        sources: "ingress-nginx#1703, phpmyadmin/phpmyadmin#10726", written: &[(Top, "nginx: { port: 8443 }")], found: &[],
        seen: &["apps_are_told_the_port_that_clients_used"] },
    Case { asked: "Permalinks of PHP sites.", sources: "easyphp/DEVSERVER#98, engintron#1305",
        written: &[(Location, "fastcgi_pass: \"unix:/run/php/php-fpm.sock\", fallback: /index.php")], found: &[],
        seen: &["files_are_served_scripts_run_and_the_rest_is_for_the_fallback"] },
    Case { asked: "Deep links of single-page apps.", sources: "react-boilerplate#1480, Dokploy#1679",
        written: &[(Location, "root: /srv/app, fallback: /index.html")], found: &[],
        seen: &["every_ordinary_fleet_works"] },
    Case { asked: "Upgrades that are no WebSocket, such as `tcp` of docker exec.", sources: "rancher/rancher#14328, dotnet/yarp#467",
        written: &[(Location, "proxy_pass: \"http://127.0.0.1:2375\", upgrade: [tcp, websocket]")], found: &[],
        seen: &["locations_pass_on_the_upgrades_that_they_name", "only_a_websocket_is_an_upgrade"] },
    Case { asked: "Large heads of answers (OIDC) and of requests (cookies).", sources: "apache/apisix#10295, deis/router#293",
        written: &[(Top, "nginx: { upstream_buffer_size: 16k, large_client_header_buffers: 32k }")], found: &[],
        seen: &["long_heads_pass_and_longer_ones_do_not"] },
    Case { asked: "Warnings of expiry for certificates with short lives.", sources: "matteocorti/check_ssl_cert#560",
        written: BASE, found: &[], seen: &["a_third_of_the_lifetime_is_left_and_no_more_than_30_days"] },
    Case { asked: "Certificates with must-staple, which nothing here staples.", sources: "QROkes/webinoly#43, acme.sh#2357",
        written: BASE, found: &[], seen: &["stapled_answers_are_required_where_openssl_says_so"] },
    Case { asked: "Logs in `/dev/stdout`, which is a socket under systemd.", sources: "mcdonc/klangk#1550, Unitech/pm2#3846",
        written: &[(Top, "nginx: { access_log: /dev/stdout }")], found: &["IN06"], seen: &[] },
    Case { asked: "Logs in the journal.", sources: "Unitech/pm2#3846",
        written: &[(Top, "nginx: { access_log: \"syslog:server=unix:/dev/log\" }")], found: &[], seen: &["a_fleet_that_logs_nowhere_or_elsewhere_passes"] },
    Case { asked: "Sockets in `/tmp`, which units with PrivateTmp do not share.", sources: "unbit/uwsgi-docs#475",
        written: &[(Location, "uwsgi_pass: \"unix:/tmp/app.sock\"")], found: &[], seen: &[] },
    Case { asked: "`/run/haproxy` is not there.", sources: "Oefenweb/ansible-haproxy#146, wazuh/wazuh#20941",
        written: BASE, found: &[], seen: &["the_admin_socket_is_roots_alone_and_tells_the_revision_that_runs"] },
    Case { asked: "One file for certificate and key.", sources: "acme.sh#1404, haproxy/haproxy#221",
        written: &[(Site, "ssl_certificate: /etc/ssl/example/all.pem\n    ssl_certificate_key: /etc/ssl/example/all.pem")], found: &["TL21"],
        seen: &["one_file_may_hold_a_certificate_and_its_key"] },
    Case { asked: "Something before the balancer speaks PROXY.", sources: "python/psf-salt#408, haproxy-ingress#398",
        written: &[(Top, "haproxy: { accept_proxy_from: [10.0.9.0/24] }")], found: &[],
        seen: &["a_header_is_believed_from_what_is_before_the_balancers_alone", "clients_behind_something_else_and_direct_ones_are_served"] },
    Case { asked: "One client opens too many connections, or a network is to get none.", sources: "opnsense/plugins#202, haproxy/haproxy#836",
        written: &[(Top, "haproxy: { deny: [203.0.113.0/24], limit: { rate: 50r/s, burst: 100, connections: 100 } }")], found: &[],
        seen: &["a_client_gets_as_many_connections_as_the_limit_has_and_others_get_theirs", "a_balancer_that_takes_over_knows_who_has_connected_too_often"] },
    Case { asked: "Prometheus watches haproxy and nginx.", sources: "opnsense/plugins#2764, docker-flow-proxy#324",
        written: &[(Top, "haproxy: { metrics: { allow: [10.0.0.5] } }\nnginx: { metrics: { allow: [10.0.0.5] } }")], found: &[],
        seen: &["those_who_may_ask_get_the_numbers_and_others_do_not", "numbers_are_for_those_who_may_ask"] },
    Case { asked: "A CDN before some sites has the client's address in a header.",
        sources: "nginx/nginx#1566", written: &[(Site, "cdn: { networks: [203.0.113.0/24], header: CF-Connecting-IP }")], found: &[],
        seen: &["a_cdn_says_who_the_client_is_and_nobody_else_does"] },
    Case { asked: "Client certificates.", sources: "nginx-proxy#2592, ingress-nginx#11810",
        written: &[(Site, "client_certificates: { ssl_client_certificate: /etc/ssl/staff/ca.crt }")], found: &[],
        seen: &["clients_get_an_answer_with_a_certificate_of_the_sites_authority"] },
    Case { asked: "Balancer and app server on one host.", sources: "MIT-LCP/physionet-build#2584, tutumcloud/haproxy#55",
        written: &[(AppServer, "address: 10.0.0.10, nginx: { port: 8443 }")], found: &[],
        seen: &["balancers_and_app_servers_on_one_host_serve_side_by_side", "every_ordinary_fleet_works"] },
    Case { asked: "An app that is down, behind an nginx that is up.", sources: "nginx_upstream_check_module#138",
        written: &[(Top, "haproxy: { check: { type: http } }")], found: &[], seen: &["an_http_check_takes_out_a_server_whose_app_is_down"] },
    Case { asked: "A reload leaves workers of haproxy behind for as long as connections are open.",
        sources: "haproxy-ingress#692, openshift/origin#9640", written: &[(Top, "haproxy: { hard_stop_after: 10m }")], found: &[],
        seen: &["workers_of_haproxy_end_when_they_have_to"] },
    Case { asked: "gRPC without HTTP/2.", sources: "ingress-nginx#7872",
        written: &[(Location, "grpc_pass: \"grpc://127.0.0.1:50051\""), (Top, "nginx: { http2: false }")], found: &["IN09"], seen: &[] },
    Case { asked: "Several app servers behind one nginx, by names that DNS resolves again and again.", sources: "—",
        written: &[(Location, "proxy_pass: \"http://app\""),
            (Top, "nginx: { resolver: 10.0.0.2 }\nupstreams: [ { name: app, servers: [\"app.internal:8000\"] } ]")], found: &[],
        seen: &["requests_go_to_the_servers_that_answer"] },
    Case { asked: "Gzip, CORS, basic authentication, rewrites, caches and error pages.", sources: "nginx-proxy-manager#137, #2412, paketo nginx#668",
        written: &[(Site, "include: [own.conf]")], found: &[], seen: &["recipes_of_the_guide_do_what_it_says"] },
    Case { asked: "Lists of addresses that get an answer, for a site or a path.", sources: "nginx-proxy-manager#356, #360, #2521, interlock#162",
        written: &[(Site, "deny: [203.0.113.0/24]"), (Location, "proxy_pass: \"http://127.0.0.1:8000\", allow: [10.0.0.0/8]")], found: &[],
        seen: &["clients_that_are_refused_get_403_everywhere"] },
    Case { asked: "Limits on what one client may ask.", sources: "—",
        written: &[(Site, "limit: { rate: 20r/s, burst: 100, connections: 50 }"),
            (Location, "proxy_pass: \"http://127.0.0.1:8000\", limit: { rate: 10r/m, burst: 5 }")], found: &[],
        seen: &["a_client_that_asks_too_much_gets_429_and_others_an_answer"] },
    Case { asked: "Pages for maintenance, and answers such as 410 without an app.", sources: "—",
        written: &[(Site, "maintenance: { allow: [10.0.0.0/8], body: closed }"), (Location, "return: { code: 410, body: gone }")], found: &[],
        seen: &["only_those_who_work_on_it_get_a_closed_site", "a_text_arrives_as_it_is"] },
    Case { asked: "Clients without a name, or with an address as a name.", sources: "davx5-ose#1254, nginx-proxy-manager#2742, haproxy#3175",
        written: &[(Site, "default: true")], found: &[], seen: &["clients_without_a_name_get_the_default_site", "unknown_names_end_where_the_inventory_says"] },
    Case { asked: "HTTP/3.", sources: "—",
        written: &[(Top, "nginx: { http3: true }")], found: &["AD03"], seen: &[] },
];

/// The inventory that a row is about.
fn inventory(written: &[(At, &str)]) -> String {
    let text = |at: At| written.iter().filter(|it| it.0 == at).map(|it| it.1).collect::<Vec<_>>().join("\n    ");
    let (site, location) = (text(Site), text(Location));
    let pem = "ssl_certificate: /etc/ssl/example/ssl.crt\n    ssl_certificate_key: /etc/ssl/example/ssl.key";
    let (balancer, app) = (text(Balancer), text(AppServer));
    format!(
        "load_balancers: [ {{ name: lb1, address: 10.0.0.10{}{balancer} }} ]\n\
         app_servers: [ {{ name: srv1, address: 10.0.0.11 }}, {{ name: srv2, {} }} ]\n\
         sites:\n  - server_name: example.com\n    root: /srv/www\n    {}\n    {site}\n    \
         locations: [ {{ path: /, {} }} ]\n{}\n",
        if balancer.is_empty() { "" } else { ", " },
        if app.is_empty() { "address: 10.0.0.12" } else { &app },
        if site.starts_with("ssl_certificate") { "" } else { pem },
        if location.is_empty() { APP } else { &location },
        text(Top).replace("\n    ", "\n"),
    )
}

#[test]
fn check_finds_what_the_table_says() {
    let mut wrong = Vec::new();
    for case in CASES {
        let text = inventory(case.written);
        let run = Sslscale::new(&["check", "--format", "json", "inventory.yaml"])
            .inventory(&text)
            .file("own.conf", "gzip on;\n");
        let run = run.run();
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let findings = report["inventories"][0]["findings"].as_array().unwrap();
        let grave = findings.iter().filter(|it| it["severity"] != "info");
        let found: BTreeSet<&str> = grave.map(|it| it["code"].as_str().unwrap()).collect();
        if found != case.found.iter().copied().collect() {
            wrong.push(format!("{}: {found:?}, not {:?}\n{text}\n{findings:#?}", case.asked, case.found));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_about_public_cases_is_the_table() {
    let mut table = String::from("| asked for | where | written | `check` | seen in |\n|---|---|---|---|---|\n");
    for Case { asked, sources, written, found, seen } in CASES {
        let code = |(at, text): &(At, &str)| {
            let place = match at {
                Top => "",
                Balancer => "balancer: ",
                AppServer => "app server: ",
                Site => "site: ",
                Location => "location: ",
            };
            let lines: Vec<String> = text.lines().map(|line| format!("`{}`", line.trim())).collect();
            format!("{place}{}", lines.join(", "))
        };
        let written = match written {
            [(Top, "")] => "nothing".to_owned(),
            parts => parts.iter().map(code).collect::<Vec<_>>().join("; "),
        };
        let rules: Vec<String> = found.iter().map(|code| format!("[{code}](rules/{code}.md)")).collect();
        let check = if rules.is_empty() { "ok".to_owned() } else { rules.join(", ") };
        let seen: Vec<String> = seen.iter().map(|name| format!("`{name}`")).collect();
        let seen = if seen.is_empty() { "—".to_owned() } else { seen.join(", ") };
        writeln!(table, "| {asked} | {sources} | {written} | {check} | {seen} |").unwrap();
    }
    generated("docs/cases.md", "cases", &table);
}

#[test]
fn tests_that_the_table_names_are_there() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut files);
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for name in CASES.iter().flat_map(|case| case.seen) {
        assert!(
            text.contains(&format!("#[test]\nfn {name}()")) || text.contains(&format!("#[test]\n    fn {name}()")),
            "{name}"
        );
    }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}
