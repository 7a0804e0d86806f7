//! A site that is closed for a while, on every release.

use super::{HOSTS, on_every_release, site};

#[test]
fn only_those_who_work_on_it_get_a_closed_site() {
    let locations = "    root: /srv\n    locations:\n      - { path: /moved/, return: { url: \"https://b.test\" } }\n      \
                     - { path: /app/, proxy_pass: \"http://127.0.0.1:8001\" }\n";
    let closed = |more: &str| format!("    maintenance: {{ {more} }}\n{locations}");
    let inventory = format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}{}{}{}",
        site("a.test", &closed("allow: [10.0.0.10], body: \"it's $closed\\n\"")),
        site("b.test", &closed("")),
        site("c.test", locations),
        site("d.test", &closed("body: \"\\n <p>\"")),
    );
    let files = [("/srv/x.css", "here"), ("/srv/x", "here")];
    on_every_release(&inventory, &files, &[("http", "127.0.0.1:8001")], |served| {
        for path in ["x.css", "x", "moved/", "app/", "nothing"] {
            for (name, worker, body, media_type) in [
                ("a.test", true, "it's $closed\n", "text/plain"),
                ("b.test", false, "", "text/html"),
                ("d.test", false, "<p>", "text/html"),
            ] {
                let url = format!("https://{name}/{path}");
                let answer = served.curl(&url, "--interface 127.0.0.1");
                let shown = format!("{url} on {}: {answer:?}", served.name());
                assert_eq!((answer.status, answer.header("retry-after")), (503, Some("300")), "{shown}");
                assert!(answer.header("strict-transport-security").is_some(), "{shown}");
                assert_eq!(answer.header("content-type"), Some(media_type), "{shown}");
                assert!(body.is_empty() || answer.body.trim() == body.trim(), "{shown}");
                let usual = match path {
                    "moved/" => 308,
                    "nothing" => 404,
                    _ => 200,
                };
                let answer = served.curl(&url, "--interface 10.0.0.10");
                let expected = if worker { (usual, None) } else { (503, Some("300")) };
                assert_eq!((answer.status, answer.header("retry-after")), expected, "{url} on {}", served.name());
            }
            let open = served.curl(&format!("https://c.test/{path}"), "").status;
            assert_ne!(open, 503, "{path} on {}", served.name());
        }
    });
}
