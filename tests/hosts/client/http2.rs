//! As much of HTTP/2 (RFC 9113) as one GET after the other needs.

use std::io::{Read, Write};

use super::{Failure, Tls};
use crate::served::SITE;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` of HPACK's static table.
const STATUS_200: u8 = 0x88;

/// A connection over which requests follow each other.
pub struct Http2 {
    pub tls: Tls,
    next_stream: u32,
}

impl Http2 {
    pub fn open(mut tls: Tls) -> Result<Self, Failure> {
        assert_eq!(tls.conn.alpn_protocol(), Some(&b"h2"[..]));
        tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").map_err(Failure::at("send"))?;
        let mut open = Self { tls, next_stream: 1 };
        open.send(SETTINGS, 0, 0, &[])?;
        Ok(open)
    }

    /// The body of the answer to the next request.
    pub fn get(&mut self) -> Result<String, Failure> {
        let stream = self.next_stream;
        self.next_stream += 2;
        // Static entries for `:method: GET`, `:scheme: https`, `:path: /`; a literal for `:authority`.
        let mut headers = vec![0x82, 0x87, 0x84, 0x01, u8::try_from(SITE.len()).unwrap()];
        headers.extend_from_slice(SITE.as_bytes());
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &headers)?;
        let mut body = Vec::new();
        loop {
            let (kind, flags, on, payload) = self.receive()?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[])?,
                PING if flags & ACK == 0 => self.send(PING, ACK, 0, &payload)?,
                GOAWAY => return Err(Failure { phase: "answer", cause: "GOAWAY".to_owned() }),
                RST_STREAM => return Err(Failure { phase: "answer", cause: "RST_STREAM".to_owned() }),
                // A table size update may come before the status.
                HEADERS if on == stream && !payload.iter().take(4).any(|byte| *byte == STATUS_200) => {
                    return Err(Failure { phase: "status", cause: format!("{payload:x?}") });
                }
                DATA if on == stream => {
                    body.extend_from_slice(&payload);
                    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
                    if !payload.is_empty() {
                        self.send(WINDOW_UPDATE, 0, 0, &length)?;
                    }
                }
                _ => {}
            }
            if on == stream && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                return Ok(String::from_utf8(body).unwrap());
            }
        }
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<(), Failure> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        self.tls.write_all(&frame).and_then(|()| self.tls.flush()).map_err(Failure::at("send"))
    }

    fn receive(&mut self) -> Result<(u8, u8, u32, Vec<u8>), Failure> {
        let mut head = [0; 9];
        self.tls.read_exact(&mut head).map_err(Failure::at("answer"))?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        let mut payload = vec![0; length as usize];
        self.tls.read_exact(&mut payload).map_err(Failure::at("answer"))?;
        Ok((head[3], head[4], stream, payload))
    }
}
