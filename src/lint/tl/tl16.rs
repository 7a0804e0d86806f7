//! TL16: client certificates beside sites that ask for none.

use crate::diagnostic::Code;
use crate::lint::{Doc, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL16,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Impossible("no rendered file sets `ssl_verify_client`, and no key of the inventory does"),
    doc: Doc {
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
    examples: None,
};
