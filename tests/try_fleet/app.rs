//! A real app on a host of a kept fleet: Debian's uWSGI and Flask take over the socket that the
//! stand-in had. The machine must have both; `make test` sees to that.

use std::fs::{self, File};
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
pub struct Received {
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
    pub fn start(try_out: &Try, kept: &Kept, host: &str) -> Self {
        let script = try_out.beside("app.py", FLASK);
        let words = ["/usr/bin/env", &format!("APP_HOST={host}"), "/usr/bin/uwsgi", "--plugin", "python3"];
        let socket = ["--socket", "/run/app/app.sock", "--chmod-socket=666", "--need-app", "--callable", "app"];
        let mut command = kept.command(host, &[&words[..], &socket, &["--wsgi-file", &script]].concat());
        let log = try_out.folder().join(format!("{host}.log"));
        let streams = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut app = Self(streams.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while !answers(kept, host) {
            let ended = app.0.try_wait().unwrap();
            let output = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < deadline, "uWSGI did not start: {ended:?} {}", output());
            sleep(Duration::from_millis(50));
        }
        app
    }
}

/// Whether the host's nginx gets an answer from Flask, and not from the stand-in that had the socket before.
fn answers(kept: &Kept, host: &str) -> bool {
    let to = ["--resolve", "example.com:443:127.0.0.1,[::1]", "https://example.com/"];
    // With a PROXY header, or without one where the fleet sends none.
    [&["--haproxy-protocol"][..], &[]].into_iter().any(|header| {
        let done = kept.inside(host, &[&["curl", "-sk", "--max-time", "5"], header, &to].concat());
        serde_json::from_slice::<Received>(&done.stdout).is_ok_and(|told| told.host == host)
    })
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
