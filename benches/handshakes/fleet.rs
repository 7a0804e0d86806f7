//! The fleets that are compared, and their certificates.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::KEYS;

/// Checks of haproxy are handshakes too: here they are rare.
pub fn inventory(tickets: &str) -> String {
    let mut yaml = format!(
        "tickets: {tickets}\nload_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\napp_servers:\n  \
         - {{ name: srv1, address: 10.0.0.11 }}\n  - {{ name: srv2, address: 10.0.0.12 }}\n\
         haproxy: {{ check: {{ inter: 10m }} }}\nsites:\n"
    );
    for (_, name) in KEYS {
        yaml.push_str(&format!(
            "  - server_name: {name}\n    ssl_certificate: /etc/ssl/{name}/ssl.crt\n    \
             ssl_certificate_key: /etc/ssl/{name}/ssl.key\n    ssl_certificate_source: {name}.crt\n    \
             ssl_certificate_key_source: {name}.key\n    \
             locations:\n      - {{ path: /, uwsgi_pass: \"unix:/tmp/app.sock\" }}\n"
        ));
    }
    yaml
}

/// An authority, and a certificate of each kind of key.
pub fn certificates(work: &Path) -> Result<()> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    fs::write(work.join("authority.pem"), authority.pem())?;
    let options = [&["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]];
    for ((_, name), options) in KEYS.into_iter().zip(options) {
        let path = work.join(format!("{name}.key"));
        let mut openssl = Command::new("openssl");
        openssl.arg("genpkey").arg("-out").arg(&path).arg("-algorithm").args(options).stderr(Stdio::null());
        ensure!(openssl.status().context("openssl")?.success(), "openssl made no key");
        let key = KeyPair::from_pem(&fs::read_to_string(&path)?)?;
        let leaf = CertificateParams::new([name.to_owned()])?.signed_by(&key, &authority)?;
        fs::write(work.join(format!("{name}.crt")), leaf.pem())?;
    }
    Ok(())
}
