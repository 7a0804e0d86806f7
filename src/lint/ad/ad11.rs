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
        what: "An entry of `trusted_proxies` is an address with a prefix length, not a network: it has bits set behind \
               its prefix.",
        why: "It was meant as one address and is taken for a whole network: 253 neighbours may tell nginx any client \
              address.",
        evidence: "nginx warns and takes the network: `[warn] low address bits of 10.0.0.5/24 are meaningless`, rc 0.",
        fix: "Write `/32` (`/128`) for the one address, or the network with its host bits zero. `--fix` writes the one \
              address where it is a balancer's own; else `--unsafe-fixes` writes the network, which is what nginx \
              makes of it.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("AD11", fixed),
};
