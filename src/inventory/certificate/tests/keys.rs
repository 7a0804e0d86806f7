//! Keys: every encoding of every algorithm, and pairs that do not belong together.

use super::*;

const EC: &str = "EC -pkeyopt ec_paramgen_curve:";

fn algorithm(name: &str) -> String {
    match name {
        "rsa" => "RSA -pkeyopt rsa_keygen_bits:2048".to_owned(),
        "rsa3072" => "RSA -pkeyopt rsa_keygen_bits:3072".to_owned(),
        "pss" => "RSA-PSS -pkeyopt rsa_keygen_bits:2048".to_owned(),
        "ed25519" | "ed448" => name.to_uppercase(),
        curve => format!("{EC}{curve}"),
    }
}

#[test]
fn a_key_belongs_to_its_certificate_in_every_encoding() {
    let corpus = Corpus::new();
    for name in ["rsa", "pss", "P-256", "P-384", "P-521", "secp256k1", "ed25519", "ed448"] {
        corpus.pair(name, &algorithm(name));
        assert_eq!(corpus.inspect(&format!("{name}.crt"), &format!("{name}.key")), [], "{name}");
    }
    corpus.openssl("pkey -in rsa.key -traditional -out pkcs1.key");
    assert!(corpus.read("pkcs1.key").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert_eq!(corpus.inspect("rsa.crt", "pkcs1.key"), []);
    corpus.write("label.key", corpus.read("rsa.key").replace("PRIVATE", "RSA PRIVATE"));
    assert_eq!(corpus.inspect("rsa.crt", "label.key"), []);
    for curve in ["P-256", "P-384", "P-521", "secp256k1"] {
        let certificate = format!("{curve}.crt");
        corpus.openssl(&format!("ec -in {curve}.key -out sec1.key"));
        corpus.openssl(&format!("ec -in {curve}.key -out silent.key -no_public"));
        corpus.openssl("pkcs8 -topk8 -nocrypt -in silent.key -out silent8.key");
        corpus.openssl(&format!("ec -in {curve}.key -out compressed.key -conv_form compressed"));
        corpus.openssl(&format!("ec -in {curve}.key -out explicit.key -param_enc explicit"));
        corpus.openssl(&format!("ecparam -name {curve} -out parameters.pem"));
        let parameters = corpus.read("parameters.pem") + &corpus.read("sec1.key");
        assert!(parameters.starts_with("-----BEGIN EC PARAMETERS-----"));
        corpus.write("parameters.key", parameters);
        for key in ["sec1", "silent", "silent8", "compressed", "explicit", "parameters"] {
            let found = corpus.inspect(&certificate, &format!("{key}.key"));
            assert_eq!(found, [], "{curve} {key}");
        }
    }
}

#[test]
fn the_bits_of_an_rsa_key_are_counted_without_leading_zeros() {
    let corpus = Corpus::new();
    for bits in [2041, 2047] {
        corpus.pair("short", &format!("RSA -pkeyopt rsa_keygen_bits:{bits}"));
        let found = corpus.inspect("short.crt", "short.key");
        let message = format!("the certificate in `short.crt` has an RSA key of `{bits}` bits");
        assert_eq!(found, [(ProblemKind::UnusableCertificate, Subject::Certificate, message)]);
    }
}

#[test]
fn every_algorithm_has_its_kind_and_properties() {
    let corpus = Corpus::new();
    for (name, kind, rsa, ecdsa) in [
        ("rsa3072", "RSA", Some("RSA 3072"), Some(false)),
        ("pss", "RSA-PSS", Some("RSA 2048"), Some(false)),
        ("P-256", "EC", None, Some(true)),
        ("P-521", "EC", None, Some(true)),
        ("ed25519", "Ed25519", None, Some(true)),
        ("ed448", "Ed448", None, Some(true)),
    ] {
        corpus.pair(name, &algorithm(name));
        let certificate = Certificate::read(&corpus.path(&format!("{name}.crt"))).unwrap();
        let found = (certificate.key_kind(), certificate.rsa(), certificate.is_ecdsa());
        assert_eq!(found, (Some(kind), rsa.map(str::to_owned), ecdsa), "{name}");
    }
}

#[test]
fn another_key_of_the_same_kind_is_found() {
    let corpus = Corpus::new();
    for name in ["rsa", "P-256", "P-384", "P-521", "ed25519"] {
        corpus.pair(name, &algorithm(name));
        corpus.openssl(&format!("genpkey -out other.key -algorithm {}", algorithm(name)));
        let message = format!("the private key in `other.key` does not belong to the certificate in `{name}.crt`");
        let found = corpus.inspect(&format!("{name}.crt"), "other.key");
        assert_eq!(found, [mismatch(&message)], "{name}");
    }
}

#[test]
fn another_key_is_found_without_its_public_half_where_ring_has_the_curve() {
    let corpus = Corpus::new();
    for (curve, told) in [("P-256", true), ("P-384", true), ("P-521", false)] {
        corpus.pair(curve, &algorithm(curve));
        corpus.openssl(&format!("genpkey -out other.key -algorithm {}", algorithm(curve)));
        corpus.openssl("ec -in other.key -out silent.key -no_public");
        let found = corpus.inspect(&format!("{curve}.crt"), "silent.key");
        // Not a guess where it cannot be told: no problem is better than a false one.
        assert_eq!(found.len(), usize::from(told), "{curve}: {found:?}");
    }
}

#[test]
fn a_key_of_another_kind_is_named() {
    let corpus = Corpus::new();
    for name in ["rsa", "rsa3072", "P-256", "P-384", "P-521", "ed25519", "ed448"] {
        corpus.pair(name, &algorithm(name));
    }
    for (certificate, key, public, private) in [
        ("rsa", "P-256", "RSA 2048", "EC P-256"),
        ("rsa", "rsa3072", "RSA 2048", "RSA 3072"),
        ("P-256", "rsa", "EC P-256", "RSA 2048"),
        ("P-256", "P-384", "EC P-256", "EC P-384"),
        ("P-521", "ed25519", "EC P-521", "Ed25519"),
        ("ed25519", "ed448", "Ed25519", "Ed448"),
    ] {
        let message = format!(
            "the key in `{key}.key` is `{private}`, \
             but the certificate in `{certificate}.crt` is for `{public}`"
        );
        let found = corpus.inspect(&format!("{certificate}.crt"), &format!("{key}.key"));
        assert_eq!(found, [mismatch(&message)]);
    }
    let [help] = helps(&corpus.path("rsa.crt"), &corpus.path("P-256.key")).try_into().unwrap();
    assert!(help.ends_with("`nginx -t` accepts this pair, but every handshake fails"), "{help}");
}

#[test]
fn a_key_of_a_certificate_lower_in_the_chain_says_so() {
    let corpus = Corpus::new();
    corpus.pair("issuer", &algorithm("P-256"));
    corpus.pair("leaf", &algorithm("P-256"));
    corpus.write("upside-down.crt", corpus.read("issuer.crt") + &corpus.read("leaf.crt"));
    corpus.write("chain.crt", corpus.read("leaf.crt") + &corpus.read("issuer.crt"));
    assert_eq!(corpus.inspect("chain.crt", "leaf.key"), []);
    let message = "the private key in `leaf.key` does not belong to the certificate in `upside-down.crt`";
    assert_eq!(corpus.inspect("upside-down.crt", "leaf.key"), [mismatch(message)]);
    let path = corpus.path("upside-down.crt");
    assert_eq!(
        helps(&path, &corpus.path("leaf.key")),
        [format!("it belongs to certificate `2` in `{}`: move that certificate to the top", path.display())]
    );
}

#[test]
fn an_encrypted_key_is_unusable() {
    let corpus = Corpus::new();
    corpus.pair("rsa", &algorithm("rsa"));
    corpus.openssl("pkcs8 -topk8 -in rsa.key -passout pass:secret -out pkcs8.key");
    corpus.openssl("rsa -in rsa.key -traditional -aes128 -passout pass:secret -out pkcs1.key");
    assert!(corpus.read("pkcs8.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert!(corpus.read("pkcs1.key").contains("Proc-Type: 4,ENCRYPTED"));
    for key in ["pkcs8.key", "pkcs1.key"] {
        let message = format!("the key in `{key}` is encrypted, and nginx cannot ask for its passphrase");
        let expected = (ProblemKind::UnusableKey, Subject::Key, message);
        assert_eq!(corpus.inspect("rsa.crt", key), [expected]);
    }
    corpus.write("crlf.key", corpus.read("pkcs1.key").replace('\n', "\r\n"));
    assert_eq!(corpus.inspect("rsa.crt", "crlf.key")[0].0, ProblemKind::UnusableKey);
}

#[test]
fn debug_output_holds_no_secret() {
    let corpus = Corpus::new();
    corpus.pair("P-256", &algorithm("P-256"));
    let key = PrivateKey::read(&corpus.path("P-256.key")).unwrap();
    let debug = format!("{key:?}");
    assert!(debug.contains("scalar: Secret(32 bytes)"), "{debug}");
    let certificate = Certificate::read(&corpus.path("P-256.crt")).unwrap();
    assert_eq!(certificate.key_problem(&key), None);
}
