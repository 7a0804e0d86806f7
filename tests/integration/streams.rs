//! Standard output and standard error that are full, closed or slow: a run that changes something
//! does the same and exits with the same status as with streams that take everything.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::Sslscale;

const SHARED: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]\n\
                      app_servers:\n  - { name: srv1, address: 10.0.0.11 }\n  - { name: srv2, address: 10.0.0.12 }\n\
                      sites: [{ server_name: example.com, root: /srv, ssl_certificate: /etc/ssl/a.crt, \
                      ssl_certificate_key: /etc/ssl/a.key }]\n";

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

// It rotated every host and exited with 2, which stands for "usage, or something unreadable".
#[test]
fn a_full_output_changes_nothing_about_a_rotation() {
    let run = Sslscale::new(&[]).inventory(SHARED);
    ["srv1", "srv2"].iter().for_each(|host| fs::create_dir_all(run.dir().join("roots").join(host)).unwrap());
    let key = |host: &str| -> Option<Vec<u8>> {
        let path: PathBuf = run.dir().join("roots").join(host).join("etc/sslscale/tickets/current.key");
        fs::read(path).ok()
    };
    for what in ["sync", "rotate"] {
        let before = key("srv1");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
        command.args(["tickets", what, "inventory.yaml", "--roots", "roots"]).current_dir(run.dir());
        let done = command.stdout(full()).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{what}: {stderr}");
        assert!(stderr.contains("error: the report could not be written\n"), "{what}: {stderr}");
        assert!(key("srv1") != before && key("srv1") == key("srv2"), "{what}");
    }
}
