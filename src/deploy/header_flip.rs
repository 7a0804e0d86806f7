//! PROXY headers that a deploy would turn on or off on a port in use. A program takes or sends connections with a
//! header or without one on a port, and balancers and app servers cannot change at the same instant.

use std::collections::BTreeMap;

use crate::config::{haproxy, nginx};

/// A port on which the header would be turned on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFlip {
    /// The port of the app servers.
    pub port: u16,
    /// Whether it would be turned on.
    pub on: bool,
}

/// The first flip between two rendered files of nginx or of haproxy.
pub fn header_flip(old: &str, new: &str) -> Option<HeaderFlip> {
    let sockets = if nginx::File::read(new).is_ok() { listens } else { servers };
    let (old, new) = (sockets(old), sockets(new));
    new.iter().find_map(|(socket, on)| {
        let port = socket.rsplit(':').next()?.parse().ok()?;
        old.get(socket).filter(|before| *before != on).map(|_| HeaderFlip { port, on: *on })
    })
}

/// Whether with a header: what nginx listens on.
fn listens(text: &str) -> BTreeMap<String, bool> {
    let (file, _) = nginx::File::read_until_error(text);
    let mut sockets = BTreeMap::new();
    file.visit(|_, statement| {
        if let ("listen", [socket, options @ ..]) = (statement.name(), statement.arguments()) {
            sockets.insert(socket.value.to_string(), options.iter().any(|it| it.is("proxy_protocol")));
        }
    });
    sockets
}

/// The same, with what haproxy connects to.
fn servers(text: &str) -> BTreeMap<String, bool> {
    let file = haproxy::File::read(text);
    // What other servers expect is not sslscale's to change.
    let ours = file.lines_for_app_servers();
    let servers = ours.filter(|(_, line)| line.keyword() == "server").filter_map(|(_, line)| {
        let [_, address, options @ ..] = line.arguments() else { return None };
        Some((address.value.to_string(), options.iter().any(|it| it.value.starts_with("send-proxy"))))
    });
    servers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_is_on_a_port_that_both_files_have() {
        let nginx = |listen: &str| format!("server {{\n    listen {listen};\n    listen [::]:{listen};\n}}\n");
        let haproxy = |servers: &str| {
            format!("backend b\n    server srv1 10.0.0.11:{servers}\n    server srv2 [fd00::1]:{servers}\n")
        };
        let flip = |port, on| Some(HeaderFlip { port, on });
        for (old, new, wanted) in [
            ("443 ssl proxy_protocol", "443 ssl", flip(443, false)),
            ("443 ssl", "443 ssl http2 proxy_protocol default_server", flip(443, true)),
            ("443 ssl proxy_protocol", "443 ssl http2 proxy_protocol", None),
            ("443 ssl proxy_protocol", "8443 ssl", None),
            ("443", "443 ssl", None),
        ] {
            assert_eq!(header_flip(&nginx(old), &nginx(new)), wanted, "{old} {new}");
            assert_eq!(header_flip("", &nginx(new)), None);
            assert_eq!(header_flip(&nginx(old), ""), None);
        }
        // What a deploy that was cut short has left.
        let both = nginx("443 ssl proxy_protocol") + &nginx("8443 ssl");
        assert_eq!(header_flip(&both, &nginx("8443 ssl")), None);
        assert_eq!(header_flip(&both, &nginx("443 ssl proxy_protocol")), None);
        assert_eq!(header_flip(&both, &nginx("8443 ssl proxy_protocol")), flip(8443, true));
        for (old, new, wanted) in [
            ("443 send-proxy", "443", flip(443, false)),
            ("443 weight 3", "443 send-proxy-v2", flip(443, true)),
            ("443 send-proxy", "443 send-proxy-v2 weight 3", None),
            ("443 send-proxy", "8443", None),
        ] {
            assert_eq!(header_flip(&haproxy(old), &haproxy(new)), wanted, "{old} {new}");
            let other = |servers: &str| {
                haproxy(servers)
                    .replace("\n    server srv1", "\n    description servers that are not app servers\n    server srv1")
            };
            assert_eq!(header_flip(&other(old), &other(new)), None);
        }
    }
}
