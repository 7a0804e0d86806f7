//! Values from a fixed set.

use super::{Scalar, ValueError};
use crate::diagnostic::{Applicability, Code, Severity, nearest};

/// The value that `text` most likely means, and how sure that is.
fn meant(text: &str, names: &[&'static str]) -> Option<(Applicability, &'static str)> {
    let named = |wanted: &str| names.iter().copied().find(|name| name.eq_ignore_ascii_case(wanted));
    // Booleans of YAML 1.1.
    let word = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => "true",
        "no" | "off" | "n" => "false",
        _ => text,
    };
    let alike = || names.iter().copied().find(|name| bare(name) == bare(text)).filter(|_| !bare(text).is_empty());
    let off = || {
        matches!(text.to_ascii_lowercase().as_str(), "false" | "no" | "n" | "none" | "disabled").then(|| named("off"))
    };
    let off = off().flatten();
    let near = || alike().or_else(|| nearest(text, names.iter().copied())).map(|near| (Applicability::Unsafe, near));
    named(word).or(off).map(|name| (Applicability::Safe, name)).or_else(near)
}

/// A value without what people leave out of it or add: `TLS 1.2` and `1.2` are `TLSv1.2`.
fn bare(text: &str) -> String {
    let word: String = text.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let version = word.strip_prefix("tls").map(|rest| rest.trim_start_matches('v')).unwrap_or(&word);
    let version = if version.starts_with(|c: char| c.is_ascii_digit()) { version } else { &word };
    if version == "10" { "1".to_owned() } else { version.to_owned() }
}

macro_rules! choice {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $vdoc])+ $variant,)+ }
        impl $name {
            /// Every spelling.
            pub const NAMES: &[&str] = &[$($text),+];
            /// As it is written in the inventory.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
        impl Scalar for $name {
            fn parse(text: &str) -> Result<Self, ValueError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => {
                        let all = Self::NAMES.join("`, `");
                        let refused = |help| ValueError::malformed("has an unknown value", help);
                        let Some((sure, near)) = meant(text, Self::NAMES) else {
                            return Err(refused(format!("write one of `{all}`")));
                        };
                        Err(refused(format!("did you mean `{near}`? the values are `{all}`")).replaced_by(sure, near))
                    }
                }
            }

            fn instead(text: &str) -> Option<String> {
                let (_, near) = meant(text.trim(), Self::NAMES)?;
                Some(format!("did you mean `{near}`? the values are `{}`", Self::NAMES.join("`, `")))
            }
        }
    };
}

choice! {
    /// How haproxy spreads connections.
    Balance {
        /// In turns, by weight.
        Roundrobin "roundrobin",
        /// In turns, weights fixed at start.
        StaticRr "static-rr",
        /// To the server with the fewest connections.
        Leastconn "leastconn",
        /// To the first server with a free slot.
        First "first",
        /// By a hash of the client's address.
        Source "source",
        /// By a random number.
        Random "random",
    }
}

choice! {
    /// The least severity that fails a run.
    FailOn {
        /// Errors.
        Error "error",
        /// Warnings and errors.
        Warning "warning",
        /// Everything.
        Info "info",
    }
}

impl From<FailOn> for Severity {
    fn from(least: FailOn) -> Self {
        match least {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Info => Self::Info,
        }
    }
}

impl Scalar for &'static Code {
    fn parse(text: &str) -> Result<Self, ValueError> {
        Code::named(text).ok_or_else(|| {
            let help = match Code::near(text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "run `sslscale rules` for the list of rules".to_owned(),
            };
            ValueError::malformed("names an unknown rule", help)
        })
    }
}

choice! {
    /// The PROXY header at the start of a balancer's connections to app servers.
    ProxyProtocol {
        /// The text form.
        V1 "v1",
        /// The binary form.
        V2 "v2",
        /// None.
        Off "off",
    }
}

choice! {
    /// What a health check does.
    CheckType {
        /// A TLS handshake after a PROXY header.
        Tls "tls",
        /// The same, and an HTTP request.
        Http "http",
        /// Only a TCP connection.
        Tcp "tcp",
    }
}

choice! {
    /// What goes to servers that are not app servers, besides connections with their names.
    Takes {
        /// Connections that do not begin with a TLS handshake.
        NotTls "not_tls",
        /// TLS connections with a name that nothing else has, or without one.
        UnknownNames "unknown_names",
    }
}

choice! {
    /// What a health check of a server that is not an app server does.
    OtherCheck {
        /// Only a TCP connection.
        Tcp "tcp",
        /// A TLS handshake.
        Tls "tls",
    }
}

choice! {
    /// How scripts on a host become root.
    Become {
        /// Through `sudo`.
        Sudo "sudo",
        /// The login is root's.
        None "none",
    }
}

choice! {
    /// What happens to the open connections of an app server that goes down.
    OnMarkedDown {
        /// They are closed.
        ShutdownSessions "shutdown-sessions",
        /// They stay open until a timeout.
        None "none",
    }
}

choice! {
    /// Who can decrypt a TLS session ticket.
    Tickets {
        /// Every app server: they share a ticket ring.
        Shared "shared",
        /// The app server that issued it.
        PerHost "per_host",
        /// Nobody: tickets are not issued.
        Off "off",
    }
}

choice! {
    /// What a balancer does with connections for names that no site has.
    UnknownNames {
        /// An app server rejects them, with a TLS alert.
        Forward "forward",
        /// The balancer closes them.
        Reject "reject",
    }
}

choice! {
    /// Which clients need a certificate.
    VerifyClient {
        /// All.
        On "on",
        /// None; whether a client has one is for the app to know.
        Optional "optional",
    }
}

choice! {
    /// A profile of Mozilla's guideline.
    TlsProfile {
        /// TLS 1.3 only.
        Modern "modern",
        /// TLS 1.2 and 1.3.
        Intermediate "intermediate",
        /// TLS 1.0 to 1.3, for the oldest clients.
        Old "old",
    }
}

choice! {
    /// A version of TLS, as nginx names it.
    TlsVersion {
        /// TLS 1.0.
        Tls10 "TLSv1",
        /// TLS 1.1.
        Tls11 "TLSv1.1",
        /// TLS 1.2.
        Tls12 "TLSv1.2",
        /// TLS 1.3.
        Tls13 "TLSv1.3",
    }
}

choice! {
    /// What nginx writes for a request.
    LogFormat {
        /// The combined format followed by details of the TLS session.
        Combined "combined",
        /// One JSON object per line.
        Json "json",
        /// What nginx.conf sets.
        Stock "stock",
    }
}

choice! {
    /// What a location's path is compared with.
    LocationMatch {
        /// The start of the request's path.
        Prefix "prefix",
        /// The whole path.
        Exact "exact",
    }
}

choice! {
    /// Status of a redirect.
    RedirectCode {
        /// Moved permanently.
        Moved "301",
        /// Found.
        Found "302",
        /// See other.
        SeeOther "303",
        /// Temporary, method kept.
        Temporary "307",
        /// Permanent, method kept.
        Permanent "308",
    }
}

choice! {
    /// Which server of a named upstream gets the next request.
    UpstreamBalance {
        /// Each in turn.
        RoundRobin "round_robin",
        /// The one with the fewest requests at the time.
        LeastConn "least_conn",
        /// Always the same for a client's network.
        IpHash "ip_hash",
        /// Always the same for a client's address.
        HashRemoteAddr "hash_remote_addr",
        /// Always the same for a path and query.
        HashRequestUri "hash_request_uri",
        /// The less busy of two chosen at random.
        RandomTwo "random_two",
    }
}

impl UpstreamBalance {
    /// nginx's directive; `None` for what it does without one.
    pub fn directive(self) -> Option<&'static str> {
        match self {
            Self::RoundRobin => None,
            Self::LeastConn => Some("least_conn"),
            Self::IpHash => Some("ip_hash"),
            Self::HashRemoteAddr => Some("hash $remote_addr consistent"),
            Self::HashRequestUri => Some("hash $request_uri consistent"),
            Self::RandomTwo => Some("random two"),
        }
    }

    /// Whether nginx takes servers that are only used while the others fail.
    pub fn has_backups(self) -> bool {
        matches!(self, Self::RoundRobin | Self::LeastConn)
    }
}

choice! {
    /// Yes or no.
    Switch {
        /// Yes.
        On "true",
        /// No.
        Off "false",
    }
}

impl Switch {
    /// Whether this is `On`.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}
