//! Runs the real haproxy and nginx of a Debian release over a rendered tree, at the exact paths it
//! would be deployed to and under the stock nginx.conf. One `session.sh` per [`Release`] does the
//! work in its own namespaces; it adds about 8 ms to each check.

use std::env;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::need;

/// The Debian releases whose programs a fleet may run, oldest first.
pub const RELEASES: [&str; 4] = ["bullseye", "bookworm", "trixie", "sid"];

/// This machine's own programs, without its own sites.
pub const HERE: &str = "here";

pub type Version = (u32, u32, u32);

/// The files a rendered tree finds in /etc/nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    /// As Debian's package leaves them, the default site on port 80 included.
    Debian,
    /// Debian's, after an administrator removed the default site.
    NoDefaultSite,
    /// As nginx.org's package leaves them, with its account `nginx`.
    NginxOrg,
}

impl Stock {
    pub const ALL: [Self; 3] = [Self::Debian, Self::NoDefaultSite, Self::NginxOrg];

    fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::NoDefaultSite => "no-default-site",
            Self::NginxOrg => "nginx.org",
        }
    }
}

/// What one program printed about one tree.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `haproxy` or `nginx`.
    pub program: String,
    /// The exit status; 128 and the signal's number when a signal ended it.
    pub status: i32,
    /// Standard output and standard error, in the order they were written.
    pub output: String,
}

impl Outcome {
    /// Exit status 0, and no line but the usual ones: a warning today is an error two releases
    /// later, and an unknown message may be a warning.
    pub fn accepted(&self) -> bool {
        self.status == 0 && self.output.lines().all(is_good_news)
    }
}

fn is_good_news(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line == "Configuration file is valid"
        || line.starts_with("nginx: ") && (line.ends_with(" syntax is ok") || line.ends_with(" test is successful"))
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: status {}\n{}", self.program, self.status, self.output)
    }
}

/// The programs of one release, ready to check trees.
pub struct Release {
    name: String,
    haproxy: Version,
    nginx: Version,
    session: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    // Last, so that it is removed after the session that mounts on it has ended.
    _work: tempfile::TempDir,
}

impl Release {
    /// Starts a session for `name`, one of [`RELEASES`] or [`HERE`].
    /// `None` if this machine cannot, which has been reported.
    ///
    /// # Panics
    /// If it cannot and `SSLSCALE_REQUIRE=1`.
    pub fn open(name: &str) -> Option<Self> {
        let root = if name == HERE {
            if !need::programs(&["haproxy", "nginx"]) {
                return None;
            }
            PathBuf::from(HERE)
        } else {
            let root = roots().join(name);
            if !root.is_dir() {
                need::missing(&format!("there is no root of {name}"), "make roots");
                return None;
            }
            root
        };
        if !need::programs(&["unshare", "mount", "ip"]) {
            return None;
        }
        if let Err(reason) = namespaces() {
            need::missing(&reason, "run as root, or allow user namespaces");
            return None;
        }
        Some(Self::start(name, &root))
    }

    fn start(name: &str, root: &Path) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let work = tempfile::tempdir().expect("a temporary folder can be made");
        let mut session = unshare()
            .arg(tests.join("releases/session.sh"))
            .args([root, work.path(), &tests.join("fixtures/nginx.org")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare was found on the path");
        let mut release = Self {
            name: name.to_owned(),
            haproxy: (0, 0, 0),
            nginx: (0, 0, 0),
            requests: session.stdin.take(),
            answers: BufReader::new(session.stdout.take().expect("standard output is a pipe")),
            session,
            _work: work,
        };
        for outcome in release.request(Stock::Debian, "nothing") {
            let found = version(&outcome.output);
            match outcome.program.as_str() {
                "haproxy" => release.haproxy = found,
                _ => release.nginx = found,
            }
        }
        release
    }

    /// What was passed to [`Release::open`].
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn haproxy(&self) -> Version {
        self.haproxy
    }

    pub fn nginx(&self) -> Version {
        self.nginx
    }

    /// Runs `haproxy -c` when `tree` has etc/haproxy/haproxy.cfg, and `nginx -t` when it has
    /// etc/nginx/conf.d/sslscale.conf, with `tree` laid over the release's root. Certificates and
    /// other files the configuration names must be in `tree` too.
    ///
    /// # Panics
    /// If `tree` has neither file, or if the session itself fails, which no tree can cause.
    pub fn check(&mut self, stock: Stock, tree: &Path) -> Vec<Outcome> {
        let path = tree.to_str().expect("temporary paths are text");
        assert!(
            tree.is_absolute() && !path.contains([':', ',', '\\', ' ', '\n']),
            "`{path}` cannot be an overlay layer"
        );
        let outcomes = self.request(stock, path);
        assert!(!outcomes.is_empty(), "nothing to check in `{path}`");
        outcomes
    }

    /// [`Release::check`], failing the test unless every program accepts the tree.
    ///
    /// # Panics
    /// If one does not, with everything that the programs printed.
    pub fn assert_accepts(&mut self, stock: Stock, tree: &Path) {
        for outcome in self.check(stock, tree) {
            assert!(outcome.accepted(), "{} ({stock:?}) does not accept {}\n{outcome}", self.name, tree.display());
        }
    }

    /// Starts the programs of a tree, as [`Release::check`] names them, in the session's network
    /// namespace, until [`Release::stop`].
    ///
    /// # Panics
    /// If one of them does not start.
    pub fn serve(&mut self, stock: Stock, tree: &Path) {
        for outcome in self.send(&format!("serve {} {}", stock.name(), tree.display())) {
            // haproxy says that nobody reads its log.
            assert_eq!(outcome.status, 0, "{} does not serve {}\n{outcome}", self.name, tree.display());
        }
    }

    /// Ends what [`Release::serve`] started, and the apps whose process ids are in `apps.pid`.
    pub fn stop(&mut self) {
        self.send("stop -");
    }

    /// Runs a shell script with this machine's programs next to the served ones. The working
    /// directory has the root that they see, as `mnt`.
    pub fn run(&mut self, script: &Path) -> Outcome {
        self.send(&format!("run {}", script.display())).remove(0)
    }

    fn request(&mut self, stock: Stock, tree: &str) -> Vec<Outcome> {
        self.send(&format!("{} {tree}", stock.name()))
    }

    fn send(&mut self, request: &str) -> Vec<Outcome> {
        let requests = self.requests.as_mut().expect("taken only by drop");
        // If the session has died, the answer tells more than a broken pipe.
        let _ = writeln!(requests, "{request}");
        let mut outcomes = Vec::new();
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line).expect("answers are text");
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (program, status, length) = match fields[..] {
                ["done"] => return outcomes,
                [program, status, length] => (program, status, length),
                _ => panic!("the session for {} ended: see its own message", self.name),
            };
            let length: usize = length.parse().expect("session.sh sends a length");
            let mut output = vec![0; length + 1];
            self.answers.read_exact(&mut output).expect("session.sh sends as much as it announced");
            let output = String::from_utf8_lossy(&output[..length]).into_owned();
            assert_ne!(program, "error", "session for {}: {output}", self.name);
            outcomes.push(Outcome {
                program: program.to_owned(),
                status: status.parse().expect("session.sh sends a status"),
                output,
            });
        }
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        // The session's loop ends with its input, and its mounts with its namespace.
        self.requests.take();
        let _ = self.session.wait();
    }
}

/// Where tests/releases/roots.sh puts the roots.
pub fn roots() -> PathBuf {
    env::var_os("SSLSCALE_ROOTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/roots"), PathBuf::from)
}

/// A command inside mount and network namespaces of its own.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    // The end of the session's shell ends whatever it started.
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
}

/// Whether [`unshare`] works here, and its error if not.
fn namespaces() -> Result<(), String> {
    let output =
        unshare().args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output().expect("unshare was found on the path");
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(format!("namespaces are not allowed: {}", reason.trim()))
}

/// The first `1.2.3` in what a program prints about its version.
fn version(output: &str) -> Version {
    output
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => Some((major, minor, patch)),
                _ => None,
            }
        })
        .unwrap_or_else(|| panic!("no version in `{output}`"))
}
