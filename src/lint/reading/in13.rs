//! IN13: text of the user's that cannot become a part of rendered files.

use crate::diagnostic::Code;
use crate::lint::{Detection, Doc, FixKind, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::IN13,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Reading,
    doc: Doc {
        what: "A file that `include` names cannot be read, is larger than 1 MB, is not text, or is not what belongs \
               there: nginx or haproxy could not read it, it closes a block that it did not open, or it begins a \
               section inside of `global` or `defaults`.",
        why: "The text becomes a part of what is rendered. A brace too many ends the site's server block, and what \
              follows belongs to something else; a missing quote takes the rest of the file with it.",
        evidence: "An included file that ends a block is an error of nginx, `unexpected \"}\"`. In haproxy.cfg, where \
                   text is copied, nothing would stop a line `backend x` in the middle of `defaults`: all that follows \
                   belongs to that backend. The readers of both languages agree with nginx 1.22.1 and haproxy 3.0.11 \
                   on 10,000 mutations of files that Debian ships.",
        fix: "Correct the file at the line that the finding names, or the path in the inventory.",
        verified_on: "haproxy 3.0.11, nginx 1.22.1",
    },
    examples: examples!("IN13"),
};
