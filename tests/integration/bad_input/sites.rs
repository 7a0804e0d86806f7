//! Bad values of keys of sites and locations, and the code of each.

use super::keys::Row;

pub const ROWS: &[Row] = &[
    (&["sites[].locations[].return.code"], &[("199", "IN06"), ("600", "IN06"), ("gone", "IN06")]),
    (
        &["sites[].cdn.header"],
        &[("X_Real_IP", "IN06"), ("proxy_protocol", "IN06"), ("Host", "IN06"), ("9-a", "IN06"), ("A-:", "IN06")],
    ),
    (&["sites[].client_certificates.ssl_verify_client"], &[("off", "IN06"), ("optional_no_ca", "IN06")]),
    (
        &["sites[].client_certificates.ssl_client_certificate", "sites[].client_certificates.ssl_crl"],
        &[("ca.crt", "IN06"), ("/etc/ssl/ca crt", "IN05")],
    ),
    (&["sites[].default"], &[("sometimes", "IN06"), ("1", "IN06")]),
    (
        &["sites[].locations[].return.body", "sites[].maintenance.body"],
        &[("a\u{e9}", "IN05"), ("a\u{7}", "IN05"), ("a\r\nb", "IN05"), ("\u{202e}a", "IN05")],
    ),
    (
        &["sites[].locations[].return.type"],
        &[("html", "IN06"), ("Text/HTML", "IN06"), ("text/", "IN06"), ("a/b/c", "IN06")],
    ),
    (
        &[
            "haproxy.limit.rate",
            "load_balancers[].haproxy.limit.rate",
            "sites[].limit.rate",
            "sites[].locations[].limit.rate",
        ],
        &[("10", "IN06"), ("0r/s", "IN06"), ("100001r/m", "IN06"), ("10r/h", "IN06"), ("1.5r/s", "IN06")],
    ),
    (
        &[
            "haproxy.limit.burst",
            "load_balancers[].haproxy.limit.burst",
            "sites[].limit.burst",
            "sites[].locations[].limit.burst",
        ],
        &[("100001", "IN06"), ("-1", "IN06"), ("many", "IN06")],
    ),
    (
        &[
            "haproxy.limit.connections",
            "load_balancers[].haproxy.limit.connections",
            "sites[].limit.connections",
            "sites[].locations[].limit.connections",
        ],
        &[("0", "IN06"), ("65536", "IN06"), ("off", "IN06")],
    ),
    (
        &["sites[].locations[].upgrade", "sites[].locations[].upgrade[]"],
        &[("h2c", "IN06"), ("H2", "IN06"), ("HTTP/2.0", "IN06"), ("TLS/1.3", "IN06"), ("a,b", "IN06")],
    ),
    (
        &[
            "sites[].allow[]",
            "sites[].deny[]",
            "sites[].locations[].allow[]",
            "sites[].locations[].deny[]",
            "sites[].maintenance.allow[]",
            "sites[].cdn.networks[]",
        ],
        &[
            ("10.0.0.300", "IN06"),
            ("10.0.0.0/33", "IN06"),
            ("10.0.0.10/24", "AD11"),
            ("10.0.0.10/255.255.255.0", "IN06"),
            ("0.0.0.0/0", "IN06"),
            ("::/0", "IN06"),
            ("all", "AD10"),
            ("office.example", "AD10"),
            ("fd00::5%3", "IN06"),
            ("::ffff:10.0.0.0/104", "AD12"),
        ],
    ),
];
