//! Schemas of single values. An editor reads `443` as a number and `true` as a boolean, and `check` reads the text
//! that is written: where a text of that spelling is a value, the schema takes the number or the boolean.

use serde_json::{Value, json};

use super::numbers::between;
use super::patterns;
use crate::diagnostic::CODES;
use crate::inventory::form::{OLDEST_HAPROXY, Scalar};
use crate::inventory::openssl;
use crate::inventory::types::{BufferSize, Version};

/// A schema of values that several keys take.
pub struct Shared {
    /// Its name below `$defs`.
    pub name: String,
    pub schema: Value,
}

/// The schema of a value that has one of its own at every key.
pub fn of_key(scalar: Scalar) -> Option<Value> {
    Some(match scalar {
        Scalar::Whole(low, high) => whole(low, high, ""),
        Scalar::NginxPort => {
            let mut port = whole(1, 65_535, "(?!0*80$)");
            port["not"] = json!({ "const": 80 });
            port
        }
        Scalar::Switch => {
            json!({ "if": { "type": "string" }, "then": { "enum": ["true", "false"] }, "else": { "type": "boolean" } })
        }
        Scalar::Choice(names) => choice(names),
        _ => return None,
    })
}

/// The schema of every other value.
pub fn shared(scalar: Scalar) -> Shared {
    let (name, schema) = match scalar {
        Scalar::Duration(range) => {
            let schema = text(patterns::duration(range, 1), &format!("a duration from {} to {}", range[0], range[1]));
            return Shared { name: format!("duration_{}_to_{}", range[0], range[1]), schema };
        }
        Scalar::ProgramVersion(oldest) => {
            let program = if oldest == OLDEST_HAPROXY { "haproxy" } else { "nginx" };
            let pattern = patterns::program_version(oldest);
            return Shared { name: format!("{program}_version"), schema: version(pattern, program, oldest) };
        }
        Scalar::Whole(..) | Scalar::NginxPort | Scalar::Switch | Scalar::Choice(_) => ("any", json!(true)),
        Scalar::WholeSeconds(range) => {
            let what = format!("a duration of whole seconds from {} to {}", range[0], range[1]);
            let schema = text(patterns::duration(range, 1_000), &what);
            return Shared { name: format!("whole_seconds_{}_to_{}", range[0], range[1]), schema };
        }
        Scalar::OpensslVersion => ("openssl_version", version(patterns::openssl_version(), "OpenSSL", openssl::OLDEST)),
        Scalar::Rule => ("rule", rule()),
        Scalar::Size => ("size", size()),
        Scalar::BufferSize => ("buffer_size", buffer_size()),
        Scalar::Statuses => ("statuses", statuses()),
        Scalar::HostName => ("host_name", word(patterns::host_name(), "a host name")),
        Scalar::PoolName => ("pool_name", word(patterns::pool_name(), "the name of a pool")),
        Scalar::OpensslName => {
            let mut name = word(patterns::openssl_name(), "a name of OpenSSL");
            name["else"]["type"] = json!(["string", "integer"]);
            ("openssl_name", name)
        }
        Scalar::SshUser => ("ssh_user", word(patterns::ssh_user(), "a login name")),
        Scalar::SshHost => ("ssh_host", word(patterns::ssh_host(), "a name, alias or address")),
        Scalar::JumpHosts => ("jump_hosts", word(patterns::jump_hosts(), "jump hosts as for ssh -J")),
        Scalar::CheckHost => ("check_host", at_most(253, word(patterns::check_host(), "a DNS name"))),
        Scalar::DnsName => ("dns_name", at_most(253, word(patterns::dns_name(), "a DNS name or *. and a DNS name"))),
        Scalar::LocalPath => ("local_path", spelled(patterns::local_path(), "a path")),
        Scalar::Body => ("body", body()),
        Scalar::SourcePath => ("source_path", spelled(patterns::source_path(), "a path or HOST:PATH")),
        other => texts(other),
    };
    Shared { name: name.to_owned(), schema }
}

/// Values that are never numbers or booleans.
fn texts(scalar: Scalar) -> (&'static str, Value) {
    match scalar {
        Scalar::AbsolutePath => {
            ("absolute_path", at_most(1_024, text(patterns::absolute_path(), "a normalised absolute path")))
        }
        Scalar::AccessLog => {
            ("access_log", text(patterns::access_log(), "an absolute path, syslog:server=… as in nginx, or off"))
        }
        Scalar::Authorities => ("authorities", text(patterns::authorities(), "a normalised absolute path, or off")),
        Scalar::AccountThumbprint => {
            ("account_thumbprint", text(patterns::account_thumbprint(), "the thumbprint of an ACME account's key"))
        }
        Scalar::Address => ("address", text(patterns::address(), "an IP address that other hosts can reach")),
        Scalar::AppSocket => {
            ("app_socket", text(patterns::app_socket(), "unix:/path, address:port or an upstream's name"))
        }
        Scalar::MediaType => ("media_type", text(patterns::media_type(), "a media type such as text/html")),
        Scalar::CheckPath => ("check_path", at_most(2_048, text(patterns::check_path(), "a path that starts with /"))),
        Scalar::Directory => ("directory", text(patterns::directory(), "a normalised absolute path")),
        Scalar::GrpcUpstream => (
            "grpc_upstream",
            text(patterns::grpc_upstream(), "grpc://address:port, grpcs://…, unix:/path or grpc://NAME"),
        ),
        Scalar::HeaderName => ("header_name", text(patterns::header_name(), "the name of a header")),
        Scalar::HostKey => {
            ("host_key", text(patterns::host_key(), "the second word of a public key file, which begins with AAAA"))
        }
        Scalar::HttpUpstream => (
            "http_upstream",
            text(patterns::http_upstream(), "http://address:port/path, https://…, http://unix:/path or http://NAME"),
        ),
        Scalar::LocationPath => {
            ("location_path", at_most(255, text(patterns::location_path(), "a normalised path that starts with /")))
        }
        Scalar::LogTarget => ("log_target", text(patterns::log_target(), "the path of a socket or address:port")),
        Scalar::Network => ("network", text(patterns::network(), "a network such as 10.0.0.10/32")),
        Scalar::Resolver => ("resolver", text(patterns::resolver(), "an IP address, perhaps with a port")),
        Scalar::ServerAddress => {
            ("server_address", text(patterns::server_address(), "address:port, unix:/path or name:port"))
        }
        Scalar::ServerSocket => ("server_socket", text(patterns::server_socket(), "address:port")),
        Scalar::UpgradeProtocol => (
            "upgrade_protocol",
            at_most(64, spelled(patterns::upgrade_protocol(), "a protocol such as websocket or tcp, but not h2c")),
        ),
        Scalar::UpstreamName => {
            ("upstream_name", text(patterns::upstream_name(), "lower-case letters, digits, - and _, after a letter"))
        }
        Scalar::Rate => ("rate", text(patterns::rate(), "a number of requests in a second or a minute, such as 10r/s")),
        Scalar::RedirectHost => {
            ("redirect_host", text(patterns::redirect_host(), "https://… or http://… that ends after the host"))
        }
        Scalar::RedirectUrl => ("redirect_url", text(patterns::redirect_url(), "https://… or http://…")),
        _ => ("any", json!(true)),
    }
}

/// Longest text that any key takes.
fn at_most(length: usize, mut schema: Value) -> Value {
    let place = if schema.get("else").is_some() { &mut schema["else"] } else { &mut schema };
    place["maxLength"] = json!(length);
    schema
}

fn told(what: &str) -> String {
    format!("This must be {what}.")
}

/// A text.
fn text(pattern: String, what: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "patternErrorMessage": told(what) })
}

/// A text that may be spelled like a number or a boolean. An editor that proposes values proposes neither.
fn spelled(pattern: String, what: &str) -> Value {
    let mut other = text(pattern, what);
    other["type"] = json!(["string", "number"]);
    json!({ "if": { "type": "boolean" }, "else": other })
}

/// The same for a text that does not start with a sign.
fn word(pattern: String, what: &str) -> Value {
    let mut schema = spelled(pattern, what);
    schema["else"]["minimum"] = json!(0);
    schema
}

fn whole(low: u64, high: u64, but: &str) -> Value {
    let pattern = format!("^{but}0*{}$", between(low, high));
    let what = told(&format!("a whole number from {low} to {high}"));
    let types = ["integer", "string"];
    json!({ "type": types, "minimum": low, "maximum": high, "pattern": pattern, "patternErrorMessage": what })
}

fn choice(names: &[&str]) -> Value {
    let numbers: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
    if numbers.is_empty() {
        return json!({ "type": "string", "enum": names });
    }
    json!({ "if": { "type": "string" }, "then": { "enum": names }, "else": { "enum": numbers } })
}

/// `2.10` is the number 2.1 to an editor: of a number, only the part before the dot is certain.
fn version(pattern: String, program: &str, oldest: Version) -> Value {
    let mut schema = text(pattern, &format!("a version of {program} from {oldest} on"));
    schema["type"] = json!(["string", "number"]);
    schema["minimum"] = json!(oldest.0);
    schema["exclusiveMaximum"] = json!(100_000);
    schema
}

fn size() -> Value {
    let what = "a number of bytes, or a number and k, m or g";
    let mut schema = text(patterns::size(), what);
    schema["type"] = json!(["string", "integer"]);
    schema["minimum"] = json!(0);
    schema["maximum"] = json!(1_u64 << 40);
    schema
}

fn buffer_size() -> Value {
    let [least, most] = BufferSize::RANGE;
    let mut schema = text(patterns::buffer_size(BufferSize::RANGE), "a size from 4k to 1m");
    schema["type"] = json!(["string", "integer"]);
    schema["minimum"] = least.into();
    schema["maximum"] = most.into();
    schema
}

/// A text that may be spelled like a number or a boolean.
fn body() -> Value {
    let mut schema = text("^[\\t\\n -~]+$".to_owned(), "a text in ASCII");
    schema["type"] = json!(["string", "number", "boolean"]);
    at_most(4_000, schema)
}

fn statuses() -> Value {
    let mut schema = text(patterns::statuses(), "HTTP statuses such as 200 or 301-308");
    schema["type"] = json!(["string", "integer"]);
    schema["minimum"] = json!(200);
    schema["maximum"] = json!(599);
    schema
}

/// Rules are found in any case, and proposed as they are in the table.
fn rule() -> Value {
    let names: Vec<&str> = CODES.iter().flat_map(|code| [code.id, code.slug]).collect();
    let other = text(patterns::rule_in_other_case(), "the code or the name of a rule");
    json!({ "anyOf": [{ "type": "string", "enum": names }, other] })
}
