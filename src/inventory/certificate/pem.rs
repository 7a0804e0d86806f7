//! Splits a file into its PEM blocks the way OpenSSL does, since nginx reads it with OpenSSL.
//! It knows armour and base64, but not what the blocks contain.

use x509_parser::pem::Pem;

use super::file::Secret;

/// One `-----BEGIN LABEL-----` and what follows it.
#[derive(Debug)]
pub(super) struct Block {
    /// `CERTIFICATE`, `PRIVATE KEY`, and so on; printable ASCII.
    pub(super) label: String,
    /// The line of its `BEGIN`, from 1.
    pub(super) line: usize,
    pub(super) body: Body,
}

/// The text between `BEGIN` and `END`.
#[derive(Debug)]
pub(super) enum Body {
    /// The decoded bytes.
    Der(Secret),
    /// `Proc-Type: 4,ENCRYPTED`: the bytes cannot be read without a passphrase.
    Encrypted,
    /// Not base64.
    Damaged,
    /// No `END` line with the same label before the next `BEGIN` or the end of the file.
    CutShort,
    /// Its `END` line, on line n from 1, goes on with the next `BEGIN`.
    Glued(usize),
}

/// The blocks of `text` in order. Text around them, CRLF, trailing blanks and a byte order mark
/// are ignored; a `BEGIN` that is not at the start of its line is ignored too.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some(label) = armour(line, b"-----BEGIN ") else {
            continue;
        };
        let rest = lines.get(at..).unwrap_or_default();
        let length = rest.iter().position(|line| line.starts_with(b"-----")).unwrap_or(rest.len());
        let closed = rest.get(length).is_some_and(|line| armour(line, b"-----END ") == Some(label));
        let glued = rest.get(length).is_some_and(|line| is_glued(line));
        let body = match (closed, glued) {
            (true, _) => decode(&rest[..length]),
            (false, true) => Body::Glued(at + length + 1),
            (false, false) => Body::CutShort,
        };
        blocks.push(Block { label: label.to_owned(), line: at, body });
        at += length;
    }
    blocks
}

/// Whether an `END` line and a `BEGIN` line have no line break between them.
fn is_glued(line: &[u8]) -> bool {
    let joint = b"----------BEGIN ";
    line.starts_with(b"-----END ") && line.windows(joint.len()).any(|window| window == joint)
}

/// The label of an armour line that opens with `opening`.
fn armour<'a>(line: &'a [u8], opening: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(opening)?.strip_suffix(b"-----")?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" #.".contains(byte);
    // No label in use is longer; a longer one is probably key material.
    if label.len() > 40 || !label.iter().all(plain) {
        return None;
    }
    str::from_utf8(label).ok()
}

/// Decodes the lines of a block, after its RFC 1421 headers if it has any.
fn decode(lines: &[&[u8]]) -> Body {
    let blank = lines.iter().position(|line| line.is_empty());
    let data = match blank {
        // OpenSSL treats everything before the first blank line as headers, which must start with `Proc-Type`.
        Some(end) if end > 0 => {
            let (headers, data) = lines.split_at(end);
            if !headers[0].starts_with(b"Proc-Type:") {
                return Body::Damaged;
            }
            if headers[0].ends_with(b"ENCRYPTED") {
                return Body::Encrypted;
            }
            data
        }
        _ => lines,
    };
    let mut armoured = Vec::with_capacity(data.iter().map(|line| line.len() + 1).sum::<usize>() + 64);
    armoured.extend_from_slice(b"-----BEGIN X-----\n");
    for line in data {
        armoured.extend_from_slice(line);
        armoured.push(b'\n');
    }
    armoured.extend_from_slice(b"-----END X-----\n");
    let armoured = Secret::new(armoured);
    match Pem::read(std::io::Cursor::new(&*armoured)) {
        Ok((pem, _)) if !pem.contents.is_empty() => Body::Der(Secret::new(pem.contents)),
        _ => Body::Damaged,
    }
}
