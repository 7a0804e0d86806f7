//! The text of one inventory, and places in it: byte offsets as the lines and columns that people and
//! editors use.

mod secrets;

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

pub use secrets::{Secret, before_key, without_keys};

use crate::file;

/// Largest inventory that is read, in bytes.
pub const MAX_BYTES: u64 = file::TEXT;

/// A half-open range of bytes in a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The range as `usize`, for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part of this range from `from` to `to`, both in bytes from its start.
    pub fn part(self, from: usize, to: usize) -> Self {
        let start = self.start as usize;
        Self::new((start + from).min(self.end as usize), (start + to).min(self.end as usize))
    }
}

/// A position as editors show it: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Why an inventory could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read at all.
    #[error(transparent)]
    File(#[from] file::ReadError),
    /// A UTF-16 byte order mark.
    #[error("it is UTF-16 text, not UTF-8")]
    Utf16,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8 text: this byte is invalid")]
    NotUtf8(Excerpt),
    /// A NUL byte, which text never holds.
    #[error("it is a binary file: it contains a NUL byte")]
    Binary(Excerpt),
}

/// The readable part of a file that is not text.
#[derive(Debug)]
pub struct Excerpt {
    /// From the start to the end of the line with the first wrong byte.
    pub text: String,
    /// That byte, or its replacement character.
    pub span: Span,
}

impl Excerpt {
    /// Of `bytes`, with the first wrong byte at `wrong`.
    fn new(bytes: &[u8], wrong: usize) -> Self {
        let rest = &bytes[wrong..];
        let line = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&bytes[..wrong]).into_owned();
        let tail = String::from_utf8_lossy(&rest[..line]);
        let width = tail.chars().next().map_or(0, char::len_utf8);
        let span = Span::new(text.len(), text.len() + width);
        Self { text: text + &tail, span }
    }
}

impl ReadError {
    /// The text around the first wrong byte, if there is one.
    pub fn excerpt(&self) -> Option<&Excerpt> {
        match self {
            Self::NotUtf8(excerpt) | Self::Binary(excerpt) => Some(excerpt),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::File(file::ReadError::Directory) => "name the inventory file inside the directory",
            Self::File(file::ReadError::Special) => "name a regular file, or `-` for standard input",
            Self::File(file::ReadError::TooLarge { .. }) => {
                "check that this is the right file: an inventory of 10,000 hosts takes about 1 MB"
            }
            Self::File(error) => error.help(),
            Self::Utf16 | Self::NotUtf8(_) => "save the file as UTF-8",
            Self::Binary(_) => "check that this is the right file: an inventory is YAML text",
        }
    }
}

/// An inventory's text with its name, and indexes that turn offsets into positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    lines: Vec<u32>,
    /// How many characters start before each block of [`BLOCK`] bytes.
    characters: Vec<u32>,
    secrets: OnceLock<Vec<Secret>>,
    /// Whether the files that it names may be read.
    has_files: bool,
}

/// Columns are counted from the start of a block, not of the line: a line may contain a whole
/// inventory with thousands of places to report.
const BLOCK: usize = 1024;

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

impl Source {
    /// A source from text; diagnostics show `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        // A carriage return alone breaks a line as well: YAML says so, and so do editors.
        let ends = |i: usize| bytes[i] == b'\n' || (bytes[i] == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
        let starts = (0..bytes.len()).filter(|i| ends(*i)).map(|i| Span::new(i + 1, i + 1).start);
        let lines = std::iter::once(0).chain(starts).collect();
        let counted = bytes.chunks(BLOCK).scan(0, |sum, block| {
            let before = *sum;
            *sum += characters(block);
            Some(Span::new(before, before).start)
        });
        let characters = counted.collect();
        Self { name: name.into(), text, lines, characters, secrets: OnceLock::new(), has_files: false }
    }

    /// The same with another text.
    #[must_use]
    pub fn with_text(&self, text: impl Into<String>) -> Self {
        Self { has_files: self.has_files, ..Self::new(self.name.clone(), text) }
    }

    /// The same for readers who need no other file.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { has_files: false, ..self.clone() }
    }

    /// Reads `path`, or standard input where it is `-`.
    ///
    /// # Errors
    /// See [`ReadError`]. At most [`MAX_BYTES`] + 1 bytes are read.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let bytes = if is_stdin(path) { bounded(std::io::stdin().lock())? } else { file::read(path, MAX_BYTES)? };
        Ok(Self { has_files: true, ..Self::new(name(path), text(bytes)?) })
    }

    /// Reads a text that this one names, by a path from its directory. `None` if this is a text without files.
    ///
    /// # Errors
    /// See [`ReadError`]. At most `limit` + 1 bytes are read.
    pub fn beside(&self, path: &str, limit: u64) -> Option<Result<Self, ReadError>> {
        let path = self.directory().join(path);
        let read = || Ok(Self::new(path.display().to_string(), text(file::read(&path, limit)?)?));
        self.has_files.then(read)
    }

    /// The name in diagnostics: the path as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The directory that relative paths in the inventory start from; empty for the current one.
    pub fn directory(&self) -> &Path {
        Path::new(&self.name).parent().unwrap_or(Path::new(""))
    }

    /// The text under `span`, empty where the span lies outside or splits a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The private keys in the text.
    pub fn secrets(&self) -> &[Secret] {
        self.secrets.get_or_init(|| secrets::find(&self.text))
    }

    /// The text under `span` as it may be shown: what may be a private key is masked, byte for byte.
    pub fn shown(&self, span: Span) -> Cow<'_, str> {
        match self.secrets() {
            [] => Cow::Borrowed(self.slice(span)),
            secrets => Cow::Owned(secrets::masked(self.slice(span), span, secrets)),
        }
    }

    /// Line and column of the byte at `offset`.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.line_span(line).start.min(offset);
        Position { line, column: self.characters_before(offset) - self.characters_before(start) + 1 }
    }

    fn characters_before(&self, offset: u32) -> usize {
        let offset = (offset as usize).min(self.text.len());
        let block = (offset / BLOCK).min(self.characters.len().saturating_sub(1));
        let before = self.characters.get(block).map_or(0, |n| *n as usize);
        before + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// The byte range of line `line` (from 1), without its line break and without a byte order
    /// mark, for which no editor counts a column.
    pub fn line_span(&self, line: usize) -> Span {
        let start = self.lines.get(line.saturating_sub(1)).map_or(self.text.len(), |s| *s as usize);
        let start = if start == 0 && self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
        let end = self.lines.get(line).map_or(self.text.len(), |s| *s as usize);
        let text = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + text.trim_end_matches(['\n', '\r']).len())
    }

    /// The byte at a line and column, both from 1; the end of the line where it is shorter.
    pub fn offset(&self, line: usize, column: usize) -> u32 {
        let span = self.line_span(line);
        let text = self.slice(span);
        let bytes = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(i, _)| i);
        span.start + Span::new(bytes, bytes).start
    }
}

/// Whether `path` means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The name of the source at `path` in diagnostics, whether it can be read or not.
pub fn name(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() }
}

fn bounded(reader: impl Read) -> Result<Vec<u8>, file::ReadError> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(file::ReadError::TooLarge { limit: MAX_BYTES });
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, ReadError> {
    // Without a byte order mark, every other byte of UTF-16 is a NUL as long as it holds ASCII.
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if marked || matches!(bytes[..], [0, a, 0, b, ..] | [a, 0, b, 0, ..] if a != 0 && b != 0) {
        return Err(ReadError::Utf16);
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(ReadError::Binary(Excerpt::new(&bytes, at)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ReadError::NotUtf8(Excerpt::new(error.as_bytes(), at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_survive_crlf_and_bom() {
        let source = Source::new("x", "\u{feff}a: é\r\nb: 2");
        let at = source.text().find('2').unwrap();
        assert_eq!(source.position(at as u32), Position { line: 2, column: 4 });
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        assert_eq!(source.slice(source.line_span(2)), "b: 2");
        assert_eq!(source.offset(2, 4), at as u32);
        assert_eq!(source.position(u32::MAX).line, 2);
        let wide = Source::new("x", "é".repeat(5_000));
        assert_eq!(wide.position(8_000), Position { line: 1, column: 4_001 });
        assert_eq!(wide.position(10_000), Position { line: 1, column: 5_001 });
        assert_eq!(Source::new("x", "").position(7), Position { line: 1, column: 1 });
        let old = Source::new("x", "a\rb\r\nc");
        assert_eq!(old.position(5), Position { line: 3, column: 1 });
        assert_eq!(old.slice(old.line_span(1)), "a");
    }
}
