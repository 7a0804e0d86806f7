//! Balancers that answer ACME challenges: each token with the thumbprint of the account's key, and nothing else.

use super::{HOSTS, on_every_release, site};

const THUMBPRINT: &str = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";

#[test]
fn a_token_gets_its_answer_and_nothing_else_comes_back() {
    let http = format!("http: {{ acme_challenge: {{ account_thumbprint: {THUMBPRINT} }} }}");
    let inventory = format!("{HOSTS}nginx: {{ http2: true }}\n{http}\nsites:\n{}", site("a.test", "    root: /srv\n"));
    let answer = |token: &str| (200, format!("{token}.{THUMBPRINT}"));
    let nothing = |status: u16| (status, String::new());
    let long = "a_-9".repeat(64);
    let asked = [
        // RFC 8555, 8.3.
        ("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", "", answer("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0")),
        ("a", "", answer("a")),
        ("a?b=%3C", "", answer("a")),
        (&long, "", answer(&long)),
        ("a", "-X POST -d b", nothing(404)),
        ("", "", nothing(404)),
        ("a.b", "", nothing(404)),
        ("a/b", "", nothing(404)),
        ("a%0d%0ab", "", nothing(404)),
        ("%3Cscript%3E", "", nothing(404)),
        ("%25%5Bsrc%5D", "", nothing(404)),
        ("%[src]", "-g", nothing(404)),
        ("../../a", "--path-as-is", nothing(404)),
        // Not the fleet's name, whatever the path is.
        ("a", "-H 'Host: b.test'", nothing(421)),
    ];
    on_every_release(&inventory, &[], &[], |served| {
        let mut wrong = Vec::new();
        for (token, more, wanted) in &asked {
            let got = served.curl(&format!("http://a.test/.well-known/acme-challenge/{token}"), more);
            let body = got.body.trim_end_matches('\n').to_owned();
            if (got.exit, got.status, &body) != (0, wanted.0, &wanted.1) || got.header("location").is_some() {
                wrong.push(format!("`{token}` {more}: {got:?}"));
            }
        }
        let page = served.curl("http://a.test/.well-known/", "");
        assert_eq!(page.header("location"), Some("https://a.test/.well-known/"), "{}", served.name());
        assert!(wrong.is_empty(), "{}: {}", served.name(), wrong.join("\n"));
    });
}
