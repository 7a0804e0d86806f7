//! The server of nginx that tells the host itself which revision it runs, as a rendered file has it.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Probe, ProbeError, ProxyHeader, ProxyVersion, first_line};
use crate::config::nginx;
use crate::inventory::types::REVISION_NAME;

/// Where nginx tells its revision, and which one the file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionServer {
    /// The revision of the file.
    pub revision: String,
    /// Where it listens, as the host itself connects to it.
    pub addresses: Vec<SocketAddr>,
    /// Whether connections begin with a PROXY header.
    proxied: bool,
}

/// What comes after the revision in the answer.
const TOLD: &str = " $pid\n";
/// How many digits a revision has.
const DIGITS: usize = 12;

impl RevisionServer {
    /// Finds the first one in a rendered file. `None` for files that were rendered before there was one.
    pub fn find(conf: &str) -> Option<Self> {
        let (file, _) = nginx::File::read_until_error(conf);
        let server =
            file.statements.iter().find(|it| it.name() == "server" && it.values("server_name").eq([REVISION_NAME]))?;
        let mut answers = server.named("location").flat_map(|location| location.values("return"));
        let revision = answers.find_map(|answer| answer.strip_suffix(TOLD))?;
        let listens = || server.named("listen").map(|listen| listen.arguments());
        let addresses: Vec<_> = listens().filter_map(|listen| socket(&listen.first()?.value)).collect();
        let proxied = listens().any(|listen| listen.iter().any(|word| word.is("proxy_protocol")));
        let is_revision = revision.len() == DIGITS && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_revision && !addresses.is_empty()).then(|| Self { revision: revision.to_owned(), addresses, proxied })
    }

    /// Asks over a connection that the host itself has made to `to`: the revision that nginx runs, or the status of
    /// another answer.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(&self, stream: impl Read + Write, to: SocketAddr) -> Result<Result<String, u16>, ProbeError> {
        let header = ProxyHeader { version: ProxyVersion::V1, source: to, destination: to };
        let probe = Probe {
            proxy: self.proxied.then_some(header),
            server_name: REVISION_NAME.to_owned(),
            path: "/".to_owned(),
            host_header: REVISION_NAME.to_owned(),
        };
        let (status, line) = first_line(stream, &probe)?;
        let revision = line.split(' ').next().filter(|it| status == 200 && it.len() == DIGITS);
        Ok(revision.map(str::to_owned).ok_or(status))
    }
}

/// Where a host connects to reach what listens here.
fn socket(listen: &str) -> Option<SocketAddr> {
    if let Ok(port) = listen.parse() {
        return Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    }
    let address: SocketAddr = listen.parse().ok()?;
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Some(SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "\nserver {\n    listen 8443 ssl proxy_protocol;\n    listen [::]:8443 ssl proxy_protocol;\n    \
        server_name revision.sslscale.invalid;\n    location = / {\n        return 200 \"0123456789ab $pid\\n\";\n    }\n}\n";

    #[test]
    fn the_server_is_found_in_a_file() {
        let site =
            "\nserver {\n    listen 443 ssl;\n    server_name a.test;\n    return 200 \"ba9876543210 $pid\\n\";\n}\n";
        let found = RevisionServer::find(&format!("# Head\n{site}{BLOCK}{site}")).unwrap();
        let addresses = ["127.0.0.1:8443", "[::1]:8443"].map(|it| it.parse().unwrap()).to_vec();
        assert_eq!(found, RevisionServer { revision: "0123456789ab".to_owned(), addresses, proxied: true });
        let plain =
            RevisionServer::find(&BLOCK.replace(" proxy_protocol", "").replace("8443 ssl", "10.0.0.1:8443 ssl"));
        let plain = plain.unwrap();
        assert_eq!((plain.addresses[0].to_string().as_str(), plain.proxied), ("10.0.0.1:8443", false));
        for wrong in
            [site.to_owned(), BLOCK.replace("0123456789ab", "0123"), BLOCK.replace("listen ", "# "), String::new()]
        {
            assert_eq!(RevisionServer::find(&wrong), None, "{wrong}");
        }
    }
}
