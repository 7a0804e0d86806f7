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
        Flaw::HostBits(_) if matches!(key, "trusted_proxies" | "allow" | "deny" | "accept_proxy_from" | "networks") => {
            Code::AD11
        }
        Flaw::EveryAddress if key == "trusted_proxies" => Code::PX07,
        // `max_age` is a duration too, but no program waits for it.
        Flaw::NotADuration if key != "max_age" => Code::HP08,
        Flaw::NoUnit if key != "max_age" => Code::HP09,
        Flaw::Malformed if key == "ssl_ciphers" => Code::TL08,
        Flaw::Malformed if key == "ssl_ecdh_curve" => Code::TL13,
        _ => Code::IN06,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_has_a_rule_of_its_own_only_for_the_keys_of_that_rule() {
        let own = [
            (Flaw::PathForm, "ssl_certificate", Code::TL19),
            (Flaw::PathForm, "ssl_certificate_key", Code::TL19),
            (Flaw::HostBits("10.0.0.0/8".parse().unwrap()), "trusted_proxies", Code::AD11),
            (Flaw::EveryAddress, "trusted_proxies", Code::PX07),
            (Flaw::NotADuration, "connect", Code::HP08),
            (Flaw::NoUnit, "connect", Code::HP09),
            (Flaw::Malformed, "ssl_ciphers", Code::TL08),
            (Flaw::Malformed, "ssl_ecdh_curve", Code::TL13),
        ];
        for (flaw, key, wanted) in own {
            assert_eq!(code(key, flaw), wanted, "{key}: {flaw:?}");
            assert_eq!(code("max_age", flaw), Code::IN06, "{flaw:?}");
        }
    }
}
