//! Quoting of words for POSIX shells.

/// `word` as one word of a shell's command, whatever it holds. A NUL byte, which no word can hold,
/// is left out.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\0', "").replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::quote;
    use crate::process::{Invocation, Limits};

    const LIMITS: Limits = Limits::new(Duration::from_secs(60), 1 << 20);

    /// The words that a shell hands to a command when it reads this line.
    fn words(shell: &[&str], line: &str) -> Vec<String> {
        printed(shell, &format!(r"printf '%s\0' {line}"))
    }

    fn printed(shell: &[&str], command: &str) -> Vec<String> {
        let invocation = Invocation::new(shell[0]).args(shell[1..].iter().copied()).args(["-c", command]);
        let done = invocation.run(b"", LIMITS).unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout.to_vec()).unwrap();
        text.strip_suffix('\0').unwrap_or_default().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn one_quoting_for_each_shell_that_splits() {
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a\0b"), "'ab'");
        let word = "it's $HOME `id` \"x\" \\ * ~ ! # \\n\n;";
        let inner = format!(r"printf '%s\0' {}", quote(word));
        assert_eq!(printed(&["sh"], &format!("sh -c {}", quote(&inner))), [word]);
        assert_eq!(words(&["sh"], &quote(&quote(word))), [quote(word)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: crate::cases::cases(60), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn shells_read_back_what_was_quoted(
            texts in prop::collection::vec("[^\0]{0,20}|[ -/:-@\\[-`{-~\n\t\r']{0,20}", 1..20)
        ) {
            let line = texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(" ");
            for shell in [&["sh"][..], &["bash"], &["bash", "--posix"]] {
                prop_assert_eq!(&words(shell, &line), &texts);
            }
        }
    }
}
