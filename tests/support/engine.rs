//! A real browser engine: Debian's chromium-headless-shell, spoken to over its debugging pipe.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// The engine talks on descriptors 3 and 4, and programs that start others pass on the first three alone.
const PIPE: &str = "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";

/// The words that start an engine which keeps what it knows in the folder `profile`.
pub fn words(profile: &str, options: &[&str]) -> Vec<String> {
    let profile = format!("--user-data-dir={profile}");
    let words = [
        &["sh", "-c", PIPE, "sh", "chromium-headless-shell", "--headless", "--no-sandbox"][..],
        &["--remote-debugging-pipe", &profile, "--no-proxy-server", "--disable-gpu"],
        &["--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"],
        options,
        &["about:blank"],
    ];
    words.concat().into_iter().map(str::to_owned).collect()
}

/// A browser without a window; it ends with this value.
pub struct Engine {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    page: String,
    questions: u64,
    /// The URLs that it has asked for since somebody took them, once `Network.enable` was called.
    #[allow(dead_code, reason = "one binary of tests reads it")]
    pub requests: Vec<String>,
}

impl Engine {
    /// Starts one with a command that runs [`words`].
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        // From here on a panic ends the engine too.
        let mut engine = Self { child, to, from, page: String::new(), questions: 0, requests: Vec::new() };
        let target = engine.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = engine.call("Target.attachToTarget", &attach);
        engine.page = session["sessionId"].as_str().unwrap().to_owned();
        engine.call("Page.enable", &json!({}));
        engine
    }

    /// Goes to a page and waits until it is loaded; the text of its body.
    pub fn open(&mut self, url: &str) -> String {
        self.visit(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// The same, or the browser's error, such as `net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH`.
    pub fn visit(&mut self, url: &str) -> Result<String, String> {
        let gone = self.call("Page.navigate", &json!({ "url": url }));
        if let Some(error) = gone["errorText"].as_str() {
            return Err(error.to_owned());
        }
        while self.message()["method"] != "Page.loadEventFired" {}
        Ok(self.evaluate("document.body.innerText").as_str().unwrap().to_owned())
    }

    /// The value of an expression on the page; of a promise, what it becomes, however long it takes.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &question);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// The answer to a command of the debugging protocol.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.questions += 1;
        let mut question = json!({ "id": self.questions, "method": method, "params": params });
        if !self.page.is_empty() {
            question["sessionId"] = json!(self.page);
        }
        let to = self.to.as_mut().unwrap();
        to.write_all(format!("{question}\0").as_bytes()).unwrap();
        loop {
            let mut message = self.message();
            if message["id"] == self.questions {
                assert!(message.get("error").is_none(), "{question}: {message}");
                return message["result"].take();
            }
        }
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        if message["method"] == "Network.requestWillBeSent" {
            self.requests.extend(message["params"]["request"]["url"].as_str().map(str::to_owned));
        }
        message
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It leaves when nobody is at the other end of its pipe.
        self.to = None;
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let _ = killpg(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
