//! A fleet that `sslscale try --keep` holds, and what its nginx workers have used.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use sslscale::event::Kept;

use crate::KEYS;

const SSLSCALE: &str = env!("CARGO_BIN_EXE_sslscale");

/// A running fleet; it ends with this value.
pub struct Fleet {
    child: Child,
    /// Held open: a fleet that cannot report does not stay.
    _reports: BufReader<ChildStdout>,
    kept: Kept,
}

impl Fleet {
    /// The fleet with these tickets, and with the certificates in `work`.
    pub fn start(work: &Path, tickets: &str) -> Result<Self> {
        let path = work.join(format!("{tickets}.yaml"));
        fs::write(&path, inventory(tickets))?;
        let mut command = Command::new(SSLSCALE);
        command.arg("try").arg(&path).args(["--keep", "--format", "json"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("sslscale")?;
        let mut reports = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut output = String::new();
        loop {
            let mut line = String::new();
            if reports.read_line(&mut line)? == 0 {
                child.wait()?;
                bail!("the fleet did not start:\n{output}");
            }
            let mut event: Value = serde_json::from_str(&line)?;
            if let Some(kept) = event.get_mut("kept") {
                let kept = serde_json::from_value(kept.take())?;
                return Ok(Self { child, _reports: reports, kept });
            }
            output.push_str(&line);
        }
    }

    /// Runs this program's client in the clients' host; what it answers.
    pub fn client(&self, words: &[String]) -> Result<String> {
        let clients = self.kept.hosts.last().context("no clients")?;
        let (enter, options) = self.kept.enter.split_first().context("no way in")?;
        let this = format!("/.machine{}", std::env::current_exe()?.display());
        let mut command = Command::new(enter);
        command.args(options).arg(clients.pid.to_string()).arg(this).arg("client").args(words);
        let done = command.output()?;
        ensure!(done.status.success(), "the client failed: {}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }

    /// The CPU time that the workers of all nginx have used.
    pub fn nanoseconds(&self) -> Result<u64> {
        let programs = self.kept.hosts.iter().flat_map(|host| &host.programs);
        let mut sum = 0;
        for master in programs.filter(|it| it.program == "nginx").map(|it| it.pid) {
            let workers = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
            for worker in workers.split_whitespace() {
                let times = fs::read_to_string(format!("/proc/{worker}/schedstat"))?;
                let used = times.split(' ').next().context("an empty schedstat")?;
                sum += used.parse::<u64>()?;
            }
        }
        Ok(sum)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// Checks of haproxy are handshakes too: here they are rare.
fn inventory(tickets: &str) -> String {
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
