//! A real browser engine among the clients of a kept fleet: Debian's chromium-headless-shell,
//! spoken to over its debugging pipe. The machine must have it; `make test` sees to that.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::run::Kept;

/// The engine talks on descriptors 3 and 4, and `nsenter` passes on the first three alone.
const PIPE: &str = "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";

/// The signatures that the engine accepts.
const SIGNATURES: &str =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512";

/// A browser without a window; it ends with this value, or with its fleet.
pub struct Browser {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    page: String,
    questions: u64,
}

impl Browser {
    /// Starts one that finds each name of `hosts` at its address, and no other name anywhere. A port
    /// behind the address is used instead of the one in URLs.
    /// `options` are further switches of the engine.
    ///
    /// It trusts the certificates that these names show now, as if an authority of the machine had
    /// signed them. With all errors ignored instead it shares no connection between names.
    pub fn start(kept: &Kept, hosts: &[(&str, &str)], options: &[&str]) -> Self {
        let keys: Vec<String> = hosts.iter().map(|(name, address)| key_of(kept, name, address)).collect();
        let mut rules: Vec<String> = hosts.iter().map(|(name, at)| format!("MAP {name} {at}")).collect();
        rules.push("MAP * ~NOTFOUND".to_owned());
        let (keys, rules) = (
            format!("--ignore-certificate-errors-spki-list={}", keys.join(",")),
            format!("--host-resolver-rules={}", rules.join(",")),
        );
        let words = [
            &["sh", "-c", PIPE, "sh", "chromium-headless-shell", "--headless", "--no-sandbox"][..],
            &["--remote-debugging-pipe", "--user-data-dir=/tmp/browser", "--no-proxy-server", "--disable-gpu"],
            &["--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run", &keys, &rules],
            options,
            &["about:blank"],
        ];
        let mut command = kept.command("clients", &words.concat());
        command.env("HOME", "/tmp").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        // From here on a panic ends the engine too.
        let mut browser = Self { child, to, from, page: String::new(), questions: 0 };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.page = session["sessionId"].as_str().unwrap().to_owned();
        browser.call("Page.enable", &json!({}));
        browser
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

    /// Goes to a page that it cannot load; its name for the error, or `None` if it loads the page.
    pub fn refused(&mut self, url: &str) -> Option<String> {
        let gone = self.call("Page.navigate", &json!({ "url": url }));
        gone.get("errorText").and_then(Value::as_str).map(str::to_owned)
    }

    /// The value of an expression on the page; of a promise, what it becomes, however long it takes.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &question);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
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
        serde_json::from_slice(&bytes).unwrap()
    }
}

impl Drop for Browser {
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

/// An address, in brackets where it is IPv6, and its port.
fn address(text: &str) -> (&str, &str) {
    text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']')).unwrap_or((text, "443"))
}

/// The key of the certificate that a name shows to a browser, in the form that the engine takes.
fn key_of(kept: &Kept, name: &str, address: &str) -> String {
    let (host, port) = self::address(address);
    let address = &format!("{host}:{port}");
    let script = "openssl s_client -connect \"$2\" -servername \"$1\" -sigalgs \"$3\" \
        -groups X25519:P-256:P-384 </dev/null 2>/dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform der \
        | openssl dgst -sha256 -binary | openssl base64";
    let done = kept.inside("clients", &["sh", "-c", script, "sh", name, address, SIGNATURES]);
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
