//! The start of a WebSocket: the headers with which a browser opens one, and the answer. What follows is
//! not framed: one byte that comes back.

use std::io::{Read, Write};

use super::{ProtocolError, Variables};

/// The key of the example in RFC 6455, which every handshake of a run has, and the answer to it.
pub(in crate::try_fleet) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(in crate::try_fleet) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What the client sends after the handshake.
pub(in crate::try_fleet) const BYTE: char = '!';

/// Whether the request is a handshake.
pub(super) fn is_requested(variables: &Variables) -> bool {
    let has = |name: &str, value: &str| variables.get(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
    let get = has("REQUEST_METHOD", "GET") && has("SERVER_PROTOCOL", "HTTP/1.1");
    let upgrade = has("HTTP_UPGRADE", "websocket") && has("HTTP_CONNECTION", "upgrade");
    get && upgrade && has("HTTP_SEC_WEBSOCKET_VERSION", "13") && has("HTTP_SEC_WEBSOCKET_KEY", KEY)
}

/// Answers the handshake, sends back one byte, and then the body.
pub(super) fn answer(stream: &mut (impl Read + Write), body: &[u8]) -> Result<(), ProtocolError> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
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
