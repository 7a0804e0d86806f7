//! pebble, Let's Encrypt's ACME server for tests, next to the hosts. It resolves every name to a balancer and asks there
//! for the answers to challenges.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};

use crate::served::Served;

/// The tests' own address among the hosts.
const ADDRESS: &str = "10.0.0.1";

/// A server that ends with this value.
pub struct Pebble {
    processes: Vec<Child>,
    /// What issues its certificates, in PEM. It is another one each time.
    pub authority: String,
}

impl Pebble {
    /// Starts it. Names lead to this address.
    pub fn start(served: &Served, names_lead_to: &str) -> Self {
        let folder = served.fleet.path("pebble");
        fs::create_dir_all(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([ADDRESS.to_owned()]).unwrap();
        fs::write(folder.join("server.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("{ADDRESS}:14000"), "managementListenAddress": format!("{ADDRESS}:15000"),
            "certificate": "/run/hosts/pebble/server.crt", "privateKey": "/run/hosts/pebble/server.key",
            "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "", "externalAccountBindingRequired": false,
        } });
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
        let mut pebble = Self { processes: Vec::new(), authority: String::new() };
        let dns =
            ["pebble-challtestsrv", "-defaultIPv4", names_lead_to, "-defaultIPv6", "", "-dns01", "127.0.0.1:8053"];
        let nothing_else = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "10.0.0.1:8055"];
        pebble.run(served, &[&dns[..], &nothing_else].concat(), 8055);
        // Each order is validated, without a pause and without errors made on purpose.
        let plainly = ["env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"];
        let server = ["pebble", "-config", "/run/hosts/pebble/config.json", "-dnsserver", "127.0.0.1:8053"];
        pebble.run(served, &[&plainly[..], &server].concat(), 14000);
        let mut root = served.fleet.command("curl");
        let root = root.args(["-sSfk", &format!("https://{ADDRESS}:15000/roots/0")]).output().unwrap();
        assert!(root.status.success(), "{root:?}");
        pebble.authority = String::from_utf8(root.stdout).unwrap();
        pebble
    }

    /// Where ACME clients find it.
    pub fn directory() -> String {
        format!("https://{ADDRESS}:14000/dir")
    }

    /// Runs a program until something listens on this port.
    fn run(&mut self, served: &Served, words: &[&str], port: u16) {
        // `nsenter` starts another process, which ends with it.
        let mut command = served.fleet.command("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).args(words);
        self.processes.push(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let network = served.fleet.network();
        let listens = move || {
            network.join();
            let deadline = Instant::now() + Duration::from_secs(60);
            while TcpStream::connect((ADDRESS, port)).is_err() {
                assert!(Instant::now() < deadline, "nothing listens on port {port}");
                std::thread::sleep(Duration::from_millis(50));
            }
        };
        std::thread::spawn(listens).join().unwrap();
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
