//! How hosts are reached over SSH. These values become words of `ssh`, so none may look like an option.

use std::fmt;

use super::{Port, Scalar, ValueError};

/// A login name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshUser(Box<str>);

/// Where `ssh` connects to: a name, an alias of `ssh_config`, or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshHost(Box<str>);

/// Jump hosts, as `ssh -J` takes them: `host`, `user@host:port`, several with commas; or `none`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JumpHosts(Box<str>);

/// A public key of a host: the kind, and the key in base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey {
    kind: &'static str,
    text: Box<str>,
}

/// Kinds of host keys that OpenSSH has.
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

text!(SshUser, SshHost, JumpHosts);

fn is_user(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A name, an IPv4 address, or an IPv6 address without brackets.
fn is_host(text: &str) -> bool {
    let name = text.len() <= 253
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    name || text.parse::<std::net::Ipv6Addr>().is_ok()
}

impl Scalar for SshUser {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if is_user(text) {
            return Ok(Self(text.into()));
        }
        let help = match text.split_once('@').filter(|(user, _)| is_user(user)) {
            Some((user, _)) => format!("write `{user}`; where to connect to is `host`"),
            None => "write a login name, such as `root`".to_owned(),
        };
        Err(ValueError::malformed("is not a login name", help))
    }

    fn instead(text: &str) -> Option<String> {
        let is_padded = text.trim() != text && is_user(text.trim());
        Some(if is_padded {
            format!("write `{}`", text.trim())
        } else {
            "write a login name, such as `root`".to_owned()
        })
    }
}

impl Scalar for SshHost {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if is_host(text) {
            return Ok(Self(text.into()));
        }
        let bare = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let bare = bare.split_once(':').map_or(bare, |(host, _)| host);
        let help = match is_host(bare) {
            true => format!("write `{bare}`; the login is `user`, the port is `port`"),
            false => "write a name, an alias of `ssh_config`, or an address, such as `srv1.example.com`".to_owned(),
        };
        Err(ValueError::malformed("is not a name or address", help))
    }
}

/// Whether `ssh -J` takes this for one host.
fn is_jump(text: &str) -> bool {
    let (user, place) = text.rsplit_once('@').map_or((None, text), |(user, place)| (Some(user), place));
    let place = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':'), rest)),
        None => Some(match place.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port), ""),
            _ => (place, None, ""),
        }),
    };
    let fits = |(host, port, rest): (&str, Option<&str>, &str)| {
        is_host(host) && port.is_none_or(|port| Port::parse(port).is_ok()) && (port.is_some() || rest.is_empty())
    };
    user.is_none_or(is_user) && place.is_some_and(fits)
}

impl Scalar for JumpHosts {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.split(',').all(is_jump) {
            return Ok(Self(text.into()));
        }
        let help = "write it as for `ssh -J`: `bastion`, `user@bastion:2222`, several with commas, or `none`";
        Err(ValueError::malformed("is not a list of jump hosts", help))
    }
}

/// What to write as a key.
const HELP: &str = "take the second word of /etc/ssh/ssh_host_ed25519_key.pub on the host, which begins with AAAA";

impl HostKey {
    /// As `known_hosts` has it.
    pub fn line(&self) -> String {
        format!("{} {}", self.kind, self.text)
    }
}

/// The bytes that base64 stands for; `None` if it is not base64.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in digits.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The kind of a public key, which it begins with (RFC 4253, 6.6).
fn kind(key: &[u8]) -> Option<&'static str> {
    let length = u32::from_be_bytes(key.get(..4)?.try_into().ok()?);
    let name = key.get(4..)?.get(..usize::try_from(length).ok()?)?;
    // Something follows the name.
    KINDS.into_iter().find(|kind| kind.as_bytes() == name).filter(|_| key.len() > 4 + name.len() + 4)
}

impl Scalar for HostKey {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.starts_with("SHA256:") || text.starts_with("MD5:") {
            return Err(ValueError::malformed("is a fingerprint, not a key", HELP));
        }
        let Some(key) = decoded(text) else { return Err(ValueError::malformed("is not a public key in base64", HELP)) };
        let Some(kind) = kind(&key) else { return Err(ValueError::malformed("is not a public key of a host", HELP)) };
        Ok(Self { kind, text: text.into() })
    }

    fn instead(text: &str) -> Option<String> {
        let mut words = text.split_whitespace();
        let is_written_out = words.clone().count() > 1;
        let key = words.find(|word| Self::parse(word).is_ok()).map(|word| format!("write the key alone: `{word}`"));
        key.or_else(|| is_written_out.then(|| HELP.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIGm8RWBvQwZRUZ0JdDYbGeKUYpCWnmWkbKBmYp4gY0xL";

    #[test]
    fn what_leads_to_a_host() {
        for text in ["root", "_deploy", "deploy.ci-1"] {
            assert!(SshUser::parse(text).is_ok(), "{text}");
        }
        for text in ["-oProxyCommand=x", "a b", "root@srv1", "", ".a"] {
            assert!(SshUser::parse(text).is_err(), "{text}");
        }
        for text in ["srv1", "srv1.example.com", "10.0.0.11", "fd00::11", "web_1"] {
            assert!(SshHost::parse(text).is_ok(), "{text}");
        }
        for text in ["-Fx", "root@srv1", "srv1:22", "[fd00::11]", "srv1/x", "a%h"] {
            assert!(SshHost::parse(text).is_err(), "{text}");
        }
        for text in ["bastion", "root@bastion:2222", "a,b,c@[fd00::1]:22", "fd00::1", "none"] {
            assert!(JumpHosts::parse(text).is_ok(), "{text}");
        }
        for text in ["-x", "a,,b", "a:port", "a@b@c@-d", "[fd00::1", "a;b"] {
            assert!(JumpHosts::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_has_its_kind_in_it() {
        assert_eq!(HostKey::parse(ED25519).unwrap().line(), format!("ssh-ed25519 {ED25519}"));
        for text in ["SHA256:abc", "AAAA", "AAAAC3NzaC1lZDI1NTE5", "c3NoLWVkMjU1MTk=", "x", &ED25519[..67]] {
            assert!(HostKey::parse(text).is_err(), "{text}");
        }
        let help = HostKey::instead(&format!("ssh-ed25519 {ED25519} root@srv1"));
        assert_eq!(help.unwrap(), format!("write the key alone: `{ED25519}`"));
        assert_eq!(HostKey::instead("ssh-ed25519 AAAA").unwrap(), HELP);
        assert_eq!(HostKey::instead("AAAA;"), None);
    }
}
