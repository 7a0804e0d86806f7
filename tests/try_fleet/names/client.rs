//! Clients that ask for many names, in one process among the clients of a kept fleet.

use std::collections::BTreeMap;

use crate::run::{Kept, Try};

/// A real TLS client for each name, eight at a time. Certificates are verified, and names too where
/// a certificate can stand for them: a wildcard covers one label.
const REQUESTS: &str = r#"
import socket, ssl, sys
from concurrent.futures import ThreadPoolExecutor

def context(names):
    it = ssl.create_default_context(cafile="/run/sslscale-ca.pem")
    it.check_hostname = names
    return it

strict, lax = context(True), context(False)

def request(name):
    try:
        with socket.create_connection(("10.0.0.10", 443), 10) as plain:
            context = lax if name.count(".r") else strict
            with context.wrap_socket(plain, server_hostname=name) as tls:
                tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda: tls.recv(4096), b"")).decode()
        head, body = answer.split("\r\n\r\n", 1)
        return body if head.startswith("HTTP/1.1 200 ") else head.splitlines()[0]
    except ssl.SSLError as error:
        # How the alert is named in full differs between versions.
        named = str(error).upper().replace(" ", "_")
        return "unrecognized name" if "UNRECOGNIZED_NAME" in named else str(error)
    except OSError as error:
        return str(error)

names = open(sys.argv[1]).read().split()
with ThreadPoolExecutor(8) as pool:
    for name, answer in zip(names, pool.map(request, names)):
        print(name, answer)
"#;

/// Shows each name in a ClientHello, also those that no TLS library would send: the library's own
/// hello has a name of the same length, which is replaced. TLS 1.2 shows the certificate's names.
const SHOW: &str = r#"
import re, socket, ssl, sys
from concurrent.futures import ThreadPoolExecutor

def hello(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    stand_in = "q" * len(name)
    try:
        context.wrap_bio(into, out, server_hostname=stand_in or None).do_handshake()
    except ssl.SSLWantReadError:
        pass
    framed = lambda text: b"\0" + len(text).to_bytes(2, "big") + text.encode()
    output = out.read()
    assert not name or output.count(framed(stand_in)) == 1, name
    return output.replace(framed(stand_in), framed(name)) if name else output

def show(name):
    got = b""
    try:
        with socket.create_connection(("10.0.0.10", 443), 10) as plain:
            plain.sendall(hello(name))
            while not (found := re.search(rb"(p[0-9])\.test", got)):
                if not (part := plain.recv(4096)):
                    break
                got += part
    except ConnectionResetError:
        found = None
    if found:
        return found[1].decode()
    return f"alert {got[6]}" if got[:1] == b"\x15" else "closed" if not got else repr(got)

names = open(sys.argv[1]).read().split("\n")
with ThreadPoolExecutor(8) as pool:
    for answer in pool.map(show, names):
        print(answer)
"#;

fn run(try_out: &Try, kept: &Kept, script: &str, names: &[String]) -> String {
    let (script, names) = (try_out.beside("names.py", script), try_out.beside("names.txt", &names.join("\n")));
    let done = kept.inside("clients", &["/usr/bin/python3", &script, &names]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What each name was answered with over TLS and HTTP.
pub fn served_by(try_out: &Try, kept: &Kept, names: &[String]) -> BTreeMap<String, String> {
    let text = run(try_out, kept, REQUESTS, names);
    text.lines().filter_map(|line| line.split_once(' ')).map(|(name, it)| (name.to_owned(), it.to_owned())).collect()
}

/// What a ClientHello with each name was answered with: the marker of a certificate, an alert, nothing.
pub fn shown(try_out: &Try, kept: &Kept, names: &[String]) -> Vec<String> {
    run(try_out, kept, SHOW, names).lines().map(str::to_owned).collect()
}
