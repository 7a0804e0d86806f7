//! Addresses, networks and ports.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{AbsolutePath, Integer, Refusal, Scalar};
use crate::diagnostic::Code;

/// The address of a host: one that a machine can have and another can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Address {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let Ok(address) = text.parse::<IpAddr>() else { return Err(not_an_address(text)) };
        let special = |what: &str, help: &str| Err(Refusal::new(Code::AD12, what, help));
        match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
                special("is an IPv4 address in IPv6 clothing", "write the IPv4 address itself")
            }
            a if a.is_unspecified() => special("stands for every address", "write the host's own address"),
            a if a.is_loopback() => {
                special("is the loopback, which no other host reaches", "write the host's own address")
            }
            a if a.is_multicast() => special("is a multicast address", "write the host's own address"),
            IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0 || v4.octets()[0] >= 240 => {
                special("is an address that no host has", "write the host's own address")
            }
            IpAddr::V6(v6) if v6.is_unicast_link_local() => special(
                "is link-local, which needs an interface to mean anything",
                "write the host's global or unique local address",
            ),
            address => Ok(Self(address)),
        }
    }
}

fn not_an_address(text: &str) -> Refusal {
    if text.parse::<IpNet>().is_ok() {
        let bare = text.split('/').next().unwrap_or_default();
        return Refusal::invalid("is a network, not an address", format!("write `{bare}`"));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        let help = format!("write `{}`; ports are set by `haproxy.port` and `nginx.port`", socket.ip());
        return Refusal::invalid("is an address with a port", help);
    }
    // The whole is no address: either its end is too long for a group, or there is one too many.
    let unbracketed = text.rsplit_once(':').is_some_and(|(address, port)| {
        Port::parse(port).is_ok() && (port.len() > 4 || address.parse::<std::net::Ipv6Addr>().is_ok())
    });
    if unbracketed && text.matches(':').count() > 1 {
        let help = "write the address alone; ports are set by `haproxy.port` and `nginx.port`";
        return Refusal::new(Code::AD04, "is an IPv6 address with a port but without brackets", help);
    }
    let octets: Vec<&str> = text.split('.').collect();
    if octets.len() == 4 && octets.iter().all(|o| o.bytes().all(|b| b.is_ascii_digit()) && !o.is_empty()) {
        if octets.iter().any(|o| o.len() > 1 && o.starts_with('0')) {
            let help = "write it without leading zeros: some programs take them for octal";
            return Refusal::invalid("is an address with leading zeros", help);
        }
        return Refusal::invalid("is not an IP address", "each of its four numbers is at most 255");
    }
    if text.chars().any(|c| c.is_ascii_alphabetic()) && !text.contains(':') {
        let help = "write the address: a name would be resolved once, at start, and again only at the next";
        return Refusal::new(Code::AD10, "is a name, not an IP address", help);
    }
    Refusal::invalid("is not an IP address", "write it like `10.0.0.10` or `2001:db8::10`")
}

/// A network whose host bits are zero, or a single address as /32 or /128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(pub IpNet);

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Cidr {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::invalid("is not a CIDR", "write it like `10.0.0.10/32` or `2001:db8::/64`");
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| invalid())?,
        };
        if net.prefix_len() == 0 {
            let help =
                "name the balancers' own addresses: with this, anybody who reaches nginx can claim any client address";
            return Err(Refusal::new(Code::PX07, "trusts every address there is", help));
        }
        if net.network() != net.addr() {
            let whole = net.max_prefix_len();
            let help =
                format!("write `{}/{whole}` for the one address or `{}` for the network", net.addr(), net.trunc());
            return Err(Refusal::new(Code::AD11, "has bits set behind its prefix", help));
        }
        if matches!(net.addr(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(Refusal::new(
                Code::AD12,
                "is an IPv4 network in IPv6 clothing",
                "write the IPv4 network itself",
            ));
        }
        Ok(Self(net))
    }
}

/// A TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u16);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Port {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let port = u16::try_from(Integer::parse(text)?.0).ok().filter(|p| *p > 0);
        port.map(Self).ok_or_else(|| Refusal::invalid("is not a port", "ports are 1 to 65535"))
    }
}

/// Where haproxy sends its logs: a socket on the host, or a syslog server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogTarget {
    /// The path of a datagram socket.
    Socket(AbsolutePath),
    /// A syslog server's address and UDP port.
    Server(SocketAddr),
}

impl fmt::Display for LogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => path.fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}

impl Scalar for LogTarget {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text.starts_with('/') {
            let path = AbsolutePath::parse(text)?;
            // haproxy keeps 11 of the 108 bytes of a socket's address for a suffix of its own.
            if path.as_str().len() > 97 {
                let what = format!("is {} bytes long", path.as_str().len());
                return Err(Refusal::invalid(what, "haproxy takes at most 97 bytes for the path of a log socket"));
            }
            if path.as_str().contains([':', ',', '@', '%']) {
                return Err(Refusal::invalid("is not the path of a log socket", "write a path such as `/dev/log`"));
            }
            return Ok(Self::Socket(path));
        }
        let server: SocketAddr = text.parse().map_err(|_| {
            Refusal::invalid(
                "is neither a path nor `address:port`",
                "write `/dev/log`, `10.0.0.5:514` or `[2001:db8::5]:514`",
            )
        })?;
        // A syslog server may run on the balancer itself.
        if !server.ip().is_loopback() {
            Address::parse(&server.ip().to_string())?;
        }
        Port::parse(&server.port().to_string())?;
        Ok(Self::Server(server))
    }
}
