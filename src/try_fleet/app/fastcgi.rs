//! FastCGI in the responder role: records of eight byte head, content and padding.
//! Only what nginx sends is accepted: one request per connection, begin, params, stdin.

use std::io::Read;

use super::http::filler;
use super::{BODY_LIMIT, LIMIT, ProtocolError, Variables, text};

const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

/// One request: its id, which the answer repeats, and its variables.
pub(super) struct Request {
    pub(super) id: u16,
    pub(super) variables: Variables,
}

struct Record {
    kind: u8,
    id: u16,
    content: Vec<u8>,
}

/// Reads one request up to the end of its body.
pub(super) fn read(stream: &mut impl Read) -> Result<Request, ProtocolError> {
    let begin = record(stream)?;
    // Role 1 is the responder; bytes after the role are flags.
    if begin.kind != BEGIN || begin.content.len() != 8 || begin.content[..2] != [0, 1] {
        return Err(ProtocolError::Malformed("the first record does not begin a responder request"));
    }
    let params = stream_of(stream, &begin, PARAMS, LIMIT)?;
    let body_limit = usize::try_from(BODY_LIMIT).unwrap_or(usize::MAX);
    stream_of(stream, &begin, STDIN, body_limit)?;
    Ok(Request { id: begin.id, variables: variables(&params)? })
}

/// Frames `body` after a head of nearly the given length as the whole answer to the request.
pub(super) fn response(id: u16, status: u16, (head, body): (u64, &[u8])) -> Vec<u8> {
    let filler = filler(head);
    let head = format!("Status: {status}\r\nContent-Type: application/json\r\n{filler}\r\n");
    let content = [head.as_bytes(), body].concat();
    let mut out = Vec::new();
    // A record holds at most 65535 bytes.
    for chunk in content.chunks(32 * 1024) {
        push(&mut out, STDOUT, id, chunk);
    }
    push(&mut out, STDOUT, id, &[]);
    push(&mut out, END, id, &[0; 8]);
    out
}

fn push(out: &mut Vec<u8>, kind: u8, id: u16, content: &[u8]) {
    let length = u16::try_from(content.len()).expect("chunks are far below 64 KiB");
    out.extend([1, kind]);
    out.extend(id.to_be_bytes());
    out.extend(length.to_be_bytes());
    out.extend([0, 0]);
    out.extend(content);
}

/// Joins the records of one kind until the empty one that ends them.
fn stream_of(stream: &mut impl Read, begin: &Record, kind: u8, limit: usize) -> Result<Vec<u8>, ProtocolError> {
    let mut joined = Vec::new();
    loop {
        let record = record(stream)?;
        if record.kind != kind || record.id != begin.id {
            return Err(ProtocolError::Malformed("a record out of order"));
        }
        if record.content.is_empty() {
            return Ok(joined);
        }
        joined.extend(record.content);
        if joined.len() > limit {
            return Err(ProtocolError::TooLarge("a FastCGI stream"));
        }
    }
}

fn record(stream: &mut impl Read) -> Result<Record, ProtocolError> {
    let mut head = [0; 8];
    stream.read_exact(&mut head)?;
    let [version, kind, id_high, id_low, length_high, length_low, padding, _] = head;
    if version != 1 {
        return Err(ProtocolError::Malformed("not a FastCGI record"));
    }
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let mut content = vec![0; length + usize::from(padding)];
    stream.read_exact(&mut content)?;
    content.truncate(length);
    Ok(Record { kind, id: u16::from_be_bytes([id_high, id_low]), content })
}

fn variables(mut block: &[u8]) -> Result<Variables, ProtocolError> {
    let cut = || ProtocolError::Malformed("a FastCGI parameter is cut short");
    let mut variables = Variables::new();
    while !block.is_empty() {
        let name = length(&mut block).ok_or_else(cut)?;
        let value = length(&mut block).ok_or_else(cut)?;
        let (name, rest) = block.split_at_checked(name).ok_or_else(cut)?;
        let (value, rest) = rest.split_at_checked(value).ok_or_else(cut)?;
        variables.insert(text(name), text(value));
        block = rest;
    }
    Ok(variables)
}

/// One byte below 128, else four bytes without the top bit.
fn length(block: &mut &[u8]) -> Option<usize> {
    let first = *block.first()?;
    if first < 0x80 {
        *block = &block[1..];
        return Some(usize::from(first));
    }
    let (four, rest) = block.split_first_chunk::<4>()?;
    *block = rest;
    usize::try_from(u32::from_be_bytes(*four) & 0x7fff_ffff).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(params: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, BEGIN, 1, &[0, 1, 0, 0, 0, 0, 0, 0]);
        push(&mut out, PARAMS, 1, params);
        push(&mut out, PARAMS, 1, &[]);
        push(&mut out, STDIN, 1, &[]);
        out
    }

    #[test]
    fn reads_short_and_long_parameters() {
        let mut params = b"\x0b\x09REMOTE_ADDR192.0.2.1".to_vec();
        params.extend([4, 0x80, 0, 1, 0x2c]);
        params.extend(b"LONG");
        params.extend([b'x'; 300]);
        let request = read(&mut request(&params).as_slice()).unwrap();
        assert_eq!(request.id, 1);
        assert_eq!(request.variables["REMOTE_ADDR"], "192.0.2.1");
        assert_eq!(request.variables["LONG"].len(), 300);
    }

    #[test]
    fn refuses_what_is_no_fastcgi() {
        assert!(matches!(
            read(&mut b"GET / HTTP/1.0\r\n\r\n".as_slice()),
            Err(ProtocolError::Malformed("not a FastCGI record"))
        ));
        for cut in [&b"\x0b\x09REMOTE"[..], b"\x0b", b"\x80\0"] {
            assert!(matches!(
                read(&mut request(cut).as_slice()),
                Err(ProtocolError::Malformed("a FastCGI parameter is cut short"))
            ));
        }
    }

    #[test]
    fn a_large_body_is_split_into_records() {
        let framed = response(7, 200, (4096, &vec![b'x'; 100_000]));
        let mut rest = framed.as_slice();
        let mut length = 0;
        loop {
            let record = record(&mut rest).unwrap();
            assert_eq!(record.id, 7);
            if record.kind == END {
                break;
            }
            length += record.content.len();
        }
        assert!(length > 100_000 && rest.is_empty());
    }
}
