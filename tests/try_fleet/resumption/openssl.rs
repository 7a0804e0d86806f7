//! OpenSSL, as Python has it: sessions are objects, offered by hand.

use crate::returning::Returning;
use crate::run::{Kept, Try};

const SCRIPT: &str = r#"
import socket, ssl, sys
to, name, authority, version, times, agent = sys.argv[1:]
address, port = to.rsplit(":", 1)
context = ssl.create_default_context(cafile=authority)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
request = f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode()
session, resumed = None, 0
for turn in range(int(times) + 1):
    plain = socket.create_connection((address, int(port)), 10)
    # Or the request of a resumed TLS 1.2 session waits for a delayed acknowledgement: 40 ms.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(plain, server_hostname=name, session=session) as tls:
        tls.sendall(request)
        answer = b""
        while part := tls.recv(4096):
            answer += part
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert turn > 0 or not tls.session_reused
        resumed += tls.session_reused
        # The tickets of TLS 1.3 come behind the handshake: by now they are read.
        session = tls.session
print(resumed)
"#;

/// How many returning handshakes were resumed, in OpenSSL's own words.
pub fn run(try_out: &Try, kept: &Kept, returning: &Returning) -> usize {
    let script = try_out.beside("returning.py", SCRIPT);
    let words = returning.words();
    let command: Vec<&str> =
        ["/usr/bin/python3", &script].into_iter().chain(words.iter().map(String::as_str)).collect();
    let done = kept.inside("clients", &command);
    let output = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{output}");
    String::from_utf8(done.stdout).unwrap().trim().parse().unwrap()
}
