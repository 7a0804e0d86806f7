//! Answers that nginx gives by itself, on every release: every character of a text arrives as it is.

use super::{HOSTS, on_every_release, site};

/// Texts with what means something to nginx, YAML or shells.
const TEXTS: [&str; 14] = [
    "gone",
    "it's \"gone\"",
    "$host ${host} $sslscale_dollar $",
    "back\\slash \\n \\\\ \\\"",
    "first\nsecond\n\n\tfourth\n",
    "; } server { listen 80; }",
    "{\"a\": {\"b\": [1, \"$c\"]}}",
    "# no comment",
    "<script>'@@'</script>",
    "{{ revision }} {% raw %} {# x #}",
    " ",
    "\\",
    "\"",
    "%00 `id` $(id) ~*^",
];

/// A text in YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn a_text_arrives_as_it_is() {
    let long = ["x".repeat(3_998), "$".repeat(222), "\"".repeat(1_999)];
    let texts: Vec<&str> = TEXTS.into_iter().chain(long.iter().map(String::as_str)).collect();
    let of_text = |(index, text): (usize, &&str)| {
        format!("      - {{ path: /{index}.json, return: {{ code: 200, body: {} }} }}\n", quoted(text))
    };
    let more = "      - { path: /json.txt, return: { code: 404, body: \"{}\", type: application/json } }\n      \
                - { path: /empty, return: { code: 204 } }\n      - { path: /plain, return: { code: 200 } }\n      \
                - { path: /page, return: { code: 410 } }\n      - { path: /odd, return: { code: 599, body: odd } }\n";
    let locations: String = texts.iter().enumerate().map(of_text).collect();
    let inventory = format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}",
        site("a.test", &format!("    locations:\n{locations}{more}"))
    );
    on_every_release(&inventory, &[], &[], |served| {
        for (index, text) in texts.iter().enumerate() {
            let answer = served.curl(&format!("https://a.test/{index}.json"), "");
            assert_eq!((answer.status, answer.body.as_str()), (200, text.trim_end_matches('\n')), "{}", served.name());
            assert_eq!(answer.header("content-type"), Some("text/plain"), "{}", served.name());
            assert!(answer.header("strict-transport-security").is_some(), "{}", served.name());
        }
        let rows = [
            ("json.txt", 404, Some("application/json")),
            ("empty", 204, None),
            ("plain", 200, Some("")),
            ("odd", 599, None),
        ];
        for (path, status, media_type) in rows {
            let answer = served.curl(&format!("https://a.test/{path}"), "");
            assert_eq!(answer.status, status, "{path} on {}: {answer:?}", served.name());
            if let Some(media_type) = media_type.filter(|it| !it.is_empty()) {
                assert_eq!(answer.header("content-type"), Some(media_type), "{path} on {}", served.name());
            }
        }
        let page = served.curl("https://a.test/page", "");
        assert!(
            page.status == 410 && page.body.contains("410") && page.header("strict-transport-security").is_some(),
            "{page:?}"
        );
    });
}
