//! What browsers take and curl does not insist on: their versions, ciphers, groups and kinds of
//! signatures, as files that OpenSSL reads for the clients, and the ciphers that HTTP/2 forbids. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::spec::FileSpec;
use crate::inventory::openssl::BROWSER_CIPHERS;

const SUITES: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
const GROUPS: &str = "X25519:P-256:P-384";
/// OpenSSL before 3.5 refuses a list that names it: clients have it where app servers do.
const POST_QUANTUM: &str = "X25519MLKEM768";
const SIGNATURES: &str = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:\
    RSA-PSS+SHA512:RSA+SHA512";

/// A part of what browsers insist on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Ciphers,
    Groups,
    Signatures,
    Versions,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Ciphers, Self::Groups, Self::Signatures, Self::Versions];

    /// Why a browser gets no connection where a client gets one that does not insist on this part.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Ciphers => {
                "browsers have none of the ciphers: add ECDHE ciphers with GCM or CHACHA20 to `ssl_ciphers`"
            }
            // In TLS 1.2 a client's groups are also the curves of the certificates that it accepts.
            Self::Groups => {
                "browsers have none of the groups, or not the curve of the certificate's key: add `X25519` or \
                 `prime256v1` to `ssl_ecdh_curve`, or use a key on P-256 or P-384"
            }
            Self::Signatures => {
                "browsers accept no signature of the certificate's key: use an ECDSA key on P-256 or P-384, or RSA"
            }
            Self::Versions => "browsers have only TLS 1.2 and 1.3: add `TLSv1.3` to `ssl_protocols`",
        }
    }
}

/// What is restricted for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// Everything, as in a browser.
    Browser,
    /// Everything but one part.
    Without(Part),
    /// Nothing but what OpenSSL refuses in any case.
    Lenient,
}

impl Client {
    /// The clients that are tried after a browser failed, to find the reason.
    pub(super) fn others() -> impl Iterator<Item = Self> {
        Part::ALL.into_iter().map(Self::Without).chain([Self::Lenient])
    }

    /// Why a browser fails where this client does not.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Without(part) => part.reason(),
            Self::Browser | Self::Lenient => "browsers have neither the ciphers nor the groups, or not the versions",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Without(Part::Ciphers) => "any-cipher",
            Self::Without(Part::Groups) => "any-group",
            Self::Without(Part::Signatures) => "any-signature",
            Self::Without(Part::Versions) => "any-version",
            Self::Lenient => "lenient",
        }
    }

    /// Where the clients' host has this client's settings, as OpenSSL's own configuration file.
    pub(super) fn path(self) -> String {
        format!("/run/sslscale-{}.cnf", self.name())
    }

    fn settings(self, post_quantum: bool) -> String {
        let without = |part| self == Self::Lenient || self == Self::Without(part);
        let mut lines = vec!["openssl_conf = all", "[all]", "ssl_conf = ssl", "[ssl]", "system_default = client"];
        lines.push("[client]");
        let any_version = without(Part::Versions);
        // From OpenSSL 3.0 on, TLS 1.1 and earlier need security level 0.
        lines.push(if any_version { "MinProtocol = TLSv1" } else { "MinProtocol = TLSv1.2" });
        let ciphers = match (without(Part::Ciphers), any_version) {
            (true, _) => "CipherString = ALL:@SECLEVEL=0".to_owned(),
            (false, true) => format!("CipherString = {}:@SECLEVEL=0", BROWSER_CIPHERS.join(":")),
            (false, false) => format!("CipherString = {}", BROWSER_CIPHERS.join(":")),
        };
        let groups =
            format!("Groups = {}{GROUPS}", if post_quantum { format!("{POST_QUANTUM}:") } else { String::new() });
        let (suites, signatures) = (format!("Ciphersuites = {SUITES}"), format!("SignatureAlgorithms = {SIGNATURES}"));
        let restricted = [(Part::Groups, &groups), (Part::Ciphers, &suites)];
        // Signatures of TLS 1.1 and earlier are made with SHA-1, which no list of 1.2 has.
        let signed = [(Part::Signatures, &signatures)].into_iter().filter(|_| !any_version);
        lines.push(&ciphers);
        lines.extend(restricted.into_iter().chain(signed).filter(|it| !without(it.0)).map(|it| it.1.as_str()));
        lines.join("\n") + "\n"
    }
}

/// The clients' settings, by path, for app servers with these files.
pub(super) fn files<'f>(mut files: impl Iterator<Item = &'f FileSpec>) -> BTreeMap<PathBuf, FileSpec> {
    let post_quantum = files.any(|file| String::from_utf8_lossy(&file.bytes).contains(POST_QUANTUM));
    let file = |client: Client| {
        let settings = client.settings(post_quantum).into_bytes();
        (PathBuf::from(client.path()), FileSpec::new(settings, 0o644))
    };
    [Client::Browser].into_iter().chain(Client::others()).map(file).collect()
}

/// Whether RFC 9113 lets HTTP/2 over TLS 1.2 use this cipher, by its OpenSSL name: keys are exchanged
/// with ephemeral ones, and encryption is authenticated. Appendix A has the others.
pub(super) fn http2_allows(cipher: &str) -> bool {
    let ephemeral = cipher.starts_with("ECDHE-") || cipher.starts_with("DHE-");
    ephemeral && ["GCM", "CHACHA20", "CCM"].iter().any(|mode| cipher.contains(mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::openssl::CIPHERS as ALL;

    #[test]
    fn each_client_leaves_out_one_part() {
        let lines = |client: Client| client.settings(true).lines().map(str::to_owned).collect::<Vec<_>>();
        let browser = lines(Client::Browser);
        assert!(browser.contains(&"Groups = X25519MLKEM768:X25519:P-256:P-384".to_owned()), "{browser:?}");
        assert!(!Client::Browser.settings(false).contains("MLKEM"));
        for client in Client::others() {
            assert_ne!(lines(client), browser, "{client:?}");
            assert_ne!(client.path(), Client::Browser.path());
        }
    }

    /// The lint and the try-out have the same opinion.
    #[test]
    fn http2_takes_what_the_lint_says() {
        for cipher in ALL.iter().filter(|cipher| cipher.useless().is_none()) {
            if cipher.is_in_browsers() || cipher.name.starts_with("DHE-") {
                assert_eq!(http2_allows(cipher.name), cipher.is_for_http2(), "{}", cipher.name);
            }
        }
    }

    #[test]
    fn http2_takes_ephemeral_keys_and_authenticated_encryption_alone() {
        let allowed: Vec<&str> = ALL.iter().map(|cipher| cipher.name).filter(|name| http2_allows(name)).collect();
        for name in ["ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-CCM8"] {
            assert!(allowed.contains(&name), "{name}");
        }
        for name in ["ECDHE-RSA-AES256-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-SHA"] {
            assert!(ALL.iter().any(|cipher| cipher.name == name) && !allowed.contains(&name), "{name}");
        }
    }
}
