//! What is rendered for haproxy, as sections of lines of words, and its `server` lines as
//! keywords. A keyword that is not known here is a panic: it would be one that no proof looks at.

use std::net::SocketAddr;

/// Keywords of `server` and `default-server`, and how many words follow them.
const KEYWORDS: &[(&str, usize)] = &[
    ("addr", 1),
    ("backup", 0),
    ("check", 0),
    ("check-send-proxy", 0),
    ("check-sni", 1),
    ("check-ssl", 0),
    ("disabled", 0),
    ("downinter", 1),
    ("fall", 1),
    ("fastinter", 1),
    ("inter", 1),
    ("maxconn", 1),
    ("no-check", 0),
    ("on-marked-down", 1),
    ("port", 1),
    ("proxy-v2-options", 1),
    ("rise", 1),
    ("send-proxy", 0),
    ("send-proxy-v2", 0),
    ("slowstart", 1),
    ("source", 1),
    ("track", 1),
    ("verify", 1),
    ("weight", 1),
];

/// A section: the line that opens it, and its lines.
#[derive(Debug)]
pub struct Section {
    pub head: Vec<String>,
    pub lines: Vec<Vec<String>>,
}

/// A `server` or `default-server` line.
#[derive(Debug)]
pub struct Server<'s> {
    /// Empty for a default.
    pub name: &'s str,
    /// Where it leads; nowhere for a default.
    pub address: Option<SocketAddr>,
    keywords: Vec<(&'s str, &'s [String])>,
}

impl Section {
    pub fn kind(&self) -> &str {
        &self.head[0]
    }

    /// What follows `words` on each line that starts with them.
    pub fn all<'s>(&'s self, words: &'s [&str]) -> impl Iterator<Item = &'s [String]> {
        self.lines.iter().filter_map(move |line| {
            let starts = line.len() >= words.len() && line.iter().zip(words).all(|(a, b)| a == b);
            starts.then(|| &line[words.len()..])
        })
    }

    /// The one value of a setting.
    pub fn value<'s>(&'s self, setting: &'s [&str]) -> Option<&'s str> {
        let mut found = self.all(setting);
        found.next().filter(|_| found.next().is_none())?.first().map(String::as_str)
    }

    /// The servers of a backend.
    pub fn servers(&self) -> Vec<Server<'_>> {
        let of = |words: &'_ [String]| words[1].parse().expect("an address and a port");
        let server = |words| Server { address: Some(of(words)), name: &words[0], keywords: keywords(&words[2..]) };
        self.all(&["server"]).map(server).collect()
    }

    /// What all servers of a backend have, where that is said once and before the first of them.
    pub fn default_server(&self) -> Option<Server<'_>> {
        let first = |word: &str| self.lines.iter().position(|line| line[0] == word);
        let before = first("default-server")? < first("server").unwrap_or(usize::MAX);
        let mut found = self.all(&["default-server"]);
        let one = found.next().filter(|_| before && found.next().is_none())?;
        Some(Server { name: "", address: None, keywords: keywords(one) })
    }
}

impl<'s> Server<'s> {
    pub fn has(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|(name, _)| *name == keyword)
    }

    pub fn value(&self, keyword: &str) -> Option<&'s str> {
        self.keywords.iter().find(|(name, _)| *name == keyword)?.1.first().map(String::as_str)
    }

    /// How it is told of a client's address.
    pub fn sends(&self) -> Vec<&'s str> {
        self.keywords.iter().map(|(name, _)| *name).filter(|name| name.starts_with("send-proxy")).collect()
    }
}

fn keywords(words: &[String]) -> Vec<(&str, &[String])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let known = KEYWORDS.iter().find(|(name, _)| *name == words[at]);
        let (name, count) = known.unwrap_or_else(|| panic!("nothing looks at `{}` of a server", words[at]));
        found.push((*name, &words[at + 1..at + 1 + count]));
        at += 1 + count;
    }
    found
}

/// The sections of a file.
pub fn parse(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let words = line.split_whitespace().map(str::to_owned).collect();
        if line.starts_with(' ') {
            sections.last_mut().expect("a line belongs to a section").lines.push(words);
        } else {
            sections.push(Section { head: words, lines: Vec::new() });
        }
    }
    sections
}
