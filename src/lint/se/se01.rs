//! SE01: a balancer that anybody may command.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::SE01,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible(
        "the rendered admin socket is a file with mode 600, and no key of the inventory changes it",
    ),
    doc: Doc {
        what: "haproxy's admin socket can be used by others than root: over TCP, or by the mode of its file.",
        why: "Whoever reaches the socket takes servers out, changes addresses and reads every session. There is no \
              password.",
        evidence: "`stats socket ipv4@127.0.0.1:9999 level admin`: `haproxy -c` returns 0, and the user nobody takes a \
                   server out with one line, `disable server b/s`. A file without a mode gets what the umask leaves: \
                   777 under 000. Debian's own file says `mode 660`.",
        fix: "Nothing to do: sslscale renders `mode 600`, for root alone.",
        verified_on: "haproxy 2.6.12",
    },
    examples: None,
};
