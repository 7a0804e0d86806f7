//! The PROXY protocol's header, which a balancer sends before anything of its client's.

use std::net::{IpAddr, SocketAddr};

/// The form of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// A header that says who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Its form.
    pub version: ProxyVersion,
    /// The client.
    pub source: SocketAddr,
    /// What the client connected to.
    pub destination: SocketAddr,
}

/// What version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, for a connection on behalf of another.
const PROXIED: u8 = 0x21;
/// Protocols, as version 2 numbers them.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

impl ProxyHeader {
    /// The header as it is sent. Both addresses are of one family: with one of IPv6, the other is mapped.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let (from, to) = match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(from), IpAddr::V6(to)) => (from.to_ipv6_mapped().into(), to.into()),
            (IpAddr::V6(from), IpAddr::V4(to)) => (from.into(), to.to_ipv6_mapped().into()),
            same => same,
        };
        let ports = (self.source.port(), self.destination.port());
        match self.version {
            ProxyVersion::V1 => text(from, to, ports),
            ProxyVersion::V2 => binary(from, to, ports),
        }
    }
}

fn text(from: IpAddr, to: IpAddr, (from_port, to_port): (u16, u16)) -> Vec<u8> {
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n").into_bytes()
}

fn binary(from: IpAddr, to: IpAddr, (from_port, to_port): (u16, u16)) -> Vec<u8> {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let addresses =
        [octets(from), octets(to), from_port.to_be_bytes().to_vec(), to_port.to_be_bytes().to_vec()].concat();
    let (protocol, length) = if from.is_ipv4() { (TCP4, 12_u16) } else { (TCP6, 36) };
    [SIGNATURE, &[PROXIED, protocol], &length.to_be_bytes(), &addresses].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(version: ProxyVersion, source: &str, destination: &str) -> Vec<u8> {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        ProxyHeader { version, source, destination }.bytes()
    }

    #[test]
    fn text_is_a_line() {
        for (source, destination, line) in [
            ("203.0.113.7:4711", "10.0.0.11:443", "PROXY TCP4 203.0.113.7 10.0.0.11 4711 443\r\n"),
            ("[2001:db8::7]:1", "[fd00::11]:65535", "PROXY TCP6 2001:db8::7 fd00::11 1 65535\r\n"),
            ("203.0.113.7:4711", "[fd00::11]:443", "PROXY TCP6 ::ffff:203.0.113.7 fd00::11 4711 443\r\n"),
            ("[2001:db8::7]:4711", "10.0.0.11:443", "PROXY TCP6 2001:db8::7 ::ffff:10.0.0.11 4711 443\r\n"),
        ] {
            assert_eq!(String::from_utf8(bytes(ProxyVersion::V1, source, destination)).unwrap(), line);
        }
    }

    #[test]
    fn the_binary_form_has_fixed_places() {
        let head = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21";
        let four = bytes(ProxyVersion::V2, "203.0.113.7:4711", "10.0.0.11:443");
        let rest = b"\x11\x00\x0c\xcb\x00\x71\x07\x0a\x00\x00\x0b\x12\x67\x01\xbb";
        assert_eq!(four, [&head[..], rest].concat());
        let rest = b"\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\
                     \xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\x00\x01\xff\xff";
        assert_eq!(bytes(ProxyVersion::V2, "[2001:db8::7]:1", "[fd00::11]:65535"), [&head[..], rest].concat());
        let rest = b"\x21\x00\x24\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x07\
                     \xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\x12\x67\x01\xbb";
        assert_eq!(bytes(ProxyVersion::V2, "203.0.113.7:4711", "[fd00::11]:443"), [&head[..], rest].concat());
    }
}
