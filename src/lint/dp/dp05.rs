//! DP05: something on a host that sslscale does not manage takes connections of a rendered file.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule};

pub const RULE: Rule = Rule {
    code: Code::DP05,
    since: "0.1.0",
    needs: Requirement::Hosts,
    fix: FixKind::None,
    detection: Detection::Hosts,
    doc: Doc {
        what: "A program other than haproxy listens on a balancer's port, or one other than nginx on an app \
            server's. Or a file of nginx that sslscale does not manage has a server on a port of a rendered \
            file: with the same name, on one address, with other options, as the default server, or (a warning) \
            beside it. Or it has one on a port of the haproxy that is on the same host.",
        why: "haproxy and nginx cannot listen on a port that another program has. Socket options apply to all \
            servers on the socket, a listener on one address takes the wildcard's traffic, and of two servers \
            with the same name the first in the order of the files wins. Either file can break the other, \
            although each is correct by itself.",
        evidence: "A haproxy reload with a busy port refuses every connection for 2.1 seconds and goes back to the old \
            configuration; nginx keeps the old one and logs `still could not bind()`; both reloads return 0. \
            `nginx -t` reports nothing about different options on the same address and port (PX03), or about a \
            listener on one address that takes the wildcard's traffic (PX04). A second server with the same name \
            on one port is only a warning: `conflicting server name … ignored`. Debian's own default site on \
            port 80 is not a conflict, unless haproxy of the same host has that port: then nginx did not start \
            (`bind() to 0.0.0.0:80 failed`), or haproxy.",
        fix: "Stop the other program and disable its service, or give it another port. Remove the file from the \
            host, give its server another port, or bring what it serves into the inventory.",
        verified_on: "haproxy 2.6.12, 3.0.11, nginx 1.22.1",
    },
    examples: None,
};
