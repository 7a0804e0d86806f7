//! A client of a language server over standard input and output, as an editor has one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an answer may take: node starts slowly on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

pub struct Server {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    /// Findings that came while something else was waited for.
    published: Vec<Value>,
    last: u64,
}

impl Server {
    /// Starts the server in `folder`, which is the editor's workspace.
    pub fn start(node: &Path, program: &Path, folder: &Path) -> Self {
        let mut command = Command::new(node);
        command.arg(program).arg("--stdio").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (send, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let mut server = Self { process, input, messages, published: Vec::new(), last: 0 };
        let documents = json!({
            "completion": { "completionItem": { "documentationFormat": ["plaintext"] } },
            "hover": { "contentFormat": ["markdown", "plaintext"] },
            "publishDiagnostics": {},
        });
        let capabilities = json!({ "textDocument": documents, "workspace": { "configuration": true } });
        let root = format!("file://{}", folder.display());
        server.ask("initialize", &json!({ "processId": null, "rootUri": root, "capabilities": capabilities }));
        server.tell("initialized", &json!({}));
        server.tell("workspace/didChangeConfiguration", &json!({ "settings": { "yaml": settings() } }));
        server
    }

    /// Opens a file with this text.
    pub fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Replaces the text of an open file.
    pub fn change(&mut self, uri: &str, version: u32, text: &str) {
        let changes = json!([{ "text": text }]);
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The answer to a request about a place of a file: line and column from 0.
    pub fn at(&mut self, method: &str, uri: &str, (line, character): (usize, usize)) -> Value {
        let position = json!({ "line": line, "character": character });
        self.ask(method, &json!({ "textDocument": { "uri": uri }, "position": position }))
    }

    /// The next findings of a file that are as wanted.
    pub fn findings(&mut self, uri: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let end = Instant::now() + LIMIT;
        loop {
            let fits = |params: &Value| params["uri"] == uri && wanted(params["diagnostics"].as_array().unwrap());
            if let Some(at) = self.published.iter().position(fits) {
                let params = self.published.drain(..=at).next_back().unwrap();
                return params["diagnostics"].as_array().unwrap().clone();
            }
            self.next(end);
        }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let end = Instant::now() + LIMIT;
        loop {
            let message = self.next(end);
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// The next message; requests of the server are answered, and findings are kept.
    fn next(&mut self, end: Instant) -> Value {
        let left = end.saturating_duration_since(Instant::now());
        let message = self.messages.recv_timeout(left).expect("the language server answers in time");
        match message["method"].as_str() {
            Some("textDocument/publishDiagnostics") => self.published.push(message["params"].clone()),
            Some("workspace/configuration") => {
                let answer = |item: &Value| if item["section"] == "yaml" { settings() } else { Value::Null };
                let result: Vec<Value> = message["params"]["items"].as_array().unwrap().iter().map(answer).collect();
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
            }
            Some(_) if message.get("id").is_some() => {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            }
            _ => {}
        }
        message
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Nothing is fetched from the network.
fn settings() -> Value {
    json!({ "validate": true, "hover": true, "completion": true, "schemaStore": { "enable": false } })
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", text)) => length = text.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
