//! Why a probe has no answer.

use std::fmt;
use std::io;

use super::alert;
use crate::visible::visible;

/// How far a probe came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The TLS handshake.
    Handshake,
    /// The handshake was complete; the request was sent.
    Request,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The probe itself cannot be sent.
    #[error("`{}` is not {what} that can be sent", visible(value))]
    Invalid {
        /// What it should be, with its article.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// The server closed or reset the connection before it sent anything: it may expect a PROXY header, or refuse the
    /// one that it got.
    #[error("the server closed the connection before the TLS handshake")]
    ClosedBeforeTls,
    /// The server closed the connection in the middle of something.
    #[error("the server closed the connection during {0}")]
    Closed(Phase),
    /// The server refused with an alert.
    #[error("the server refused the TLS connection with the alert `{name}`")]
    Alert {
        /// As in RFC 8446, for example `unrecognized_name`.
        name: String,
    },
    /// The stream's time limit passed.
    #[error("the server did not complete {0} in time")]
    TimedOut(Phase),
    /// The server sent something else.
    #[error("the server does not speak TLS: it sent `{answer}`")]
    NotTls {
        /// The beginning.
        answer: String,
    },
    /// The signature in the handshake is not of the certificate's key.
    #[error("the server did not prove that it has the key of its certificate")]
    WrongKey,
    /// Another error of the handshake, or of TLS after it.
    #[error("the TLS connection failed")]
    Tls(#[source] rustls::Error),
    /// The server sent something else after the handshake.
    #[error("the server does not speak HTTP/1.1: it sent `{answer}`")]
    NotHttp {
        /// The beginning.
        answer: String,
    },
    /// The stream broke, for example because the host that carries it was lost.
    #[error("the connection failed")]
    Stream(#[source] io::Error),
}

impl ProbeError {
    /// Of a stream that failed in this phase. `None` if it was closed.
    pub(super) fn of_stream(error: io::Error, phase: Phase) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Some(Self::TimedOut(phase)),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => None,
            _ => Some(Self::Stream(error)),
        }
    }

    /// Of what the server sent, which began with these bytes.
    pub(super) fn of_tls(error: rustls::Error, first: &[u8]) -> Self {
        use rustls::{CertificateError, Error, PeerMisbehaved};
        match error {
            Error::AlertReceived(alert) => Self::Alert { name: alert::name(alert) },
            Error::InvalidMessage(_) if !is_record(first) => Self::NotTls { answer: beginning(first) },
            Error::InvalidCertificate(CertificateError::BadSignature)
            | Error::InvalidCertificate(CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                ..
            })
            | Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => Self::WrongKey,
            error => Self::Tls(error),
        }
    }
}

/// Whether these bytes may begin a record of the handshake or an alert.
fn is_record(first: &[u8]) -> bool {
    matches!(first, [21 | 22, 3, ..])
}

/// The first line, as far as it is short.
pub(super) fn beginning(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]);
    let cut = if line.len() > SHOWN { "…" } else { "" };
    format!("{}{cut}", visible(&text))
}

/// Bytes of an unexpected answer that are shown.
const SHOWN: usize = 60;

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the TLS handshake",
            Self::Request => "the HTTP request",
        })
    }
}
