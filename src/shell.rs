//! Words of commands that are printed to be pasted into a shell.

use std::path::Path;

/// A path as one word for a POSIX shell. It never starts with `-`, so no program reads it as an option.
pub fn path(path: &Path) -> String {
    let shown = path.display().to_string();
    word(&if shown.starts_with('-') { format!("./{shown}") } else { shown })
}

/// One word for a POSIX shell, with quotes only where it needs them.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{path, word};

    #[test]
    fn a_shell_reads_the_word_that_was_meant() {
        let words =
            ["tls/a.key", "a b.key", "it's", "''", "$(touch x)", "`x`", "a;b", "a\\b", "*", "~", "ä", "!a", "#a"];
        for text in words.into_iter().chain(["a=b", "{a,b}", "a:~", "%1", "+x", "a,b@c", ""]) {
            let read = Command::new("bash").arg("-c").arg(format!("printf %s {}", word(text))).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), text);
        }
    }

    #[test]
    fn quotes_are_added_only_where_needed() {
        let words = ["/srv/tls_1/a-b.key", "a b", "it's", "-f", "-a b"].map(|it| path(Path::new(it)));
        assert_eq!(words, ["/srv/tls_1/a-b.key", "'a b'", r"'it'\''s'", "./-f", "'./-a b'"]);
    }
}
