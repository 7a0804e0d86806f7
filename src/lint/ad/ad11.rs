//! AD11: a CIDR whose host bits are not zero.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::AD11,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Safe,
    detection: Detection::Reading,
    doc: Doc {
        what: "An entry of `trusted_proxies`, `allow`, `deny` or a CDN's `networks` has bits set after its prefix length, so it is an address with a prefix \
               length and not a network.",
        why: "One address was meant, but the entry covers a whole network: in `trusted_proxies`, `10.0.0.5/24` lets 253 \
              other addresses claim any client address.",
        evidence: "nginx warns and uses the network: `[warn] low address bits of 10.0.0.5/24 are meaningless` (exit \
                   code 0).",
        fix: "Write `/32` (IPv6: `/128`) for the one address, or the network with its host bits zero. `--fix` writes \
              the one address if it is a balancer's own; otherwise `--unsafe-fixes` writes the network, which is how \
              nginx reads the entry.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("AD11", fixed),
};
