//! What a misspelt word most likely was meant to be.

/// The candidate that `text` most likely was meant to be, if any is near.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A megabyte of garbage is nobody's typing error, and comparing it would take minutes.
    if text.len() > 64 {
        return None;
    }
    // People take one for the other, in keys and in the names of rules.
    let joined = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let wanted = joined(text);
    candidates
        .map(|c| (joined(c), c))
        .map(|(joined, c)| (strsim::damerau_levenshtein(&wanted, &joined), joined, c))
        .filter(|(distance, joined, c)| {
            *distance <= (c.len() / 3).max(1) || (wanted.len() > 2 && joined.starts_with(&wanted))
        })
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_knows_typing_errors_and_leaves_the_rest_alone() {
        let keys = ["load_balancers", "app_servers", "sites", "ssl_certificate", "ssl_certificate_key"];
        let near = |t| nearest(t, keys.into_iter());
        assert_eq!(near("load-balancers"), Some("load_balancers"));
        assert_eq!(near("ssl_certifcate"), Some("ssl_certificate"));
        assert_eq!(near("site"), Some("sites"));
        assert_eq!(near("zebra"), None);
        assert_eq!(near(&"x".repeat(1_000_000)), None);
        assert_eq!(nearest("trust-to-wide", ["trust-too-wide"].into_iter()), Some("trust-too-wide"));
    }
}
