//! A TLS connection over any stream, which accepts every certificate and reports the one that it saw.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};

use super::error::{Phase, ProbeError};

/// How many of the first bytes are kept, to show what a server speaks instead of TLS.
const FIRST: usize = 200;

/// A connection to a server.
pub(super) struct Connection<S> {
    tls: ClientConnection,
    stream: S,
    /// What goes before the handshake, until it is sent.
    header: Vec<u8>,
    /// The first bytes that the server sent.
    first: Vec<u8>,
    /// The server takes no more. What it sent before may still have to be read.
    write_closed: bool,
}

impl<S: Read + Write> Connection<S> {
    /// Prepares a connection. `header` is sent before the handshake, together with its first message.
    pub(super) fn open(stream: S, header: Vec<u8>, server_name: &str) -> Result<Self, ProbeError> {
        let invalid = || ProbeError::Invalid { what: "a server name", value: server_name.to_owned() };
        let name = ServerName::try_from(server_name.to_owned()).map_err(|_| invalid())?;
        let tls = ClientConnection::new(Arc::new(config()), name).map_err(ProbeError::Tls)?;
        Ok(Self { tls, stream, header, first: Vec::new(), write_closed: false })
    }

    /// Completes the handshake: the certificate of the server, the protocol that it chose, and the version of TLS.
    pub(super) fn handshake(&mut self) -> Result<(Vec<u8>, Option<String>, String), ProbeError> {
        while self.tls.is_handshaking() {
            if !self.exchange(Phase::Handshake)? {
                let before = self.first.is_empty();
                return Err(if before { ProbeError::ClosedBeforeTls } else { ProbeError::Closed(Phase::Handshake) });
            }
        }
        let leaf = self.tls.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
        let alpn = self.tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let tls = match self.tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        };
        Ok((leaf.ok_or(ProbeError::Tls(Error::NoCertificatesPresented))?, alpn, tls.to_owned()))
    }

    /// Takes bytes to be sent with the next exchange.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        // Its buffer takes more than a request.
        let _ = self.tls.writer().write_all(bytes);
    }

    /// Appends what was received; the number of bytes.
    pub(super) fn receive(&mut self, to: &mut Vec<u8>) -> usize {
        let (before, mut piece) = (to.len(), [0; 4096]);
        while let Ok(count @ 1..) = self.tls.reader().read(&mut piece) {
            to.extend_from_slice(&piece[..count]);
        }
        to.len() - before
    }

    /// Writes what is to be sent, then reads once; whether the server has not closed the connection.
    pub(super) fn exchange(&mut self, phase: Phase) -> Result<bool, ProbeError> {
        self.write(phase)?;
        let mut stream = Recorded { stream: &mut self.stream, first: &mut self.first };
        let count = match self.tls.read_tls(&mut stream) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) => return ProbeError::of_stream(error, phase).map_or(Ok(false), Err),
            Ok(count) => count,
        };
        if let Err(error) = self.tls.process_new_packets() {
            let error = ProbeError::of_tls(error, &self.first);
            // The server learns why, if it still listens.
            let _ = self.write(phase);
            return Err(error);
        }
        Ok(count > 0)
    }

    fn write(&mut self, phase: Phase) -> Result<(), ProbeError> {
        let mut bytes = std::mem::take(&mut self.header);
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).map_err(ProbeError::Stream)?;
        }
        if bytes.is_empty() || self.write_closed {
            return Ok(());
        }
        // At once, so that no segment waits for the acknowledgement of another.
        match self.stream.write_all(&bytes).and_then(|()| self.stream.flush()) {
            Ok(()) => Ok(()),
            Err(error) => match ProbeError::of_stream(error, phase) {
                Some(error) => Err(error),
                None => {
                    self.write_closed = true;
                    Ok(())
                }
            },
        }
    }
}

/// A stream of which the beginning is kept.
struct Recorded<'s, S> {
    stream: &'s mut S,
    first: &'s mut Vec<u8>,
}

impl<S: Read> Read for Recorded<'_, S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(bytes)?;
        let missing = FIRST - self.first.len();
        self.first.extend_from_slice(&bytes[..count.min(missing)]);
        Ok(count)
    }
}

/// What browsers offer, as far as HTTP/1.1 goes. Every handshake is a full one, so that the server shows its
/// certificate.
fn config() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyChain(provider.signature_verification_algorithms));
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("the provider has suites for every version");
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    config
}

/// Accepts every certificate, whoever issued it for whatever name: the caller compares it with the one that it
/// installed. That the server has its key is checked as always.
#[derive(Debug)]
struct AnyChain(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyChain {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
