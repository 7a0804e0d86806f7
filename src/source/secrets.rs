//! Private keys in a text. Reports show lines of an inventory, and must not show any part of a key,
//! wherever a user has put one.

use super::Span;

/// A private key in PEM, or in base64 around PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// The line that announces it; not a part of the key.
    pub header: Span,
    /// What may be the key; it may include text around the key.
    pub body: Span,
}

const BEGIN: &str = "-----BEGIN ";
const LABEL: &str = "PRIVATE KEY";
/// The longest label is `PGP PRIVATE KEY BLOCK`.
const LONGEST_LABEL: usize = 40;
/// The assumed length of a key without an end, in bytes.
const LONGEST_KEY: usize = 16 << 10;
/// `-----BEGIN ` in base64, and the beginnings of the labels of private keys.
const ENCODED: &str = "LS0tLS1CRUdJTi";
const ENCODED_LABELS: [&str; 5] = [
    "BQUklWQVRFIEtFW",
    "BSU0EgUFJJVkFURSBLRV",
    "BFQyBQUklWQVRFIEtFW",
    "BFTkNSWVBURUQgUFJJVkFUR",
    "BPUEVOU1NIIFBSSVZBVEUgS0VZ",
];

/// All private keys in `text`, in order.
pub(super) fn find(text: &str) -> Vec<Secret> {
    let mut found: Vec<Secret> = text.match_indices(BEGIN).filter_map(|(at, _)| armoured(text, at)).collect();
    found.extend(text.match_indices(ENCODED).filter_map(|(at, _)| encoded(text, at)));
    found.sort_by_key(|secret| secret.header);
    found
}

fn armoured(text: &str, at: usize) -> Option<Secret> {
    let rest = &text[at + BEGIN.len()..];
    let length = rest.find("-----").filter(|length| *length <= LONGEST_LABEL)?;
    if !rest[..length].contains(LABEL) {
        return None;
    }
    let start = at + BEGIN.len() + length + "-----".len();
    let after = &text.as_bytes()[start..];
    let after = &after[..after.len().min(LONGEST_KEY)];
    let end = after.windows(8).position(|window| window == b"-----END" || window == b"-----BEG");
    Some(Secret { header: Span::new(at, start), body: Span::new(start, start + end.unwrap_or(after.len())) })
}

fn encoded(text: &str, at: usize) -> Option<Secret> {
    let rest = &text[at + ENCODED.len()..];
    ENCODED_LABELS.iter().find(|label| rest.starts_with(**label))?;
    let start = at + ENCODED.len();
    let after = &text.as_bytes()[start..];
    let length = wrapped(&after[..after.len().min(LONGEST_KEY)]);
    Some(Secret { header: Span::new(at, start), body: Span::new(start, start + length) })
}

/// The length of base64 text, including line breaks and what a comment, a quoted scalar or a list
/// makes of them. It may include a word after the key, but never a YAML key.
fn wrapped(bytes: &[u8]) -> usize {
    let mut end = 0;
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| in_base64(**byte)).count();
        let word = &bytes[at..at + run];
        at += run;
        let plain = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-');
        if end > 0 && bytes.get(at) == Some(&b':') && word.iter().all(plain) {
            break;
        }
        if word.iter().any(|byte| *byte != b'-') {
            end = at;
        }
        if word.ends_with(b"=") {
            break;
        }
        match bytes.get(at..).unwrap_or_default() {
            [b'\\', b'n' | b'r' | b't', ..] => at += 2,
            [b'\\' | b'#', ..] => at += 1,
            [byte, ..] if byte.is_ascii_whitespace() => at += 1,
            _ => break,
        }
    }
    end
}

fn in_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// The text under `span` with everything masked that may be a key, byte for byte.
pub(super) fn masked(text: &str, span: Span, secrets: &[Secret]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    // They are in the order of their headers, and none ends further than that from its header.
    let reach = u32::try_from(2 * LONGEST_LABEL + LONGEST_KEY).unwrap_or(u32::MAX);
    let first = secrets.partition_point(|secret| secret.header.start.saturating_add(reach) < span.start);
    for secret in secrets[first..].iter().take_while(|secret| secret.header.start < span.end) {
        let (start, end) = (secret.body.start.max(span.start), secret.body.end.min(span.end));
        let part = (start.max(span.start) - span.start) as usize..(end.max(start) - span.start) as usize;
        for byte in bytes.get_mut(part).unwrap_or_default().iter_mut().filter(|byte| in_base64(**byte)) {
            *byte = b'*';
        }
    }
    // ASCII was replaced by ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// `text` with everything masked that may be a key.
pub fn without_keys(text: &str) -> String {
    masked(text, Span::new(0, text.len()), &find(text))
}

/// `text` up to the first key in it, if there is one.
pub fn before_key(text: &str) -> Option<&str> {
    find(text).first().map(|secret| &text[..secret.header.end as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_of_a_key_without_an_end_are_blotted_out() {
        let armoured = format!("{BEGIN}RSA {LABEL}-----");
        let text = format!("{armoured}{}{}", "a".repeat(LONGEST_KEY), "b".repeat(9)).repeat(3);
        let secrets = find(&text);
        assert_eq!(secrets.len(), 3);
        for secret in &secrets {
            let end = secret.body.end as usize;
            let span = Span::new(end - 1, end + 1);
            assert_eq!(masked(&text[span.range()], span, &secrets), "*b");
        }
    }
}
