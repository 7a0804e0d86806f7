//! HTTP/1 as an upstream speaks it: one request head, a sized body, one response, close.
//! Headers that nginx adds about the client become the variables that the other protocols have.

use std::io::Read;

use super::{GRPC, LIMIT, ProtocolError, Variables, drain, text};

/// Reads one request and its body.
pub(super) fn read(stream: &mut impl Read) -> Result<Variables, ProtocolError> {
    let variables = variables(&head(stream)?)?;
    drain(stream, &variables)?;
    Ok(variables)
}

/// What the head of an answer has besides the filler, at most, also where a protocol adds to it.
const REST: u64 = 500;
/// The longest header that clients take, and the nginx in front of some apps.
const LONGEST: u64 = 60_000;

/// A header that fills most of what nginx has for the head of an answer.
pub(super) fn filler(head: u64) -> String {
    let length = usize::try_from(head.saturating_sub(REST).min(LONGEST)).unwrap_or_default();
    format!("X-Filler: {}\r\n", "x".repeat(length))
}

/// A whole response with a head of nearly the given length and with `body`, after which the connection ends. It offers upgrades as Apache does,
/// which must not reach clients over HTTP/2. An answer of a gRPC app does not say how long it is.
pub(super) fn response(status: u16, grpc: bool, (head, body): (u64, &[u8])) -> Vec<u8> {
    let about = match grpc {
        true => format!("Content-Type: {GRPC}"),
        false => format!("Content-Type: application/json\r\nContent-Length: {}", body.len()),
    };
    let head = format!(
        "HTTP/1.1 {status} status\r\n{about}\r\n{}Upgrade: h2,h2c\r\nConnection: Upgrade, close\r\n\r\n",
        filler(head),
    );
    [head.as_bytes(), body].concat()
}

/// Reads byte by byte: nothing after the head may be taken from the stream.
fn head(stream: &mut impl Read) -> Result<String, ProtocolError> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LIMIT {
            return Err(ProtocolError::TooLarge("the request head"));
        }
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(text(&head))
}

fn variables(head: &str) -> Result<Variables, ProtocolError> {
    let mut lines = head.trim_end().split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(uri), Some(protocol), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(ProtocolError::Malformed("not an HTTP request"));
    };
    if !protocol.starts_with("HTTP/1.") {
        return Err(ProtocolError::Malformed("not an HTTP/1 request"));
    }
    let mut variables = Variables::new();
    for (name, value) in [("SERVER_PROTOCOL", protocol), ("REQUEST_METHOD", method), ("REQUEST_URI", uri)] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(ProtocolError::Malformed("a header without a colon"))?;
        let value = value.trim();
        let name = match name.to_ascii_lowercase().as_str() {
            "x-real-ip" => "REMOTE_ADDR".to_owned(),
            "x-forwarded-for" => "FORWARDED_FOR".to_owned(),
            "x-forwarded-proto" => "REQUEST_SCHEME".to_owned(),
            "content-length" => "CONTENT_LENGTH".to_owned(),
            other => format!("HTTP_{}", other.to_ascii_uppercase().replace('-', "_")),
        };
        variables.insert(name, value.to_owned());
    }
    // The last address is the one that the nearest nginx added; the others can be forged.
    let nearest = variables
        .get("FORWARDED_FOR")
        .and_then(|list| list.rsplit(',').next())
        .map(|address| address.trim().to_owned());
    if let Some(nearest) = nearest {
        variables.entry("REMOTE_ADDR".to_owned()).or_insert(nearest);
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nginx_says_of_the_client() {
        let request = "POST /a HTTP/1.0\r\nHost: example.com\r\nX-Real-IP: 2001:db8::1\r\n\
                       X-Forwarded-Proto: https\r\nContent-Length: 2\r\n\r\nhi!";
        let mut rest = request.as_bytes();
        let variables = read(&mut rest).unwrap();
        assert_eq!(variables["REMOTE_ADDR"], "2001:db8::1");
        assert_eq!(variables["HTTP_HOST"], "example.com");
        assert_eq!(variables["REQUEST_URI"], "/a");
        assert_eq!(rest, b"!");
    }

    #[test]
    fn the_nearest_forwarded_address_counts() {
        let request = "GET / HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n\r\n";
        assert_eq!(read(&mut request.as_bytes()).unwrap()["REMOTE_ADDR"], "192.0.2.1");
    }

    #[test]
    fn refuses_what_is_no_http() {
        for wrong in ["hello\r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET / HTTP/1.1\r\nx\r\n\r\n"] {
            assert!(matches!(read(&mut wrong.as_bytes()), Err(ProtocolError::Malformed(_))));
        }
        let endless = vec![b'x'; LIMIT + 10];
        assert!(matches!(read(&mut endless.as_slice()), Err(ProtocolError::TooLarge(_))));
        assert!(matches!(read(&mut b"GET / HT".as_slice()), Err(ProtocolError::Io(_))));
    }
}
