//! The text of an answer that nginx gives by itself, and its type.

use std::fmt;

use super::{Flaw, Scalar, ValueError, describe};

/// ASCII text, which may have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Body(Box<str>);

text!(Body);

/// nginx reads a word of its configuration into a buffer of 4,096 bytes.
const MOST: usize = 4_000;

impl Body {
    /// As one word of nginx. A dollar sign would begin a variable: it is the value of one.
    pub fn quoted(&self) -> String {
        quoted(&self.0)
    }

    /// Whether it is a page of HTML rather than plain text.
    pub fn is_html(&self) -> bool {
        self.0.trim_start().starts_with('<')
    }

    /// Whether [`Self::quoted`] needs the variable for a dollar sign.
    pub fn has_dollar(&self) -> bool {
        self.0.contains('$')
    }
}

fn quoted(text: &str) -> String {
    let mut word = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => word.extend(['\\', c]),
            '\n' => word.push_str("\\n"),
            '\t' => word.push_str("\\t"),
            '$' => word.push_str("${sslscale_dollar}"),
            c => word.push(c),
        }
    }
    word.push('"');
    word
}

impl Scalar for Body {
    fn guard(text: &str) -> Result<(), ValueError> {
        if text.is_empty() {
            return Err(ValueError::malformed("is empty", "write a text or remove the key"));
        }
        if let Some(bad) = text.chars().find(|c| !matches!(c, ' '..='~' | '\n' | '\t')) {
            let help = match bad {
                '\r' => "end lines with a line feed alone",
                _ if bad.is_ascii() => "remove it",
                _ => "write ASCII: in HTML `&#233;` and in JSON `\\u00e9` is the same as the letter",
            };
            return Err(ValueError::new(Flaw::UnsafeText, format!("contains {}", describe(bad)), help));
        }
        let length = quoted(text).len();
        if length > MOST {
            let what = format!("takes {length} bytes of nginx's configuration");
            let help =
                format!("shorten it: the limit is {MOST} bytes, of which a `$` takes 18; a longer text is a file");
            return Err(ValueError::new(Flaw::UnsafeText, what, help));
        }
        Ok(())
    }

    fn parse(text: &str) -> Result<Self, ValueError> {
        Ok(Self(text.into()))
    }
}

/// A media type, such as `text/html`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType(Box<str>);

text!(MediaType);

impl MediaType {
    /// The type of a text that has none of its own.
    pub fn plain() -> Self {
        Self("text/plain".into())
    }
}

impl Scalar for MediaType {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let part = |part: &str| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
            part.starts_with(|c: char| c.is_ascii_lowercase()) && part.chars().all(inner) && part.len() <= 64
        };
        match text.split_once('/') {
            Some((kind, rest)) if part(kind) && part(rest) => Ok(Self(text.into())),
            _ => Err(ValueError::malformed(
                "is not a media type",
                "write a type such as `text/html` or `application/json`",
            )),
        }
    }
}
