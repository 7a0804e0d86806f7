//! The hosts of an inventory that has errors elsewhere: whoever goes back to an earlier release in an emergency need not
//! correct a site first.

use super::Inventory;
use super::node::{Value, parse};
use super::validate::check;
use crate::source::Source;

/// The sections that say which hosts there are and how they are reached.
const SECTIONS: [&str; 3] = ["load_balancers", "app_servers", "ssh"];

/// Without a site an inventory is refused.
const SITE: &str = "\nsites:\n  - server_name: members.sslscale.invalid\n    root: /srv\n    \
                    ssl_certificate: /etc/ssl/members.crt\n    ssl_certificate_key: /etc/ssl/members.key\n";

/// The hosts alone, with a site that nobody asks for. `None` if these sections have errors themselves, or do not begin
/// lines of their own.
pub fn members(source: &Source) -> Option<Inventory> {
    let root = parse(source).ok()?;
    let Value::Map(entries) = &root.value else { return None };
    let text = source.text();
    let begins: Vec<usize> = entries.iter().map(|(key, _)| key.span.start as usize).collect();
    if begins.iter().any(|at| *at > 0 && !text[..*at].ends_with('\n')) {
        return None;
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    let sections = entries.iter().zip(begins.iter().zip(ends));
    let kept = sections.filter(|((key, _), _)| key.text(source).is_some_and(|key| SECTIONS.contains(&key)));
    let kept: String = kept.map(|(_, (begin, end))| &text[*begin..end]).collect();
    check(&Source::new("hosts", kept + SITE)).inventory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_whatever_is_wrong_with_sites() {
        let hosts = "load_balancers:\n  - { name: lb1, address: 10.0.0.10 }\nssh: { user: deploy }\napp_servers:\n  \
                     - name: srv1\n    address: 10.0.0.11\n";
        let names = |text: String| {
            let inventory = members(&Source::new("t", text))?;
            let [lb, app] = [&inventory.load_balancers[0].name, &inventory.app_servers[0].name];
            Some(format!("{lb} {app} {}", inventory.load_balancers[0].ssh.user.as_ref()?))
        };
        let known = Some("lb1 srv1 deploy".to_owned());
        assert_eq!(names(format!("sites: [ {{ pth: / }} ]\n{hosts}tickets: never\n")), known);
        assert_eq!(names(format!("{hosts}htp: []\nsites:\n  - server_name: a.example\n    pth: /\n")), known);
        assert_eq!(names(hosts.replace("address: 10.0.0.11", "adress: 10.0.0.11")), None);
        assert_eq!(names("{load_balancers: [ {name: lb1, address: 10.0.0.10} ], sites: 1}".to_owned()), None);
        assert_eq!(names(format!("{hosts}sites: [")), None);
    }
}
