//! IN09: keys that exclude one another.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN09,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two keys cannot both be meant: a location with two targets, a host with two addresses of one family, a \
               certificate in a directory that nginx includes, gRPC where HTTP/2 is off, a redirect with a path to \
               which the request's path is added.",
        why: "One of the two wins, and which one depends on the program, its version and the order of the lines.",
        evidence: "`nginx -t` passes a location with both `uwsgi_pass` and `proxy_pass`, in either order, without a \
                   warning.",
        fix: "Keep the one that is meant.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("IN09"),
};
