//! The nearest known word for a misspelled one.

/// The candidate that is most similar to `text`, if one is close; of several, the first. Words that differ only in
/// a digit, such as `http2` and `http3`, are two things and no misspelling.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(text, candidates, true)
}

/// The same for candidates that are all names of their kind: `SHA265` is a misspelling of `SHA256`.
pub fn nearest_spelling<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(text, candidates, false)
}

fn nearest_of<'a>(text: &str, candidates: impl Iterator<Item = &'a str>, digits_matter: bool) -> Option<&'a str> {
    // Text this long is not a typing error, and comparing a megabyte would take minutes.
    if text.len() > 64 {
        return None;
    }
    // `-` and `_` are easily confused, in keys and in the names of rules.
    let joined = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let wanted = joined(text);
    let length = wanted.chars().count();
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    let near = candidates.filter_map(|candidate| {
        let most = (candidate.len() / 3).max(1);
        // The length alone rules out most candidates.
        if candidate.len().abs_diff(length) > most && (length < 3 || candidate.len() < length) {
            return None;
        }
        let joined = joined(candidate);
        if digits_matter && joined != wanted && letters(&joined) == letters(&wanted) {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&wanted, &joined);
        (distance <= most || (length > 2 && joined.starts_with(&wanted))).then_some((distance, candidate))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
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
        assert_eq!(nearest("http3", ["http2", "https"].into_iter()), Some("https"));
        assert_eq!(nearest("TLSv1.4", ["TLSv1.2", "TLSv1.3"].into_iter()), None);
        assert_eq!(nearest("prime256v", ["prime256v1"].into_iter()), Some("prime256v1"));
        assert_eq!(nearest("http3", ["http2"].into_iter()), None);
        // Two characters that changed places are one error, and of two names that are as near the first is taken.
        let ciphers = ["ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"];
        let spelled = |text| nearest_spelling(text, ciphers.into_iter());
        assert_eq!(spelled("ECDHE-RSA-AES128-GCM-SHA265"), Some(ciphers[0]));
        assert_eq!(spelled("ECDHE-RSA-AES129-GCM-SHA256"), Some(ciphers[0]));
        assert_eq!(spelled("ECDHE-RSA-AES256-GCM-SHA348"), Some(ciphers[2]));
        assert_eq!(nearest_spelling("axb", ["ayb", "azb"].into_iter()), Some("ayb"));
        assert_eq!(nearest("trust-to-wide", ["trust-too-wide"].into_iter()), Some("trust-too-wide"));
    }
}
