//! TLS rules that rendered files can never break. `tests/integration/impossible.rs` proves each one.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::TL09,
        "every rendered server block sets `ssl_protocols`, including the default server",
        Doc {
            what: "`ssl_protocols` is not set, so the nginx version decides whether clients get TLS 1.3.",
            why: "Two app servers with different nginx versions then speak different protocols behind one balancer, \
                and what a client gets depends on which app server it reaches.",
            evidence: "nginx 1.22 without `ssl_protocols` refuses TLS 1.3; the default changed in 1.23.4. `nginx -t` \
                does not warn about it.",
            fix: "Nothing to do: sslscale sets `ssl_protocols` in every server block, with the versions of the \
                profile or of the inventory's own list.",
            verified_on: "nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::TL11,
        "`http2` is set for a whole app server, and all its rendered server blocks have the same value",
        Doc {
            what: "`http2` is set for one site on a socket that several sites share.",
            why: "`listen … http2` applies to the socket, not to the site: it turns HTTP/2 on for every site on that \
                socket, including one that was left out on purpose.",
            evidence: "With `listen 443 ssl http2` in the server block of `a.test` and `listen 443 ssl` in that of \
                `b.test`, a client of `b.test` is offered HTTP/2 and gets `ALPN protocol: h2`; `nginx -t` returns 0. \
                From 1.25.1 on, `http2 on;` is a separate directive.",
            fix: "Nothing to do: the inventory sets `nginx.http2` for an app server, and sslscale renders the same \
                value for all of its sites.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL12,
        "TLS settings belong to an app server, and all its rendered server blocks have the same ones",
        Doc {
            what: "`ssl_protocols` in a site's server block differs from that of the default server of its socket.",
            why: "The TLS version is negotiated before nginx knows which site the client wants: the default server's \
                setting applies, and the site's setting is ignored although it looks like protection.",
            evidence: "If the default server has `ssl_protocols TLSv1.2` and the site `b.test` has `TLSv1.3`, a TLS \
                1.3 client of `b.test` gets alert 70, protocol version, and a TLS 1.2 client is served. `nginx -t` \
                returns 0.",
            fix: "Nothing to do: sslscale renders the default server of each socket itself, with the same settings as \
                the sites.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL14,
        "no rendered file sets `ssl_stapling`, and no key of the inventory does",
        Doc {
            what: "`ssl_stapling on` is set for a certificate that names no OCSP responder.",
            why: "It has no effect, but looks as if revocation were taken care of. Let's Encrypt and other \
                authorities have shut down their responders, so stapling also stops working for certificates where it \
                once did.",
            evidence: "`nginx -t` returns 0 with a warning: `\"ssl_stapling\" ignored`, followed by the reason.",
            fix: "Nothing to do: sslscale does not staple.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL15,
        "every rendered socket has a default server that rejects the handshake, unless a site has `default: true`",
        Doc {
            what: "A socket has no default server that rejects handshakes for unknown names.",
            why: "A client that sends no server name, or an unknown one, gets the certificate of the first site and \
                so learns what is hosted there. Scanners find the sites behind an address this way.",
            evidence: "With two sites and no default server, nginx answers a handshake for `nobody.test` with the \
                certificate of the first site in the file. `nginx -t` returns 0.",
            fix: "Nothing to do, unless you wrote `default: true`: sslscale renders a default server with `ssl_reject_handshake on`; for nginx before \
                1.19.4, one whose certificate path points to a file that does not exist, so that handshakes fail.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL17,
        "directives are rendered for `nginx.version` and `nginx.openssl`; if a key is not set, they are rendered so \
         that nginx from 1.19.4 on, or OpenSSL from 1.1.1 on, accepts them",
        Doc {
            what: "A rendered file has a directive that the app server's version of nginx does not support yet.",
            why: "nginx does not start with a directive that it does not support: a configuration written for a newer \
                version takes the older app servers down.",
            evidence: "With `http2 on;`, `nginx -t` of nginx 1.22.1 fails: `unknown directive \"http2\"`. From 1.25.1 \
                on, the older form, `listen … http2`, causes a warning instead. `ssl_reject_handshake` exists from \
                1.19.4 on.",
            fix: "Set `nginx.version` if the app server's nginx is 1.25.1 or later, or earlier than 1.19.4: sslscale then renders only \
                directives that this version knows. There is nothing else to do.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3",
        },
    ),
];
