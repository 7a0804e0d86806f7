//! A word of a configuration.

use std::borrow::Cow;
use std::ops::Range;

/// A directive's name or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'t> {
    /// What the program takes it for: without quotes, and with what escapes mean.
    pub value: Cow<'t, str>,
    /// Its bytes in the text, with quotes.
    pub span: Range<usize>,
    /// The line that it begins in, from 1.
    pub line: usize,
}

impl Word<'_> {
    /// Whether the program takes it for this text.
    pub fn is(&self, text: &str) -> bool {
        self.value == text
    }
}

/// The values of words.
pub fn values<'w>(words: &'w [Word<'_>]) -> impl Iterator<Item = &'w str> {
    words.iter().map(|word| &*word.value)
}
