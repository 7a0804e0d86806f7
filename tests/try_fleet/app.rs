//! A real app on a host of a kept fleet: Debian's uWSGI and Flask take over the socket that the
//! stand-in had. The machine must have both; `make test` sees to that.

use std::io::Read;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::run::{Kept, Try};

const FLASK: &str = r#"
import os
from flask import Flask, jsonify, request
app = Flask(__name__)

@app.route("/")
def told():
    env = request.environ
    text = {key: str(value) for key, value in env.items() if isinstance(value, str)}
    return jsonify(host=os.environ["APP_HOST"], remote_addr=request.remote_addr,
                   protocol=env["SERVER_PROTOCOL"], https=env.get("HTTPS", "off"), variables=repr(text))
"#;

/// What the app was told of one request.
#[derive(Debug, Deserialize)]
pub struct Told {
    pub host: String,
    pub remote_addr: String,
    pub protocol: String,
    pub https: String,
    pub variables: String,
}

/// A uWSGI process in front of Flask; it ends with this value, or with its fleet.
pub struct App(Child);

impl App {
    /// Starts it on a host and waits until it answers there.
    pub fn start(own: &Try, kept: &Kept, host: &str) -> Self {
        let script = own.beside("app.py", FLASK);
        let words = ["/usr/bin/env", &format!("APP_HOST={host}"), "/usr/bin/uwsgi", "--plugin", "python3"];
        let socket = ["--socket", "/tmp/app.sock", "--chmod-socket=666", "--need-app", "--callable", "app"];
        let mut command = kept.command(host, &[&words[..], &socket, &["--wsgi-file", &script]].concat());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut app = Self(child);
        let started = Instant::now();
        let mut talk = app.0.stderr.take().unwrap();
        let mut said = Vec::new();
        let mut part = [0; 4096];
        // uWSGI says on standard error when it takes requests.
        while !String::from_utf8_lossy(&said).contains("spawned uWSGI worker") {
            let read = talk.read(&mut part).unwrap();
            let text = String::from_utf8_lossy(&said);
            assert!(read > 0 && started.elapsed() < Duration::from_secs(20), "uWSGI did not start: {text}");
            said.extend_from_slice(&part[..read]);
        }
        // Somebody has to read what it goes on to say, or it would block.
        std::thread::spawn(move || std::io::copy(&mut talk, &mut std::io::sink()));
        sleep(Duration::from_millis(200));
        app
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
