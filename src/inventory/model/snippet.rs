//! The user's own nginx and haproxy text.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::{haproxy, nginx};
use crate::inventory::types::LocalPath;
use crate::source::Source;

/// How the paths of nginx's files begin.
pub const NGINX_SNIPPETS: &str = "/etc/nginx/sslscale-include-";
/// Directives of nginx that may answer a request before the app or the file of its location does.
const ANSWERS: &[&str] = &[
    "auth_basic",
    "auth_jwt",
    "auth_request",
    "deny",
    "fastcgi_cache",
    "internal",
    "limit_except",
    "proxy_cache",
    "return",
    "rewrite",
    "ssl_verify_client",
    "uwsgi_cache",
];
/// Options of haproxy that set the format of its log.
const LOG_OPTIONS: [&str; 3] = ["tcplog", "httplog", "httpslog"];
/// How many digits of a hash are in names.
const HASH: usize = 12;

/// A file that `include` names, as it was read. Two that say the same and have the same path are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snippet {
    /// As written: absolute, or relative to the inventory's directory.
    pub written: LocalPath,
    /// Its name in diagnostics.
    pub name: Arc<str>,
    /// Its text. Without the files of the inventory, as in an inventory that is only a text, it is empty.
    pub text: Arc<str>,
}

impl Snippet {
    /// Its text with places in it.
    pub fn source(&self) -> Arc<Source> {
        Arc::new(Source::new(&*self.name, &*self.text))
    }

    /// The path that it has on app servers, with a hash of its text.
    pub fn path(&self) -> String {
        let hash = hex::encode(Sha256::digest(self.rendered()));
        format!("{NGINX_SNIPPETS}{}.conf", &hash[..HASH])
    }

    /// The first directive directly in it that may answer requests, where nginx includes it; none of `others`.
    pub fn answers(&self, others: &[&str]) -> Option<&'static str> {
        let (file, _) = nginx::File::read_until_error(&self.text);
        let is_off = |it: &nginx::Statement<'_>| it.arguments().first().is_some_and(|word| word.is("off"));
        let named = |it: &nginx::Statement<'_>| ANSWERS.iter().find(|name| **name == it.name()).copied();
        file.statements.iter().filter(|it| !is_off(it) && !others.contains(&it.name())).find_map(named)
    }

    /// The comments around its lines in haproxy.cfg.
    pub fn marks(&self) -> [String; 2] {
        ["begins", "ends"].map(|word| format!("# `{}` {word}", self.written.as_str()))
    }

    /// Its text, with a line break at its end.
    pub fn rendered(&self) -> String {
        let text = &*self.text;
        if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
    }
}

/// What `haproxy.include` names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HaproxyInclude {
    /// Lines at the end of the `global` section.
    pub global: Vec<Snippet>,
    /// Lines at the end of the `defaults` section.
    pub defaults: Vec<Snippet>,
    /// Whole sections, after all others.
    pub sections: Vec<Snippet>,
}

impl HaproxyInclude {
    /// All of them, in the order in which haproxy reads them.
    pub fn all(&self) -> impl Iterator<Item = &Snippet> {
        self.global.iter().chain(&self.defaults).chain(&self.sections)
    }

    /// Whether the user's own text says what haproxy logs about a connection.
    pub fn sets_log_format(&self) -> bool {
        let sets = |line: &haproxy::Line<'_>| match line.keyword() {
            "log-format" => true,
            "option" => line.arguments().first().is_some_and(|word| LOG_OPTIONS.iter().any(|it| word.is(it))),
            _ => false,
        };
        self.defaults.iter().any(|snippet| haproxy::File::read(&snippet.text).lines().any(|(_, line)| sets(line)))
    }

    /// The file that a line of haproxy.cfg is from, and its line there; both count from 1.
    pub fn source_of(&self, text: &str, line: usize) -> Option<(&Snippet, usize)> {
        // With the number of the line before each.
        let mut lines = text.lines().map(str::trim).enumerate();
        for snippet in self.all() {
            let [begin, _] = snippet.marks();
            let (before, _) = lines.find(|(_, it)| *it == begin)?;
            let count = snippet.rendered().lines().count();
            let within = line.checked_sub(before + 1)?;
            if (1..=count).contains(&within) {
                return Some((snippet, within));
            }
            // What is in the file is passed over, whatever it says.
            lines.by_ref().take(count).for_each(drop);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::types::Scalar;

    fn snippet(path: &str, text: &str) -> Snippet {
        Snippet { written: LocalPath::parse(path).unwrap(), name: path.into(), text: text.into() }
    }

    #[test]
    fn a_line_of_haproxy_cfg_leads_to_its_file() {
        // One file says what would end or begin another.
        let global = vec![snippet("a.cfg", "one\n# `a.cfg` ends\n# `b.cfg` begins\nfour")];
        let include = HaproxyInclude { global, defaults: vec![snippet("b.cfg", "x\n")], ..Default::default() };
        let text = "global\n    # `a.cfg` begins\none\n# `a.cfg` ends\n# `b.cfg` begins\nfour\n    # `a.cfg` ends\n\
                    defaults\n    # `b.cfg` begins\nx\n    # `b.cfg` ends\n";
        let found = |line| include.source_of(text, line).map(|(it, line)| (it.written.as_str(), line));
        assert_eq!((found(2), found(3), found(6), found(7)), (None, Some(("a.cfg", 1)), Some(("a.cfg", 4)), None));
        assert_eq!((found(9), found(10), found(11), found(99)), (None, Some(("b.cfg", 1)), None, None));
    }

    #[test]
    fn a_log_format_of_ones_own_is_found_in_defaults() {
        let sets = |text: &str| HaproxyInclude { defaults: vec![snippet("a.cfg", text)], ..Default::default() };
        for text in ["log-format \"%ci %ID\"", "    # x\n    option  httplog clf\n", "option tcplog"] {
            assert!(sets(text).sets_log_format(), "{text}");
            let global = vec![snippet("a.cfg", text)];
            assert!(!HaproxyInclude { global, ..Default::default() }.sets_log_format(), "{text}");
        }
        for text in ["option dontlog-normal", "# log-format x", "log-tag log-format", "option", ""] {
            assert!(!sets(text).sets_log_format(), "{text}");
        }
    }

    #[test]
    fn directives_that_answer_are_known_where_they_apply() {
        let found = |text: &str, others: &[&str]| snippet("a.conf", text).answers(others);
        assert_eq!(found("gzip on;\nauth_basic \"staff\";\ndeny all;", &[]), Some("auth_basic"));
        assert_eq!(found("rewrite ^/a$ /b;\ndeny 10.0.0.0/8;", &["rewrite"]), Some("deny"));
        for text in
            ["auth_basic off;", "rewrite ^/a$ /b;", "location /a { return 200; }", "if ($a) { return 405; }", ""]
        {
            assert_eq!(found(text, &["rewrite"]), None, "{text}");
        }
    }
}
