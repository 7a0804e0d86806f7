//! The PROXY protocol: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::PX01,
        "every `server` line of a pool is rendered from the same app server as the `listen` it leads to, and all of these say \
         `proxy_protocol`",
        Doc {
            what: "A balancer's `server` line sends a PROXY header to a port on which nginx does not expect one.",
            why: "nginx takes the header for the start of a TLS handshake or of a request. Every client of the fleet \
              fails, although both programs start without a word.",
            evidence: "nginx answers the text header in clear with `400`; the client sees `WRONG_VERSION_NUMBER` (curl \
                   exits with 35). `haproxy -c` and `nginx -t` accept either side, since each sees only its own, \
                   and a plain `check` of haproxy, which is a connect, keeps the server UP.",
            fix: "Write `proxy_protocol` on the `listen` or remove `send-proxy` from the `server` line; not both at \
              once on a running fleet (see DP01). Whatever is rendered from an inventory has both.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::PX02,
        "every `server` line of a pool is rendered with `send-proxy` or `send-proxy-v2`, and there is no key to leave it out",
        Doc {
            what: "nginx waits for a PROXY header on a port to which a balancer sends none.",
            why: "The first bytes of the TLS handshake are no such header. nginx resets every connection, and clients \
              see it as a network that is down.",
            evidence: "A plain TLS client is reset (curl exits with 35), and the error log has `broken header: \"…\" \
                   while reading PROXY protocol`. `haproxy -c` and `nginx -t` accept either side, and a plain \
                   `check` of haproxy keeps the server UP; `check check-ssl` turns it DOWN.",
            fix: "Add `send-proxy` to the `server` line, or remove `proxy_protocol` from the `listen`. Whatever is \
              rendered from an inventory has both.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6, haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::PX03,
        "all sites of an app server are rendered with one and the same `listen` text",
        Doc {
            what: "Two `server` blocks of nginx listen on one address and port with different options, such as \
               `proxy_protocol` in one of them alone.",
            why: "Options belong to the socket, not to the site: what one block says holds for all. Turning the PROXY \
              protocol on for one site turns it on for every other one on that port, whose clients are then reset.",
            evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 443 ssl` for another, a plain \
                   client of the second is reset, and one behind a PROXY header is answered. `nginx -t` is silent \
                   in every version up to 1.30.6, as it is whenever one line has all options of the other; 1.26.3 \
                   and 1.30.6 warn `protocol options redefined` only where each has an option that the other lacks.",
            fix: "Write the same options on every `listen` of an address and port. Whatever is rendered from an \
              inventory does.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX04,
        "every `listen` is rendered on the wildcard address, once for each family; there is no key for another",
        Doc {
            what: "One `server` block of nginx listens on a port of every address, another on the same port of one \
               address.",
            why: "nginx gives a connection to the most specific address, whatever name it is for. Sites of the wildcard \
              are not served on that address at all; where only one of the two lines has `proxy_protocol`, their \
              clients are reset, or served without their own address.",
            evidence: "With `listen 443 ssl proxy_protocol` for one name and `listen 127.0.0.1:443 ssl` for another, a \
                   request for the first name to 127.0.0.1 is answered by the second, without a PROXY header. \
                   `nginx -t` accepts it without a word.",
            fix: "Listen on the wildcard everywhere, or on the same addresses in every site. Whatever is rendered from \
              an inventory listens on the wildcard; a file beside it that does not is what DP05 looks for.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX08,
        "`set_real_ip_from` and `real_ip_header` are rendered by one template, always together, and \
         `trusted_proxies` is never empty",
        Doc {
            what: "A server has `set_real_ip_from` without `real_ip_header proxy_protocol`, or the other way round.",
            why: "The PROXY header is read and thrown away: every client bears the balancer's address.",
            evidence: "Behind a PROXY header that names 203.0.113.7 nginx has `$remote_addr` as the balancer's address \
                   with either line alone. `nginx -t` accepts both halves without a word: without `real_ip_header` \
                   it takes the address from `X-Real-IP`, which a client may write itself.",
            fix: "Write both lines in the same block. Whatever is rendered from an inventory has both in every server.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX09,
        "`real_ip_header proxy_protocol` is rendered only into servers whose every `listen` says `proxy_protocol`",
        Doc {
            what: "A server takes the client's address from the PROXY header on a listener that expects none.",
            why: "It changes nothing: `$remote_addr` stays the peer of the connection. Whoever wrote it believes that \
              clients are told apart, and they are not.",
            evidence: "With `listen 443 ssl`, `real_ip_header proxy_protocol` and a trusted peer nginx serves with \
                   `$remote_addr` as the peer's address. `nginx -t` accepts it without a word.",
            fix: "Add `proxy_protocol` to the `listen`, and `send-proxy` on the balancers with it. Whatever is rendered \
              from an inventory has both.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX10,
        "`set_real_ip_from` is rendered into every server with the whole list, and never outside of one",
        Doc {
            what: "A `server` block has `set_real_ip_from` of its own under an `http` block that has some as well.",
            why: "The inner list replaces the outer one and does not extend it. A line that was to trust one more \
              address drops all balancers for that one site.",
            evidence: "With the balancer trusted at http level and another address in the second of two servers, the \
                   first has the client's address and the second the balancer's. `nginx -t` accepts it without a \
                   word.",
            fix: "Write the whole list in one place. Whatever is rendered from an inventory has the whole list in every \
              server, so that nothing outside of the file changes it.",
            verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6",
        },
    ),
    Rule::impossible(
        Code::PX12,
        "`haproxy.proxy_protocol` belongs to a balancer, and the `server` lines of all its pools are rendered with it",
        Doc {
            what: "The `server` lines of one balancer differ in `send-proxy` and `send-proxy-v2`, or some have none.",
            why: "A server without the header resets its share of the connections, or takes the others' header for a \
              handshake: one connection in so many fails, and which one nobody can tell. With both versions in use \
              a change of either side is proved for one of them alone.",
            evidence: "nginx reads both versions on one listener, so that a mixture works until a server has none; then \
                   the failures are those of PX01 and PX02. `haproxy -c` accepts any mixture.",
            fix: "Say it once, in `default-server` or on every line. Whatever is rendered from an inventory has one \
              version on every line of a balancer.",
            verified_on: "nginx 1.22.1, haproxy 2.6.12",
        },
    ),
];
