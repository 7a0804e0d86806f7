//! Addresses, networks and ports.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::{AbsolutePath, Flaw, Integer, Scalar, ValueError};
use crate::diagnostic::Applicability;

/// The address of a host, which other hosts can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Address {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let Ok(address) = text.parse::<IpAddr>() else { return Err(not_an_address(text)) };
        let special = |what: &str, help: &str| Err(ValueError::new(Flaw::SpecialAddress, what, help));
        match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
                special("is an IPv4-mapped IPv6 address", "write it as an IPv4 address")
            }
            a if a.is_unspecified() => special("is the unspecified address", "write the host's own address"),
            a if a.is_loopback() => {
                special("is a loopback address, which no other host can reach", "write the host's own address")
            }
            a if a.is_multicast() => special("is a multicast address", "write the host's own address"),
            IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0 || v4.octets()[0] >= 240 => {
                special("is a reserved address, which no host can have", "write the host's own address")
            }
            IpAddr::V6(v6) if v6.is_unicast_link_local() => special(
                "is a link-local address, which is only valid together with an interface",
                "write the host's global or unique local address",
            ),
            address => Ok(Self(address)),
        }
    }
}

/// The same text without the zone of an IPv6 address, such as `%3`, if it has one.
pub(super) fn without_zone(text: &str) -> Option<String> {
    let (before, rest) = text.split_once('%')?;
    let address = before.rsplit(['[', '/']).next().unwrap_or(before);
    address.parse::<Ipv6Addr>().ok()?;
    let end = rest.find([']', '/']).unwrap_or(rest.len());
    Some(format!("{before}{}", &rest[end..]))
}

/// The error for an IPv6 address with a zone. nginx and haproxy do not read zones, and Rust reads those that
/// are numbers. `fits` says what the type accepts.
pub(super) fn zoned(text: &str, fits: impl Fn(&str) -> bool) -> Option<ValueError> {
    const WHY: &str = "a zone names an interface of one host, and haproxy and nginx do not support it";
    let bare = without_zone(text)?;
    let inside = bare.trim_matches(['[', ']']).to_owned();
    let sound = [bare, inside].into_iter().find(|text| fits(text));
    // Without its zone, a link-local address is refused as well.
    let help = sound.map_or_else(
        || format!("write a global or unique local address, without a zone: {WHY}"),
        |text| format!("write `{text}`: {WHY}"),
    );
    Some(ValueError::malformed("has an IPv6 zone", help))
}

fn not_an_address(text: &str) -> ValueError {
    if let Some(zoned) = zoned(text, |text| Address::parse(text).is_ok()) {
        return zoned;
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return a_network(net);
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return ValueError::malformed("is an address with a port", without_port(&format!("`{}`", socket.ip())))
            .replaced_by(Applicability::Unsafe, socket.ip().to_string());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Some(bare) = bare.filter(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
        return ValueError::malformed("has brackets but no port", format!("write `{bare}`"))
            .replaced_by(Applicability::Safe, bare);
    }
    // Not an address as a whole: the last group is too long, or there is one group too many.
    if let Some((address, port)) = text.rsplit_once(':').filter(|(_, port)| Port::inside(port).is_some()) {
        const WHAT: &str = "is an IPv6 address with a port but without brackets";
        if address.parse::<Ipv6Addr>().is_ok() {
            let unbracketed = ValueError::new(Flaw::UnbracketedIpv6, WHAT, without_port(&format!("`{address}`")));
            return unbracketed.replaced_by(Applicability::Unsafe, address);
        }
        if port.len() > 4 && address.contains(':') {
            return ValueError::new(Flaw::UnbracketedIpv6, WHAT, without_port("the address alone"));
        }
    }
    let octets: Vec<&str> = text.split('.').collect();
    if octets.len() == 4 && octets.iter().all(|o| o.bytes().all(|b| b.is_ascii_digit()) && !o.is_empty()) {
        if octets.iter().any(|o| o.len() > 1 && o.starts_with('0')) {
            let help = "remove the leading zeros: some programs read them as octal";
            return ValueError::malformed("is an address with leading zeros", help);
        }
        return ValueError::malformed("is not an IP address", "each of the four numbers must be at most 255");
    }
    if is_name(text) {
        let help = "write the address: haproxy and nginx resolve a name only once, when they start";
        return ValueError::new(Flaw::HostName, "is a name, not an IP address", help);
    }
    ValueError::malformed("is not an IP address", "write an address such as `10.0.0.10` or `fd00::10`")
}

/// A network where an address belongs: `ip addr` shows a host's address like this.
fn a_network(net: IpNet) -> ValueError {
    const WHAT: &str = "is a network, not an address";
    let bare = net.addr();
    if net.prefix_len() == net.max_prefix_len() {
        return ValueError::malformed(WHAT, format!("write `{bare}`"))
            .replaced_by(Applicability::Safe, bare.to_string());
    }
    if net.network() == bare {
        return ValueError::malformed(WHAT, format!("write the address that the host has in `{net}`"));
    }
    ValueError::malformed(WHAT, format!("write `{bare}`")).replaced_by(Applicability::Unsafe, bare.to_string())
}

fn without_port(address: &str) -> String {
    format!("write {address}; set ports with `haproxy.port` and `nginx.port`")
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
    fn parse(text: &str) -> Result<Self, ValueError> {
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| not_a_cidr(text))?,
        };
        if net.prefix_len() == 0 {
            let help =
                "list the balancers' addresses: with this, anyone who can reach nginx can claim any client address";
            return Err(ValueError::new(Flaw::EveryAddress, "trusts every address", help));
        }
        if net.network() != net.addr() {
            let whole = net.max_prefix_len();
            let network = net.trunc().to_string();
            let help = format!("write `{}/{whole}` for this address alone, or `{network}` for the network", net.addr());
            let error = ValueError::new(Flaw::HostBits(net), "has bits set after its prefix", help);
            // nginx reads it as the network, which may not be what was meant.
            let sound = Self::parse(&network).is_ok();
            return Err(if sound { error.replaced_by(Applicability::Unsafe, network) } else { error });
        }
        if matches!(net.addr(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(ValueError::new(
                Flaw::SpecialAddress,
                "is an IPv4-mapped IPv6 network",
                "write it as an IPv4 network",
            ));
        }
        Ok(Self(net))
    }
}

/// Neither an address nor a network: mostly a netmask instead of a prefix length.
fn not_a_cidr(text: &str) -> ValueError {
    if let Some(zoned) = zoned(text, |text| Cidr::parse(text).is_ok()) {
        return zoned;
    }
    let masked = text.split_once('/').and_then(|(address, mask)| {
        let mask = mask.parse::<IpAddr>().ok()?;
        IpNet::with_netmask(address.parse::<IpAddr>().ok()?, mask).ok()
    });
    match masked.filter(|net| Cidr::parse(&net.to_string()).is_ok()) {
        Some(net) => ValueError::malformed("has a netmask instead of a prefix length", format!("write `{net}`"))
            .replaced_by(Applicability::Safe, net.to_string()),
        None if is_name(text) => ValueError::new(
            Flaw::HostName,
            "is a name, not an address",
            "write the address: nginx resolves a name only once, when it starts",
        ),
        None => ValueError::malformed("is not a network", "write a network such as `10.0.0.10/32` or `fd00::/64`"),
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
    fn parse(text: &str) -> Result<Self, ValueError> {
        let port = u16::try_from(Integer::parse(text)?.0).ok().filter(|p| *p > 0);
        port.map(Self).ok_or_else(|| ValueError::malformed("is not a port", "write a port from 1 to 65535"))
    }
}

impl Port {
    /// The port after an address: digits without leading zeros.
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
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.starts_with('/') {
            if text.contains([':', ',', '@', '%']) {
                return Err(ValueError::malformed(
                    "is not the path of a log socket",
                    "write a path such as `/dev/log`",
                ));
            }
            let path = AbsolutePath::parse(text).map_err(|error| match error.flaw {
                Flaw::PathForm => {
                    ValueError { help: "write the path of a socket, such as `/dev/log`".to_owned(), ..error }
                }
                _ => error,
            })?;
            // haproxy reserves 11 of the 108 bytes of a socket's address for a suffix.
            if path.as_str().len() > 97 {
                let what = format!("is {} bytes long", path.as_str().len());
                return Err(ValueError::malformed(what, "haproxy allows at most 97 bytes in the path of a log socket"));
            }
            return Ok(Self::Socket(path));
        }
        if let Some(zoned) = zoned(text, |text| Self::parse(text).is_ok()) {
            return Err(zoned);
        }
        if let "off" | "no" | "none" | "false" | "null" | "stdout" | "stderr" = text.to_ascii_lowercase().as_str() {
            let what = "is neither a log socket nor a syslog server: haproxy's log cannot be turned off or printed";
            return Err(ValueError::malformed(what, "write `/dev/log`, `10.0.0.5:514` or `[fd00::5]:514`"));
        }
        let server: SocketAddr = text.parse().map_err(|_| not_a_log_target(text))?;
        // A syslog server may run on the balancer itself.
        if !server.ip().is_loopback() {
            Address::parse(&server.ip().to_string())?;
        }
        Port::parse(&server.port().to_string()).map_err(|error| {
            let usual = SocketAddr::new(server.ip(), 514);
            ValueError { help: format!("write a port from 1 to 65535 after the address, such as `{usual}`"), ..error }
        })?;
        Ok(Self::Server(server))
    }
}

fn not_a_log_target(text: &str) -> ValueError {
    const HELP: &str = "write `/dev/log`, `10.0.0.5:514` or `[fd00::5]:514`";
    let bare = text.rsplit_once(':').map_or(text, |(host, _)| host);
    if bare.parse::<Ipv6Addr>().is_ok() {
        ValueError::new(Flaw::UnbracketedIpv6, "is an IPv6 address with a port but without brackets", HELP)
    } else if is_name(bare) {
        ValueError::new(Flaw::HostName, "has a host name instead of an address", HELP)
    } else {
        ValueError::malformed("is neither a path nor `address:port`", HELP)
    }
}

/// Whether a text that is no address is a host name.
fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.chars().all(known) && text.contains(|c: char| c.is_ascii_alphabetic())
}
