//! What the rules about hosts look at: addresses, listeners, limits, and what nginx's configuration has besides
//! rendered files.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// A socket that takes TCP connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// Where.
    pub address: IpAddr,
    /// Where.
    pub port: u16,
    /// The name of the process; `?` if it is not known.
    pub program: String,
}

/// A server of nginx's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The file that it is in.
    pub file: String,
    /// What it listens on.
    pub listens: Vec<Listen>,
    /// Its names.
    pub names: Vec<String>,
}

/// What an nginx server listens on, for TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// `None` for all addresses.
    pub address: Option<String>,
    /// The port.
    pub port: u16,
    /// The other words, such as `ssl`.
    pub options: Vec<String>,
}

impl Listen {
    /// Whether connections have to begin with a PROXY header.
    pub fn is_proxied(&self) -> bool {
        self.has("proxy_protocol")
    }

    /// Whether it has this option.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|it| it == option)
    }

    /// The words after `listen`; `None` for a Unix socket and for QUIC.
    fn read(words: &[&str]) -> Option<Self> {
        let (first, options) = words.split_first()?;
        let options: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
        if first.starts_with("unix:") || options.iter().any(|it| it == "quic" || it == "udp") {
            return None;
        }
        // nginx's own default.
        let (address, port) = match first.rsplit_once(':') {
            _ if first.bytes().all(|byte| byte.is_ascii_digit()) => ("*", first.parse().ok()?),
            Some((address, port)) if !first.ends_with(']') => (address, port.parse().ok()?),
            _ => (*first, 80),
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let all = matches!(address, "*" | "0.0.0.0" | "::");
        Some(Self { address: (!all).then(|| address.to_owned()), port, options })
    }
}

/// nginx's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// `worker_connections`, if it is written.
    pub connections: Option<u64>,
    /// `worker_rlimit_nofile`, if it is written.
    pub rlimit: Option<u64>,
    /// Every server, those of rendered files too.
    pub blocks: Vec<Block>,
}

/// What a host tells for rules; a directory that represents a host tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The host's addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// Families, 4 and 6, of which programs may listen on other addresses.
    pub nonlocal: BTreeSet<u8>,
    /// Whether there is IPv6.
    pub ipv6: bool,
    /// From where the kernel would connect to servers of a balancer, each address with one of these servers.
    pub sources: Vec<(IpAddr, IpAddr)>,
    /// What listens.
    pub listening: Vec<Listening>,
    /// How many file descriptors a process of the program may open.
    pub nofile: Option<u64>,
    /// For how many seconds an app server has encrypted tickets with the same key.
    pub ring_age: Option<u64>,
    /// The SHA-256 of that key, in hexadecimal digits. Not a line of its own: it is told like that of any file.
    pub ring: Option<String>,
    /// The revision of the balancer's haproxy.cfg.
    pub revision: Option<String>,
    /// Files of the program's configuration that have changed since it loaded them.
    pub unread: Vec<String>,
    /// Of an app server.
    pub nginx: Configuration,
}

impl Facts {
    /// Reads a line that the script on the host wrote.
    pub(super) fn line(&mut self, words: &[&str]) -> Option<()> {
        match *words {
            ["address", address] => {
                self.addresses.insert(address.parse().ok()?);
            }
            ["nonlocal", family] => {
                self.nonlocal.insert(family.parse().ok()?);
            }
            ["ipv6"] => self.ipv6 = true,
            ["source", from, server] => self.sources.push((from.parse().ok()?, server.parse().ok()?)),
            ["listening", address, port, ref program @ ..] if !program.is_empty() => self.listening.push(Listening {
                address: address.parse().ok()?,
                port: port.parse().ok()?,
                program: program.join(" "),
            }),
            ["nofile", limit] => self.nofile = Some(limit.parse().ok()?),
            ["ring", age] => self.ring_age = Some(age.parse().ok()?),
            ["revision", revision] => self.revision = Some(revision.to_owned()),
            ["connections", number] => self.nginx.connections = Some(number.parse().ok()?),
            ["rlimit", number] => self.nginx.rlimit = Some(number.parse().ok()?),
            ["block", file] => self.nginx.blocks.push(Block { file: file.to_owned(), ..Block::default() }),
            ["listen", ref words @ ..] => {
                let block = self.nginx.blocks.last_mut()?;
                block.listens.extend(Listen::read(words));
            }
            ["names", ref names @ ..] => {
                let block = self.nginx.blocks.last_mut()?;
                block.names.extend(names.iter().map(|name| name.to_ascii_lowercase()));
            }
            ["unread", file] => self.unread.push(file.to_owned()),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Option<Facts> {
        let mut facts = Facts::default();
        for line in text.lines() {
            facts.line(&line.split(' ').collect::<Vec<_>>())?;
        }
        Some(facts)
    }

    #[test]
    fn what_a_host_tells_is_read() {
        let seen = facts(
            "address 10.0.0.11\naddress fd00::2\nnonlocal 4\nipv6\nsource 10.0.0.11 10.0.0.1\nlistening 0.0.0.0 443 nginx: a b\n\
             listening :: 443 nginx\nnofile 1024\nring 60\nrevision 0123456789ab\nconnections 768\nrlimit 4096\nblock /etc/nginx/a.conf\n\
             listen 443 ssl proxy_protocol\nlisten [::]:443 ssl\nnames Example.com *.example.com\n\
             block /etc/nginx/b.conf\nlisten unix:/run/a.sock\nunread /etc/nginx/a.conf",
        )
        .unwrap();
        assert_eq!((seen.addresses.len(), seen.nonlocal.len(), seen.ipv6), (2, 1, true));
        assert_eq!((seen.listening.len(), seen.listening[0].program.as_str()), (2, "nginx: a b"));
        assert_eq!(seen.sources, [("10.0.0.11".parse().unwrap(), "10.0.0.1".parse().unwrap())]);
        let nginx = seen.nginx;
        assert_eq!((seen.nofile, nginx.connections, nginx.rlimit), (Some(1024), Some(768), Some(4096)));
        assert_eq!((seen.ring_age, seen.revision.as_deref()), (Some(60), Some("0123456789ab")));
        assert_eq!(seen.unread, ["/etc/nginx/a.conf"]);
        let proxied: Vec<bool> = nginx.blocks[0].listens.iter().map(Listen::is_proxied).collect();
        assert_eq!((proxied, nginx.blocks[1].listens.len()), (vec![true, false], 0));
        assert_eq!(nginx.blocks[0].names, ["example.com", "*.example.com"]);
        for wrong in [
            "address a",
            "listening 0.0.0.0 443",
            "source 10.0.0.11",
            "names a",
            "listen 80",
            "nofile many",
            "block",
            "x",
        ] {
            assert_eq!(facts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_and_ports_are_told_apart() {
        for (words, expected) in [
            ("443", Some((None, 443))),
            ("*:8443", Some((None, 8443))),
            ("[::]:443", Some((None, 443))),
            ("0.0.0.0:443", Some((None, 443))),
            ("10.0.0.1:443", Some((Some("10.0.0.1"), 443))),
            ("10.0.0.1", Some((Some("10.0.0.1"), 80))),
            ("[fd00::1]", Some((Some("fd00::1"), 80))),
            ("[fd00::1]:444", Some((Some("fd00::1"), 444))),
            ("localhost", Some((Some("localhost"), 80))),
            ("unix:/a:b", None),
        ] {
            let found = Listen::read(&[words]);
            assert_eq!(found.as_ref().map(|it| (it.address.as_deref(), it.port)), expected, "{words}");
        }
        assert_eq!(Listen::read(&["443", "quic"]), None);
    }
}
