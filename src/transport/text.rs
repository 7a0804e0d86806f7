//! Text that came from a host. It may hold anything, so it can only be shown escaped and cut.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::visible::visible;

/// Lines that are kept: the last ones, which hold what a program failed with.
const LINES: usize = 10;
/// Characters that are kept of each.
const CHARACTERS: usize = 240;
/// Bytes that hold more characters than are kept, whichever they are.
const ENOUGH: usize = 1000;

/// Some lines of text from a host. What a terminal would obey, or a reader would not see, is spelled
/// out; all but the last lines, and the rest of long ones, are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostText(Vec<String>);

impl HostText {
    /// The text in these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let lines = || bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
        let omitted = lines().count().saturating_sub(LINES);
        let note = (omitted > 0).then(|| format!("… {omitted} more lines before these"));
        Self(note.into_iter().chain(lines().skip(omitted).map(shown)).collect())
    }

    /// The lines, none of which is empty.
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line, of which not more than necessary is decoded.
fn shown(line: &[u8]) -> String {
    let start = String::from_utf8_lossy(&line[..line.len().min(ENOUGH)]);
    let (end, cut) = match start.char_indices().nth(CHARACTERS) {
        Some((end, _)) => (end, "…"),
        None => (start.len(), ""),
    };
    format!("{}{cut}", visible(&start[..end]))
}

impl fmt::Display for HostText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Serialize for HostText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_drives_a_terminal_or_hides() {
        let text = HostText::new(
            b"\x1b]52;c;aGk=\x07 \x1b[31mred\rover \xff\xc3\x28 \xe2\x80\xae\xc2\x9b\0\x7f\tend\r\n\n \n",
        );
        let shown =
            "\\u{1b}]52;c;aGk=\\u{7} \\u{1b}[31mred\\rover \u{fffd}\u{fffd}( \\u{202e}\\u{9b}\\u{0}\\u{7f}\\tend";
        assert_eq!(text.lines(), [shown]);
        assert_eq!(serde_json::to_value(&text).unwrap(), shown);
        assert_eq!(HostText::new("naïve\nzwei".as_bytes()).to_string(), "naïve\nzwei");
        assert!(HostText::new(b" \r\n\n").is_empty() && !text.is_empty());
    }

    #[test]
    fn long_text_is_cut() {
        let lines: Vec<u8> = (1..=100).flat_map(|number| format!("line {number}\n").into_bytes()).collect();
        let text = HostText::new(&lines);
        assert_eq!((text.lines().len(), text.lines()[0].as_str()), (11, "… 90 more lines before these"));
        assert_eq!((text.lines()[1].as_str(), text.lines()[10].as_str()), ("line 91", "line 100"));
        let ten = HostText::new(&lines[..lines.len() / 10]);
        assert!(ten.lines()[0] == "line 1" || ten.lines()[0].starts_with('…'));
        assert_eq!(HostText::new("é".repeat(CHARACTERS).as_bytes()).to_string(), "é".repeat(CHARACTERS));
        let long = HostText::new("\u{1f600}".repeat(1 << 20).as_bytes());
        assert_eq!(long.to_string(), format!("{}…", "\u{1f600}".repeat(CHARACTERS)));
        let invalid = HostText::new(&[0xff; 1 << 20]);
        assert_eq!(invalid.to_string(), format!("{}…", "\u{fffd}".repeat(CHARACTERS)));
    }
}
