//! Every word that is rendered, with its age: a directive that is not listed here is one that no
//! rule has looked at. TL17 and SE06.

use sslscale::inventory::model::NGINX_SNIPPETS;

use super::nginx::Directive;
use super::rendered::Rendered;
use super::{Held, ensure};

/// Directives of nginx, and the first version that has them where it is later than 1.18.0.
const NGINX: &[(&str, (u32, u32, u32))] = &[
    ("absolute_redirect", OLD),
    ("access_log", OLD),
    ("add_header", OLD),
    ("allow", OLD),
    ("client_body_timeout", OLD),
    ("client_max_body_size", OLD),
    ("default_type", OLD),
    ("deny", OLD),
    ("error_page", OLD),
    ("fastcgi_buffer_size", OLD),
    ("fastcgi_buffers", OLD),
    ("fastcgi_connect_timeout", OLD),
    ("fastcgi_hide_header", OLD),
    ("fastcgi_index", OLD),
    ("fastcgi_keep_conn", OLD),
    ("fastcgi_param", OLD),
    ("fastcgi_pass", OLD),
    ("fastcgi_read_timeout", OLD),
    ("fastcgi_send_timeout", OLD),
    ("fastcgi_split_path_info", OLD),
    ("geo", OLD),
    ("grpc_buffer_size", OLD),
    ("grpc_connect_timeout", OLD),
    ("grpc_hide_header", OLD),
    ("grpc_pass", OLD),
    ("grpc_read_timeout", OLD),
    ("grpc_send_timeout", OLD),
    ("grpc_set_header", OLD),
    ("grpc_ssl_name", OLD),
    ("grpc_ssl_server_name", OLD),
    ("grpc_ssl_session_reuse", OLD),
    ("grpc_ssl_trusted_certificate", OLD),
    ("grpc_ssl_verify", OLD),
    ("grpc_ssl_verify_depth", OLD),
    ("hash", OLD),
    ("http2", (1, 25, 1)),
    ("http2_max_field_size", OLD),
    ("http2_max_header_size", OLD),
    ("if", OLD),
    ("include", OLD),
    ("index", OLD),
    ("ip_hash", OLD),
    ("keepalive", OLD),
    ("keepalive_time", (1, 19, 10)),
    ("keepalive_timeout", OLD),
    ("large_client_header_buffers", OLD),
    ("least_conn", OLD),
    ("ssl_client_certificate", OLD),
    ("ssl_crl", OLD),
    ("ssl_verify_client", OLD),
    ("ssl_verify_depth", OLD),
    ("limit_conn", OLD),
    ("limit_conn_status", OLD),
    ("limit_conn_zone", OLD),
    ("limit_req", OLD),
    ("limit_req_status", OLD),
    ("limit_req_zone", OLD),
    ("listen", OLD),
    ("location", OLD),
    ("log_format", OLD),
    ("map", OLD),
    ("proxy_buffer_size", OLD),
    ("proxy_buffers", OLD),
    ("proxy_connect_timeout", OLD),
    ("proxy_hide_header", OLD),
    ("proxy_http_version", OLD),
    ("proxy_pass", OLD),
    ("proxy_read_timeout", OLD),
    ("proxy_send_timeout", OLD),
    ("proxy_set_header", OLD),
    ("proxy_ssl_name", OLD),
    ("proxy_ssl_server_name", OLD),
    ("proxy_ssl_session_reuse", OLD),
    ("proxy_ssl_trusted_certificate", OLD),
    ("proxy_ssl_verify", OLD),
    ("proxy_ssl_verify_depth", OLD),
    ("random", OLD),
    ("real_ip_header", OLD),
    ("resolver", OLD),
    ("resolver_timeout", OLD),
    ("return", OLD),
    ("root", OLD),
    ("server", OLD),
    ("server_name", OLD),
    ("server_names_hash_bucket_size", OLD),
    ("server_names_hash_max_size", OLD),
    ("set", OLD),
    ("set_real_ip_from", OLD),
    ("ssl_certificate", OLD),
    ("ssl_certificate_key", OLD),
    ("ssl_ciphers", OLD),
    ("ssl_dhparam", OLD),
    ("ssl_early_data", OLD),
    ("ssl_ecdh_curve", OLD),
    ("ssl_prefer_server_ciphers", OLD),
    ("ssl_protocols", OLD),
    ("ssl_reject_handshake", (1, 19, 4)),
    ("ssl_session_cache", OLD),
    ("ssl_session_ticket_key", OLD),
    ("ssl_session_tickets", OLD),
    ("ssl_session_timeout", OLD),
    ("stub_status", OLD),
    ("try_files", OLD),
    ("types", OLD),
    ("upstream", OLD),
    ("uwsgi_buffer_size", OLD),
    ("uwsgi_buffers", OLD),
    ("uwsgi_connect_timeout", OLD),
    ("uwsgi_hide_header", OLD),
    ("uwsgi_param", OLD),
    ("uwsgi_pass", OLD),
    ("uwsgi_read_timeout", OLD),
    ("uwsgi_send_timeout", OLD),
    ("zone", OLD),
];
/// Every version that an inventory may name.
const OLD: (u32, u32, u32) = (0, 0, 0);
/// What an inventory without a version is rendered for.
const UNTOLD: (u32, u32, u32) = (1, 19, 4);

/// Settings of haproxy, by section; 2.2 has them all.
const HAPROXY: &[(&str, &[&str])] = &[
    (
        "global",
        &[
            "description",
            "log",
            "chroot",
            "user",
            "group",
            "stats",
            "maxconn",
            "hard-stop-after",
            "mworker-max-reloads",
            "server-state-file",
            "localpeer",
        ],
    ),
    ("defaults", &["mode", "log", "option", "retries", "timeout", "load-server-state-from-file"]),
    (
        "frontend",
        &[
            "mode",
            "bind",
            "tcp-request",
            "use_backend",
            "default_backend",
            "option",
            "maxconn",
            "timeout",
            "acl",
            "http-request",
            "stick-table",
            "unique-id-format",
            "log-format",
        ],
    ),
    ("peers", &["bind", "server", "table"]),
    (
        "backend",
        &[
            "mode",
            "description",
            "timeout",
            "balance",
            "hash-type",
            "default-server",
            "server",
            "option",
            "http-request",
            "http-reuse",
            "http-check",
        ],
    ),
];
const OPTIONS: &[&str] = &[
    "allbackups",
    "tcplog",
    "dontlognull",
    "clitcpka",
    "srvtcpka",
    "redispatch",
    "httplog",
    "http-server-close",
    "httpchk",
];
/// Files of nginx's own package.
const INCLUDES: &[&str] = &["uwsgi_params", "fastcgi_params"];

/// The directives of a file; the lines of a map or geo are none.
fn directives(block: &Directive) -> Vec<&Directive> {
    let inside = |directive| {
        if ["map", "geo"].contains(&Directive::name(directive)) { Vec::new() } else { directives(directive) }
    };
    block.block.iter().flat_map(|directive| std::iter::once(directive).chain(inside(directive))).collect()
}

/// What to do about a word that no list has: its author may not know of the lists.
fn unlisted(list: &str, word: &str) -> String {
    format!("`{word}` is missing from {list} in tests/integration/impossible/vocabulary.rs: add it there")
}

/// TL17: nothing is newer than the version that it is rendered for, and nothing outlived it.
pub fn directives_fit_the_version(rendered: &Rendered<'_>) -> Held {
    for app in &rendered.apps {
        let told = app.host.nginx.version.map(|version| (version.0, version.1, version.2));
        for directive in directives(&app.conf) {
            let (name, version) = (directive.name(), told.unwrap_or(UNTOLD));
            let Some((_, since)) = NGINX.iter().find(|known| known.0 == name) else {
                return Err(unlisted("NGINX", name));
            };
            let in_time = *since <= version;
            ensure(in_time, || format!("{}: `{name}` needs {since:?} but is rendered for {version:?}", app.host.name))?;
        }
        let parameter = app.servers().flat_map(Directive::listens).any(|listen| listen.has("http2"));
        let deprecated = parameter && told.is_some_and(|version| version >= (1, 25, 1));
        ensure(!deprecated, || format!("{}: `listen … http2` for {told:?}", app.host.name))?;
    }
    Ok(())
}

/// SE06: nothing is rendered that is not known by name, and nothing of the user's is included.
pub fn every_word_is_known(rendered: &Rendered<'_>) -> Held {
    for app in &rendered.apps {
        for directive in directives(&app.conf) {
            let listed = NGINX.iter().any(|known| known.0 == directive.name());
            let foreign = directive.name() == "include" && {
                let path = directive.words[1].as_str();
                !INCLUDES.contains(&path) && !path.starts_with(NGINX_SNIPPETS)
            };
            ensure(listed && !foreign, || format!("{}: {directive:?}", app.host.name))?;
        }
    }
    for balancer in &rendered.balancers {
        for section in balancer.cfg.iter() {
            let settings = HAPROXY.iter().find(|known| known.0 == section.kind()).map_or(&[][..], |known| known.1);
            let listed = |line: &Vec<String>| {
                settings.contains(&line[0].as_str()) && (line[0] != "option" || OPTIONS.contains(&line[1].as_str()))
            };
            let strange = section.lines.iter().find(|line| !listed(line));
            let word = |line: &Vec<String>| line[..line.len().min(2)].join(" ");
            let list = format!("HAPROXY or OPTIONS, for `{}`", section.kind());
            ensure(strange.is_none(), || unlisted(&list, &strange.map(word).unwrap_or_default()))?;
        }
    }
    Ok(())
}
