//! Text from outside as it may be shown on a terminal: what is invisible, or would be obeyed, is
//! escaped.

use std::borrow::Cow;

/// An error with its causes, in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// `text` with what cannot be seen, or would be obeyed by a terminal, escaped.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The same for a text of several lines, which it leaves.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| !line.contains(hidden)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(visible).collect::<Vec<_>>().join("\n"))
}

/// Characters that change how text looks without being seen: controls, direction marks,
/// joiners, tags and other kinds of nothing.
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_drive_a_terminal() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}\u{9b}"), "a\\u{1b}[31m\\u{202e}\\u{9b}");
        assert_eq!(visible("\r\n\0\u{7f}"), "\\r\\n\\u{0}\\u{7f}");
        let hidden = "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{2028}\u{2066}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\
                      \u{1d173}\u{e0041}";
        for c in hidden.chars() {
            assert_eq!(visible(&format!("a{c}")), format!("a\\u{{{:x}}}", c as u32));
        }
        assert_eq!(visible_lines("a\n\u{1b}b\n\n"), "a\n\\u{1b}b\n\n");
        assert!(matches!(visible_lines("a\nb"), Cow::Borrowed("a\nb")));
        assert!(matches!(visible("naïve 日本 \u{1f600}"), Cow::Borrowed("naïve 日本 \u{1f600}")));
    }
}
