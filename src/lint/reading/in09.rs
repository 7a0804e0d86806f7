//! IN09: keys that contradict each other.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN09,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "Two keys contradict each other: a location with two targets, a host with two addresses of one family, a \
               certificate in a directory that nginx includes, gRPC where HTTP/2 is off, two protocols on one socket \
               of an app, or a redirect that has a path and also appends the request's path.",
        why: "Only one of the two takes effect, and which one depends on the program, its version and the order of \
              the lines.",
        evidence: "`nginx -t` accepts a location with both `uwsgi_pass` and `proxy_pass`, in either order, without a \
                   warning.",
        fix: "Keep the one that you mean.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("IN09"),
};
