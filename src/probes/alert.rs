//! The names of TLS alerts, as RFC 8446 and the registry of IANA spell them.

use rustls::AlertDescription;

const NAMES: [(u8, &str); 34] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

/// The name of an alert, or its number.
pub(super) fn name(alert: AlertDescription) -> String {
    let code = u8::from(alert);
    let known = NAMES.iter().find(|(it, _)| *it == code);
    known.map_or_else(|| code.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library_in_another_spelling() {
        let plain = |text: &str| text.to_lowercase().replace('_', "").replace("recognised", "recognized");
        for code in 0..=u8::MAX {
            let alert = AlertDescription::from(code);
            let debug = format!("{alert:?}");
            match alert {
                AlertDescription::Unknown(_) => assert_eq!(name(alert), code.to_string()),
                // Only a server reads the extension that this answers.
                AlertDescription::EncryptedClientHelloRequired => assert_eq!(name(alert), "121"),
                _ => assert_eq!(plain(&name(alert)), plain(&debug)),
            }
        }
    }
}
