//! The inventory's values as types. Each can only be built by parsing, and none of them can
//! hold a character that means something to haproxy or nginx, so rendering needs no escaping.

mod choice;
mod name;
mod net;
mod path;
mod quantity;
mod tls;
mod upstream;

pub use choice::{
    Balance, CheckType, FailOn, LocationMatch, LogFormat, ProxyProtocol, RedirectCode, Switch, Tickets, TlsProfile,
    TlsVersion, UnknownNames,
};
pub use name::{HostName, PoolName, ServerName};
pub use net::{Address, Cidr, LogTarget, Port};
pub use path::{AbsolutePath, Directory, LocalPath, LocationPath};
pub use quantity::{Duration, Integer, OpensslVersion, Size, Version};
pub use tls::{CipherName, Curve};
pub use upstream::{AppSocket, Endpoint, GrpcUpstream, HttpUpstream, RedirectUrl};

use crate::diagnostic::{Applicability, Code};

/// Longest scalar that any key takes, in bytes.
pub const MAX_SCALAR: usize = 2048;

/// Why a text is not a value of a type: the rest of a sentence that starts with the key.
#[derive(Debug)]
pub struct Refusal {
    /// The code to report it under.
    pub code: &'static Code,
    /// Such as "is not an IP address".
    pub what: String,
    /// What to write instead.
    pub help: String,
    /// The text to put in its place, without quotes, where there is no doubt about it or little.
    pub instead: Option<(Applicability, String)>,
}

impl Refusal {
    /// A refusal under `code`.
    pub fn new(code: &'static Code, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, what: what.into(), help: help.into(), instead: None }
    }

    /// A refusal under IN06, the code for a value that simply is not one.
    pub fn invalid(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Code::IN06, what, help)
    }

    /// The same refusal of a path that is no certificate's: TL19 speaks of those.
    fn of_no_certificate(self) -> Self {
        let code = if self.code == Code::TL19 { Code::IN06 } else { self.code };
        Self { code, ..self }
    }

    /// The same refusal with the text to put in the value's place.
    #[must_use]
    pub fn instead(mut self, applicability: Applicability, text: impl Into<String>) -> Self {
        self.instead = Some((applicability, text.into()));
        self
    }
}

/// A type that a scalar of the inventory can be parsed into.
pub trait Scalar: Sized {
    /// Parses `text`, which [`guard`] has let through.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong and what to write.
    fn parse(text: &str) -> Result<Self, Refusal>;
}

/// Refuses what no value of the inventory may hold, whatever its type: anything that ends a
/// word, opens a block, starts a comment or a variable in haproxy or nginx, or is not ASCII.
///
/// # Errors
/// IN05 with the name of the first such character.
pub fn guard(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::invalid("is empty", "write a value or remove the key"));
    }
    if let Some(bad) = text.chars().find(|c| !safe(*c)) {
        let help = if bad == ' ' {
            "remove it; several values are a list: `[a, b]`".to_owned()
        } else if bad.is_ascii() {
            "it could break out of the rendered files; no value needs it".to_owned()
        } else {
            "write ASCII: look-alike letters hide what a value says; international names go in their `xn--` form"
                .to_owned()
        };
        return Err(Refusal::new(Code::IN05, format!("holds {}", describe(bad)), help));
    }
    if text.len() > MAX_SCALAR {
        let what = format!("is {} bytes long", text.len());
        return Err(Refusal::new(Code::IN05, what, format!("no value is longer than {MAX_SCALAR} bytes")));
    }
    Ok(())
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
