//! Who gets an answer, on every release: by the address in the PROXY header, with every kind of location.

use super::{HOSTS, Served, on_every_release, script, site};

const APPS: [(&str, &str); 3] =
    [("http", "127.0.0.1:8001"), ("uwsgi", "127.0.0.1:8002"), ("fastcgi", "127.0.0.1:8003")];

const KINDS: [(&str, &str); 6] = [
    ("/http/", "proxy_pass: \"http://127.0.0.1:8001\""),
    ("/uwsgi/", "uwsgi_pass: \"127.0.0.1:8002\""),
    ("/fastcgi/x.php", "fastcgi_pass: \"127.0.0.1:8003\""),
    ("/php/", "fastcgi_pass: \"127.0.0.1:8003\", fallback: /php/index.php"),
    ("/files/", "root: /srv"),
    ("/moved/", "return: { url: \"https://b.test\" }"),
];

/// The statuses that these clients get: asked as a balancer asks, from an address that nginx trusts.
fn statuses(served: &mut Served, asked: &[(&str, &str, &str)]) -> Vec<u16> {
    let lines: String = asked.iter().map(|(client, host, path)| format!("{client} {host} {path}\\n")).collect();
    let asking = format!("printf '{lines}' | python3 {} 10.0.0.11:8443 10.0.0.10", script("ask.py"));
    let outcome = served.run(&asking);
    let found: Vec<u16> = outcome.output.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(found.len(), asked.len(), "{}: {}", served.name(), outcome.output);
    found
}

#[test]
fn clients_that_are_refused_get_403_everywhere() {
    let lists = ["allow: [10.0.0.0/8, 192.0.2.0/24, \"2001:db8::/32\"]", "deny: [192.0.2.128/25]"];
    let location = |lists: String| move |(path, target)| format!("      - {{ path: {path}, {target}{lists} }}\n");
    let each: String = KINDS.map(location(format!(", {}", lists.join(", ")))).concat();
    let open = "      - { path: /open/, root: /srv, deny: [198.51.100.1] }\n";
    let none: String = KINDS.map(location(String::new())).concat();
    let inventory = format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}{}",
        site("a.test", &format!("    root: /srv\n    locations:\n{each}{open}")),
        site("b.test", &format!("    root: /srv\n    {}\n    locations:\n{none}", lists.join("\n    ")))
    );
    let files = [
        "/srv/files/index.html",
        "/srv/open/index.html",
        "/srv/php/index.php",
        "/srv/php/other.php",
        "/srv/fastcgi/x.php",
    ];
    on_every_release(&inventory, &files.map(|path| (path, "here")), &APPS, |served| {
        let (mut asked, mut wanted) = (Vec::new(), Vec::new());
        for client in ["10.9.9.8", "192.0.2.1", "192.0.2.129", "198.51.100.1", "2001:db8::9", "2001:db9::9"] {
            let admitted = matches!(client, "10.9.9.8" | "192.0.2.1" | "2001:db8::9");
            let paths = KINDS.iter().map(|(path, _)| *path).chain(["/php/other.php", "/php/nothing", "/files/nothing"]);
            for (path, host) in paths.flat_map(|path| [(path, "a.test"), (path, "b.test")]) {
                asked.push((client, host, path));
                wanted.push(match path {
                    _ if !admitted => 403,
                    "/moved/" => 308,
                    "/files/nothing" => 404,
                    _ => 200,
                });
            }
            asked.push((client, "a.test", "/open/"));
            wanted.push(if client == "198.51.100.1" { 403 } else { 200 });
        }
        let found = statuses(served, &asked);
        let rows = asked.iter().zip(found.iter().zip(&wanted)).filter(|(_, (found, wanted))| found != wanted);
        let wrong: Vec<_> = rows.collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", served.name());
        // Through haproxy, whose clients are on the same host; the answer 403 has HSTS, too.
        for (client, status) in [("10.0.0.10", 308), ("127.0.0.1", 403)] {
            let answer = served.curl("https://a.test/moved/", &format!("--interface {client}"));
            let found = (answer.status, answer.header("strict-transport-security"));
            assert_eq!(found, (status, Some("max-age=86400")), "{client} on {}", served.name());
        }
    });
}
