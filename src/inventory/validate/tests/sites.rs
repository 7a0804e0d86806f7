//! Sites: their names, files and locations.

use super::*;
use crate::inventory::model::Target;

#[test]
fn files_of_sites() {
    let two = |first: [&str; 2], second: [&str; 2]| {
        format!("{HOSTS}{}", sites(&[("a.example", first[0], first[1], ""), ("b.example", second[0], second[1], "")]))
    };
    let one = |certificate: &str, key: &str| two([certificate, key], ["/etc/b.crt", "/etc/b.key"]);
    assert_refused(&[
        ("a directory", two(["/etc/a", "/etc/k"], ["/etc/a/b", "/etc/k"]), &[("IN09", "/etc/a/b")]),
        ("included", one("/etc/nginx/conf.d/a", "/etc/k"), &[("IN09", "/etc/nginx/conf.d/a")]),
        ("enabled", one("/etc/a", "/etc/nginx/sites-enabled/k"), &[("IN09", "/etc/nginx/sites-enabled/k")]),
        ("tickets", one("/etc/a", "/etc/sslscale/k"), &[("IN09", "/etc/sslscale/k")]),
        ("no key", replaced(", ssl_certificate_key: /etc/a.key", ""), &[("TL05", "server_name: a.example")]),
        ("no certificate", replaced(" ssl_certificate: /etc/a.crt,", ""), &[("TL05", "server_name: a.example")]),
        ("uneven", one("[/etc/a.crt, /etc/c.crt]", "/etc/a.key"), &[("IN09", "/etc/a.key")]),
        ("twice", one("[/etc/a.crt, /etc/a.crt]", "[/etc/a.key, /etc/c.key]"), &[("IN12", "/etc/a.crt")]),
        ("empty", one("[]", "/etc/a.key"), &[("IN04", "[")]),
    ]);
    accepted(&two(["/etc/a", "/etc/b"], ["/etc/a", "/etc/b"]));
    // TL21 warns about these.
    accepted(&one("/etc/a.key", "/etc/a.key"));
    accepted(&two(["/etc/a", "/etc/b"], ["/etc/b", "/etc/c"]));
    accepted(&one("/etc/nginx/conf.d/ssl/a", "/etc/sslscale.key"));
    accepted(&two(["/etc/a", "/etc/k"], ["/etc/ab", "/etc/k"]));
    let source = |first: &str, second: &str| {
        let more = |source: &str| format!(", ssl_certificate_source: {source}, ssl_certificate_key_source: k");
        let (first, second) = (more(first), more(second));
        format!(
            "{HOSTS}{}",
            sites(&[("a.example", "/etc/a", "/etc/k", &first), ("b.example", "/etc/a", "/etc/k", &second)])
        )
    };
    assert_eq!(refusals(&source("a", "b")), [("IN09", "/etc/a".to_owned())]);
    assert_eq!(
        refusals(&replaced("root: /srv", "root: /srv, ssl_certificate_key_source: k")),
        [("IN04", "k".to_owned())]
    );
    for same in ["a", "./a", "../a"] {
        accepted(&source("a", same));
    }
    let list = accepted(
        &source("a", "a")
            .replace("/etc/a,", "[/etc/a, /etc/c],")
            .replace("/etc/k,", "[/etc/k, /etc/d],")
            .replace(": a,", ": [a, c],")
            .replace(": k }", ": [k, d] }"),
    );
    let written: Vec<String> = list.sites[0]
        .certificates
        .iter()
        .map(|it| {
            format!(
                "{} {} {:?}",
                it.ssl_certificate,
                it.ssl_certificate_key,
                it.source.as_ref().and_then(|it| it.certificate.local.as_ref())
            )
        })
        .collect();
    assert_eq!(written, ["/etc/a /etc/k Some(\"a\")", "/etc/c /etc/d Some(\"c\")"]);
}

#[test]
fn names_and_answers_of_sites() {
    let answers = |more: &str| replaced("root: /srv, ", more);
    assert_refused(&[
        ("no name", replaced("server_name: a.example, ", ""), &[("IN04", "root: /srv")]),
        ("a name twice", replaced("a.example", "[a.example, A.example]"), &[("IN12", "A.example")]),
        ("no answer", answers(""), &[("IN04", "server_name: a.example")]),
        ("no location", answers("locations: [], "), &[("IN04", "server_name: a.example")]),
        ("scripts", answers("locations: [{ path: /, fastcgi_pass: \"unix:/a\" }], "), &[("IN04", "\"unix:/a\"")]),
        ("no target", answers("locations: [{ path: / }], "), &[("IN04", "path: /")]),
        ("no path", answers("locations: [{ root: /srv }], "), &[("IN04", "root: /srv")]),
        ("two targets", answers("locations: [{ path: /, root: /a, uwsgi_pass: \"unix:/a\" }], "), &[("IN09", "/a")]),
        ("a path twice", answers("locations: [{ path: /, root: /a }, { path: /, root: /b }], "), &[("IN12", "/")]),
        (
            "a redirect",
            answers("locations: [{ path: /, return: { url: \"https://a/b\", append_request_uri: true } }], "),
            &[("IN09", "\"https://a/b\"")],
        ),
        ("a status", answers("locations: [{ path: /, return: { code: 444 } }], "), &[("IN06", "444")]),
        ("a redirect's status", answers("locations: [{ path: /, return: { code: 304 } }], "), &[("IN04", "304")]),
        ("no text", answers("locations: [{ path: /, return: { code: 204, body: a } }], "), &[("IN09", "a")]),
        ("no status", answers("locations: [{ path: /, return: { body: a } }], "), &[("IN04", "body: a")]),
        ("no type", answers("locations: [{ path: /, return: { code: 200, type: a/b } }], "), &[("IN09", "a/b")]),
        (
            "a text and a redirect",
            answers("locations: [{ path: /, return: { url: \"https://a\", body: b } }], "),
            &[("IN09", "b")],
        ),
        (
            "no redirect",
            answers("locations: [{ path: /, return: { code: 404, url: \"https://a\" } }], "),
            &[("IN09", "404")],
        ),
        ("no url", answers("locations: [{ path: /, return: { code: 301 } }], "), &[("IN04", "301")]),
        (
            "grpc",
            with("nginx: { http2: false }\n")
                .replace("root: /srv, ", "locations: [{ path: /, grpc_pass: \"unix:/a\" }], "),
            &[("IN09", "\"unix:/a\"")],
        ),
    ]);
    accepted(&answers("locations: [{ path: /, root: /a }, { path: /, match: exact, root: /b }], "));
    accepted(&answers("locations: [{ path: /, return: { url: \"https://a/b\" } }], "));
    let all = accepted(&answers(
        "root: /srv, locations: [{ path: /a, uwsgi_pass: \"unix:/a\" }, { path: /b, fastcgi_pass: \"unix:/b\" }, { path: /c, proxy_pass: \"http://10.0.0.1\" }, { path: /d, grpc_pass: \"unix:/d\" }, { path: /e, root: /e }, { path: /f, return: { url: \"https://f\", append_request_uri: true } }], ",
    ));
    let kinds: Vec<String> = all.sites[0]
        .locations
        .iter()
        .map(|it| match &it.target {
            Target::Uwsgi(app) => format!("{} uwsgi {app}", it.path.as_str()),
            Target::Fastcgi(app) => format!("{} fastcgi {app}", it.path.as_str()),
            Target::Proxy(app) => format!("{} proxy {app}", it.path.as_str()),
            Target::Grpc(app) => format!("{} grpc {app}", it.path.as_str()),
            Target::Root(root) => format!("{} root {root}", it.path.as_str()),
            Target::Answer(answer) => format!("{} {}", it.path.as_str(), answer.status),
            Target::Redirect(to) => {
                format!("{} {} {} {}", it.path.as_str(), to.code.name(), to.url, to.append_request_uri)
            }
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "/a uwsgi unix:/a",
            "/b fastcgi unix:/b",
            "/c proxy http://10.0.0.1:80",
            "/d grpc grpc://unix:/d",
            "/e root /e",
            "/f 308 https://f true"
        ]
    );
}

#[test]
fn fallbacks_that_serve_nothing_are_refused() {
    let with = |location: &str| {
        let more = format!(", locations: [ {{ {location} }} ]");
        format!("{HOSTS}{}", sites(&[("a.example", "/etc/a", "/etc/k", &more)]))
    };
    let php = |path: &str, fallback: &str| {
        with(&format!("path: {path}, fastcgi_pass: \"unix:/run/a\", fallback: {fallback}"))
    };
    let files = |path: &str, fallback: &str| with(&format!("path: {path}, root: /srv/x, fallback: {fallback}"));
    assert_refused(&[
        ("no script", php("/", "/index.html"), &[("IN09", "/index.html")]),
        ("elsewhere", php("/api/", "/index.php"), &[("IN09", "/index.php")]),
        ("two scripts", php("/x.php", "/x.php/index.php"), &[("IN09", "/x.php/index.php")]),
        ("a directory", files("/", "/app/"), &[("IN09", "/app/")]),
        ("exact", with("path: /a, match: exact, root: /srv/x, fallback: /a"), &[("IN09", "/a")]),
        ("no files", with("path: /, proxy_pass: \"http://127.0.0.1:8000\", fallback: /a"), &[("IN09", "/a")]),
    ]);
    accepted(&php("/api/", "/api/index.php"));
    accepted(&php("/", "/a.phps/index.php"));
    accepted(&files("/x/", "/index.html"));
}
