//! Answers of an nginx or haproxy that always runs the configuration that its host has.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The port of this machine that answers for the host with this root, until the tests end.
pub fn answering(root: &Path) -> u16 {
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(["example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap();
    let (config, root) = (Arc::new(config), root.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, root) = (Arc::clone(&config), root.clone());
            // A client may leave in the middle.
            thread::spawn(move || drop(answer(stream, config, &root)));
        }
    });
    port
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, root: &Path) -> std::io::Result<()> {
    skip_proxy_header(&stream)?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let conf = fs::read_to_string(root.join("etc/nginx/conf.d/sslscale.conf")).unwrap_or_default();
    let revision = conf.split("return 200 \"").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("none");
    let body = format!("{revision} 1\n");
    let stream = stream.get_mut();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Reads what is before the first record of TLS.
fn skip_proxy_header(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut first = [0; 1];
    stream.peek(&mut first)?;
    let mut head = [0; 16];
    match first[0] {
        b'P' => {
            let mut byte = [0; 1];
            while byte != *b"\n" {
                stream.read_exact(&mut byte)?;
            }
        }
        b'\r' => {
            stream.read_exact(&mut head)?;
            let mut rest = vec![0; usize::from(u16::from_be_bytes([head[14], head[15]]))];
            stream.read_exact(&mut rest)?;
        }
        _ => {}
    }
    Ok(())
}
