//! JSON in which every control character is escaped: it may hold some of them as they are, and terminals obey those.

use std::io::{self, Write};

use serde::Serialize;

/// Writes JSON to another writer. Every write has whole characters, as those of `serde_json` have.
pub struct Escaped<W>(pub W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_left(*c)) {
            write!(self.0, "{}\\u{:04x}", &rest[..at], u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether JSON takes this control character as it is.
fn is_left(c: char) -> bool {
    ('\u{7f}'..='\u{9f}').contains(&c)
}

/// The document on several lines, of which the last one ends, too.
pub fn pretty(document: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    serde_json::to_writer_pretty(Escaped(&mut text), document)?;
    text.push(b'\n');
    Ok(text)
}

/// The document on one line.
pub fn line(document: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    serde_json::to_writer(Escaped(&mut text), document)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_left_and_the_text_is_the_same() {
        let all: String = (0..0x100).filter_map(char::from_u32).chain("北京\u{202e}".chars()).collect();
        let text = pretty(&[&all]).unwrap();
        assert_eq!(serde_json::from_slice::<[String; 1]>(&text).unwrap(), [all]);
        let text = String::from_utf8(text).unwrap();
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
}
