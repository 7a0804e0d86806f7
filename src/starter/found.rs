//! What on this machine may answer the questions about a first inventory: its addresses, the hosts of `ssh_config`, and
//! certificates in the usual places. Whatever cannot be read is not proposed.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::unistd::getuid;

use super::ssh_config::{self, FoundHost};
use crate::file;
use crate::inventory::types::{Address, Scalar};

/// Most entries of a folder that are looked at.
const MOST: usize = 1000;

/// What may be proposed.
#[derive(Debug, Default)]
pub struct Found {
    pub hosts: Vec<FoundHost>,
    /// Addresses of this machine.
    pub addresses: Vec<IpAddr>,
    pub certificates: Vec<FoundCertificate>,
}

/// A certificate and its key, on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCertificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl FoundCertificate {
    /// The name that its place gives it, such as that of certbot's folder.
    pub fn name(&self) -> Option<&str> {
        let stem = self.certificate.file_stem()?.to_str()?;
        let folder = self.certificate.parent()?.file_name()?.to_str()?;
        let name = if folder == "certs" || folder == "ssl" { stem } else { folder };
        Some(name).filter(|name| name.contains('.'))
    }
}

impl Found {
    /// Looks at this machine.
    pub fn on_this_machine(home: Option<&Path>) -> Self {
        let config = home.and_then(|home| file::read(&home.join(".ssh/config"), file::TEXT).ok()).unwrap_or_default();
        Self {
            hosts: ssh_config::hosts(&String::from_utf8_lossy(&config), getuid().is_root()),
            addresses: addresses(),
            certificates: certificates(Path::new("/")),
        }
    }
}

/// Addresses by which other hosts may reach this machine, IPv4 first.
fn addresses() -> Vec<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten();
    let used = interfaces.filter(|it| it.flags.contains(InterfaceFlags::IFF_UP));
    let all = used.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
    });
    let mut found: Vec<IpAddr> = all.filter(|address| Address::parse(&address.to_string()).is_ok()).collect();
    found.sort_by_key(IpAddr::is_ipv6);
    found.dedup();
    found
}

/// Certificates of certbot, and files of `/etc/ssl` that have their key beside them or in `private`.
fn certificates(root: &Path) -> Vec<FoundCertificate> {
    let live = entries(&root.join("etc/letsencrypt/live"));
    let certbot = live.into_iter().map(|folder| (folder.join("fullchain.pem"), folder.join("privkey.pem")));
    let ssl = root.join("etc/ssl");
    let mut pairs: Vec<(PathBuf, PathBuf)> = certbot.collect();
    for folder in std::iter::once(ssl.clone()).chain(entries(&ssl)) {
        let keys = if folder.ends_with("certs") { ssl.join("private") } else { folder.clone() };
        for certificate in entries(&folder) {
            pairs.extend(keys_of(&certificate, &keys).into_iter().map(|key| (certificate.clone(), key)));
        }
    }
    let there = pairs.into_iter().filter(|(certificate, key)| certificate.is_file() && key.is_file());
    there.map(|(certificate, key)| FoundCertificate { certificate, key }).collect()
}

/// Where the key of a certificate may be, by its name.
fn keys_of(certificate: &Path, folder: &Path) -> Option<PathBuf> {
    let ends_so = |name: &str| certificate.extension().is_some_and(|end| end == name);
    if certificate.file_name().is_some_and(|name| name == "fullchain.pem") {
        return Some(folder.join("privkey.pem"));
    }
    (ends_so("crt") || ends_so("pem"))
        .then(|| folder.join(certificate.with_extension("key").file_name().unwrap_or_default()))
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let mut found: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_with_their_keys_in_the_usual_places() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "letsencrypt/live/README",
            "letsencrypt/live/example.com/fullchain.pem",
            "letsencrypt/live/example.com/privkey.pem",
            "letsencrypt/live/gone.example/fullchain.pem",
            "ssl/certs/ca-certificates.crt",
            "ssl/certs/www.example.org.pem",
            "ssl/private/www.example.org.key",
            "ssl/shop/ssl.crt",
            "ssl/shop/ssl.key",
            "ssl/shop.example/fullchain.pem",
            "ssl/shop.example/privkey.pem",
        ] {
            let path = root.path().join("etc").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = certificates(root.path());
        let shown: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|it| (it.certificate.strip_prefix(root.path().join("etc")).unwrap().to_str().unwrap(), it.name()))
            .collect();
        let wanted = [
            ("letsencrypt/live/example.com/fullchain.pem", Some("example.com")),
            ("ssl/certs/www.example.org.pem", Some("www.example.org")),
            ("ssl/shop/ssl.crt", None),
            ("ssl/shop.example/fullchain.pem", Some("shop.example")),
        ];
        assert_eq!(shown, wanted);
        assert!(found.iter().all(|it| it.key.is_file()));
    }

    #[test]
    fn this_machine_has_no_loopback_address() {
        assert!(addresses().iter().all(|address| !address.is_loopback()));
    }
}
