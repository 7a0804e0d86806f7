//! A message planted on each line of rendered files leads to the key that the line came from.

use std::collections::BTreeSet;

use sslscale::binaries::map::{Map, statement};
use sslscale::binaries::outline::Outline;
use sslscale::binaries::parse::{Message, Place};
use sslscale::diagnostic::Severity;
use sslscale::inventory::Inventory;
use sslscale::lint::{Fleet, Settings};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF, Templates, render};
use sslscale::sandbox::Program;
use sslscale::source::Source;

const EVERY_KEY: &str = include_str!("../../fixtures/every-key.yaml");

/// Host, a part of the line, words of the program, and what they lead to.
const PLANTED: &[(&str, &str, &str, &str)] = &[
    ("lb1", "log /dev/log", "", "haproxy.log"),
    ("lb1", "    maxconn", "", "haproxy.maxconn"),
    ("lb1", "retries", "", "haproxy.retries"),
    ("lb1", "timeout connect", "", "haproxy.timeouts.connect"),
    ("lb1", "timeout client 1", "", "haproxy.timeouts.client"),
    ("lb1", "timeout server", "", "haproxy.timeouts.server"),
    ("lb1", "timeout client-fin", "", "haproxy.timeouts.client_fin"),
    ("lb1", "timeout queue", "", "haproxy.timeouts.queue"),
    ("lb1", "timeout check", "", "haproxy.timeouts.check"),
    ("lb1", "inspect-delay", "", "haproxy.timeouts.client_hello"),
    ("lb1", "bind", "", "haproxy.port"),
    ("lb1", "balance", "", "haproxy.balance"),
    ("lb1", "default-server", "'inter' expects an argument", "haproxy.check.inter"),
    ("lb1", "default-server", "'fall' expects an argument", "haproxy.check.fall"),
    ("lb1", "default-server", "'rise' expects an argument", "haproxy.check.rise"),
    ("lb1", "default-server", "'fastinter' expects an argument", "haproxy.check.fastinter"),
    ("lb1", "default-server", "'downinter' expects an argument", "haproxy.check.downinter"),
    ("lb1", "default-server", "'on-marked-down' expects an argument", "haproxy.check.on_marked_down"),
    ("lb2", "default-server", "'fastinter' expects an argument", "load_balancers[lb2].haproxy.check.fastinter"),
    ("lb2", "default-server", "'downinter' expects an argument", "load_balancers[lb2].haproxy.check.downinter"),
    ("lb1", "hard-stop-after", "", "haproxy.hard_stop_after"),
    ("lb2", "hard-stop-after", "", "load_balancers[lb2].haproxy.hard_stop_after"),
    ("lb1", "mworker-max-reloads", "", "haproxy.mworker_max_reloads"),
    ("lb2", "mworker-max-reloads", "", "load_balancers[lb2].haproxy.mworker_max_reloads"),
    ("lb1", "http-check send meth GET uri /healthz", "", "pools[web].check.path"),
    ("lb1", "http-check send meth GET uri /healthz", "'www.example.com' is invalid", "pools[web].check.host"),
    ("lb1", "http-check expect status 200,204", "", "pools[web].check.expect[0]"),
    ("lb1", "http-check send meth GET uri /uwsgi/", "", "haproxy.check.path"),
    ("lb1", "http-check send meth GET uri /uwsgi/", "'one.example.com' is invalid", "haproxy.check.host"),
    ("lb1", "http-check expect status 200-299", "", "pools[api].check.expect"),
    ("lb1", "server srv1", "unknown keyword 'send-proxy'", "haproxy.proxy_protocol"),
    ("lb1", "server srv1", "invalid weight", "app_servers[srv1].weight"),
    ("lb1", "server srv1", "unknown keyword 'backup'", "app_servers[srv1].backup"),
    ("lb1", "server srv1", "'maxconn' expects an integer", "app_servers[srv1].maxconn"),
    ("lb1", "option redispatch", "", "haproxy.redispatch"),
    ("lb1", "default-server", "'check-ssl' : not supported", "haproxy.check.type"),
    ("lb2", "option redispatch", "", "load_balancers[lb2].haproxy.redispatch"),
    ("lb2", "default-server", "'check-ssl' : not supported", "load_balancers[lb2].haproxy.check.type"),
    ("lb1", "server srv1", "invalid address: '10.0.1.11:9443'", "app_servers[srv1].address"),
    ("lb1", "server srv2", "invalid address: '10.0.1.12:444'", "app_servers[srv2].address[0]"),
    ("lb1", "server srv2", "already defined", "app_servers[srv2].name"),
    ("lb1", "backend api", "", "pools[api].name"),
    ("lb1", "default_backend web", "", "pools[web].name"),
    ("lb1", "use_backend api", "", "sites[one.example.com].server_name"),
    ("lb1", "use_backend web", "", "sites[example.com].server_name[0]"),
    ("lb1", "content reject", "", "haproxy.unknown_names"),
    ("lb2", "content reject", "", "load_balancers[lb2].haproxy.unknown_names"),
    ("lb1", "bind *:8080", "", "http.port"),
    ("lb1", "http-request redirect code 301", "", "http.code"),
    ("lb1", "server srv1 10.0.1.11:8888", "", "http.acme_challenge.app_server"),
    ("lb1", "server srv1 10.0.1.11:8888", "invalid port", "http.acme_challenge.port"),
    ("lb1", "acl is_served var(txn.host) -m str example.com", "", "sites[example.com].server_name[0]"),
    ("srv1", "listen 8888", "", "http.acme_challenge.port"),
    ("srv1", "root /srv/acme", "", "http.acme_challenge.root"),
    ("lb1", "chroot", "", "load_balancers[lb1].name"),
    ("lb2", "log 10.0.0.5:514", "", "load_balancers[lb2].haproxy.log"),
    ("lb2", "    maxconn", "", "load_balancers[lb2].haproxy.maxconn"),
    ("lb2", "retries", "", "load_balancers[lb2].haproxy.retries"),
    ("lb2", "timeout connect", "", "load_balancers[lb2].haproxy.timeouts.connect"),
    ("lb2", "timeout client 1", "", "load_balancers[lb2].haproxy.timeouts.client"),
    ("lb2", "timeout server", "", "load_balancers[lb2].haproxy.timeouts.server"),
    ("lb2", "timeout client-fin", "", "load_balancers[lb2].haproxy.timeouts.client_fin"),
    ("lb2", "timeout queue", "", "load_balancers[lb2].haproxy.timeouts.queue"),
    ("lb2", "timeout check", "", "load_balancers[lb2].haproxy.timeouts.check"),
    ("lb2", "inspect-delay", "", "load_balancers[lb2].haproxy.timeouts.client_hello"),
    ("lb2", "bind", "", "load_balancers[lb2].haproxy.port"),
    ("lb2", "balance", "", "load_balancers[lb2].haproxy.balance"),
    ("lb2", "default-server", "'inter' expects an argument", "load_balancers[lb2].haproxy.check.inter"),
    ("lb2", "default-server", "'fall' expects an argument", "load_balancers[lb2].haproxy.check.fall"),
    ("lb2", "default-server", "'rise' expects an argument", "load_balancers[lb2].haproxy.check.rise"),
    ("lb2", "server srv1", "unknown keyword 'send-proxy-v2'", "load_balancers[lb2].haproxy.proxy_protocol"),
    ("lb2", "chroot", "", "load_balancers[lb2].name"),
    ("srv1", "listen 9443", "", "nginx.port"),
    ("srv1", "listen 9443", "the \"listen ... http2\" directive is deprecated", "nginx.version"),
    ("srv1", "keepalive_timeout", "", "nginx.keepalive_timeout"),
    ("srv1", "    access_log", "", "nginx.access_log"),
    ("srv1", "log_format", "", "nginx.log_format"),
    ("srv2", "    access_log", "", "app_servers[srv2].nginx.access_log"),
    ("srv2", "log_format", "", "app_servers[srv2].nginx.log_format"),
    ("srv2", "map $host", "", "app_servers[srv2].nginx.log_format"),
    ("srv1", "map \"\"", "", "app_servers[srv1].name"),
    ("srv1", "ssl_protocols", "", "nginx.ssl_protocols[0]"),
    ("srv1", "ssl_protocols", "invalid value \"TLSv1.3\"", "nginx.ssl_protocols[1]"),
    ("srv1", "ssl_ciphers", "", "nginx.ssl_ciphers[0]"),
    ("srv1", "ssl_dhparam", "", "nginx.ssl_ciphers[0]"),
    ("srv1", "ssl_ecdh_curve", "", "nginx.ssl_ecdh_curve[0]"),
    ("srv1", "ssl_prefer_server_ciphers", "", "nginx.tls_profile"),
    ("srv1", "add_header", "", "sites[example.com].hsts.max_age"),
    ("srv2", "ssl_protocols", "", "app_servers[srv2].nginx.ssl_protocols[0]"),
    ("srv2", "ssl_ciphers", "", "app_servers[srv2].nginx.ssl_ciphers[0]"),
    ("srv2", "ssl_ecdh_curve", "", "app_servers[srv2].nginx.ssl_ecdh_curve[0]"),
    ("srv2", "ssl_prefer_server_ciphers", "", "app_servers[srv2].nginx.tls_profile"),
    ("srv2", "add_header Strict-Transport-Security \"max-age=31536000", "", "app_servers[srv2].nginx.hsts.max_age"),
    ("srv2", "listen 444", "", "app_servers[srv2].nginx.port"),
    ("srv2", "listen [::]:444", "", "app_servers[srv2].nginx.port"),
    ("srv2", "listen 444", "unknown parameter \"http2\"", "app_servers[srv2].nginx.version"),
    ("srv2", "ssl_reject_handshake", "unknown directive", "app_servers[srv2].nginx.version"),
    ("srv2", "keepalive_timeout", "", "app_servers[srv2].nginx.keepalive_timeout"),
    ("srv2", "client_max_body_size 30m", "", "app_servers[srv2].nginx.client_max_body_size"),
    ("srv2", "proxy_connect_timeout 3s", "", "app_servers[srv2].nginx.upstream_connect_timeout"),
    ("srv2", "proxy_read_timeout 30s", "", "app_servers[srv2].nginx.upstream_read_timeout"),
    ("srv2", "proxy_send_timeout 31s", "", "app_servers[srv2].nginx.upstream_send_timeout"),
    ("srv1", "proxy_connect_timeout 6s", "", "sites[example.com].upstream_connect_timeout"),
    ("srv1", "grpc_read_timeout 1m", "", "sites[example.com].upstream_read_timeout"),
    ("srv1", "fastcgi_send_timeout 61s", "", "sites[example.com].upstream_send_timeout"),
    ("srv1", "        uwsgi_connect_timeout 7s", "", "sites[example.com].locations[/uwsgi/].upstream_connect_timeout"),
    ("srv1", "        uwsgi_read_timeout 70s", "", "sites[example.com].locations[/uwsgi/].upstream_read_timeout"),
    ("srv1", "        uwsgi_send_timeout 71s", "", "sites[example.com].locations[/uwsgi/].upstream_send_timeout"),
    ("srv1", "set_real_ip_from 10.0.0.0/24", "", "trusted_proxies[0]"),
    ("srv1", "set_real_ip_from fd00:0:0:1::/64", "", "trusted_proxies[1]"),
    ("srv1", "server_name example.com", "", "sites[example.com].server_name[0]"),
    ("srv1", "server_name example.com", "invalid \"www.example.com\"", "sites[example.com].server_name[1]"),
    ("srv1", "    root /srv/example", "", "sites[example.com].root"),
    ("srv1", "ssl_certificate /etc", "", "sites[example.com].ssl_certificate[0]"),
    ("srv1", "ssl_certificate_key /etc", "", "sites[example.com].ssl_certificate_key[0]"),
    ("srv1", "client_max_body_size 50m", "", "sites[example.com].client_max_body_size"),
    ("srv1", "location /uwsgi/", "", "sites[example.com].locations[/uwsgi/].path"),
    ("srv1", "uwsgi_pass", "", "sites[example.com].locations[/uwsgi/].uwsgi_pass"),
    ("srv1", "uwsgi_param", "", "sites[example.com].server_name[0]"),
    ("srv1", "location /fastcgi/", "", "sites[example.com].locations[/fastcgi/].path"),
    ("srv1", "fastcgi_pass", "", "sites[example.com].locations[/fastcgi/].fastcgi_pass"),
    ("srv1", "location /proxy/", "", "sites[example.com].locations[/proxy/].path"),
    ("srv1", "proxy_pass http://127.0.0.1:8000", "", "sites[example.com].locations[/proxy/].proxy_pass"),
    ("srv1", "location = /grpc/", "", "sites[example.com].locations[/grpc/].path"),
    ("srv1", "grpc_pass", "", "sites[example.com].locations[/grpc/].grpc_pass"),
    ("srv1", "try_files $uri $uri/ /fastcgi", "", "sites[example.com].locations[/fastcgi/].fallback"),
    ("srv1", "try_files $uri $uri/index.html", "", "sites[example.com].locations[/files/].fallback"),
    ("srv1", "location /files/", "", "sites[example.com].locations[/files/].path"),
    ("srv1", "root /srv/files", "", "sites[example.com].locations[/files/].root"),
    ("srv1", "location /old/", "", "sites[example.com].locations[/old/].path"),
    ("srv1", "return 301", "", "sites[example.com].locations[/old/].return.url"),
    ("srv1", "return 301", "invalid return code \"301\"", "sites[example.com].locations[/old/].return.code"),
    ("srv2", "server_name one.example.com", "", "sites[one.example.com].server_name"),
    ("srv2", "ssl_certificate /etc/ssl/one/", "", "sites[one.example.com].ssl_certificate"),
    ("srv2", "ssl_certificate_key /etc/ssl/one/", "", "sites[one.example.com].ssl_certificate_key"),
    ("srv2", "proxy_pass http://unix", "", "sites[one.example.com].locations[/].proxy_pass"),
];

/// Keys whose value no line shows as it is, or that only another one's line shows.
const UNSEEN: &[&str] = &[
    "load_balancers[lb1].address",
    "load_balancers[lb2].address[0]",
    "load_balancers[lb2].address[1]",
    "load_balancers[lb2].haproxy.version",
    // In the drop-in of systemd, which haproxy does not read.
    // In a file of its own, for nginx's main context.
    "nginx.worker_shutdown_timeout",
    "app_servers[srv2].nginx.worker_shutdown_timeout",
    "pools[web].check.expect[1]",
    // Pools have their own.
    "haproxy.check.expect",
    // Their lines lead to places in the files.
    "haproxy.include.global[0]",
    "haproxy.include.defaults[0]",
    "haproxy.include.sections[0]",
    "load_balancers[lb2].haproxy.include.global[0]",
    "load_balancers[lb2].haproxy.include.defaults[0]",
    "load_balancers[lb2].haproxy.include.sections[0]",
    "nginx.include[0]",
    "app_servers[srv2].nginx.include[0]",
    "sites[example.com].include[0]",
    "sites[example.com].locations[/uwsgi/].include[0]",
    // Without it no line has the words.
    "load_balancers[lb2].haproxy.check.on_marked_down",
    "load_balancers[lb2].haproxy.nofile",
    "haproxy.nofile",
    // How hosts are reached; nothing on them.
    "ssh.user",
    "ssh.port",
    "ssh.identity_file",
    "ssh.proxy_jump",
    "ssh.become",
    "ssh.host_keys",
    "app_servers[srv2].ssh.port",
    "load_balancers[lb1].ssh.host_keys",
    "load_balancers[lb2].ssh.user",
    "load_balancers[lb2].ssh.port",
    "load_balancers[lb2].ssh.identity_file",
    "load_balancers[lb2].ssh.proxy_jump",
    "load_balancers[lb2].ssh.host",
    "load_balancers[lb2].ssh.become",
    "load_balancers[lb2].ssh.host_keys[0]",
    "lint.allow[0]",
    "lint.allow[1]",
    "lint.deny[0]",
    "lint.fail_on",
    "lint.certificate_days",
    "haproxy.version",
    // A part of a redirect, or of what apps are told.
    "haproxy.public_port",
    "http.public_port",
    "http.enabled",
    "app_servers[srv2].address[1]",
    "app_servers[srv2].nginx.http2",
    "nginx.http2",
    "nginx.client_max_body_size",
    "nginx.upstream_connect_timeout",
    "nginx.upstream_read_timeout",
    "nginx.upstream_send_timeout",
    // Which OpenSSL there is decides what is rendered, not a line of its own.
    "nginx.openssl",
    "app_servers[srv2].nginx.openssl",
    "nginx.ssl_ciphers[1]",
    "nginx.ssl_ciphers[2]",
    "nginx.ssl_ecdh_curve[1]",
    "app_servers[srv2].nginx.ssl_ciphers[1]",
    "nginx.hsts.max_age",
    "nginx.hsts.include_subdomains",
    "nginx.hsts.preload",
    "app_servers[srv2].nginx.hsts.include_subdomains",
    "app_servers[srv2].nginx.hsts.preload",
    "sites[example.com].hsts.include_subdomains",
    "sites[example.com].hsts.preload",
    "pools[web].app_servers[0]",
    "pools[web].app_servers[1]",
    "pools[api].app_servers[0]",
    "high_availability.virtual_addresses[0]",
    "tickets",
    "sites[example.com].pool",
    "sites[example.com].ssl_certificate_source[0]",
    "sites[example.com].ssl_certificate_key_source[0]",
    "sites[one.example.com].ssl_certificate_source",
    "sites[one.example.com].ssl_certificate_key_source",
    "sites[example.com].locations[/uwsgi/].match",
    "sites[example.com].locations[/grpc/].match",
    "sites[example.com].locations[/old/].return.append_request_uri",
    "sites[one.example.com].pool",
    "sites[one.example.com].locations[/].path",
];

/// Where messages lead to, by YAML path.
fn led(yaml: &str, planted: &[(&str, &str, &str)]) -> Vec<String> {
    let source = Source::new("inventory.yaml", yaml);
    let checked = sslscale::inventory::check(&source);
    let (inventory, document) = (checked.inventory.unwrap(), checked.document.unwrap());
    let settings = Settings::default();
    let fleet = Fleet::new(&inventory, &source, document.cursor(&source), (&settings, &checked.lint));
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let map = Map::new(&fleet);
    let place = |(host, part, words): &(&str, &str, &str)| {
        let (program, index) = host_of(&inventory, host);
        let file = if program == Program::Haproxy { HAPROXY_CFG } else { NGINX_CONF };
        let entry = tree.host(host).unwrap().iter().find(|entry| &*entry.path == file).unwrap();
        let text = std::str::from_utf8(&entry.content.bytes).unwrap();
        let find = |fits: &dyn Fn(&str) -> bool| text.lines().position(fits);
        let line = find(&|line| line.starts_with(part)).or_else(|| find(&|line| line.contains(part)));
        let place = (!part.is_empty())
            .then(|| Place { file: file.to_owned(), line: line.unwrap_or_else(|| panic!("{part}: {text}")) + 1 });
        let message = Message { severity: Severity::Error, place, text: (*words).to_owned() };
        let outline = Outline::of(program, text);
        let statement = statement(&message, Some(&outline));
        let cursor = match program {
            Program::Haproxy => map.haproxy(index, &message, statement.as_ref()),
            Program::Nginx => map.nginx(index, &message, statement.as_ref()),
        };
        document.path_at(&source, cursor.span())
    };
    planted.iter().map(place).collect()
}

fn host_of(inventory: &Inventory, name: &str) -> (Program, usize) {
    let balancer = inventory.load_balancers.iter().position(|host| host.name.as_str() == name);
    let app = inventory.app_servers.iter().position(|host| host.name.as_str() == name);
    balancer.map(|index| (Program::Haproxy, index)).or(app.map(|index| (Program::Nginx, index))).unwrap()
}

#[test]
fn a_complaint_on_each_line_leads_to_its_key() {
    let planted: Vec<_> = PLANTED.iter().map(|(host, part, words, _)| (*host, *part, *words)).collect();
    let wrong: Vec<String> = led(EVERY_KEY, &planted)
        .into_iter()
        .zip(PLANTED)
        .filter(|(led, (.., wanted))| led != wanted)
        .map(|(led, planted)| format!("{planted:?} leads to {led}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_is_planted_or_unseen() {
    let source = Source::new("inventory.yaml", EVERY_KEY);
    let document = sslscale::inventory::check(&source).document.unwrap();
    let spans = document.scalars().map(|node| node.span);
    let all: BTreeSet<String> = spans.map(|span| document.path_at(&source, span)).collect();
    let leaves = all.iter().filter(|path| {
        !all.iter().any(|other| other.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with(['.', '['])))
    });
    let listed: BTreeSet<&str> = PLANTED.iter().map(|planted| planted.3).chain(UNSEEN.iter().copied()).collect();
    let known: BTreeSet<&str> = leaves.map(String::as_str).collect();
    let missing: Vec<&&str> = known.difference(&listed).collect();
    let file = file!();
    assert!(
        missing.is_empty(),
        "add these keys to PLANTED in {file}, or to UNSEEN if they are on no rendered line: {missing:?}"
    );
    let unknown: Vec<&&str> = listed.difference(&known).collect();
    assert!(unknown.is_empty(), "{file} lists keys that tests/fixtures/every-key.yaml lacks: {unknown:?}");
}

#[test]
fn an_app_servers_name_is_none_of_its_options() {
    let named = include_str!("../../../inventories/blog.yaml").replace("srv2", "backup1").replace("srv1", "weight");
    let planted = [
        ("lb1", "server backup1", "'server https-servers/backup1' : unknown keyword 'x'"),
        ("lb1", "server weight", "'server https-servers/weight' : unknown keyword 'x'"),
        ("lb1", "server weight", "'server https-servers/weight' : invalid address: 'x'"),
    ];
    let led = led(&named, &planted);
    assert_eq!(led, ["app_servers[backup1].name", "app_servers[weight].name", "app_servers[weight].address"]);
}

#[test]
fn what_comes_without_a_line_or_a_key_has_a_place_too() {
    let blog = include_str!("../../../inventories/blog.yaml");
    let planted = [
        ("srv2", "", "something else"),
        ("srv1", "", "cannot load certificate \"/etc/ssl/example/ssl.crt\": BIO_new_file() failed"),
        ("srv1", "", "conflicting server name \"example.com\" on 0.0.0.0:443, ignored"),
        ("srv1", "listen 443", ""),
        ("srv1", "set_real_ip_from", ""),
        ("lb1", "", "something else"),
        ("lb1", "", "missing timeouts for frontend 'https-in'"),
        ("lb1", "", "backend 'https-servers', server 'https-servers/srv2': whatever"),
        ("lb1", "", "backend 'https-servers' has no server available"),
        ("lb1", "balance", ""),
        ("lb1", "default_backend", ""),
    ];
    let wanted = [
        "app_servers[srv2].name",
        "sites[example.com].ssl_certificate",
        "sites[example.com].server_name",
        "app_servers[srv1].address",
        "load_balancers[lb1].address",
        "load_balancers[lb1].name",
        "load_balancers[lb1].address",
        "app_servers[srv2].name",
        "app_servers[srv1]",
        "load_balancers[lb1].address",
        "app_servers[srv1]",
    ];
    let led = led(blog, &planted);
    assert_eq!(led, wanted);
}

#[test]
fn groups_that_openssl_lacks_lead_to_the_key_that_offers_them() {
    let blog = include_str!("../../../inventories/blog.yaml");
    let planted = [("srv1", "", "SSL_CTX_set1_curves_list(\"X25519MLKEM768:X25519\") failed (SSL: 'X25519MLKEM768')")];
    assert_eq!(led(&format!("{blog}nginx: {{ openssl: 3.5.1 }}\n"), &planted), ["nginx.openssl"]);
    let both = format!("{blog}nginx: {{ openssl: 3.5.1, ssl_ecdh_curve: [X25519, X25519MLKEM768] }}\n");
    assert_eq!(led(&both, &planted), ["nginx.ssl_ecdh_curve[1]"]);
}

#[test]
fn each_certificate_of_a_list_is_its_own_place() {
    let list = |text: String, key: &str, end: &str| {
        let one = format!("{key}: /etc/ssl/example/ssl.{end}");
        text.replace(&one, &format!("{key}: [/etc/ssl/ec.{end}, /etc/ssl/rsa.{end}]"))
    };
    let blog = include_str!("../../../inventories/blog.yaml").to_owned();
    let lists = list(list(blog, "ssl_certificate", "crt"), "ssl_certificate_key", "key");
    let sources = "    ssl_certificate_source: [tls/ec.crt, tls/rsa.crt]\n    \
                   ssl_certificate_key_source: [tls/ec.key, tls/rsa.key]\n    locations:";
    let planted = [
        ("srv1", "ssl_certificate /etc/ssl/ec.crt", ""),
        ("srv1", "ssl_certificate /etc/ssl/rsa.crt", ""),
        ("srv1", "ssl_certificate_key /etc/ssl/rsa.key", ""),
        ("srv1", "", "cannot load certificate \"/etc/ssl/rsa.crt\": PEM_read_bio_X509_AUX() failed"),
        ("srv1", "", "cannot load certificate key \"/etc/ssl/ec.key\": BIO_new_file() failed"),
        ("srv1", "", "SSL_CTX_use_PrivateKey(\"/etc/ssl/rsa.key\") failed (key values mismatch)"),
    ];
    let wanted = |from: &str| {
        let values = [("", "[0]"), ("", "[1]"), ("_key", "[1]"), (from, "[1]"), (from, "_key[0]"), (from, "_key[1]")];
        values.map(|(from, rest)| match (from, rest.strip_prefix("_key")) {
            ("_source", Some(item)) => format!("sites[example.com].ssl_certificate_key_source{item}"),
            _ => format!("sites[example.com].ssl_certificate{from}{rest}"),
        })
    };
    assert_eq!(led(&lists, &planted), wanted(""));
    // What cannot be loaded is the content of a source where there is one.
    assert_eq!(led(&lists.replacen("    locations:", sources, 1), &planted), wanted("_source"));
}
