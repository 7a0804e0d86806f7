//! The little DER that private keys need: a sequence taken apart, and one put together.
//! It knows tags and lengths, and nothing of keys.

use x509_parser::asn1_rs::{Any, FromDer, Tag};

/// The elements of `der`, which must be one SEQUENCE and nothing after it.
pub(super) fn sequence(der: &[u8]) -> Option<Vec<Any<'_>>> {
    let (rest, outer) = Any::from_der(der).ok()?;
    if outer.tag() != Tag::Sequence || !rest.is_empty() {
        return None;
    }
    elements(outer.data)
}

/// The elements that stand one after another in `data`.
pub(super) fn elements(mut data: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut elements = Vec::new();
    while !data.is_empty() {
        let (rest, element) = Any::from_der(data).ok()?;
        elements.push(element);
        data = rest;
    }
    Some(elements)
}

/// One element, `None` when `parts` together are 64 kB or more.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let length = u16::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).ok()?;
    let [high, low] = length.to_be_bytes();
    let mut der = vec![tag];
    match length {
        0..=0x7f => der.push(low),
        0x80..=0xff => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
    der.extend(parts.iter().copied().flatten());
    Some(der)
}
