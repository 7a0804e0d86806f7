//! SN02: text of the user's that changes whom nginx believes.

use crate::diagnostic::Code;
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SN02,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has `set_real_ip_from`, `real_ip_header` or `real_ip_recursive` outside of a server of its own, or sends or expects PROXY headers in haproxy's `defaults`.",
        why: "These lines decide which address nginx takes for the client's. The inventory has one list for it, `trusted_proxies`, and rules that know what is safe to trust; a line beside it makes clients out of proxies, or lets clients choose their address.",
        evidence: "With `set_real_ip_from 0.0.0.0/0` in a server block, a client that speaks the PROXY protocol itself has any address that it likes; `real_ip_header X-Forwarded-For` takes what the client wrote. `nginx -t` returns 0 for both.",
        fix: "Remove the line, and write the addresses of further proxies under `trusted_proxies`.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SN02"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    fleet.directives(|directive| {
        let name = directive.statement.name();
        let trusts = matches!(name, "set_real_ip_from" | "real_ip_header" | "real_ip_recursive");
        if trusts && !directive.is_elsewhere() && fleet.inventory.has_proxy_header() {
            let message = format!("`{}` changes whose address nginx takes for the client's", directive.text());
            reporter.push(directive.finding(message, "remove the line: `trusted_proxies` is the list of proxies"));
        }
    });
    fleet.lines(|included, _, line| {
        let word = line.words.iter().find(|word| {
            let value = &*word.value;
            value.starts_with("send-proxy") || value == "accept-proxy" || value == "check-send-proxy"
        });
        if let Some(word) = word.filter(|_| included.block == Block::Defaults) {
            let message = format!("`{}` in `defaults` changes what the balancers send", word.value);
            let help = "remove the line: `haproxy.proxy_protocol` is the version of the PROXY header";
            reporter.push(included.finding(word.span.clone(), message, help));
        }
    });
}
