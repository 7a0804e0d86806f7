//! Addresses, networks and ports.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::{AbsolutePath, Integer, Refusal, Scalar};
use crate::diagnostic::{Applicability, Code};

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
    if let Ok(net) = text.parse::<IpNet>() {
        return a_network(net);
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Refusal::invalid("is an address with a port", without_port(&format!("`{}`", socket.ip())))
            .instead(Applicability::Unsafe, socket.ip().to_string());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Some(bare) = bare.filter(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
        return Refusal::invalid("has brackets, which only a port needs", format!("write `{bare}`"))
            .instead(Applicability::Safe, bare);
    }
    // The whole is no address: either its end is too long for a group, or there is one too many.
    if let Some((address, port)) = text.rsplit_once(':').filter(|(_, port)| Port::inside(port).is_some()) {
        const WHAT: &str = "is an IPv6 address with a port but without brackets";
        if address.parse::<Ipv6Addr>().is_ok() {
            let unbracketed = Refusal::new(Code::AD04, WHAT, without_port(&format!("`{address}`")));
            return unbracketed.instead(Applicability::Unsafe, address);
        }
        if port.len() > 4 && address.contains(':') {
            return Refusal::new(Code::AD04, WHAT, without_port("the address alone"));
        }
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
    Refusal::invalid("is not an IP address", "write it like `10.0.0.10` or `fd00::10`")
}

/// A network in the place of an address: `ip addr` shows a host's own address like this.
fn a_network(net: IpNet) -> Refusal {
    const WHAT: &str = "is a network, not an address";
    let bare = net.addr();
    if net.prefix_len() == net.max_prefix_len() {
        return Refusal::invalid(WHAT, format!("write `{bare}`")).instead(Applicability::Safe, bare.to_string());
    }
    if net.network() == bare {
        return Refusal::invalid(WHAT, format!("write the address that the host has in `{net}`"));
    }
    Refusal::invalid(WHAT, format!("write `{bare}`")).instead(Applicability::Unsafe, bare.to_string())
}

fn without_port(address: &str) -> String {
    format!("write {address}; ports are set by `haproxy.port` and `nginx.port`")
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
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| not_a_cidr(text))?,
        };
        if net.prefix_len() == 0 {
            let help =
                "name the balancers' own addresses: with this, anybody who reaches nginx can claim any client address";
            return Err(Refusal::new(Code::PX07, "trusts every address there is", help));
        }
        if net.network() != net.addr() {
            let whole = net.max_prefix_len();
            let network = net.trunc().to_string();
            let help = format!("write `{}/{whole}` for the one address or `{network}` for the network", net.addr());
            let refusal = Refusal::new(Code::AD11, "has bits set behind its prefix", help);
            // That is what nginx makes of it; whether it was meant, nobody can tell.
            let sound = Self::parse(&network).is_ok();
            return Err(if sound { refusal.instead(Applicability::Unsafe, network) } else { refusal });
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

/// What is neither an address nor a network: mostly a netmask in the place of a prefix length.
fn not_a_cidr(text: &str) -> Refusal {
    let masked = text.split_once('/').and_then(|(address, mask)| {
        let mask = mask.parse::<IpAddr>().ok()?;
        IpNet::with_netmask(address.parse::<IpAddr>().ok()?, mask).ok()
    });
    match masked.filter(|net| Cidr::parse(&net.to_string()).is_ok()) {
        Some(net) => Refusal::invalid("has a netmask, not a prefix length", format!("write `{net}`"))
            .instead(Applicability::Safe, net.to_string()),
        None => Refusal::invalid("is not a CIDR", "write it like `10.0.0.10/32` or `fd00::/64`"),
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

impl Port {
    /// The port behind an address: digits without leading zeros.
    pub(super) fn inside(text: &str) -> Option<Self> {
        Integer::inside(text).and_then(|_| Self::parse(text).ok())
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
            let path = AbsolutePath::parse(text).map_err(Refusal::of_no_certificate)?;
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
                "write `/dev/log`, `10.0.0.5:514` or `[fd00::5]:514`",
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
