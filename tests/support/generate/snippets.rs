//! Files that `include` names: harmless text of several kinds, for every place.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::values::Part;
use super::yaml::Yaml;
use super::{maybe, section};

/// Names and texts. Those of one place can be together there, and can each be alone.
type Files = &'static [(&'static str, &'static str)];

/// nginx's http block.
const HTTP: Files = &[
    ("http-map.conf", "map $http_x_own $own_map {\n    default \"\";\n    \"~^[{}]+$\" '}; \\' #';\n}\n"),
    (
        "http-limits.conf",
        "limit_req_zone $binary_remote_addr zone=own:1m rate=1000r/s; # }\nclient_header_buffer_size 2k;",
    ),
    ("http-server.conf", "server {\n\tlisten 127.0.0.1:8902;\n\tlocation = /own { stub_status; }\n}\r\n"),
    ("http-upstream.conf", "upstream own-upstream {\n    server 127.0.0.1:9 weight=2;\n    keepalive 4;\n}\n"),
    (
        "http-geo.conf",
        "geo $own_geo { default 0; 127.0.0.0/8 1; }\nsplit_clients $remote_addr $own_split { 50% a; * \"\"; }",
    ),
    ("empty.conf", ""),
];

/// A site's server block.
const SITE: Files = &[
    ("site-gzip.conf", "gzip on;\r\ngzip_vary on;\r\ngzip_types text/css application/json;\r\n"),
    ("site-header.conf", "add_header X-Own \"a; b } #\" always;\nadd_header 'X-Own-2' $host;"),
    ("site-location.conf", "location = /own-text {\n    return 200 \"own { text\";\n}\n"),
    ("site-if.conf", "if ($request_method = OWN) {\n    return 405;\n}\nset $own_site \"${host}\";\n"),
    ("site-more.conf", "# only\n\nsend_timeout 61s;client_body_buffer_size 32k;\n"),
    ("comments.conf", "# a brace } and a quote \" in a comment"),
];

/// A location.
const LOCATION: Files = &[
    ("location-expires.conf", "expires 1h;\n"),
    ("location-access.conf", "satisfy all;\nallow all;"),
    ("location-set.conf", "set $own_location '$uri';\nlog_not_found off;\n"),
    // As large as the key allows, so that an app's answers fit here as everywhere.
    ("location-buffers.conf", "proxy_buffer_size 1m;\nproxy_buffers 8 512k;\n"),
    ("location-rate.conf", "limit_rate 100m; limit_rate_after 1m;\n"),
    ("comments.conf", "# a brace } and a quote \" in a comment"),
];

const GLOBAL: Files = &[
    ("global-threads.cfg", "nbthread 2\n"),
    ("global-tune.cfg", "\ttune.maxaccept 100\n    spread-checks 5 # %\n    setenv OWN \"a \\\" b\""),
    ("comments.cfg", "# `comments.cfg` ends\n\n"),
];

const DEFAULTS: Files = &[
    ("defaults-tunnel.cfg", "timeout tunnel 1h"),
    ("defaults-option.cfg", "    option tcp-smart-accept\n    option tcp-smart-connect # faster\n"),
    ("comments.cfg", "# `comments.cfg` ends\n\n"),
];

const OWN_SECTIONS: Files = &[
    (
        "sections-stats.cfg",
        "frontend own-stats\n    bind 127.0.0.1:8403\n    mode http\n    stats enable\n    stats uri /own\\ stats\n",
    ),
    ("sections-users.cfg", "userlist own-users\n    user own insecure-password 'a b'\n"),
    ("sections-cache.cfg", "cache own-cache\r\n    total-max-size 4\r\n    max-age 60\r\n"),
    (
        "sections-backend.cfg",
        "backend own-backend # of nobody\n    server a 127.0.0.1:9 weight 2\n    server b 127.0.0.1:10 backup",
    ),
];

/// Writes all files beside an inventory.
pub fn write(folder: &Path) {
    let all = [HTTP, SITE, LOCATION, GLOBAL, DEFAULTS, OWN_SECTIONS];
    for (name, text) in all.into_iter().flatten() {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// A list of some of these, in any order.
fn list(files: Files) -> Part {
    let names: Vec<&'static str> = files.iter().map(|(name, _)| *name).collect();
    let most = names.len();
    subsequence(names, 0..=most.min(3))
        .prop_shuffle()
        .prop_map(|names| Yaml::List(names.into_iter().map(|name| Yaml::Scalar(name.to_owned())).collect()))
        .boxed()
}

/// What nginx's settings include.
pub fn http() -> Part {
    list(HTTP)
}

/// What a site includes.
pub fn site() -> Part {
    list(SITE)
}

/// What a location includes, which is rare: there are many locations.
pub fn location() -> BoxedStrategy<Option<Yaml>> {
    maybe(0.15, list(LOCATION))
}

/// What haproxy's settings include.
pub fn haproxy() -> Part {
    section(vec![
        ("global", 0.5, list(GLOBAL)),
        ("defaults", 0.5, list(DEFAULTS)),
        ("sections", 0.5, list(OWN_SECTIONS)),
    ])
}
