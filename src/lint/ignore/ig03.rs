//! IG03: an error that is ignored without a reason, and is therefore not ignored.

use super::Claim;
use crate::diagnostic::{Code, Diagnostic};
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IG03,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Elsewhere("on the comments, once the other rules have run"),
    doc: Doc {
        what: "A comment ignores a finding of severity error, and nothing stands behind its bracket to say why.",
        why: "Whoever reads the inventory in a year has to know whether the reason still holds. Without one, the only \
              safe guess is that it never did.",
        evidence: "The finding stands as if the comment were not there. Warnings and notes can be ignored without a \
                   reason; a rule that is denied finds errors, which need one.",
        fix: "Write the reason behind the bracket, on the same line: \
              `# sslscale: ignore[PX07] only the balancers reach this network`. Or mend what is found.",
        verified_on: "",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
trusted_proxies: [10.0.0.10/32] # sslscale: ignore[PX05]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
trusted_proxies: [10.0.0.10/32] # sslscale: ignore[PX05] lb2 is switched off until May
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};

/// Every claim that would ignore an error and does not say why.
pub fn find(claims: &[Claim<'_>]) -> Vec<Diagnostic> {
    let reasonless = claims.iter().filter(|claim| claim.reasonless);
    let found = reasonless.filter_map(|claim| {
        let id = claim.code?.id;
        let message = format!("an error is ignored without a reason: `{id}`");
        let help = format!("it stands until the comment says why: `# sslscale: ignore[{id}] reason`");
        Some(Diagnostic::new(Code::IG03, claim.span, message, help))
    });
    found.collect()
}
