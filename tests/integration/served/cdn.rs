//! Sites behind a CDN, on every release: who the client is, and who goes around the CDN.

use super::{HOSTS, on_every_release, script, site};

/// A connection's address, a path and headers; the status, the address that the app is told, and that in the log.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const HEADER: &str = "CF-Connecting-IP";

const ROWS: [Row; 23] = [
    ("203.0.113.9", "/", "CF-Connecting-IP 192.0.2.1", "200 192.0.2.1", "192.0.2.1"),
    ("2001:db8:c::9", "/", "cf-connecting-ip 2001:db8::7", "200 2001:db8::7", "2001:db8::7"),
    ("203.0.113.9", "/", "CF-Connecting-IP 2001:db8::7", "200 2001:db8::7", "2001:db8::7"),
    // Lists are about clients, not about the CDN.
    ("203.0.113.9", "/few/", "CF-Connecting-IP 192.0.2.1", "200 192.0.2.1", "192.0.2.1"),
    ("203.0.113.9", "/few/", "CF-Connecting-IP 192.0.2.2", "403 -", "192.0.2.2"),
    ("203.0.113.9", "/", "X-Forwarded-For 192.0.2.1 CF-Connecting-IP 192.0.2.2", "200 192.0.2.2", "192.0.2.2"),
    // Who goes around it is refused, whatever they claim, and the log does not believe them either.
    ("198.51.100.1", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "198.51.100.1"),
    ("198.51.100.1", "/moved", "CF-Connecting-IP 203.0.113.9", "403 -", "198.51.100.1"),
    ("198.51.100.1", "/", "X-Forwarded-For 203.0.113.9", "403 -", "198.51.100.1"),
    // The CDN without a client would have the balancer's address.
    ("203.0.113.9", "/", "X-Forwarded-For 192.0.2.1", "403 -", "203.0.113.9"),
    ("203.0.113.9", "/", "CF-Connecting-IP unknown", "403 -", "203.0.113.9"),
    ("203.0.113.9", "/moved", "CF-Connecting-IP 192.0.2.1", "308 -", "192.0.2.1"),
    // A health check of the balancer, with any PROXY header.
    ("10.0.0.10", "/", "A b", "200 10.0.0.10", "10.0.0.10"),
    ("unknown", "/", "A b", "200 10.0.0.10", "10.0.0.10"),
    ("local", "/", "A b", "200 10.0.0.10", "10.0.0.10"),
    ("10.0.0.11>10.0.0.11", "/", "A b", "200 10.0.0.11", "10.0.0.11"),
    // But it speaks for nobody.
    ("10.0.0.10", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "10.0.0.10"),
    ("local", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "10.0.0.10"),
    // Who gets at the app server without a balancer is believed nothing, not even that it is one.
    ("127.0.0.1>203.0.113.9", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "127.0.0.1"),
    ("127.0.0.1>203.0.113.9", "/", "A b", "403 -", "127.0.0.1"),
    ("127.0.0.1>10.0.0.10", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "127.0.0.1"),
    ("127.0.0.1>unknown", "/", "CF-Connecting-IP 192.0.2.1", "403 -", "127.0.0.1"),
    ("127.0.0.1>local", "/", "A b", "403 -", "127.0.0.1"),
];

#[test]
fn a_cdn_says_who_the_client_is_and_nobody_else_does() {
    let app = "proxy_pass: \"http://127.0.0.1:8001\"";
    let behind = format!(
        "    cdn: {{ networks: [203.0.113.0/24, \"2001:db8:c::/48\"], header: {HEADER} }}\n    locations:\n      \
         - {{ path: /, {app} }}\n      - {{ path: /few/, {app}, allow: [192.0.2.1] }}\n      \
         - {{ path: /moved, return: {{ url: \"https://b.test\" }} }}\n"
    );
    for format in ["combined", "json"] {
        let inventory = format!(
            "{HOSTS}nginx: {{ log_format: {format} }}\nsites:\n{}{}",
            site("a.test", &behind),
            site("b.test", &format!("    locations: [ {{ path: /, {app} }} ]\n"))
        );
        on_every_release(&inventory, &[], &[("http", "127.0.0.1:8001")], |served| {
            let lines: String =
                ROWS.iter().map(|(from, path, headers, ..)| format!("{from} a.test {path} {headers}\\n")).collect();
            // Beside it, a site without a CDN believes nobody's header.
            let other = format!("198.51.100.1 b.test / {HEADER} 192.0.2.1\\n");
            let asking = format!(
                "printf '{lines}{other}' | python3 {} 10.0.0.11:8443 10.0.0.10; sleep 1; echo ---; cat mnt/var/log/nginx/access.log",
                script("cdn.py")
            );
            let output = served.run(&asking).output;
            let (answers, log) = output.split_once("---\n").unwrap_or_else(|| panic!("{output}"));
            let wanted = ROWS.iter().map(|row| row.3).chain(["200 198.51.100.1"]);
            assert!(answers.lines().eq(wanted), "{}: {answers}", served.name());
            let address = |line: &str| match serde_json::from_str::<serde_json::Value>(line) {
                Ok(line) => line["remote_addr"].as_str().unwrap_or_default().to_owned(),
                Err(_) => line.split(' ').next().unwrap_or_default().to_owned(),
            };
            let logged: Vec<String> = log.lines().map(address).collect();
            let wanted = ROWS.iter().map(|row| row.4).chain(["198.51.100.1"]);
            assert!(logged.iter().map(String::as_str).eq(wanted), "{}: {log}", served.name());
        });
    }
}

#[test]
fn health_checks_over_http_get_an_answer_behind_a_cdn() {
    for version in ["v1", "v2"] {
        let behind = format!(
            "    cdn: {{ networks: [203.0.113.0/24], header: {HEADER} }}\n    \
             locations: [ {{ path: /, proxy_pass: \"http://127.0.0.1:8001\" }} ]\n"
        );
        let inventory = format!(
            "{HOSTS}haproxy: {{ proxy_protocol: {version}, check: {{ type: http }} }}\nnginx: {{ log_format: json }}\nsites:\n{}",
            site("a.test", &behind)
        );
        on_every_release(&inventory, &[], &[("http", "127.0.0.1:8001")], |served| {
            let log = "mnt/var/log/nginx/access.log";
            let waiting =
                format!("for i in $(seq 60); do [ $(wc -l <{log}) -gt 3 ] && break; sleep 1; done; cat {log}");
            let output = served.run(&waiting).output;
            let lines = output.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let statuses: Vec<_> = lines.map(|line| line["status"].clone()).collect();
            // Before the app is there, it is 502.
            assert!(statuses.last().is_some_and(|it| *it == 200), "{version} on {}: {output}", served.name());
            assert!(statuses.iter().all(|it| *it != 403), "{version} on {}: {output}", served.name());
        });
    }
}
