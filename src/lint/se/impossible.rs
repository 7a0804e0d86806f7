//! Privileges, headers and raw configuration: rules that nothing sslscale renders can break. `tests/integration/impossible.rs` proves
//! each of them.

use crate::diagnostic::Code;
use crate::lint::{Doc, Rule};

pub const IMPOSSIBLE: &[Rule] = &[
    Rule::impossible(
        Code::SE01,
        "the rendered admin socket is a file with mode 600, and no key of the inventory changes it",
        Doc {
            what: "haproxy's admin socket can be used by others than root: over TCP, or by the mode of its file.",
            why: "Whoever reaches the socket takes servers out, changes addresses and reads every session. There is no \
              password.",
            evidence: "`stats socket ipv4@127.0.0.1:9999 level admin`: `haproxy -c` returns 0, and the user nobody takes a \
                   server out with one line, `disable server b/s`. A file without a mode gets what the umask leaves: \
                   777 under 000. Debian's own file says `mode 660`.",
            fix: "Nothing to do: sslscale renders `mode 600`, for root alone.",
            verified_on: "haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::SE02,
        "every rendered haproxy.cfg says `user haproxy` and `group haproxy`, and no key changes it",
        Doc {
            what: "haproxy's workers keep running as root.",
            why: "The process that parses what strangers send should be able to do nothing else. As root, a flaw in it \
              is the whole host.",
            evidence: "Without `user` and `group`, `haproxy -c` returns 0 and the running process is root's. It warns of \
                   nothing.",
            fix: "Nothing to do: sslscale renders `user haproxy`, `group haproxy` and a `chroot`.",
            verified_on: "haproxy 2.6.12",
        },
    ),
    Rule::impossible(
        Code::SE04,
        "the one header that is rendered, HSTS, stands in the server blocks, and no location adds any",
        Doc {
            what: "A location has an `add_header` of its own inside of a server that adds headers, such as \
               `Strict-Transport-Security`.",
            why: "nginx inherits `add_header` only where there is none: one more header in a location drops all those \
              around it. HSTS is gone exactly there, and nobody sees a header that is missing.",
            evidence: "`add_header Strict-Transport-Security …` at http level and `add_header X-N 1` in a location: \
                   responses of that location have no `Strict-Transport-Security`, all others do. `nginx -t` returns \
                   0.",
            fix: "Nothing to do: sslscale renders `add_header` in server blocks alone, for HSTS, with `always`, so that every \
              answer of the site bears it, errors and redirects too; for anything else the app sends its own.",
            verified_on: "nginx 1.22.1",
        },
    ),
    Rule::impossible(
        Code::SE06,
        "no key of the inventory takes raw lines, and no value may hold what ends or opens a directive",
        Doc {
            what: "A piece of raw haproxy or nginx configuration is passed through as it is.",
            why: "Every promise of the other rules ends there: a raw line can trust strangers, drop headers or open a \
              port, and a check that says nothing of it sounds like one that has looked.",
            evidence: "Random inventories, thousands of them, render to files in which every directive is one of \
                   sslscale's own templates: values cannot hold white space, quotes or any of `;{}#$\\`.",
            fix: "Nothing to do. What the inventory lacks belongs into a file of its own beside the rendered one, where \
              its owner is plain to see.",
            verified_on: "",
        },
    ),
];
