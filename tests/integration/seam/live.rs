//! Real programs on loopback ports that nobody else uses, each in a directory of its own and
//! gone when the test is, however it ends.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use crate::support::ports::free as port;
use crate::support::{need, ports};

/// The client that PROXY headers name.
pub const CLIENT: &str = "203.0.113.7";
/// Longer than anything here takes; a program that hangs must not hang the tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program.
pub struct Live {
    dir: tempfile::TempDir,
    child: Child,
    /// What `nginx -t` or `haproxy -c` said first.
    pub verdict: String,
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Live {
    /// nginx with this inside its `http` block. Servers with `ssl` find a certificate there.
    pub fn nginx(http: &str, ready: u16) -> Self {
        let (dir, verdict) = nginx_test(http);
        let verdict = verdict.unwrap_or_else(|refused| panic!("{refused}"));
        let prefix = format!("{}/", dir.path().display());
        Self::start("nginx", &["-p", &prefix, "-c", "nginx.conf"], dir, verdict, ready)
    }

    /// haproxy that forwards `ready` with these lines in its backend.
    pub fn haproxy(backend: &str, ready: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "global\n    nbthread 1\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 20s\n    \
             timeout server 20s\nfrontend f\n    bind 127.0.0.1:{ready}\n    default_backend b\nbackend b\n{backend}"
        );
        fs::write(dir.path().join("haproxy.cfg"), text).unwrap();
        let file = dir.path().join("haproxy.cfg");
        let file = file.to_str().unwrap();
        let check = Command::new(need::find("haproxy").unwrap()).args(["-c", "-q", "-f", file]).output().unwrap();
        let output = String::from_utf8(check.stderr).unwrap();
        assert!(check.status.success(), "{output}");
        Self::start("haproxy", &["-db", "-f", file], dir, output, ready)
    }

    fn start(program: &str, arguments: &[&str], dir: tempfile::TempDir, verdict: String, ready: u16) -> Self {
        let log = fs::File::create(dir.path().join("stderr")).unwrap();
        let mut command = Command::new(need::find(program).unwrap());
        let child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut live = Self { dir, child, verdict };
        let start = Instant::now();
        // Not merely anybody: what another program answers would pass for its words.
        while !ports::listens(live.child.id(), ready) {
            let ended = live.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{program}: {ended:?} {}", live.log("stderr"));
            std::thread::sleep(Duration::from_millis(5));
        }
        live
    }

    /// A file that it writes.
    pub fn log(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.path().join(name)).unwrap_or_default()).into_owned()
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// A directory with this inside the `http` block of its `nginx.conf`, and what `nginx -t` says to
/// it: an error where it refuses.
pub fn nginx_test(http: &str) -> (tempfile::TempDir, Result<String, String>) {
    let dir = tempfile::tempdir().unwrap();
    let signed = rcgen::generate_simple_self_signed(["a.test".to_owned(), "b.test".to_owned()]).unwrap();
    let (crt, key) = (dir.path().join("crt"), dir.path().join("key"));
    fs::write(&crt, signed.cert.pem()).unwrap();
    fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n{temporary}\
         access_log access.log;\nssl_certificate {};\nssl_certificate_key {};\n{http}\n}}\n",
        crt.display(),
        key.display()
    );
    fs::write(dir.path().join("nginx.conf"), text).unwrap();
    let prefix = format!("{}/", dir.path().display());
    let mut nginx = Command::new(need::find("nginx").unwrap());
    let test = nginx.args(["-p", &prefix, "-c", "nginx.conf", "-t", "-q"]).output().unwrap();
    let output = String::from_utf8(test.stderr).unwrap();
    // As nobody it cannot open the log of the machine's own nginx, which is no concern of a test.
    let output: String = output.lines().filter(|line| !line.contains("/var/log/nginx/")).collect();
    (dir, if test.status.success() { Ok(output) } else { Err(output) })
}

/// What is answered to `head`, a PROXY header or nothing, and a request for `host` behind it; all
/// in clear text, and empty where the connection is cut.
pub fn request(address: impl Into<IpAddr>, port: u16, head: &[u8], host: &str) -> String {
    let mut stream = TcpStream::connect(SocketAddr::new(address.into(), port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\nX-Real-IP: 192.0.2.66\r\n\r\n");
    stream.write_all(&[head, request.as_bytes()].concat()).unwrap();
    let mut answer = Vec::new();
    // A reset is an answer too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The text form of a PROXY header that names [`CLIENT`].
pub fn v1() -> Vec<u8> {
    format!("PROXY TCP4 {CLIENT} 198.51.100.1 4711 443\r\n").into_bytes()
}

/// The binary form of the same.
pub fn v2() -> Vec<u8> {
    let client: Ipv4Addr = CLIENT.parse().unwrap();
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(client.octets());
    header.extend([198, 51, 100, 1, 0x12, 0x67, 0x01, 0xbb]);
    header
}

/// What curl says to `https://a.test/`, asked for at `port`: its status and all of its words.
pub fn curl(port: u16, more: &[&str]) -> (i32, String) {
    let (resolve, url) = (format!("a.test:{port}:127.0.0.1"), format!("https://a.test:{port}/"));
    let arguments = ["-q", "-sSk", "-m", "20", "--resolve", &resolve, &url];
    let output = Command::new("curl").args(arguments).args(more).output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&words).into_owned())
}
