//! What is rendered for nginx, as directives: enough of its syntax for every file that sslscale
//! writes, and a panic on anything else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A directive with its arguments and, where it opens one, its block.
#[derive(Debug)]
pub struct Directive {
    pub words: Vec<String>,
    pub block: Vec<Directive>,
}

impl Directive {
    pub fn name(&self) -> &str {
        &self.words[0]
    }

    pub fn arguments(&self) -> &[String] {
        &self.words[1..]
    }

    /// The directives of this name directly in the block.
    pub fn all<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d Directive> {
        self.block.iter().filter(move |directive| directive.name() == name)
    }

    /// The arguments of the one directive of this name; nothing where there is not exactly one.
    pub fn only<'d>(&'d self, name: &'d str) -> Option<Vec<&'d str>> {
        let mut found = self.all(name);
        let one = found.next().filter(|_| found.next().is_none())?;
        Some(one.arguments().iter().map(String::as_str).collect())
    }

    /// The sockets of a server.
    pub fn listens(&self) -> Vec<Listen<'_>> {
        self.all("listen").map(Listen::of).collect()
    }

    /// This directive and all inside of it.
    pub fn everything(&self) -> Vec<&Directive> {
        std::iter::once(self).chain(self.block.iter().flat_map(Directive::everything)).collect()
    }
}

/// One `listen`.
#[derive(Debug)]
pub struct Listen<'d> {
    pub socket: SocketAddr,
    /// Sorted.
    pub options: Vec<&'d str>,
}

impl<'d> Listen<'d> {
    fn of(directive: &'d Directive) -> Self {
        let address = &directive.words[1];
        let socket = match address.parse::<u16>() {
            Ok(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
            Err(_) => address.parse().unwrap_or_else(|_| panic!("`listen {address}` is not what sslscale renders")),
        };
        let mut options: Vec<&str> = directive.words[2..].iter().map(String::as_str).collect();
        options.sort_unstable();
        Self { socket, options }
    }

    pub fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }

    /// Whether a connection to `to` may end here.
    pub fn takes(&self, to: SocketAddr) -> bool {
        let any = match to {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        self.socket == to || self.socket == SocketAddr::new(any, to.port())
    }
}

/// The directives of a file, as if inside of one that has no name.
pub fn parse(text: &str) -> Directive {
    let mut open = vec![Directive { words: vec![String::new()], block: Vec::new() }];
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token.as_str() {
            ";" => {
                let block = Vec::new();
                open.last_mut().unwrap().block.push(Directive { words: std::mem::take(&mut words), block });
            }
            "{" => open.push(Directive { words: std::mem::take(&mut words), block: Vec::new() }),
            "}" => {
                assert!(words.is_empty(), "no `;` behind {words:?}");
                let closed = open.pop().unwrap();
                open.last_mut().expect("more `}` than `{`").block.push(closed);
            }
            _ => words.push(token),
        }
    }
    assert!(open.len() == 1 && words.is_empty(), "the file ends inside of a block or directive");
    open.remove(0)
}

/// Words and the signs between them. Quotes are kept: `""` is a word.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '#' if word.is_empty() => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' | '\'' => {
                word.push(c);
                // What follows a backslash ends no quotes.
                while let Some(next) = chars.next_if(|next| *next != c) {
                    word.push(next);
                    word.extend((next == '\\').then(|| chars.next()).flatten());
                }
                word.extend(chars.next());
            }
            ';' | '{' | '}' => {
                found.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                found.push(c.to_string());
            }
            c if c.is_whitespace() => found.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            c => word.push(c),
        }
    }
    assert!(word.is_empty(), "the file ends inside of a word");
    found
}
