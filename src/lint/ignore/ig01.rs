//! IG01: a comment, or a rule in `allow`, that can have no effect.

use super::{Claim, Comment, is_about_comments, only_refuses};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model;
use crate::inventory::node::printable;
use crate::lint::{Doc, Examples, Fixable, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::IG01,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::No,
    found: Found::Elsewhere("on the comments, once the other rules have run"),
    doc: Doc {
        what: "A `# sslscale:` comment that cannot be read, that names a rule which does not exist, or that names one \
               whose findings cannot be ignored: those that leave no fleet to render, and the findings on comments \
               themselves. The same for a rule in `lint.allow` that does nothing but refuse inventories.",
        why: "Whoever wrote it believes that something is switched off, and it is not. A typing error in a comment \
              must not look like a decision.",
        evidence: "`# sslscale: ignore[PX7]` switches nothing off: there is no such rule. Only comments count: the \
                   same text inside a quoted value or a block scalar is part of that value.",
        fix: "Write the rule's code or name in brackets and the reason behind them: \
              `# sslscale: ignore[PX07] the monitoring hosts speak PROXY too`. Several rules are separated by commas. \
              `sslscale rules` lists all of them. What refuses an inventory has to be mended; \
              findings on comments can be allowed, but not ignored.",
        verified_on: "",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
trusted_proxies: [10.0.0.0/24] # sslscale: ignore[PX7] everything in there is ours
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
  - { name: srv1, address: 10.0.1.11 }
  - { name: srv2, address: 10.0.1.12 }
trusted_proxies: [10.0.0.0/24] # for sslscale: there is nothing to ignore[PX7] here
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: None,
    }),
};

/// Everything that can have no effect.
pub fn find(comments: &[Comment], claims: &[Claim<'_>], section: &model::Lint) -> Vec<Diagnostic> {
    let malformed = comments.iter().filter_map(|comment| {
        let said = comment.said.as_ref().err()?;
        Some(Diagnostic::new(Code::IG01, comment.span, said.message.as_str(), said.help.as_str()))
    });
    let allowed = section.allow.iter().filter(|(code, _)| only_refuses(code)).map(|(code, span)| {
        let message = format!("`{}` cannot be allowed: nothing is rendered while it stands", code.id);
        Diagnostic::new(Code::IG01, *span, message, "mend what it finds, and remove it from `allow`")
    });
    malformed.chain(allowed).chain(claims.iter().filter_map(claimed)).collect()
}

fn claimed(claim: &Claim<'_>) -> Option<Diagnostic> {
    let (message, help) = match claim.code {
        None => {
            let text = claim.name;
            let help = match Code::near(text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`sslscale rules` lists every rule".to_owned(),
            };
            (format!("there is no rule `{}`", printable(text).replace('`', "'")), help)
        }
        Some(code) if is_about_comments(code) => {
            let help = format!("mend the comment that it is about, or allow it: `lint: {{ allow: [{}] }}`", code.id);
            (format!("`{}` cannot be ignored: it is about comments", code.id), help)
        }
        Some(code) if claim.refused || only_refuses(code) => {
            let message = format!("`{}` cannot be ignored: nothing is rendered while it stands", code.id);
            (message, "mend what it finds, and remove the comment".to_owned())
        }
        Some(_) => return None,
    };
    Some(Diagnostic::new(Code::IG01, claim.span, message, help))
}
