//! Every defect that a certificate or its key can have, one at a time: made when the test runs,
//! found under its code at its place. Whatever looks much like one and is none earns nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::INVENTORY;
use crate::support::Sslscale;

/// The values of the inventory that findings point to.
const FIRST_NAME: &str = "6:19";
const SECOND_NAME: &str = "6:32";
const CHAIN: &str = "10:29";
const KEY: &str = "11:33";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "example.com");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    params
}

fn authority(name: &str, above: Option<&Authority>, until: i32) -> Authority {
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_after = date_time_ymd(until, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    match above {
        Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
    }
}

/// A directory with what the inventory names.
struct Lab<'d> {
    dir: &'d Path,
    root: Authority,
    between: Authority,
}

impl Lab<'_> {
    fn put(&self, name: &str, text: &str) {
        let path = self.dir.join("tls").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The certificate that `change` makes of a good one, its key in place; its text.
    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> String {
        self.below(&self.between, change)
    }

    fn below(&self, above: &Authority, change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = params(&["example.com", "www.example.com"]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        self.put("ssl.key", &key.serialize_pem());
        params.signed_by(&key, above).unwrap().pem()
    }

    /// The same, with its chain, in its place.
    fn chain(&self, change: impl FnOnce(&mut CertificateParams)) {
        let leaf = self.leaf(change);
        self.put("ssl.crt", &(leaf + &self.between.pem()));
    }

    fn openssl(&self, words: &str) {
        let done = Command::new("openssl").args(words.split_whitespace()).current_dir(self.dir.join("tls")).output();
        let done = done.expect("these tests need openssl");
        assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A chain whose own certificate, or the one above it, the real openssl signs with `digest`.
    fn signed(&self, digest: &str, below: &str) {
        let names = "subjectAltName=DNS:example.com,DNS:www.example.com";
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -batch -subj /CN=r -days 900 -keyout r.key -out r.crt {below}"
        ));
        self.openssl(&format!("req -x509 -newkey rsa:2048 -nodes -batch -subj /CN=own -days 90 -CA r.crt -CAkey r.key {digest} -addext {names} -addext basicConstraints=CA:FALSE -keyout ssl.key -out ssl.crt"));
    }

    fn self_signed(&self, kind: &str) {
        let names = "subjectAltName=DNS:example.com,DNS:www.example.com";
        self.openssl(&format!(
            "req -x509 -newkey {kind} -nodes -batch -subj /CN=x -days 90 -addext {names} -keyout ssl.key -out ssl.crt"
        ));
    }
}

/// Code and place of every finding that is more than a note.
fn found(make: &dyn Fn(&Lab<'_>)) -> Vec<(String, String)> {
    let run = Sslscale::new(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).inventory(INVENTORY);
    std::fs::create_dir_all(run.dir().join("tls")).unwrap();
    let root = authority("root", None, 2090);
    let between = authority("between", Some(&root), 2090);
    make(&Lab { dir: run.dir(), root, between });
    let document: serde_json::Value = serde_json::from_str(&run.run().stdout).unwrap();
    let findings = document["inventories"][0]["findings"].as_array().unwrap().clone();
    let findings = findings.iter().filter(|one| one["severity"] != "info");
    let place = |one: &serde_json::Value| format!("{}:{}", one["location"]["line"], one["location"]["column"]);
    findings.map(|one| (one["code"].as_str().unwrap().to_owned(), place(one))).collect()
}

type Case = (&'static str, &'static [(&'static str, &'static str)], fn(&Lab<'_>));

const DEFECTS: &[Case] = &[
    ("no file", &[("TL06", CHAIN), ("TL06", KEY)], |_| {}),
    ("no PEM", &[("TL06", CHAIN)], |lab| {
        lab.chain(|_| {});
        lab.put("ssl.crt", "no certificate\n");
    }),
    ("a certificate cut short", &[("TL06", CHAIN)], |lab| {
        let leaf = lab.leaf(|_| {});
        lab.put("ssl.crt", &leaf[..leaf.len() / 2]);
    }),
    ("the key in the place of the certificate", &[("TL06", CHAIN)], |lab| {
        lab.chain(|_| {});
        std::fs::copy(lab.dir.join("tls/ssl.key"), lab.dir.join("tls/ssl.crt")).unwrap();
    }),
    ("expired", &[("TL01", CHAIN)], |lab| lab.chain(|leaf| leaf.not_after = date_time_ymd(2021, 1, 1))),
    ("not yet valid", &[("TL01", CHAIN)], |lab| lab.chain(|leaf| leaf.not_before = date_time_ymd(2080, 1, 1))),
    ("Ed25519", &[("TL25", CHAIN)], |lab| lab.self_signed("ed25519")),
    ("near its end", &[("TL01", CHAIN)], |lab| {
        lab.chain(|leaf| leaf.not_after = (SystemTime::now() + Duration::from_secs(10 * 24 * 3600)).into());
    }),
    ("an authority that expired", &[("TL01", CHAIN)], |lab| {
        let between = authority("old", Some(&lab.root), 2021);
        let leaf = lab.below(&between, |_| {});
        lab.put("ssl.crt", &(leaf + &between.pem()));
    }),
    ("a key of the same kind", &[("TL02", KEY)], |lab| {
        lab.chain(|_| {});
        lab.put("ssl.key", &KeyPair::generate().unwrap().serialize_pem());
    }),
    ("a key of another kind", &[("TL02", KEY)], |lab| {
        lab.chain(|_| {});
        lab.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ssl.key");
    }),
    ("a name too few", &[("TL03", SECOND_NAME)], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names.truncate(1));
    }),
    ("a wildcard one label too deep", &[("TL03", FIRST_NAME), ("TL03", SECOND_NAME)], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names = params(&["*.www.example.com"]).subject_alt_names);
    }),
    ("a wildcard for its own domain", &[("TL03", FIRST_NAME)], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names = params(&["*.example.com"]).subject_alt_names);
    }),
    ("the common name alone", &[("TL03", FIRST_NAME), ("TL03", SECOND_NAME)], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names.clear());
    }),
    ("an international name that only looks it", &[("TL03", SECOND_NAME)], |lab| {
        lab.chain(|leaf| {
            leaf.subject_alt_names = params(&["example.com", "xn--www-hoa.example.com"]).subject_alt_names
        });
    }),
    ("out of order", &[("TL04", CHAIN)], |lab| {
        let leaf = lab.leaf(|_| {});
        lab.put("ssl.crt", &(lab.between.pem() + &leaf));
    }),
    ("a stranger in the chain", &[("TL04", CHAIN)], |lab| {
        let leaf = lab.leaf(|_| {});
        lab.put("ssl.crt", &(leaf + &lab.between.pem() + &authority("stranger", None, 2090).pem()));
    }),
    ("no intermediate", &[("TL04", CHAIN)], |lab| {
        // A public authority says where its certificate can be fetched.
        let leaf = lab.leaf(|leaf| {
            let access = b"\x30\x1e\x30\x1c\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x10http://ca.test/x".to_vec();
            leaf.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access));
        });
        lab.put("ssl.crt", &leaf);
    }),
    ("RSA of 1024 bits", &[("TL06", CHAIN)], |lab| lab.self_signed("rsa:1024")),
    ("signed with SHA-1", &[("TL06", CHAIN)], |lab| lab.signed("-sha1", "")),
    ("signed with MD5", &[("TL06", CHAIN)], |lab| lab.signed("-md5", "")),
    ("a key that needs a passphrase", &[("TL06", KEY)], |lab| {
        lab.chain(|_| {});
        lab.openssl("pkcs8 -topk8 -in ssl.key -out locked.key -passout pass:secret");
        std::fs::rename(lab.dir.join("tls/locked.key"), lab.dir.join("tls/ssl.key")).unwrap();
    }),
    ("for clients alone", &[("TL06", CHAIN)], |lab| {
        lab.chain(|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    }),
    ("for any use, which clients do not take for theirs", &[("TL06", CHAIN)], |lab| {
        lab.chain(|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
    }),
    ("an EC key that may not sign", &[("TL06", CHAIN)], |lab| {
        lab.chain(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyAgreement]);
    }),
    ("an authority's own", &[("TL06", CHAIN)], |lab| {
        lab.chain(|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    }),
    ("a key that everybody can read", &[("SE03", KEY)], |lab| {
        lab.chain(|_| {});
        let key = lab.dir.join("tls/ssl.key");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    }),
];

const SOUND: &[Case] = &[
    ("a chain", &[], |lab| lab.chain(|_| {})),
    ("a chain with its root", &[], |lab| {
        let leaf = lab.leaf(|_| {});
        lab.put("ssl.crt", &(leaf + &lab.between.pem() + &lab.root.pem()));
    }),
    ("a wildcard and its domain", &[], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names = params(&["example.com", "*.example.com"]).subject_alt_names);
    }),
    ("names in capitals", &[], |lab| {
        lab.chain(|leaf| leaf.subject_alt_names = params(&["EXAMPLE.com", "WWW.example.COM"]).subject_alt_names);
    }),
    ("for servers and clients", &[], |lab| {
        let both = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        lab.chain(|leaf| leaf.extended_key_usages = both);
    }),
    ("a key that may sign", &[], |lab| {
        lab.chain(|leaf| leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    }),
    ("an RSA key for nothing but key encipherment", &[], |lab| {
        lab.openssl("req -x509 -newkey rsa:2048 -nodes -batch -subj /CN=x -days 90 -addext subjectAltName=DNS:example.com,DNS:www.example.com -addext keyUsage=keyEncipherment -keyout ssl.key -out ssl.crt");
    }),
    ("self-signed, as openssl makes it", &[], |lab| lab.self_signed("ec -pkeyopt ec_paramgen_curve:P-256")),
    ("RSA of 2048 bits", &[], |lab| lab.self_signed("rsa:2048")),
    ("a root that signed itself with SHA-1", &[], |lab| {
        lab.signed("-sha256", "-sha1");
        let (own, root) = ("ssl.crt", "r.crt");
        let text = |name: &str| std::fs::read_to_string(lab.dir.join("tls").join(name)).unwrap();
        lab.put(own, &(text(own) + &text(root)));
    }),
];

#[test]
fn every_defect_is_found_at_its_place_and_no_look_alike_is() {
    let mut wrong = Vec::new();
    for (name, wanted, make) in DEFECTS.iter().chain(SOUND) {
        let found = found(make);
        let wanted: Vec<(String, String)> = wanted.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect();
        if found != wanted {
            wrong.push(format!("{name}: found {found:?}, wanted {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Clients compare the ASCII form of a name, which is how requests and inventories have it.
#[test]
fn international_names_are_compared_in_their_ascii_form() {
    let text = INVENTORY.replace("[example.com, www.example.com]", "[xn--bcher-kva.example, a.xn--bcher-kva.example]");
    let found = |names: &str| {
        let run = Sslscale::new(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).inventory(&text);
        std::fs::create_dir_all(run.dir().join("tls")).unwrap();
        let root = authority("root", None, 2090);
        let between = authority("between", Some(&root), 2090);
        let lab = Lab { dir: run.dir(), root, between };
        lab.openssl(&format!("req -x509 -utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch -subj /CN=xn--bcher-kva.example -days 90 -addext subjectAltName={names} -keyout ssl.key -out ssl.crt"));
        let document: serde_json::Value = serde_json::from_str(&run.run().stdout).unwrap();
        let findings = document["inventories"][0]["findings"].as_array().unwrap().clone();
        let names = findings.iter().filter(|one| one["code"] == "TL03");
        names.map(|one| one["location"]["column"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("DNS:xn--bcher-kva.example,DNS:*.XN--BCHER-kva.example"), [] as [u64; 0]);
    assert_eq!(found("DNS:xn--bcher-kva.example"), [42]);
    // The name in UTF-8, which no client takes for it.
    assert_eq!(found("DNS:bücher.example,DNS:*.bücher.example"), [19, 42]);
    // A wildcard within a label.
    assert_eq!(found("DNS:xn--*.example,DNS:xn--bcher-kva.example"), [42]);
}

#[test]
fn a_list_of_certificates_is_judged_one_by_one() {
    let lists = INVENTORY
        .replace("/etc/ssl/example/ssl.crt", "[/etc/ssl/a.crt, /etc/ssl/b.crt]")
        .replace("/etc/ssl/example/ssl.key", "[/etc/ssl/a.key, /etc/ssl/b.key]")
        .replace("tls/ssl.crt", "[tls/ssl.crt, tls/b.crt]")
        .replace("tls/ssl.key", "[tls/ssl.key, tls/b.key]");
    let findings = |kind: &str, names: &str| {
        let run = Sslscale::new(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).inventory(&lists);
        std::fs::create_dir_all(run.dir().join("tls")).unwrap();
        let root = authority("root", None, 2090);
        let between = authority("between", Some(&root), 2090);
        let lab = Lab { dir: run.dir(), root, between };
        lab.chain(|_| {});
        let words = format!(
            "req -x509 -newkey {kind} -nodes -batch -subj /CN=x -days 90 -addext subjectAltName={names} -keyout b.key -out b.crt"
        );
        lab.openssl(&words);
        let document: serde_json::Value = serde_json::from_str(&run.run().stdout).unwrap();
        let findings = document["inventories"][0]["findings"].as_array().unwrap().clone();
        let told = |one: &serde_json::Value| {
            let place = format!("{}:{}", one["location"]["line"], one["location"]["column"]);
            [one["code"].as_str().unwrap().to_owned(), place, one["path"].as_str().unwrap_or_default().to_owned()]
        };
        // That the second one is self-signed is a note of its own.
        let own = |one: &[String; 3]| one[0].starts_with("TL") && one[0] != "TL04";
        findings.iter().map(told).filter(own).collect::<Vec<_>>()
    };
    let both = "DNS:example.com,DNS:www.example.com";
    // ECDSA and RSA, which is not even worth a note.
    assert_eq!(findings("rsa:2048", both), [] as [[String; 3]; 0]);
    let path = |nth: usize| format!("sites[example.com].ssl_certificate_source[{nth}]");
    let one = |code: &str, place: &str, path: &str| [code.to_owned(), place.to_owned(), path.to_owned()];
    assert_eq!(findings("ec -pkeyopt ec_paramgen_curve:P-384", both), [one("TL06", "10:30", &path(0))]);
    // Every browser gets the last EC key, which it does not accept.
    let never_served = [one("TL06", "10:30", &path(0)), one("TL25", "10:43", &path(1))];
    assert_eq!(findings("ec -pkeyopt ec_paramgen_curve:P-521", both), never_served);
    assert_eq!(findings("ed25519", both), [] as [[String; 3]; 0]);
    assert_eq!(findings("rsa:1024", both), [one("TL06", "10:43", &path(1))]);
    let names = "sites[example.com].server_name[1]";
    assert_eq!(findings("rsa:2048", "DNS:example.com"), [one("TL03", SECOND_NAME, names)]);
}

/// nginx keeps one certificate for each kind of key, and RSA-PSS is a kind of its own.
#[test]
fn rsa_and_rsa_pss_are_two_kinds() {
    let lists = [("/etc/ssl/example/ssl", "/etc/ssl/a", "/etc/ssl/b"), ("tls/ssl", "tls/ssl", "tls/b")];
    let text = lists.iter().fold(INVENTORY.to_owned(), |text, (from, a, b)| {
        let list = |text: String, kind: &str| {
            text.replace(&format!(": {from}.{kind}"), &format!(": [{a}.{kind}, {b}.{kind}]"))
        };
        list(list(text, "crt"), "key")
    });
    let run = Sslscale::new(&["check", "--allow", "CP07", "inventory.yaml"]).inventory(text);
    std::fs::create_dir_all(run.dir().join("tls")).unwrap();
    let root = authority("root", None, 2090);
    let between = authority("between", Some(&root), 2090);
    let lab = Lab { dir: run.dir(), root, between };
    lab.self_signed("rsa:2048");
    std::fs::rename(run.dir().join("tls/ssl.crt"), run.dir().join("tls/b.crt")).unwrap();
    std::fs::rename(run.dir().join("tls/ssl.key"), run.dir().join("tls/b.key")).unwrap();
    lab.self_signed("rsa-pss -pkeyopt rsa_keygen_bits:2048");
    let shown = run.run();
    assert!(shown.status == 0 && !shown.stderr.contains("never served"), "{}", shown.all());
}
