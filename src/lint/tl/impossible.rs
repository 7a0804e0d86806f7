//! TLS settings: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::TL09,
        "every rendered server block, the default one included, says `ssl_protocols`",
        Doc {
            what: "`ssl_protocols` is left out, so that the version of nginx decides whether clients get TLS 1.3.",
            why: "Two app servers with two versions of nginx then speak different protocols behind one balancer, and a \
              client meets one or the other by turns.",
            evidence: "nginx 1.22 without `ssl_protocols` refuses TLS 1.3; the default changed in 1.23.4. `nginx -t` has \
                   nothing to say about it.",
            fix: "Nothing to do: sslscale says `ssl_protocols` in every server block, with the versions of the profile or of the \
              inventory's own list.",
            verified_on: "nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::TL11,
        "`http2` is a setting of the app server, and every rendered server block of it says the same",
        Doc {
            what: "`http2` is set on one site of a socket that several sites share.",
            why: "`listen … http2` belongs to the socket, not to the site: it turns HTTP/2 on for every site there, also \
              for one that was left out on purpose.",
            evidence: "With `listen 443 ssl http2` in the server of `a.test` and `listen 443 ssl` in that of `b.test`, a \
                   client of `b.test` is offered and gets `ALPN protocol: h2`; `nginx -t` returns 0. From 1.25.1 \
                   `http2 on;` is a setting of its own.",
            fix: "Nothing to do: in the inventory `nginx.http2` is set for an app server, and sslscale says it on all of \
              its sites alike.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL12,
        "TLS settings are those of an app server, and each of its rendered server blocks has the same",
        Doc {
            what: "`ssl_protocols` is set in a site's server block to something else than in the default server of its \
               socket.",
            why: "The TLS version is agreed on before nginx knows which site is meant: the default server's setting \
              wins, and the site's is dead text that looks like protection.",
            evidence: "The default server says `ssl_protocols TLSv1.2`, the site `b.test` says `TLSv1.3`: a TLS 1.3 \
                   client of `b.test` gets alert 70, protocol version, and a TLS 1.2 client is served. `nginx -t` \
                   returns 0.",
            fix: "Nothing to do: sslscale renders the default server of its sockets itself, with the very settings of \
              the sites.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL14,
        "no rendered file sets `ssl_stapling`, and no key of the inventory does",
        Doc {
            what: "`ssl_stapling on` for a certificate that names no OCSP responder.",
            why: "It does nothing, and looks as if revocation were taken care of. Let's Encrypt and others have closed \
              their responders, so it becomes true of certificates for which it once was not.",
            evidence: "`nginx -t` returns 0 with a warning: `\"ssl_stapling\" ignored`, with the reason behind it.",
            fix: "Nothing to do: sslscale does not staple.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL15,
        "every rendered socket has a default server that rejects the handshake",
        Doc {
            what: "A socket has no default server that rejects handshakes for unknown names.",
            why: "Whoever connects without a name, or with another, is shown the certificate of the first site, and with \
              it what is hosted there. Scanners find a site behind an address that way.",
            evidence: "A handshake for `nobody.test` with two sites and no default server: nginx answers with the \
                   certificate of the first site in the file. `nginx -t` returns 0.",
            fix: "Nothing to do: sslscale renders a default server with `ssl_reject_handshake on`, or for nginx before \
              1.19.4 one with a certificate that no file has.",
            verified_on: "nginx 1.22.1, OpenSSL 3.0.22",
        },
    ),
    Rule::impossible(
        Code::TL16,
        "no rendered file sets `ssl_verify_client`, and no key of the inventory does",
        Doc {
            what: "A site asks for client certificates on a socket that it shares with sites that do not.",
            why: "A TLS session that was begun with one site can be taken up with another of the same socket. Before \
              nginx 1.26.3 and 1.27.4 that went past the check of the client certificate (CVE-2025-23419).",
            evidence: "`nginx -t` accepts sites with and without `ssl_verify_client` on one socket: exit code 0, no \
                   message. The flaw needs TLS 1.3, session tickets or a session cache in the default server, and a \
                   default server that asks for client certificates.",
            fix: "Nothing to do: client certificates are not among the keys of the inventory. Where they are needed, \
              give that site an address or a port of its own.",
            verified_on: "",
        },
    ),
    Rule::impossible(
        Code::TL17,
        "what depends on the version of nginx is rendered for `nginx.version`, and where that is not given for \
         1.19.4 and all that came later; what depends on OpenSSL for `nginx.openssl`, else for 1.1.1 and later",
        Doc {
            what: "A rendered file holds a directive that is newer than the target's nginx.",
            why: "nginx does not start with a directive that it does not know: an upgrade of the configuration takes the \
              older app servers down.",
            evidence: "`http2 on;` on nginx 1.22.1: `unknown directive \"http2\"`, `nginx -t` fails. From 1.25.1 the \
                   older form, `listen … http2`, warns instead. `ssl_reject_handshake` exists from 1.19.4.",
            fix: "Nothing to do but to say `nginx.version` where it is 1.25.1 or later, or earlier than 1.19.4: sslscale \
              renders what that version knows.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3",
        },
    ),
];
