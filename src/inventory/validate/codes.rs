//! Which code a bad value is reported with. Codes belong to keys, not to value types: a relative
//! path is TL19 in `ssl_certificate` and a plain IN06 in `access_log`.

use crate::diagnostic::Code;
use crate::inventory::types::Flaw;

/// The code for a value of `key` with this flaw.
pub fn code(key: &str, flaw: Flaw) -> &'static Code {
    match flaw {
        Flaw::UnsafeText => Code::IN05,
        Flaw::UnbracketedIpv6 => Code::AD04,
        Flaw::HostName => Code::AD10,
        Flaw::SpecialAddress => Code::AD12,
        Flaw::PathForm if matches!(key, "ssl_certificate" | "ssl_certificate_key") => Code::TL19,
        Flaw::HostBits(_) if key == "trusted_proxies" => Code::AD11,
        Flaw::EveryAddress if key == "trusted_proxies" => Code::PX07,
        // `max_age` is a duration too, but no program waits for it.
        Flaw::NotADuration if key != "max_age" => Code::HP08,
        Flaw::NoUnit if key != "max_age" => Code::HP09,
        Flaw::Malformed if key == "ssl_ciphers" => Code::TL08,
        Flaw::Malformed if key == "ssl_ecdh_curve" => Code::TL13,
        _ => Code::IN06,
    }
}
