//! Directories that stand for the hosts of a small fleet.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair};

use super::{Run, Sslscale, need};

/// A balancer and two app servers with one site.
pub const INVENTORY: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
tickets: per_host
";

/// The same with more lines for the site.
pub fn inventory(site: &str) -> String {
    INVENTORY.replace("tickets", &format!("{site}tickets"))
}

/// Empty roots for all hosts. `None` for a user who cannot give files to root, which has been reported.
pub fn fleet(inventory: &str) -> Option<Sslscale> {
    need::root().then(|| {
        let run = Sslscale::new(&[]).inventory(inventory);
        for host in ["lb1", "srv1", "srv2"] {
            fs::create_dir_all(run.dir().join("roots").join(host)).unwrap();
        }
        run
    })
}

/// What a certificate for this name begins with.
pub fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// Writes a pair beside the inventory, as `STEM.crt` and `STEM.key`. Returns the key.
pub fn write_pair(fleet: &Sslscale, stem: &str, params: CertificateParams) -> String {
    let key = KeyPair::generate().unwrap();
    let path = |extension| fleet.dir().join(format!("{stem}.{extension}"));
    fs::write(path("crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(path("key"), key.serialize_pem()).unwrap();
    fs::set_permissions(path("key"), fs::Permissions::from_mode(0o600)).unwrap();
    key.serialize_pem()
}

/// A command on the roots, which has to end with this exit code.
pub fn run(fleet: &Sslscale, words: &[&str], code: i32) -> Run {
    let at = if words[0] == "certs" { 2 } else { 1 };
    let run = fleet.run_with(&[&words[..at], &["inventory.yaml", "--roots", "roots"], &words[at..]].concat());
    assert_eq!(run.status, code, "{words:?}: {}", run.all());
    // Whatever stopped it, a reader need not wonder what became of the hosts.
    let changes = ["deploy", "rollback", "certs"].contains(&words[0]) && !words.contains(&"json");
    let says = run.stderr.contains("nothing was changed");
    assert!(!changes || code != 3 || says, "{words:?}: {}", run.all());
    run
}
