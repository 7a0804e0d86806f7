//! Bad values of the keys of upstreams, and the code of each.

use super::keys::Row;

pub const ROWS: &[Row] = &[
    (
        &["sites[].locations[].grpc_pass"],
        &[
            ("unix:tmp/app.sock", "IN06"),
            ("10.0.0.5:80", "IN06"),
            ("grpc://fd00::5", "AD04"),
            ("grpc://localhost:80", "AD10"),
            ("grpc://0.0.0.0:80", "AD12"),
            ("grpc://[fd00::5%3]:80", "IN06"),
            ("grpc://[fd00::5%eth0]", "IN06"),
            ("grpc://[fe80::5]:80", "AD12"),
            ("grpc://]:[", "IN06"),
            ("grpc://[", "IN06"),
            ("grpc://@", "IN06"),
            ("grpc://:80", "IN06"),
        ],
    ),
    (
        &[
            "nginx.upstream_buffer_size",
            "nginx.large_client_header_buffers",
            "app_servers[].nginx.upstream_buffer_size",
            "app_servers[].nginx.large_client_header_buffers",
        ],
        &[("large", "IN06"), ("0", "IN06"), ("16kb", "IN06"), ("1k", "IN06"), ("2m", "IN06"), ("4 16k", "IN05")],
    ),
    (
        &["nginx.resolver", "app_servers[].nginx.resolver[]"],
        &[("dns.internal", "AD10"), ("fd00::2", "AD04"), ("unix:/run/dns", "IN06"), ("10.0.0.2:0", "IN06")],
    ),
    (
        &["upstreams[].name"],
        &[("App", "IN06"), ("localhost", "IN06"), ("a.b", "IN06"), ("1a", "IN06"), ("a:80", "IN06"), ("a/b", "IN06")],
    ),
    (
        &["upstreams[].servers[]", "upstreams[].backup[]"],
        &[
            ("app", "IN06"),
            ("app:0", "IN06"),
            ("*.app:80", "IN06"),
            ("http://10.0.5.1:80", "IN06"),
            ("10.0.5.1", "IN06"),
            ("fd00::5", "AD04"),
            ("0.0.0.0:80", "AD12"),
            ("/run/app.sock", "IN06"),
            ("unix:run/app.sock", "IN06"),
        ],
    ),
    (
        &["haproxy.accept_proxy_from[]", "load_balancers[].haproxy.accept_proxy_from[]"],
        &[
            ("10.0.0.300", "IN06"),
            ("10.0.0.0/33", "IN06"),
            ("10.0.0.10/24", "AD11"),
            ("0.0.0.0/0", "IN06"),
            ("::ffff:10.0.0.0/104", "AD12"),
            ("lb.internal", "AD10"),
        ],
    ),
    (
        &["haproxy.allow[]", "load_balancers[].haproxy.allow[]", "haproxy.deny[]", "load_balancers[].haproxy.deny[]"],
        &[("10.0.0.300", "IN06"), ("10.0.0.5/24", "AD11"), ("0.0.0.0/0", "IN06"), ("partner.example", "AD10")],
    ),
    (
        &[
            "haproxy.metrics.allow[]",
            "load_balancers[].haproxy.metrics.allow[]",
            "nginx.metrics.allow[]",
            "app_servers[].nginx.metrics.allow[]",
        ],
        &[("10.0.0.300", "IN06"), ("10.0.0.5/24", "AD11"), ("0.0.0.0/0", "IN06"), ("prometheus.internal", "AD10")],
    ),
    (
        &[
            "haproxy.peers_port",
            "load_balancers[].haproxy.peers_port",
            "haproxy.metrics.port",
            "load_balancers[].haproxy.metrics.port",
            "nginx.metrics.port",
            "app_servers[].nginx.metrics.port",
        ],
        &[("0", "IN06"), ("65536", "IN06"), ("http", "IN06")],
    ),
    (&["nginx.metrics.port", "app_servers[].nginx.metrics.port"], &[("80", "IN06")]),
    (&["other_pools[].name"], &[("metrics-in", "IN06"), ("http-in", "IN06"), ("a/b", "IN06")]),
    (
        &["other_pools[].server_name", "other_pools[].server_name[]"],
        &[("a..b", "IN06"), ("10.0.0.1", "IN06"), ("*.com", "IN06")],
    ),
    (
        &["other_pools[].takes[]", "other_pools[].send_proxy", "other_pools[].check"],
        &[("sometimes", "IN06"), ("0", "IN06")],
    ),
    (&["other_pools[].timeout_tunnel"], &[("soon", "HP08"), ("5", "HP09"), ("0s", "HP08"), ("9999d", "HP08")]),
    (
        &["other_pools[].servers[]", "other_pools[].backup[]"],
        &[
            ("mail", "AD10"),
            ("mail.internal:993", "AD10"),
            ("10.0.5.1", "IN06"),
            ("10.0.5.1:0", "IN06"),
            ("fd00::5", "AD04"),
            ("0.0.0.0:80", "AD12"),
            ("[fd00::5%3]:993", "IN06"),
            ("unix:/run/mail.sock", "IN06"),
        ],
    ),
    (
        // A health check asks for a name of the same form.
        &["sites[].locations[].upstream_ssl_name", "haproxy.check.host", "pools[].check.host"],
        &[("10.0.0.1", "IN06"), ("*.example.com", "IN06"), ("https://example.com/", "IN06")],
    ),
    (
        &["sites[].locations[].upstream_ssl_trusted_certificate"],
        &[("ca.pem", "IN06"), ("no", "IN06"), ("/etc/ssl/../a", "IN06"), ("/", "IN06"), ("/etc/a*b", "IN06")],
    ),
];
