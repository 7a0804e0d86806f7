//! The thumbprint of an ACME account's key.

use std::fmt;

use super::{Scalar, ValueError};

/// The SHA-256 hash of an ACME account's public key (RFC 7638), in base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountThumbprint(Box<str>);

text!(AccountThumbprint);

/// How many characters 32 bytes have in base64.
const LENGTH: usize = 43;
/// What the last character can be: 32 bytes leave two of its bits over, which are zero.
pub const LAST: &str = "AEIMQUYcgkosw048";

impl AccountThumbprint {
    fn fits(text: &str) -> bool {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        text.len() == LENGTH && text.chars().all(known) && text.ends_with(|last| LAST.contains(last))
    }
}

impl Scalar for AccountThumbprint {
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write the 43 characters that `acme.sh --register-account` or, from certbot 2.3 on, `certbot \
                            show_account` prints";
        if Self::fits(text) {
            return Ok(Self(text.into()));
        }
        // The other alphabet of base64, and its padding.
        let other = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        if Self::fits(&other) {
            return Err(ValueError::malformed("is not in base64url", format!("write `{other}`")));
        }
        if text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(ValueError::malformed("is in hexadecimal, not in base64url", HELP));
        }
        if let Some((_, after)) = text.rsplit_once('.').filter(|(_, after)| Self::fits(after)) {
            let help = format!("write what is after the dot: `{after}`");
            return Err(ValueError::malformed("is the answer to a challenge", help));
        }
        if text.contains("://") {
            return Err(ValueError::malformed("is a URL, not the thumbprint of the account's key", HELP));
        }
        Err(ValueError::malformed("is not the thumbprint of an ACME account's key", HELP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";

    fn help(text: &str) -> String {
        AccountThumbprint::parse(text).unwrap_err().help
    }

    #[test]
    fn a_hash_in_base64url_is_one() {
        assert_eq!(AccountThumbprint::parse(SOUND).unwrap().as_str(), SOUND);
        for text in [&SOUND[1..], &format!("{SOUND}A"), &SOUND.replace('Q', "R"), "", "a.b", "%[src]"] {
            assert!(AccountThumbprint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_can_be_told_is_told() {
        let written = format!("write `{SOUND}`");
        assert_eq!(help(&format!("{SOUND}=")), written);
        assert_eq!(help(&SOUND.replace('-', "+")), written);
        assert_eq!(
            help(&format!("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.{SOUND}")),
            format!("write what is after the dot: `{SOUND}`")
        );
        assert!(help(&"0a".repeat(32)).starts_with("write the 43 characters"));
        assert!(help("https://acme-v02.api.letsencrypt.org/acme/acct/1").starts_with("write the 43 characters"));
    }
}
