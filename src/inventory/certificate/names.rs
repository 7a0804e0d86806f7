//! Which host names a certificate name covers, by the rules of RFC 9525.
//! It works on strings only.

/// The form in which names are compared: lower case, without the final dot.
pub(super) fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether the certificate name `pattern` covers `name`, both in canonical form.
///
/// A wildcard stands for exactly one whole label, the left-most. A `name` that is itself a
/// wildcard (`*.example.com`) is covered by that same wildcard alone. `*.internal` covers
/// nothing: OpenSSL, GnuTLS and rustls require two labels after the star.
pub(super) fn covers(pattern: &str, name: &str) -> bool {
    let Some(parent) = pattern.strip_prefix("*.") else {
        return pattern == name;
    };
    parent.contains('.') && name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
}

/// A wildcard in `patterns` that looks as if it covered `name`, but does not:
/// `*.example.com` for `example.com`, `a.b.example.com` or `*.b.example.com`.
pub(super) fn near_wildcard<'a>(patterns: &'a [String], name: &str) -> Option<&'a str> {
    patterns.iter().map(String::as_str).find(|pattern| {
        let parent = pattern.strip_prefix("*.");
        parent
            .is_some_and(|parent| name.strip_suffix(parent).is_some_and(|head| head.is_empty() || head.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_left_most_label() {
        for (pattern, name, covered) in [
            ("example.com", "example.com", true),
            ("example.com", "www.example.com", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "wwwexample.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.example.com", "*.a.example.com", false),
            ("www.example.com", "*.example.com", false),
            ("w*.example.com", "www.example.com", false),
            ("www.*.com", "www.example.com", false),
            ("*.internal", "www.internal", false),
            ("*.internal", "*.internal", false),
            ("*", "localhost", false),
            ("localhost", "localhost", true),
        ] {
            assert_eq!(covers(pattern, name), covered, "{pattern} {name}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_root() {
        assert_eq!(canonical("WWW.Example.COM."), "www.example.com");
    }

    #[test]
    fn the_wildcard_that_was_meant_is_found() {
        let patterns = ["mail.example.net".to_owned(), "*.example.com".to_owned()];
        for name in ["example.com", "a.b.example.com", "*.b.example.com"] {
            assert_eq!(near_wildcard(&patterns, name), Some("*.example.com"), "{name}");
        }
        for name in ["badexample.com", "example.net", "com"] {
            assert_eq!(near_wildcard(&patterns, name), None, "{name}");
        }
    }
}
