//! Paths in commands that are meant to be pasted into a shell.

use std::path::Path;

/// The path as one word for a POSIX shell. It never starts with `-`, so no program reads it as an
/// option.
pub fn word(path: &Path) -> String {
    let shown = path.display().to_string();
    let shown = if shown.starts_with('-') { format!("./{shown}") } else { shown };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if !shown.is_empty() && shown.chars().all(plain) { shown } else { format!("'{}'", shown.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::word;

    #[test]
    fn a_shell_reads_the_path_that_was_meant() {
        for path in
            ["tls/a.key", "a b.key", "it's", "''", "$(touch x)", "`x`", "a;b", "a\\b", "*", "~", "ä", "!a", "#a"]
        {
            let read =
                Command::new("sh").arg("-c").arg(format!("printf %s {}", word(Path::new(path)))).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), path);
        }
    }

    #[test]
    fn quotes_are_added_only_where_needed() {
        let words = ["/srv/tls_1/a-b.key", "a b", "it's", "-f", "-a b"].map(|path| word(Path::new(path)));
        assert_eq!(words, ["/srv/tls_1/a-b.key", "'a b'", r"'it'\''s'", "./-f", "'./-a b'"]);
    }
}
