//! IN05: a value that could break out.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A value holds white space, a quote, a control character, anything that is not ASCII, or one of `;{}#$`, \
               a backslash or a backtick; or it is longer than 2,048 bytes.",
        why: "In the rendered files these characters end a directive, open a block, start a comment or name a \
              variable. What looks like a path would be configuration, and a letter from another alphabet would be a \
              host that nobody knows.",
        evidence: "nginx has nothing against it: pasted behind `root`, `/srv; autoindex on` are two valid directives, \
                   and `nginx -t` passes.",
        fix: "Remove the character. International names are written in their `xn--` form, and no other value needs any \
              of these.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("IN05"),
};
