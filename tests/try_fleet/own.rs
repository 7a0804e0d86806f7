//! The recipes of `inventories/own`, which the guide lists, served to a real client.

use std::fs;
use std::path::Path;

use sslscale::event::Verdict;

use crate::beside;
use crate::run::{Kept, Try};

/// The app that knows who is signed in.
const SIGN_IN: &str = r#"
import http.server
class Check(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = "session=known" in self.headers.get("Cookie", "") and not body
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8001), Check).serve_forever()
"#;

/// What the owner of the recipes brings to the app servers.
const FILES: &str = "mkdir -p /srv/example/static /srv/example/files /srv/example/errors; \
    printf 'staff:{PLAIN}secret\\n' > /etc/nginx/staff.htpasswd; \
    seq -s ' ' 2000 > /srv/example/static/own.css; echo a file > /srv/example/files/a.txt; \
    echo our own page > /srv/example/errors/404.html";

const ALLOWED: &str = "https://app.example.com";

/// The head and the body of an answer.
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split([' ', '\r']).nth(1).unwrap_or("none")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// One answer, which has the header that the inventory sets on all of them.
fn get(kept: &Kept, path: &str, options: &[&str]) -> Answer {
    let url = format!("https://example.com{path}");
    let words = ["curl", "-sSi", "--max-time", "5", "--cacert", "/run/sslscale-ca.pem"];
    let to = ["--resolve", "example.com:443:10.0.0.10", &url];
    let done = kept.inside("clients", &[&words[..], options, &to].concat());
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let answer = Answer { head: head.to_owned(), body: body.to_owned() };
    let hsts = answer.header("strict-transport-security");
    assert_eq!(hsts, Some("max-age=31536000"), "{path} {options:?}: {text}{}", String::from_utf8_lossy(&done.stderr));
    answer
}

#[test]
fn recipes_of_the_guide_do_what_it_says() {
    let _beside = beside();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories/own");
    let try_out = Try::inventory(&fs::read_to_string(folder.join("inventory.yaml")).unwrap());
    for entry in fs::read_dir(folder).unwrap().map(|it| it.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        if name != "inventory.yaml" {
            try_out.beside(&name, &fs::read_to_string(entry.path()).unwrap());
        }
    }
    // What the recipes answer by themselves is not requested.
    let (code, requests) = try_out.requests();
    let wrong: Vec<_> = requests.iter().filter(|request| request.verdict != Verdict::Ok).collect();
    assert_eq!((code, wrong), (Some(0), vec![]));
    let kept = try_out.keep();
    let script = try_out.beside("sign-in.py", SIGN_IN);
    let _apps = ["srv1", "srv2"].map(|host| {
        let done = kept.inside(host, &["sh", "-c", FILES]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        crate::acme::started(&kept, host, &["/usr/bin/python3", &script], 8001)
    });
    let status = |path: &str, options: &[&str]| get(&kept, path, options).status().to_owned();

    let plain = get(&kept, "/static/own.css", &[]);
    let packed = get(&kept, "/static/own.css", &["-H", "Accept-Encoding: gzip"]);
    assert_eq!((plain.status(), plain.header("content-encoding")), ("200", None), "{}", plain.head);
    assert_eq!(packed.header("content-encoding"), Some("gzip"), "{}", packed.head);
    assert_eq!(plain.header("cache-control"), Some("max-age=31536000"), "{}", plain.head);

    assert_eq!(status("/admin/", &[]), "401");
    assert_eq!(status("/admin/", &["-u", "staff:wrong"]), "401");
    assert_eq!(status("/admin/", &["-u", "staff:secret"]), "200");

    let origin = |origin: &str| {
        let answer = get(&kept, "/", &["-H", &format!("Origin: {origin}")]);
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(origin(ALLOWED).as_deref(), Some(ALLOWED));
    assert_eq!((origin("https://evil.example"), origin("https://app.example.com.evil.example")), (None, None));

    let file = get(&kept, "/downloads/a.txt", &[]);
    assert_eq!((file.status(), file.body.as_str()), ("200", "a file\n"));
    let moved = get(&kept, "/blog/12", &[]);
    assert_eq!((moved.status(), moved.header("location")), ("301", Some("/posts/12")), "{}", moved.head);
    let missing = get(&kept, "/static/missing.css", &[]);
    assert_eq!((missing.status(), missing.body.as_str()), ("404", "our own page\n"));
    assert_eq!(status("/errors/404.html", &[]), "404", "the page has no address of its own");

    for version in ["--http1.1", "--http2"] {
        for (cookie, wanted) in [("session=known", "200"), ("session=unknown", "401")] {
            assert_eq!(status("/members/", &[version, "-b", cookie]), wanted, "{version} {cookie}");
            assert_eq!(status("/members/", &[version, "-b", cookie, "-d", "a=b"]), wanted, "{version} {cookie}");
        }
    }

    // Each app server has a cache of its own.
    let cached: Vec<Option<String>> =
        (0..4).map(|_| get(&kept, "/news/", &[]).header("x-cache").map(str::to_owned)).collect();
    assert!(cached.contains(&Some("MISS".to_owned())) && cached.contains(&Some("HIT".to_owned())), "{cached:?}");
    assert_eq!(get(&kept, "/", &[]).header("x-cache"), None, "what is not cached has no such header");
}

/// Each site of app servers that new balancers reach with a PROXY header, and that others reach without one.
const DOORS: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
nginx: { port: 8443 }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    include: [local.conf, move.conf] # sslscale: ignore[SN01] until the move is over
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
  - server_name: other.example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn listeners_without_a_header_serve_whoever_connects_and_believe_nobody() {
    let _beside = beside();
    let try_out = Try::inventory(DOORS);
    try_out.beside("local.conf", "listen 127.0.0.1:8081 ssl;\n");
    try_out.beside("move.conf", "listen 443 ssl;\n");
    let found: serde_json::Value = serde_json::from_str(&try_out.check()).unwrap();
    let grave = found["inventories"][0]["findings"].as_array().unwrap().iter().filter(|it| it["severity"] != "info");
    assert_eq!(grave.collect::<Vec<_>>(), Vec::<&serde_json::Value>::new());
    let (code, requests) = try_out.requests();
    let wrong: Vec<_> = requests.iter().filter(|request| request.verdict != Verdict::Ok).collect();
    assert_eq!((code, wrong), (Some(0), vec![]));
    let kept = try_out.keep();
    // The address that the app is told, or nothing where there is no answer.
    let seen = |from: &str, port: u16, to: &str, header: bool| {
        let (resolve, url) = (format!("example.com:{port}:{to}"), format!("https://example.com:{port}/"));
        let header: &[&str] = if header { &["--haproxy-protocol"] } else { &[] };
        let forged = ["-H", "X-Forwarded-For: 1.2.3.4", "-H", "X-Real-IP: 1.2.3.4", "--resolve", &resolve, &url];
        let words = ["curl", "-qsk", "--max-time", "5"];
        let done = kept.inside(from, &[&words, header, &forged].concat());
        let echo: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
        assert_eq!(echo["forged"].as_array().map(Vec::len).unwrap_or_default(), 0, "{echo}");
        echo["remote_addr"].as_str().unwrap_or_default().to_owned()
    };
    // What the guide says of curl, and of a listener for others.
    assert_eq!([seen("srv1", 8443, "127.0.0.1", true), seen("srv1", 8443, "127.0.0.1", false)], ["127.0.0.1", ""]);
    assert_eq!([seen("srv1", 8081, "127.0.0.1", false), seen("srv1", 8081, "127.0.0.1", true)], ["127.0.0.1", ""]);
    assert_eq!([seen("lb1", 8081, "10.0.0.11", false), seen("lb1", 8081, "10.0.0.11", true)], ["", ""]);
    // An old balancer, and clients that connect directly, while others come through the new one.
    assert_eq!([seen("lb1", 443, "10.0.0.11", false), seen("lb1", 443, "10.0.0.11", true)], ["10.0.0.10", ""]);
    let client = seen("clients", 443, "10.0.0.11", false);
    assert!(client != "10.0.0.10" && !client.is_empty(), "{client}");
    assert_eq!(seen("clients", 443, "10.0.0.10", false), client);
}
