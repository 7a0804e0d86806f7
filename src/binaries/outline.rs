//! The statements of a rendered file with the blocks around them, by line. It reads whatever a template
//! writes without checking it: the real program does that. Pure.

use std::borrow::Cow;

use crate::config::{Word, haproxy, nginx};
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
        let file = haproxy::File::read(text);
        for (section, line) in file.lines() {
            let words = words(&line.words, text);
            if section.is_some_and(|section| section.begin.number == line.number) {
                outline.open(words.clone(), None);
            }
            let block = section.map(|_| outline.blocks.len() - 1);
            outline.statements.push(Raw { words, first: line.number, last: line.number, block });
        }
        outline
    }

    /// The outline of an nginx file: statements end with `;`, blocks are in braces.
    pub fn nginx(text: &'t str) -> Self {
        let mut outline = Self::default();
        // The blocks around a statement.
        let mut open: Vec<usize> = Vec::new();
        let (file, _) = nginx::File::read_until_error(text);
        file.visit(|around, statement| {
            open.truncate(around.len());
            let words = words(&statement.words, text);
            if statement.block.is_some() {
                let block = outline.open(words.clone(), open.last().copied());
                open.push(block);
            } else if let (Some((&"server_name", names)), Some(block)) = (words.split_first(), open.last()) {
                outline.blocks[*block].names.extend(names);
            }
            let (first, last) = (statement.line(), statement.last_line);
            outline.statements.push(Raw { words, first, last, block: open.last().copied() });
        });
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

/// The words of a statement: those with escapes as they are written, without their quotes.
fn words<'t>(words: &[Word<'t>], text: &'t str) -> Vec<&'t str> {
    let word = |word: &Word<'t>| match word.value {
        Cow::Borrowed(value) => value,
        Cow::Owned(_) => text[word.span.clone()].trim_matches(['"', '\'']),
    };
    words.iter().map(word).collect()
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
