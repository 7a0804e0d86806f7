//! IN05: a value that would change the syntax of the rendered files.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN05,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A value contains white space, a quote, a control character, a character that is not ASCII, a \
               backslash, a backtick or one of `;{}#$`; or it is longer than 2,048 bytes.",
        why: "In the rendered files these characters end a directive, open a block, start a comment or name a \
              variable. What looks like a path would become configuration, and a letter from another alphabet would \
              name a host that does not exist.",
        evidence: "nginx does not object: `/srv; autoindex on`, written after `root`, is two valid directives, and \
                   `nginx -t` passes.",
        fix: "Remove the character. Write international names in their `xn--` form; no other value needs any of these \
              characters.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("IN05"),
};
