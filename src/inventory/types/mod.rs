//! The inventory's values as types. Each can only be built by parsing, and none can hold a
//! character that means something to haproxy or nginx, so rendering needs no escaping.

/// `as_str` and `Display` of types that are a text.
macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

mod authorities;
mod body;
mod buffer;
mod check;
mod choice;
mod header;
mod log;
mod name;
mod named;
mod net;
mod path;
mod quantity;
mod rate;
mod source;
mod ssh;
mod thumbprint;
mod tls;
mod upgrade;
mod upstream;
mod url;

pub use authorities::Authorities;
pub use body::{Body, MediaType};
pub use buffer::BufferSize;
pub use check::{CheckPath, Statuses};
pub use choice::{
    Balance, Become, CheckType, FailOn, LocationMatch, LogFormat, OnMarkedDown, OtherCheck, ProxyProtocol,
    RedirectCode, Switch, Takes, Tickets, TlsProfile, TlsVersion, UnknownNames, UpstreamBalance, VerifyClient,
};
pub use header::HeaderName;
pub use log::AccessLog;
pub use name::{HostName, PoolName, REVISION_NAME, ServerName};
pub use named::{Resolver, ServerAddress, ServerSocket, UpstreamName};
pub use net::{Address, Cidr, LogTarget, Port};
pub use path::{AbsolutePath, Directory, LocalPath, LocationPath};
pub use quantity::{Duration, Integer, OpensslVersion, Size, Version};
pub use rate::Rate;
pub use source::SourcePath;
pub use ssh::{HostKey, JumpHosts, SshHost, SshUser};
pub use thumbprint::AccountThumbprint;
pub use tls::{CipherName, Curve};
pub use upgrade::UpgradeProtocol;
pub use upstream::{AppSocket, Destination, Endpoint, GrpcUpstream, HttpUpstream};
pub use url::RedirectUrl;

use ipnet::IpNet;

use crate::diagnostic::Applicability;

/// Longest scalar that any key takes, in bytes.
pub const MAX_SCALAR: usize = 2048;

/// What is wrong with a text, as far as rules tell it apart. A value type knows no codes: the key
/// that holds the value decides which rule the flaw breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Not of the type's form, or outside its range.
    Malformed,
    /// A character that could break out of the rendered files, or too long for any value.
    UnsafeText,
    /// A path that is not absolute or not normalised.
    PathForm,
    /// An IPv6 address with a port, without brackets.
    UnbracketedIpv6,
    /// A host name where an address belongs.
    HostName,
    /// An address that no other host can reach.
    SpecialAddress,
    /// A network of every address.
    EveryAddress,
    /// A network with bits set after its prefix.
    HostBits(IpNet),
    /// Not a number and a unit of time.
    NotADuration,
    /// A duration without a unit.
    NoUnit,
}

/// Why a text is not a value of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// What is wrong.
    pub flaw: Flaw,
    /// The rest of a sentence that starts with the key, such as "is not an IP address".
    pub problem: String,
    /// What to write instead.
    pub help: String,
    /// The text to put in its place, without quotes, where it is clear or likely.
    pub replacement: Option<(Applicability, String)>,
}

impl ValueError {
    /// An error with this flaw.
    pub fn new(flaw: Flaw, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { flaw, problem: problem.into(), help: help.into(), replacement: None }
    }

    /// An error that rules do not tell apart from others.
    pub fn malformed(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Flaw::Malformed, problem, help)
    }

    /// The same error with the text to put in the value's place.
    #[must_use]
    pub fn replaced_by(mut self, applicability: Applicability, text: impl Into<String>) -> Self {
        self.replacement = Some((applicability, text.into()));
        self
    }
}

/// A type that a scalar of the inventory can be parsed into.
pub trait Scalar: Sized {
    /// Parses `text`, which has passed [`guard`].
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    fn parse(text: &str) -> Result<Self, ValueError>;

    /// Rejects texts that could break out of a rendered file.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    fn guard(text: &str) -> Result<(), ValueError> {
        guard(text)
    }

    /// What to write in place of a text that [`guard`] refuses, where the type knows better.
    fn instead(_text: &str) -> Option<String> {
        None
    }
}

/// Rejects what no value may hold, whatever its type: anything that ends a word, opens a block, or
/// starts a comment or a variable in haproxy or nginx, and anything that is not ASCII.
///
/// # Errors
/// The first such character.
pub fn guard(text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::malformed("is empty", "write a value or remove the key"));
    }
    if let Some(bad) = text.chars().find(|c| !safe(*c)) {
        let help = match bad {
            '$' => "write the value itself: variables of nginx are not supported",
            ';' if text.find(bad) == Some(text.len() - 1) => "remove the `;` at the end",
            _ if bad.is_ascii() => {
                "write a value without it: it has a meaning of its own in the files and commands that sslscale writes"
            }
            _ => "use ASCII alone: other characters can look like ASCII letters",
        };
        return Err(ValueError::new(Flaw::UnsafeText, format!("contains {}", describe(bad)), help));
    }
    if text.len() > MAX_SCALAR {
        let what = format!("is {} bytes long", text.len());
        return Err(ValueError::new(Flaw::UnsafeText, what, format!("shorten it: the limit is {MAX_SCALAR} bytes")));
    }
    Ok(())
}

/// `text` in percent-encoding, except the characters to `keep`.
fn percent_encoded(text: &str, keep: impl Fn(char) -> bool) -> String {
    let byte = |c: char| c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    text.chars().map(|c| if keep(c) { c.to_string() } else { byte(c) }).collect()
}

/// What precedes a variable of nginx for the path and query of a request, and nothing but that.
pub(super) fn before_request_path(text: &str) -> Option<&str> {
    const NAMES: [&str; 3] = ["$request_uri", "$uri", "$document_uri"];
    let (before, rest) = text.split_at(text.find('$')?);
    let ends = |after: &str| matches!(after, "" | "/") || after.starts_with(['$', '?']);
    let whole = NAMES.iter().any(|name| rest.strip_prefix(name).is_some_and(ends));
    whole.then(|| before.trim_end_matches('/'))
}

fn safe(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, ';' | '{' | '}' | '"' | '\'' | '#' | '$' | '\\' | '`')
}

fn describe(c: char) -> String {
    match c {
        '\n' => "a line break".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        '\0' => "a NUL character".to_owned(),
        '`' => "a backtick".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c => format!("the character U+{:04X}", u32::from(c)),
    }
}
