//! The other side of a check: haproxy and nginx themselves, over one balancer's and one app
//! server's rendered files. They start in namespaces that are made before anything is measured;
//! what is measured is the programs alone.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use sslscale::render::{HAPROXY_CFG, NGINX_CONF};
use sslscale::tickets::{KEYS, RING, Ring};

use crate::measure::Run;

/// What either side of the fleet is asked before it is given its files.
const COMMANDS: [&str; 2] = ["nginx -t", "haproxy -c -f /etc/haproxy/haproxy.cfg"];

/// A shell in namespaces of its own that runs the programs.
pub struct Programs {
    session: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Programs {
    /// Ready to run over the files of `balancer` and `app` in the rendered `tree`. `root` is an
    /// empty directory; certificates are made up at the paths of `sites` sites.
    pub fn start(root: &Path, tree: &Path, [balancer, app]: [&str; 2], sites: usize) -> Result<Self> {
        for (host, path) in [(balancer, HAPROXY_CFG), (app, NGINX_CONF)] {
            let relative = path.trim_start_matches('/');
            fs::create_dir_all(root.join(relative).parent().unwrap_or(root))?;
            fs::copy(tree.join(host).join(relative), root.join(relative))?;
        }
        certificates(root, sites)?;
        ring(root)?;
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--net"]);
        if !nix::unistd::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/speed/programs.sh")).arg(root);
        let mut session = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("unshare")?;
        let (requests, answers) = (session.stdin.take(), session.stdout.take().context("no pipe")?);
        let mut programs = Self { session, requests, answers: BufReader::new(answers) };
        ensure!(programs.line()? == "ready", "namespaces could not be made: run as root, or allow user namespaces");
        Ok(programs)
    }

    /// Runs both, one after the other.
    pub fn run(&mut self) -> Result<Run> {
        let start = Instant::now();
        for command in COMMANDS {
            let requests = self.requests.as_mut().context("taken only by drop")?;
            writeln!(requests, "{command}")?;
            let head = self.line()?;
            let (status, lines) = head.split_once(' ').context("no status")?;
            let said = (0..lines.parse::<usize>()?).map(|_| self.line()).collect::<Result<Vec<_>>>()?;
            ensure!(status == "0", "{command} ended with {status}:\n{}", said.join("\n"));
        }
        let micros = u64::try_from(start.elapsed().as_micros())?;
        Ok(Run { micros, peak: 0 })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        // The script ends with its input, and its mounts with its namespace.
        self.requests.take();
        let _ = self.session.wait();
    }
}

/// One certificate at the paths of every site.
fn certificates(root: &Path, sites: usize) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["example.com".to_owned()])?;
    for site in 0..sites {
        let dir = root.join(format!("etc/ssl/site{site:03}"));
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("ssl.crt"), made.cert.pem())?;
        fs::write(dir.join("ssl.key"), made.signing_key.serialize_pem())?;
    }
    Ok(())
}

/// The keys of session tickets.
fn ring(root: &Path) -> Result<()> {
    let dir = root.join(RING.trim_start_matches('/'));
    fs::create_dir_all(&dir)?;
    for (name, key) in KEYS.iter().zip(Ring::generate()?.keys()) {
        fs::write(dir.join(name), key.bytes())?;
    }
    Ok(())
}
