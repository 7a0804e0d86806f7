//! nginx's configuration. Its words and blocks are found as `ngx_conf_read_token` of nginx's `ngx_conf_file.c` finds
//! them, in any version so far: a `#` begins a comment only where a word may begin, a brace inside a word belongs to it
//! after a `$`, and quotes are quotes only at the beginning of a word.

mod lexer;

use std::ops::Range;

use lexer::{End, Lexer};

use super::Word;
use super::word::values;

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File<'t> {
    text: &'t str,
    /// Those that are in no block, in their order.
    pub statements: Vec<Statement<'t>>,
    /// What comes after the last one: white space and comments.
    pub rest: Range<usize>,
}

/// A directive with its arguments, and with its block if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'t> {
    /// White space and comments before it.
    pub lead: Range<usize>,
    /// From the first word to the `;` or the closing brace, which are in it.
    pub span: Range<usize>,
    /// The directive and its arguments: at least one word.
    pub words: Vec<Word<'t>>,
    pub block: Option<Block<'t>>,
    /// The line of the `;` or of the opening brace, from 1.
    pub last_line: usize,
}

/// What is between braces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block<'t> {
    /// In their order; none of a program in another language.
    pub statements: Vec<Statement<'t>>,
    /// What comes after the last one, before the closing brace; all of a program in another language.
    pub rest: Range<usize>,
}

/// Where nginx stops reading, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Error {
    /// From 1.
    pub line: usize,
    pub what: &'static str,
}

impl<'t> File<'t> {
    /// Reads a file.
    ///
    /// # Errors
    /// nginx would not read it to its end either.
    pub fn read(text: &'t str) -> Result<Self, Error> {
        match Self::read_until_error(text) {
            (file, None) => Ok(file),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads a file as far as nginx does. Blocks that are still open end where it stops.
    pub fn read_until_error(text: &'t str) -> (Self, Option<Error>) {
        let mut lexer = Lexer::new(text);
        let mut open: Vec<Statement<'t>> = Vec::new();
        let mut file = Self { text, statements: Vec::new(), rest: 0..0 };
        let mut from = 0;
        let error = loop {
            let read = match lexer.statement() {
                Ok(read) => read,
                Err(error) => break Some(error),
            };
            match (read.end, read.words.first().map(|word| word.span.start)) {
                (End::File, _) if open.is_empty() => {
                    file.rest = from..text.len();
                    break None;
                }
                (End::File, _) => break Some(lexer.error("a block is not closed")),
                (End::Close, _) => {
                    let Some(mut statement) = open.pop() else { break Some(lexer.error("a brace closes no block")) };
                    statement.block.get_or_insert_default().rest = from..lexer.at() - 1;
                    statement.span.end = lexer.at();
                    file.siblings(&mut open).push(statement);
                }
                (end, Some(start)) => {
                    let last_line = lexer.line();
                    let (lead, span) = (from..start, start..lexer.at());
                    let mut statement = Statement { lead, span, words: read.words, block: None, last_line };
                    if end == End::Semicolon {
                        file.siblings(&mut open).push(statement);
                    } else if statement.words[0].value.ends_with("_by_lua_block") {
                        let Some(rest) = lexer.lua() else { break Some(lexer.error("a block is not closed")) };
                        statement.span.end = lexer.at();
                        statement.block = Some(Block { statements: Vec::new(), rest });
                        file.siblings(&mut open).push(statement);
                    } else {
                        statement.block = Some(Block::default());
                        open.push(statement);
                    }
                }
                (_, None) => unreachable!("a statement that ends so has a word"),
            }
            from = lexer.at();
        };
        if error.is_some() {
            file.rest = from..text.len();
            while let Some(mut statement) = open.pop() {
                statement.span.end = from;
                statement.block.get_or_insert_default().rest = from..from;
                file.siblings(&mut open).push(statement);
            }
        }
        (file, error)
    }

    /// The list that the next statement belongs to.
    fn siblings<'f>(&'f mut self, open: &'f mut [Statement<'t>]) -> &'f mut Vec<Statement<'t>> {
        match open.last_mut() {
            Some(statement) => &mut statement.block.get_or_insert_default().statements,
            None => &mut self.statements,
        }
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// A part of the text.
    pub fn part(&self, span: &Range<usize>) -> &'t str {
        &self.text[span.clone()]
    }

    /// Calls `visit` with every statement, those around it, the innermost last, and before what is in it.
    pub fn visit<'f>(&'f self, mut visit: impl FnMut(&[&'f Statement<'t>], &'f Statement<'t>)) {
        // What is still to be visited of each open block: files may be nested deeper than a stack.
        let mut todo = vec![self.statements.iter()];
        let mut around: Vec<&Statement<'t>> = Vec::new();
        while let Some(last) = todo.last_mut() {
            match last.next() {
                Some(statement) => {
                    visit(&around, statement);
                    todo.push(statement.statements().iter());
                    around.push(statement);
                }
                None => {
                    todo.pop();
                    around.pop();
                }
            }
        }
    }
}

impl<'t> Statement<'t> {
    /// The directive.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |word| &word.value)
    }

    /// What comes after it.
    pub fn arguments(&self) -> &[Word<'t>] {
        self.words.get(1..).unwrap_or_default()
    }

    /// What is in its block; nothing if it has none.
    pub fn statements(&self) -> &[Self] {
        self.block.as_ref().map_or(&[], |block| &block.statements)
    }

    /// The statements of this directive in its block.
    pub fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Self> {
        self.statements().iter().filter(move |it| it.name() == name)
    }

    /// The arguments of each of them, one after the other.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.named(name).flat_map(|it| values(it.arguments()))
    }

    /// The line of its first word, from 1.
    pub fn line(&self) -> usize {
        self.words.first().map_or(self.last_line, |word| word.line)
    }
}

// A tree that is dropped by itself is dropped level by level, each on the stack.
impl Drop for Block<'_> {
    fn drop(&mut self) {
        let mut todo = std::mem::take(&mut self.statements);
        while let Some(mut statement) = todo.pop() {
            if let Some(block) = &mut statement.block {
                todo.append(&mut block.statements);
            }
        }
    }
}

#[cfg(test)]
mod tests;
