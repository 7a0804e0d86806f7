//! The statements of a rendered file with the blocks around them, by line. It reads whatever a template
//! writes without checking it: the real program does that. Pure.

use crate::sandbox::Program;

/// A file's statements in their order.
#[derive(Debug, Default)]
pub struct Outline<'t> {
    statements: Vec<Raw<'t>>,
    blocks: Vec<Block<'t>>,
}

#[derive(Debug)]
struct Raw<'t> {
    words: Vec<&'t str>,
    first: usize,
    last: usize,
    block: Option<usize>,
}

#[derive(Debug)]
struct Block<'t> {
    words: Vec<&'t str>,
    outer: Option<usize>,
    /// The arguments of nginx's `server_name` in it.
    names: Vec<&'t str>,
}

/// A statement with what is around it.
#[derive(Debug, Clone)]
pub struct Statement<'o> {
    /// The directive and its arguments.
    pub words: &'o [&'o str],
    /// The words that open the blocks around it, the innermost first.
    pub around: Vec<&'o [&'o str]>,
    /// The names of the nginx server around it.
    pub names: &'o [&'o str],
}

impl Statement<'_> {
    /// Its words in one line.
    pub fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// The words that open a section in a haproxy file.
const SECTIONS: [&str; 8] = ["global", "defaults", "frontend", "backend", "listen", "resolvers", "peers", "userlist"];

impl<'t> Outline<'t> {
    /// The outline of a file that this program reads.
    pub fn of(program: Program, text: &'t str) -> Self {
        match program {
            Program::Haproxy => Self::haproxy(text),
            Program::Nginx => Self::nginx(text),
        }
    }

    /// The outline of a haproxy file: a statement is a line, a section ends where the next begins.
    pub fn haproxy(text: &'t str) -> Self {
        let mut outline = Self::default();
        let mut block = None;
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
            let Some(first) = words.first() else { continue };
            if SECTIONS.contains(first) {
                block = Some(outline.open(words.clone(), None));
            }
            outline.statements.push(Raw { words, first: index + 1, last: index + 1, block });
        }
        outline
    }

    /// The outline of an nginx file: statements end with `;`, blocks are in braces.
    pub fn nginx(text: &'t str) -> Self {
        let mut outline = Self::default();
        let (mut words, mut first, mut block) = (Vec::new(), 1, None);
        for (token, line) in Tokens::new(text) {
            match token {
                ";" | "{" => {
                    let words = std::mem::take(&mut words);
                    let last = line;
                    if token == "{" {
                        block = Some(outline.open(words.clone(), block));
                    } else if let (Some((&"server_name", names)), Some(block)) = (words.split_first(), block) {
                        outline.blocks[block].names.extend(names);
                    }
                    outline.statements.push(Raw { words, first, last, block });
                }
                "}" => block = block.and_then(|block: usize| outline.blocks[block].outer),
                word => {
                    if words.is_empty() {
                        first = line;
                    }
                    words.push(word.trim_matches(['"', '\'']));
                }
            }
        }
        outline.statements.retain(|statement| !statement.words.is_empty());
        outline
    }

    fn open(&mut self, words: Vec<&'t str>, outer: Option<usize>) -> usize {
        self.blocks.push(Block { words, outer, names: Vec::new() });
        self.blocks.len() - 1
    }

    /// The statement on a line, preferably one that begins with one of the `named` words; on a
    /// line without any, the one before it.
    pub fn at<'n>(&self, line: usize, named: impl Iterator<Item = &'n str>) -> Option<Statement<'_>> {
        let before = self.statements.partition_point(|statement| statement.first <= line);
        let candidates = || self.statements[..before].iter().rev().take_while(|statement| statement.last >= line);
        let mut named = named;
        let preferred = named.find_map(|word| candidates().find(|statement| statement.words.first() == Some(&word)));
        let raw = preferred.or_else(|| self.statements[..before].last())?;
        let mut around = Vec::new();
        let mut names: &[&str] = &[];
        let mut at = raw.block;
        while let Some(block) = at.map(|at| &self.blocks[at]) {
            around.push(block.words.as_slice());
            if block.words.first() == Some(&"server") {
                names = &block.names;
            }
            at = block.outer;
        }
        Some(Statement { words: &raw.words, around, names })
    }
}

/// nginx's words, each with its line: bare ones, quoted ones with their quotes, `;`, `{` and `}`.
struct Tokens<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Tokens<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Goes on to the first byte that `stop` holds for, counting lines.
    fn until(&mut self, stop: impl Fn(&[u8], usize) -> bool) {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && !stop(bytes, self.at) {
            self.line += usize::from(bytes[self.at] == b'\n');
            self.at += 1;
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (&'t str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.until(|bytes, at| !bytes[at].is_ascii_whitespace());
            if !self.text[self.at..].starts_with('#') {
                break;
            }
            self.until(|bytes, at| bytes[at] == b'\n');
        }
        let start = self.at;
        match *self.text.as_bytes().get(start)? {
            b';' | b'{' | b'}' => self.at += 1,
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                self.until(|bytes, at| bytes[at] == quote && bytes[at - 1] != b'\\');
                self.at = (self.at + 1).min(self.text.len());
            }
            _ => {
                // The braces of `${name}` belong to the word.
                let opens = |bytes: &[u8], at: usize| at > start && bytes[at] == b'{' && bytes[at - 1] == b'$';
                let closes = |bytes: &[u8], at: usize| {
                    let open = bytes[start..at].iter().rposition(|b| *b == b'{' || *b == b'}');
                    bytes[at] == b'}' && open.is_some_and(|open| bytes[start + open] == b'{')
                };
                self.until(|bytes, at| match bytes[at] {
                    b';' => true,
                    b'{' => !opens(bytes, at),
                    b'}' => !closes(bytes, at),
                    byte => byte.is_ascii_whitespace(),
                });
            }
        }
        Some((&self.text[start..self.at], self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: &str = "# a { comment;\nmap $a $b {\n default \"a;b {\";\n}\nserver {\n listen 443\n  ssl;\n \
                         location /x { return 404; root /srv/${host}/a; }\n server_name a.example b.example;\n}\n";

    #[test]
    fn a_statement_knows_its_server_also_from_below() {
        let outline = Outline::nginx(NGINX);
        let listen = outline.at(7, std::iter::empty()).unwrap();
        assert_eq!((listen.text().as_str(), listen.names), ("listen 443 ssl", &["a.example", "b.example"][..]));
        let named = outline.at(8, ["return"].into_iter()).unwrap();
        assert_eq!(named.words, ["return", "404"]);
        assert_eq!(named.around, [&["location", "/x"][..], &["server"]]);
        assert_eq!(outline.at(8, std::iter::empty()).unwrap().words, ["root", "/srv/${host}/a"]);
        // A line without a statement is of what is before it.
        assert_eq!(outline.at(10, std::iter::empty()).unwrap().words[0], "server_name");
        assert_eq!(outline.at(3, std::iter::empty()).unwrap().words, ["default", "a;b {"]);
        assert!(outline.at(1, std::iter::empty()).is_none());
    }

    #[test]
    fn haproxys_sections() {
        let text = "global\n  maxconn 5 # five\n\nbackend b\n  server s 10.0.0.1:443\n";
        let outline = Outline::haproxy(text);
        let server = outline.at(5, std::iter::empty()).unwrap();
        assert_eq!((server.words[0], server.around[0]), ("server", &["backend", "b"][..]));
        assert_eq!(outline.at(2, std::iter::empty()).unwrap().text(), "maxconn 5");
    }

    #[test]
    fn whatever_is_rendered_is_read() {
        for text in ["", "}", "a", "{{{", "'", "\"\\\"", "a ${", "é {ü;}", "server { server_name"] {
            for outline in [Outline::nginx(text), Outline::haproxy(text)] {
                let _ = outline.at(1, ["a"].into_iter());
            }
        }
    }
}
