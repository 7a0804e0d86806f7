//! Timeouts of upstreams: nginx waits as long as balancers do unless a key says otherwise, and what
//! a key says holds for every kind of upstream.

use super::{HOSTS, on_every_release, script, site};

const KINDS: [&str; 4] = ["proxy", "uwsgi", "fastcgi", "grpc"];

/// Every kind of upstream at `/KIND/`, and at `/short/KIND/` with this key.
fn inventory(short: &str) -> String {
    let location = |(kind, at): (&str, usize)| {
        let scheme = ["http://", "", "", "grpc://"][at - 1];
        let pass = format!("{kind}_pass: \"{scheme}127.0.0.1:800{at}\"");
        format!("      - {{ path: /{kind}/, {pass} }}\n      - {{ path: /short/{kind}/, {pass}, {short} }}\n")
    };
    let locations: String = KINDS.into_iter().zip(1..).map(location).collect();
    let deaf = "      - { path: /deaf/, proxy_pass: \"http://127.0.0.1:8005\", upstream_connect_timeout: 1s }\n";
    // nginx gives up after 9 seconds.
    format!(
        "{HOSTS}haproxy: {{ timeouts: {{ client: 10s, server: 10s }} }}\nnginx: {{ keepalive_timeout: 9s }}\nsites:\n{}",
        site("a.test", &format!("    root: /srv\n    locations:\n{locations}{deaf}"))
    )
}

const APPS: [(&str, &str); 4] = [
    ("http", "127.0.0.1:8001"),
    ("uwsgi", "127.0.0.1:8002"),
    ("fastcgi", "127.0.0.1:8003"),
    ("deaf", "127.0.0.1:8005"),
];

/// A gRPC server that takes as long as the HTTP app.
const GRPC: (&str, &str) = (
    "/etc/nginx/conf.d/grpc.conf",
    "server { listen 127.0.0.1:8004 http2; client_body_timeout 1m; location / { proxy_pass http://127.0.0.1:8001; } }\n",
);

#[test]
fn a_slow_answer_is_waited_for_as_long_as_the_keys_say() {
    on_every_release(&inventory("upstream_read_timeout: 1s"), &[GRPC], &APPS, |served| {
        let mut wrong = Vec::new();
        for kind in KINDS {
            // The last one: nginx has given up, with an answer, before balancers end the connection.
            for (path, wait, status) in [(kind, 3, 200), (&format!("short/{kind}"), 4, 504), (kind, 14, 504)] {
                let answer = served.curl(&format!("https://a.test/{path}/?wait={wait}"), "");
                if (answer.exit, answer.status) != (0, status) {
                    wrong.push(format!("{path}, {wait} s: {} {}", answer.exit, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", served.name());
    });
}

#[test]
fn a_silent_websocket_lives_as_long_as_the_keys_say() {
    on_every_release(&inventory("upstream_read_timeout: 1s"), &[GRPC], &APPS, |served| {
        for (path, pause, last) in [("/proxy/", 4, "hello"), ("/uwsgi/", 4, "hello"), ("/short/proxy/", 4, "closed")] {
            let output = served.run(&format!("python3 {} 10.0.0.10:443 a.test {path} {pause}", script("websocket.py")));
            let context = format!("{path} on {}: {}", served.name(), output.output);
            assert!(output.output.starts_with("HTTP/1.1 101 "), "{context}");
            assert_eq!(output.output.lines().last(), Some(last), "{context}");
        }
    });
}

/// nginx allows clients 60 seconds between two parts of a body; here, less.
const BODY: (&str, &str) = ("/etc/nginx/conf.d/body.conf", "client_body_timeout 1s;\n");

#[test]
fn a_silent_stream_of_messages_lives_as_long_as_the_keys_say() {
    let short = "upstream_read_timeout: 1s, upstream_send_timeout: 1s";
    on_every_release(&inventory(short), &[GRPC, BODY], &APPS, |served| {
        for (path, lives) in [("grpc", true), ("short/grpc", false)] {
            let url = format!("https://a.test/{path}/");
            let curl = "curl -q -sk --http2 --max-time 60 --connect-to ::10.0.0.10: -w %{http_code} -o body -T -";
            let output = served.run(&format!("(echo a; sleep 4; echo b) | {curl} {url}")).output;
            assert_eq!(output == "200", lives, "{path} on {}: {output}", served.name());
        }
    });
}

#[test]
fn a_connection_that_is_not_accepted_is_given_up() {
    on_every_release(&inventory("upstream_read_timeout: 1s"), &[], &APPS, |served| {
        let answer = served.curl("https://a.test/deaf/", "");
        assert_eq!((answer.exit, answer.status), (0, 504), "{}: {answer:?}", served.name());
    });
}

#[test]
fn hp14_a_key_that_balancers_do_not_wait_for_has_no_effect() {
    let location = "    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8001\" } ]\n";
    let timeouts = "haproxy: { timeouts: { client: 2s, server: 2s } }\nnginx: { upstream_read_timeout: 30s }\n";
    let inventory = format!("{HOSTS}{timeouts}sites:\n{}", site("a.test", location));
    on_every_release(&inventory, &[], &APPS, |served| {
        let output = served.run(&format!("python3 {} 10.0.0.10:443 a.test / 5", script("websocket.py"))).output;
        assert!(output.starts_with("HTTP/1.1 101 ") && output.ends_with("closed"), "{}: {output}", served.name());
    });
}
