//! The PROXY protocol: rules that no rendered file can break. `tests/integration/impossible.rs`
//! proves each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::PX01,
        "every `server` line and every `listen` of a fleet is rendered for PROXY headers, or with `proxy_protocol: off` \
         none is",
        Doc {
            what: "A balancer's `server` line sends a PROXY header to a port on which nginx does not expect one.",
            why: "nginx takes the header for the start of a TLS handshake or of a request. Every client of the fleet \
                  fails, although both programs start without a warning.",
            evidence: "nginx answers the text header with an unencrypted `400`; the client sees \
                       `WRONG_VERSION_NUMBER` (curl exits with 35). `haproxy -c` and `nginx -t` accept either side, \
                       because each sees only its own files, and haproxy's plain `check`, which only connects, keeps \
                       the server UP.",
            fix: "Write `proxy_protocol` on the `listen` or remove `send-proxy` from the `server` line; on a running \
                  fleet, do not change both at once (see DP01). Rendered files have both or, with `proxy_protocol: off`, \
                  neither.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::PX02,
        "balancers of which only some have `proxy_protocol: off` are refused, and every `listen` is rendered for what \
         all of them send",
        Doc {
            what: "nginx waits for a PROXY header on a port to which a balancer sends none.",
            why: "The first bytes of a TLS handshake are not a PROXY header, so nginx resets every connection. To \
                  clients it looks as if the network were down.",
            evidence: "A plain TLS client is reset (curl exits with 35), and the error log has `broken header: \"…\" \
                       while reading PROXY protocol`. `haproxy -c` and `nginx -t` accept either side, and haproxy's \
                       plain `check` keeps the server UP; `check check-ssl` marks it DOWN.",
            fix: "Add `send-proxy` to the `server` line, or remove `proxy_protocol` from the `listen`. Rendered files \
                  have both or, with `proxy_protocol: off`, neither.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::PX03,
        "all sites of an app server are rendered with the same `listen` text",
        Doc {
            what: "Two `server` blocks of nginx listen on the same address and port with different options, such as \
                   `proxy_protocol` in only one of them.",
            why: "Options belong to the socket, not to the site: an option in one block applies to all of them. \
                  Turning on the PROXY protocol for one site turns it on for every other site on that port, and their \
                  clients are reset.",
            evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 443 ssl` for another, a plain \
                       client of the second is reset, and a client that sends a PROXY header is answered. `nginx -t` \
                       prints nothing in any version up to 1.30.6 if one line has all options of the other; 1.26.3 \
                       and 1.30.6 warn `protocol options redefined` only if each line has an option that the other \
                       lacks.",
            fix: "Write the same options on every `listen` of an address and port. Rendered files have the same \
                  options everywhere.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX04,
        "every `listen` is rendered on the wildcard address, once per address family, and no key changes the address",
        Doc {
            what: "One `server` block of nginx listens on a port on all addresses, and another listens on the same \
                   port on one address.",
            why: "nginx gives a connection to the most specific address, whatever name it is for. Sites on the \
                  wildcard are not served on that address at all; if only one of the two lines has `proxy_protocol`, \
                  their clients are reset, or are served but logged with the balancer's address.",
            evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 127.0.0.1:443 ssl` for another, \
                       a request for the first name to 127.0.0.1 is answered by the second, without a PROXY header. \
                       `nginx -t` accepts it without a warning.",
            fix: "Listen on the wildcard everywhere, or on the same addresses in every site. Rendered files listen on \
                  the wildcard; DP05 looks for other files on the host that do not.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX08,
        "`set_real_ip_from` and `real_ip_header` are rendered by one template, together or, with `proxy_protocol: off`, \
         not at all; the header of a `cdn` is believed only of its connections",
        Doc {
            what: "A server block has `set_real_ip_from` without `real_ip_header proxy_protocol`, or the other way round.",
            why: "The PROXY header is read and discarded: every client has the balancer's address.",
            evidence: "With a PROXY header that names 203.0.113.7 and only one of the two lines, nginx sets \
                       `$remote_addr` to the balancer's address. `nginx -t` accepts either line alone without a \
                       warning: without `real_ip_header`, nginx takes the address from `X-Real-IP`, which clients can \
                       set themselves.",
            fix: "Write both lines in the same block. Rendered files have both in every server block or, with \
                  `proxy_protocol: off`, neither in any.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX09,
        "`real_ip_header proxy_protocol` is rendered only into server blocks in which every `listen` has `proxy_protocol`",
        Doc {
            what: "A server block takes the client's address from the PROXY header on a listener that expects none.",
            why: "It changes nothing: `$remote_addr` stays the peer of the connection. The file looks as if clients \
                  were told apart, and they are not.",
            evidence: "With `listen 443 ssl`, `real_ip_header proxy_protocol` and a trusted peer, nginx sets \
                       `$remote_addr` to the peer's address. `nginx -t` accepts it without a warning.",
            fix: "Add `proxy_protocol` to the `listen`, together with `send-proxy` on the balancers. Rendered files \
                  have all three lines or none of them.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX10,
        "`set_real_ip_from` is rendered into every server block with the whole list, and never outside a server block",
        Doc {
            what: "A `server` block has its own `set_real_ip_from` inside an `http` block that has some as well.",
            why: "The inner list replaces the outer one; it does not extend it. A line that was meant to trust one \
                  more address drops all balancers for that one site.",
            evidence: "With the balancer trusted at http level and another address in the second of two servers, the \
                       first has the client's address and the second the balancer's. `nginx -t` accepts it without a \
                       warning.",
            fix: "Write the whole list in one place. Rendered files have the whole list in every server, so nothing \
                  outside the file changes it.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX12,
        "`haproxy.proxy_protocol` is set per balancer, and the `server` lines of all its pools are rendered with it",
        Doc {
            what: "The `server` lines of one balancer differ: some have `send-proxy`, others `send-proxy-v2`, or some \
                   have neither.",
            why: "An app server that gets no header resets its share of the connections; one that expects none takes \
                  the header for a handshake. A fraction of all connections fails, and it is hard to see which. With \
                  both versions in use, a test of a change on either side covers only one of them.",
            evidence: "nginx reads both versions on one listener, so a mixture works until a server has neither; then \
                       connections fail as in PX01 and PX02. `haproxy -c` accepts any mixture.",
            fix: "Use one version, in `default-server` or on every line. Rendered files have one version on every \
                  line of a balancer, or with `proxy_protocol: off` none.",
            verified_on: "nginx 1.22.1, haproxy 2.6.12",
        },
    ),
];
