//! The start of a WebSocket: the headers with which a browser opens one, and the answer; and of other upgrades,
//! which have less. What follows is not framed: one byte that comes back.

use std::io::{Read, Write};

use super::{ProtocolError, Variables};

/// The key of the example in RFC 6455, which every handshake of a run has, and the answer to it.
pub(in crate::try_fleet) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(in crate::try_fleet) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What the client sends after the handshake.
pub(in crate::try_fleet) const BYTE: char = '!';

/// The protocol that the request asks for, if it is a handshake.
pub(super) fn requested(variables: &Variables) -> Option<&str> {
    let has = |name: &str, value: &str| variables.get(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
    let get = has("REQUEST_METHOD", "GET") && has("SERVER_PROTOCOL", "HTTP/1.1");
    let protocol = variables.get("HTTP_UPGRADE").filter(|_| get && has("HTTP_CONNECTION", "upgrade"))?;
    let opens = has("HTTP_SEC_WEBSOCKET_VERSION", "13") && has("HTTP_SEC_WEBSOCKET_KEY", KEY);
    (opens || !protocol.eq_ignore_ascii_case("websocket")).then_some(protocol)
}

/// Answers the handshake, sends back one byte, and then the body.
pub(super) fn answer(stream: &mut (impl Read + Write), protocol: &str, body: &[u8]) -> Result<(), ProtocolError> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.flush()?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    stream.write_all(&byte)?;
    stream.write_all(body)?;
    stream.flush()?;
    Ok(())
}
