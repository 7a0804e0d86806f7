//! One request over HTTP/1.1, and the status of its answer.

use std::io::{Read, Write};

use super::error::{Phase, ProbeError, beginning};
use super::tls::Connection;

/// How much of an answer is read.
const LIMIT: usize = 64 * 1024;

/// The text of a request.
pub(super) fn request(host: &str, path: &str) -> Result<String, ProbeError> {
    let sendable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let invalid = |what, value: &str| ProbeError::Invalid { what, value: value.to_owned() };
    if !sendable(host) {
        return Err(invalid("a host name", host));
    }
    if !sendable(path) || !path.starts_with('/') {
        return Err(invalid("a path", path));
    }
    Ok(format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sslscale-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    ))
}

/// Sends the request and reads up to the final status.
pub(super) fn status(connection: &mut Connection<impl Read + Write>, request: &str) -> Result<u16, ProbeError> {
    read(connection, request, |_| Some(())).map(|(status, ())| status)
}

/// Sends the request and reads up to the first line of the answer's body: the final status and that line.
pub(super) fn first_line(
    connection: &mut Connection<impl Read + Write>,
    request: &str,
) -> Result<(u16, String), ProbeError> {
    read(connection, request, |answer| {
        let body = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let end = answer[body..].iter().position(|byte| *byte == b'\n')?;
        Some(String::from_utf8_lossy(&answer[body..body + end]).into_owned())
    })
}

/// Sends the request and reads until the status and a part of what was read are known.
fn read<T>(
    connection: &mut Connection<impl Read + Write>,
    request: &str,
    part: impl Fn(&[u8]) -> Option<T>,
) -> Result<(u16, T), ProbeError> {
    connection.send(request.as_bytes());
    let mut answer = Vec::new();
    loop {
        match parse(&answer) {
            Parsed::Status(status) => {
                if let Some(part) = part(&answer) {
                    return Ok((status, part));
                }
            }
            Parsed::More => {}
            Parsed::NotHttp => return Err(ProbeError::NotHttp { answer: beginning(&answer) }),
        }
        if answer.len() >= LIMIT {
            return Err(ProbeError::NotHttp { answer: beginning(&answer) });
        }
        let open = connection.exchange(Phase::Request)?;
        if connection.receive(&mut answer) == 0 && !open {
            return Err(ProbeError::Closed(Phase::Request));
        }
    }
}

/// What the beginning of an answer is.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Status(u16),
    More,
    NotHttp,
}

fn parse(mut answer: &[u8]) -> Parsed {
    loop {
        let line = &answer[..answer.len().min(PATTERN.len())];
        if !line.iter().zip(PATTERN).all(|(byte, pattern)| fits(*byte, *pattern)) {
            return Parsed::NotHttp;
        }
        let Some(digits) = line.get(9..12).filter(|_| line.len() == PATTERN.len()) else { return Parsed::More };
        let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
        if status >= 200 {
            return Parsed::Status(status);
        }
        // The answer comes after an interim one.
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Parsed::More };
        answer = &answer[end + 4..];
    }
}

/// A status line up to the character after the status: `d` is a digit, `_` a space or the end of the line.
const PATTERN: &[u8] = b"HTTP/1.d ddd_";

fn fits(byte: u8, pattern: u8) -> bool {
    match pattern {
        b'd' => byte.is_ascii_digit(),
        b'_' => matches!(byte, b' ' | b'\r' | b'\n'),
        exact => byte == exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_known_once_it_is_whole() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
        for end in 0..answer.len() {
            let expected = if end < 13 { Parsed::More } else { Parsed::Status(503) };
            assert_eq!(parse(&answer[..end]), expected, "{end}");
        }
        for (text, expected) in [
            ("HTTP/1.0 200\r\n", Parsed::Status(200)),
            ("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 404 Not Found\r\n", Parsed::Status(404)),
            ("HTTP/1.1 100 Continue\r\n\r\n", Parsed::More),
            ("HTTP/1.1 100 Continue\r\nA: b", Parsed::More),
            ("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0", Parsed::NotHttp),
            ("HTTP/2.0 200 OK", Parsed::NotHttp),
            ("HTTP/1.1 2000 OK", Parsed::NotHttp),
            ("HTTP/1.1 20x", Parsed::NotHttp),
            ("SSH", Parsed::NotHttp),
            ("", Parsed::More),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_can_be_added_to_a_request() {
        assert!(request("example.com", "/a?b=c").unwrap().starts_with("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n"));
        for (host, path) in [("", "/"), ("a b", "/"), ("a\r\nX: y", "/"), ("a", ""), ("a", "x"), ("a", "/ HTTP/1.1")] {
            assert!(matches!(request(host, path), Err(ProbeError::Invalid { .. })), "{host:?} {path:?}");
        }
    }
}
