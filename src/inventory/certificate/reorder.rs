//! Sorts the certificates of a file. No line is changed: text before a certificate, such as openssl's
//! description of it, moves with it.

use super::{foreign, pem::Block};

/// A file's text before and after its certificates are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reordered {
    pub before: String,
    pub after: String,
}

impl Reordered {
    /// `bytes` with its `blocks` in `order`; `None` for a file that holds anything but certificates,
    /// or is not plain text.
    pub(super) fn of(bytes: &[u8], blocks: &[Block], order: impl Iterator<Item = usize>) -> Option<Self> {
        let text = str::from_utf8(bytes).ok().filter(|text| !text.starts_with('\u{feff}'))?;
        if !blocks.iter().all(|block| foreign::is_certificate(&block.label)) {
            return None;
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut pieces = Vec::with_capacity(blocks.len());
        let mut start = 0;
        for block in blocks {
            // `block.line` counts from 1, so this index is the line after it.
            let length = lines.get(block.line..)?.iter().position(|line| line.starts_with("-----"))?;
            let end = block.line + length + 1;
            pieces.push(lines.get(start..end)?.concat());
            start = end;
        }
        let mut out = String::with_capacity(text.len() + 1);
        for piece in order.map(|n| pieces.get(n)) {
            let piece = piece?;
            out.push_str(piece);
            if !piece.ends_with('\n') {
                out.push('\n');
            }
        }
        out.push_str(&lines.get(start..)?.concat());
        Some(Self { before: text.to_owned(), after: out })
    }
}
