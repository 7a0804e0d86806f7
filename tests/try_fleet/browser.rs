//! A real browser engine among the clients of a kept fleet. The machine must have it; `make test` sees to that.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::engine::{Engine, words};
use crate::run::Kept;

/// The signatures that the engine accepts.
const SIGNATURES: &str =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512";

/// A browser without a window; it ends with this value, or with its fleet.
pub struct Browser(Engine);

impl Browser {
    /// Starts one that finds each name of `hosts` at its address, and no other name anywhere. A port
    /// behind the address is used instead of the one in URLs.
    /// `options` are further switches of the engine.
    ///
    /// It trusts the certificates that these names show now, as if an authority of the machine had
    /// signed them. With all errors ignored instead it shares no connection between names.
    pub fn start(kept: &Kept, hosts: &[(&str, &str)], options: &[&str]) -> Self {
        let keys: Vec<String> = hosts.iter().map(|(name, address)| key_of(kept, name, address)).collect();
        let mut rules: Vec<String> = hosts.iter().map(|(name, at)| format!("MAP {name} {at}")).collect();
        rules.push("MAP * ~NOTFOUND".to_owned());
        let (keys, rules) = (
            format!("--ignore-certificate-errors-spki-list={}", keys.join(",")),
            format!("--host-resolver-rules={}", rules.join(",")),
        );
        let words = words("/tmp/browser", &[&[keys.as_str(), &rules], options].concat());
        let mut command = kept.command("clients", &words.iter().map(String::as_str).collect::<Vec<_>>());
        Self(Engine::start(command.env("HOME", "/tmp")))
    }

    /// Goes to a page that it cannot load; its name for the error, or `None` if it loads the page.
    pub fn refused(&mut self, url: &str) -> Option<String> {
        let gone = self.call("Page.navigate", &json!({ "url": url }));
        gone.get("errorText").and_then(Value::as_str).map(str::to_owned)
    }
}

impl Deref for Browser {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0
    }
}

impl DerefMut for Browser {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.0
    }
}

/// An address, in brackets where it is IPv6, and its port.
fn address(text: &str) -> (&str, &str) {
    text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']')).unwrap_or((text, "443"))
}

/// The key of the certificate that a name shows to a browser, in the form that the engine takes.
fn key_of(kept: &Kept, name: &str, address: &str) -> String {
    let (host, port) = self::address(address);
    let address = &format!("{host}:{port}");
    let script = "openssl s_client -connect \"$2\" -servername \"$1\" -sigalgs \"$3\" \
        -groups X25519:P-256:P-384 </dev/null 2>/dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform der \
        | openssl dgst -sha256 -binary | openssl base64";
    let done = kept.inside("clients", &["sh", "-c", script, "sh", name, address, SIGNATURES]);
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
