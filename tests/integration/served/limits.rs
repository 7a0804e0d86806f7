//! How much one client may ask, on every release: by the address in the PROXY header, and by site or location.

use std::collections::BTreeMap;

use super::{HOSTS, Served, on_every_release, script, site};

/// How many requests got each status: asked as a balancer asks, one after the other, from an address that nginx trusts.
fn statuses(served: &mut Served, client: &str, host: &str, path: &str, times: usize) -> BTreeMap<u16, usize> {
    let asking = format!(
        "for i in $(seq {times}); do echo {client} {host} {path}; done | python3 {} 10.0.0.11:8443 10.0.0.10",
        script("ask.py")
    );
    let mut found = BTreeMap::new();
    let output = served.run(&asking).output;
    output.lines().filter_map(|line| line.parse().ok()).for_each(|status: u16| *found.entry(status).or_default() += 1);
    found
}

/// A client, a host and a path, and how many requests get which status.
type Row = (&'static str, &'static str, &'static str, &'static [(u16, usize)]);

#[test]
fn a_client_that_asks_too_much_gets_429_and_others_an_answer() {
    let locations = "    limit: { rate: 1r/m, burst: 4 }\n    locations:\n      \
                     - { path: /app/, proxy_pass: \"http://127.0.0.1:8001\" }\n      \
                     - { path: /login, proxy_pass: \"http://127.0.0.1:8001\", limit: { rate: 1r/m, burst: 0 } }\n      \
                     - { path: /free/, root: /srv, limit: { rate: 100000r/s, burst: 100 } }\n      \
                     - { path: /moved/, return: { url: \"https://b.test\" } }\n";
    let inventory = format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}{}{}",
        site("a.test", &format!("    root: /srv\n{locations}")),
        site("b.test", "    root: /srv\n    limit: { rate: 1r/m, burst: 1 }\n"),
        site(
            "c.test",
            "    limit: { connections: 3 }\n    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8001\" } ]\n"
        ),
    );
    let files = [("/srv/free/x", "here"), ("/srv/x", "here"), ("/srv/index.html", "here")];
    on_every_release(&inventory, &files, &[("http", "127.0.0.1:8001")], |served| {
        let rows: [Row; 9] = [
            ("192.0.2.1", "a.test", "/x", &[(200, 3)]),
            // The whole site counts together, also what nginx answers by itself at the end, but no redirect.
            ("192.0.2.1", "a.test", "/moved/", &[(308, 8)]),
            ("192.0.2.1", "a.test", "/app/", &[(200, 2), (429, 6)]),
            ("192.0.2.1", "a.test", "/nothing", &[(429, 8)]),
            ("192.0.2.1", "a.test", "/login", &[(200, 1), (429, 7)]),
            ("192.0.2.1", "a.test", "/free/x", &[(200, 40)]),
            ("192.0.2.1", "b.test", "/", &[(200, 2), (429, 6)]),
            ("192.0.2.2", "a.test", "/app/", &[(200, 5), (429, 3)]),
            ("2001:db8::1", "a.test", "/login", &[(200, 1), (429, 7)]),
        ];
        for (client, host, path, wanted) in rows {
            let times = wanted.iter().map(|(_, times)| times).sum();
            let wanted: BTreeMap<u16, usize> = wanted.iter().copied().collect();
            let found = statuses(served, client, host, path, times);
            assert_eq!(found, wanted, "{client} {host}{path} on {}", served.name());
        }
        // Through haproxy: the refusal has HSTS, too.
        let answers: Vec<_> = (0..3).map(|_| served.curl("https://a.test/login", "--interface 127.0.0.1")).collect();
        let refused = answers.iter().filter(|answer| answer.status == 429);
        assert_eq!(refused.clone().count(), 2, "{answers:?} on {}", served.name());
        assert!(refused.into_iter().all(|it| it.header("strict-transport-security").is_some()), "{answers:?}");
        // Uploads that take a while, at the same time.
        let slow = |client: &str| {
            format!(
                "curl -q -sk --http1.1 --interface {client} --connect-to ::10.0.0.10: --limit-rate 2k --max-time 20 -o /dev/null \
                 -w '%{{http_code}}\\n' --data-binary \"$(head -c 8000 /dev/zero | tr '\\0' x)\" https://c.test/ &\n"
            )
        };
        let all = format!("{}{}wait\n", slow("127.0.0.1").repeat(5), slow("10.0.0.10").repeat(3));
        let output = served.run(&all).output;
        let count = |status: &str| output.lines().filter(|line| *line == status).count();
        assert_eq!((count("200"), count("429")), (6, 2), "{}: {output}", served.name());
    });
}
