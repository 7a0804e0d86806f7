//! nginx's words.

use std::borrow::Cow;
use std::ops::Range;

use super::Error;
use crate::config::Word;

/// What a list of words ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Semicolon,
    Open,
    Close,
    File,
}

/// Words up to one of these.
pub struct Read<'t> {
    /// At least one before a semicolon and an opening brace, none before the others.
    pub words: Vec<Word<'t>>,
    pub end: End,
}

/// nginx's buffer, in which a word or a comment has to fit.
const BUFFER: usize = 4096;

/// Reads a text from its beginning to its end.
pub struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The line of the last byte that was read, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong there.
    pub fn error(&self, what: &'static str) -> Error {
        Error { line: self.line, what }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += usize::from(byte == b'\n');
        Some(byte)
    }

    /// The words up to the end of a statement, of a block or of the file.
    pub fn statement(&mut self) -> Result<Read<'t>, Error> {
        let mut words = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return match words.is_empty() {
                    true => Ok(Read { words, end: End::File }),
                    false => Err(self.error("the last statement has no `;`")),
                };
            };
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.next();
                }
                b'#' => self.comment()?,
                b';' | b'{' => {
                    self.next();
                    if words.is_empty() {
                        return Err(self.error("a statement has no word"));
                    }
                    return Ok(Read { words, end: if byte == b';' { End::Semicolon } else { End::Open } });
                }
                b'}' => {
                    self.next();
                    if !words.is_empty() {
                        return Err(self.error("a statement has no `;`"));
                    }
                    return Ok(Read { words, end: End::Close });
                }
                quote @ (b'"' | b'\'') => {
                    words.push(self.quoted(quote)?);
                }
                _ => words.push(self.bare()?),
            }
        }
    }

    fn comment(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.next();
        }
        let fits = self.at - start < BUFFER || self.at == self.text.len() && self.at - start == BUFFER;
        if fits { Ok(()) } else { Err(self.error("a comment is longer than 4095 bytes")) }
    }

    /// Whether a word that is kept from here can end here. The white space after it is read while its buffer is kept.
    fn ends(&self, kept: usize, line: usize) -> Result<(), Error> {
        let space = matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n'));
        if self.at - kept + usize::from(space) < BUFFER { Ok(()) } else { Err(too_long(line)) }
    }

    /// Whether a word that is kept from here can go on.
    fn fits(&self, kept: usize, line: usize) -> Result<(), Error> {
        if self.at - kept < BUFFER || self.peek().is_none() { Ok(()) } else { Err(too_long(line)) }
    }

    /// A word in quotes, after which something ends: another word may only begin with a parenthesis.
    fn quoted(&mut self, quote: u8) -> Result<Word<'t>, Error> {
        let (start, line) = (self.at, self.line);
        self.next();
        // The first of the quotes is not kept.
        let kept = self.at;
        loop {
            self.fits(kept, line)?;
            match self.next() {
                None => return Err(self.error("quotes are not closed")),
                Some(b'\\') => {
                    self.next();
                }
                Some(byte) if byte == quote => break,
                Some(_) => {}
            }
        }
        if self.peek().is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')')) {
            return Err(self.error("a word begins right after quotes"));
        }
        self.ends(kept, line)?;
        let value = unescaped(&self.text[kept..self.at - 1]);
        Ok(Word { value, span: start..self.at, line })
    }

    /// A word up to white space, a semicolon or a brace that does not belong to a variable.
    fn bare(&mut self) -> Result<Word<'t>, Error> {
        let (start, line) = (self.at, self.line);
        let mut variable = false;
        loop {
            self.fits(start, line)?;
            match self.peek() {
                None => return Err(self.error("the last statement has no `;`")),
                Some(b'{') if variable => {
                    // It stays one: `${{` is a word, too.
                    self.next();
                    continue;
                }
                Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{') => break,
                Some(b'\\') => {
                    self.next();
                    self.next();
                    variable = false;
                }
                Some(byte) => {
                    self.next();
                    variable = byte == b'$';
                }
            }
        }
        self.ends(start, line)?;
        // An escaped byte may be one of several of a character: what follows it is no end of a word.
        Ok(Word { value: unescaped(&self.text[start..self.at]), span: start..self.at, line })
    }

    /// A program in Lua. Reads the brace that closes its block, too; `None` if the block is not closed.
    pub fn lua(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 1;
        loop {
            // Inside a character there is nothing to find.
            let rest = self.text.get(self.at..).unwrap_or_default();
            let comment = rest.starts_with("--");
            let after = if comment { &rest[2..] } else { rest };
            if let Some(level) = long_bracket(after) {
                let close = format!("]{}]", "=".repeat(level));
                self.skip(rest.len() - after.len() + after.find(&close)? + close.len());
                continue;
            }
            if comment {
                self.skip(rest.find('\n')?);
                continue;
            }
            match self.next()? {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some(start..self.at - 1),
                b'}' => depth -= 1,
                quote @ (b'"' | b'\'') => loop {
                    match self.next()? {
                        b'\\' => drop(self.next()),
                        byte if byte == quote => break,
                        _ => {}
                    }
                },
                _ => {}
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        for _ in 0..bytes {
            self.next();
        }
    }
}

fn too_long(line: usize) -> Error {
    Error { line, what: "a word is longer than 4094 bytes" }
}

/// The number of equal signs in the opening bracket of a long string in Lua that a text begins with.
fn long_bracket(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let level = inner.bytes().take_while(|byte| *byte == b'=').count();
    inner[level..].starts_with('[').then_some(level)
}

/// What nginx takes a word for. Backslashes stay before bytes that they mean nothing for.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(character) = rest.next() {
        let next = rest.clone().next();
        match (character, next) {
            ('\\', Some(meant @ ('"' | '\'' | '\\'))) => value.push(meant),
            ('\\', Some('t')) => value.push('\t'),
            ('\\', Some('r')) => value.push('\r'),
            ('\\', Some('n')) => value.push('\n'),
            _ => {
                value.push(character);
                continue;
            }
        }
        rest.next();
    }
    Cow::Owned(value)
}
