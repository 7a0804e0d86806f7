//! What rules about locations say that nginx and haproxy do, on the rules' own examples and others.

use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use super::{HOSTS, Served, on_every_release, site};

fn inventory(sites: &str) -> String {
    format!("{HOSTS}nginx: {{ http2: true }}\nsites:\n{sites}")
}

/// A site without a `root`.
fn with(name: &str, locations: &[&str]) -> String {
    let lines: String = locations.iter().map(|it| format!("      - {{ {it} }}\n")).collect();
    site(name, &format!("    locations:\n{lines}"))
}

/// The lines with findings of this rule, as many as there are locations with one.
fn found(inventory: &str, code: &str) -> usize {
    let source = Source::new("inventory.yaml", inventory);
    lint(&source, &Settings::default()).findings.iter().filter(|it| it.code.id == code).count()
}

/// curl's status, following redirects: 47 if there is no end.
fn followed(served: &mut Served, url: &str) -> i32 {
    served.curl(url, "-L --max-redirs 20").exit
}

#[test]
fn lo01_paths_are_glued() {
    let app = "http://127.0.0.1:8001";
    let glued =
        [("/a/", "/base", "x", "/basex"), ("/b", "/base/", "/x", "/base//x"), ("/c", "/base", "pple", "/basepple")];
    let fitting = [("/d/", "/base/", "x", "/base/x"), ("/e/", "", "x", "/e/x"), ("/f", "/base", "/x", "/base/x")];
    let lines = glued.iter().chain(&fitting).map(|(path, to, ..)| format!("path: {path}, proxy_pass: \"{app}{to}\""));
    let lines: Vec<String> = lines.collect();
    let inventory = inventory(&with("a.test", &lines.iter().map(String::as_str).collect::<Vec<_>>()));
    on_every_release(&inventory, &[], &[("http", "127.0.0.1:8001")], |served| {
        for (path, _, rest, passed) in glued.iter().chain(&fitting) {
            let answer = served.curl(&format!("https://a.test{path}{rest}"), "");
            assert_eq!(answer.variable("REQUEST_URI").as_deref(), Some(*passed), "{path} on {}", served.name());
        }
    });
    // The last one is fine for what is below it, and a note says what else it takes.
    assert_eq!(found(&inventory, "LO01"), glued.len() + 1);
}

#[test]
fn lo02_and_lo04_files_that_are_there_are_not_found() {
    let wrong =
        ["path: /.config/, root: /srv", "path: /static/, root: /srv/static", "path: /, match: exact, root: /srv"];
    let good =
        ["path: /.well-known/, root: /srv", "path: /files/, root: /srv", "path: /robots.txt, match: exact, root: /srv"];
    // On a site that runs scripts, none is shown.
    let scripts = ["path: /run/, fastcgi_pass: \"127.0.0.1:8003\"", "path: /a.php/, root: /srv"];
    let scripts = [&scripts[..], &["path: /b.PHTML/b/, root: /srv", "path: /c.phpx/, root: /srv"]].concat();
    let inventory = inventory(
        &[
            with("a.test", &[wrong, good].concat()),
            with("b.test", &scripts).replace("    locations:", "    root: /srv\n    locations:"),
        ]
        .concat(),
    );
    let asked = ["/.config/x", "/static/x", "/", "/.well-known/x", "/files/x", "/robots.txt"];
    let files =
        ["/srv/.config/x", "/srv/static/x", "/srv/index.html", "/srv/.well-known/x", "/srv/files/x", "/srv/robots.txt"];
    let files = [&files[..], &["/srv/a.php/x", "/srv/b.PHTML/b/x", "/srv/c.phpx/x"]].concat();
    let files: Vec<_> = files.into_iter().map(|path| (path, "here")).collect();
    let asked = asked.iter().map(|path| format!("a.test{path}"));
    let asked = asked.chain(["/a.php/x", "/b.PHTML/b/x", "/c.phpx/x"].map(|path| format!("b.test{path}")));
    let asked: Vec<_> = asked.zip([404, 404, 404, 200, 200, 200, 404, 404, 200]).collect();
    on_every_release(&inventory, &files, &[("fastcgi", "127.0.0.1:8003")], |served| {
        for (url, status) in &asked {
            let answer = served.curl(&format!("https://{url}"), "");
            assert_eq!(answer.status, *status, "{url} on {}: {answer:?}", served.name());
        }
    });
    assert_eq!((found(&inventory, "LO02"), found(&inventory, "LO04")), (4, 1));
}

#[test]
fn lo03_redirects_come_back() {
    let to = |url: &str, path: &str, rest: &str| format!("path: {path}, return: {{ url: \"{url}\"{rest} }}");
    let all = ", append_request_uri: true";
    let sites = [
        // At once, by plain HTTP, by another site, below a path that it takes itself.
        ("a.test", vec![to("https://a.test", "/", all)]),
        ("b.test", vec![to("http://b.test", "/", all)]),
        ("c.test", vec![to("https://d.test", "/", all)]),
        ("d.test", vec![to("https://c.test/x", "/", "")]),
        ("e.test", vec![to("https://e.test/new/", "/", "")]),
        // Ends: another path, a file, another site.
        ("f.test", vec![to("https://f.test/new/", "/", ""), "path: /new/, root: /srv".to_owned()]),
        ("g.test", vec![to("https://f.test/new/", "/", "")]),
        ("h.test", vec![to("http://f.test/new/", "/", "")]),
        ("i.test", vec![to("https://elsewhere.test", "/", all), to("https://i.test", "/old/", "")]),
    ];
    let text: String =
        sites.iter().map(|(name, lines)| with(name, &lines.iter().map(String::as_str).collect::<Vec<_>>())).collect();
    let inventory = inventory(&text);
    on_every_release(&inventory, &[("/srv/new/index.html", "here")], &[], |served| {
        for (name, _) in &sites[..8] {
            let exit = if *name < "f.test" { 47 } else { 0 };
            assert_eq!(followed(served, &format!("https://{name}/")), exit, "{name} on {}", served.name());
        }
    });
    assert_eq!(found(&inventory, "LO03"), 5);
}

#[test]
fn lo03_challenges_and_wildcards_come_back() {
    let sites = [
        with("a.test", &["path: /, return: { url: \"https://www.w.test\", append_request_uri: true }"]),
        with("\"*.w.test\"", &["path: /, return: { url: \"https://x.y.w.test/z\" }"])
            .replace("\"*.w.test\".", "w.test."),
        // Out of the fleet: nobody listens on that port.
        with("b.test", &["path: /, return: { url: \"https://b.test:9999\" }"]),
    ];
    let inventory = inventory(&sites.concat())
        .replace("sites:", "http: { acme_challenge: { redirect: \"http://a.test\" } }\nsites:");
    on_every_release(&inventory, &[], &[], |served| {
        for (url, exit) in [
            ("http://a.test/.well-known/acme-challenge/x", 47),
            ("https://a.test/", 47),
            ("https://other.w.test/", 47),
            ("https://b.test/", 7),
        ] {
            assert_eq!(followed(served, url), exit, "{url} on {}", served.name());
        }
    });
    // `a.test` leads into the circle and is no part of it: the wildcard's site is, and the challenge.
    assert_eq!(found(&inventory, "LO03"), 2);
}

#[test]
fn lo03_a_path_is_compared_as_nginx_reads_it() {
    let to = |path: &str, url: &str| format!("path: {path}, return: {{ url: \"https://a.test{url}\" }}");
    // A location of its own for each, and where curl ends: 47 without an end, 22 with an error.
    let redirects = [
        ("/b1", "/%62%31", 47),
        ("/b2", "//b2", 47),
        ("/b3", "/x/%2E%2e//b3", 47),
        ("/b4", "/%2562%34", 0),
        ("/b5", "/x/../../b5", 47),
        ("/b6", "/%62%36%00", 22),
    ];
    let mut lines: Vec<String> = redirects.iter().map(|(path, url, _)| to(path, url)).collect();
    lines.push("path: /, root: /srv".to_owned());
    // Only what no other location takes comes back.
    let all = ", append_request_uri: true";
    let rest = [&format!("path: /, return: {{ url: \"https://b.test\"{all} }}"), "path: /, match: exact, root: /srv"];
    let sites = [
        with("a.test", &lines.iter().map(String::as_str).collect::<Vec<_>>()),
        with("b.test", &[&rest[..], &["path: /a, root: /srv", "path: /x, root: /srv"]].concat()),
    ];
    let inventory = inventory(&sites.concat());
    let files = [("/srv/%624", "here"), ("/srv/x", "here")];
    on_every_release(&inventory, &files, &[], |served| {
        for (path, _, exit) in redirects {
            let answer = served.curl(&format!("https://a.test{path}"), "-L --fail --max-redirs 20");
            assert_eq!(answer.exit, exit, "{path} on {}: {answer:?}", served.name());
        }
        assert_eq!(followed(served, "https://b.test/x"), 0, "{}", served.name());
        assert_eq!(followed(served, "https://b.test/y"), 47, "{}", served.name());
    });
    assert_eq!(found(&inventory, "LO03"), redirects.iter().filter(|(.., exit)| *exit == 47).count() + 1);
}

/// The page of a directory and a fallback script are in locations of their own.
#[test]
fn lo03_nginx_goes_on_to_a_redirect_by_itself() {
    let to = |path: &str, url: &str| format!("path: {path}, match: exact, return: {{ url: \"https://{url}\" }}");
    let php = "path: /, fastcgi_pass: \"127.0.0.1:8003\", fallback: /index.php";
    let (files, app) = ("path: /, root: /srv", "path: /, root: /srv, fallback: /index.html");
    let sites = [
        with("a.test", &[files, &to("/index.html", "a.test/")]),
        with("b.test", &["path: /docs/, root: /srv", &to("/docs/index.html", "b.test/docs/"), php])
            .replace("b.test\n", "b.test\n    root: /srv\n"),
        with("c.test", &[php, &to("/index.php", "c.test/")]).replace("c.test\n", "c.test\n    root: /srv\n"),
        // Ends: the file of an app is found in its own location, PHP has another page, another path.
        with("d.test", &[app, &to("/index.html", "d.test/")]),
        with("e.test", &[files, &to("/index.html", "e.test/new/")]),
    ];
    let inventory = inventory(&sites.concat());
    let pages = [("/srv/index.html", "here"), ("/srv/docs/index.html", "here"), ("/srv/new/index.html", "here")];
    let pages = [&pages[..], &[("/srv/index.php", "<?php")]].concat();
    on_every_release(&inventory, &pages, &[("fastcgi", "127.0.0.1:8003")], |served| {
        for (url, exit) in [("a.test/", 47), ("b.test/docs/", 47), ("c.test/x", 47), ("d.test/", 0), ("e.test/", 0)] {
            assert_eq!(followed(served, &format!("https://{url}")), exit, "{url} on {}", served.name());
        }
    });
    assert_eq!(found(&inventory, "LO03"), 3);
}

#[test]
fn lo05_a_fallback_script_of_another_location_is_not_run() {
    let php = |path: &str, script: &str| format!("path: {path}, fastcgi_pass: \"127.0.0.1:8003\", fallback: {script}");
    let site = |name: &str, others: &[&str]| {
        let first = php("/", "/public/index.php");
        with(name, &[&[first.as_str()], others].concat())
            .replace(&format!("{name}\n"), &format!("{name}\n    root: /srv\n"))
    };
    let exact = "path: /public/index.php, match: exact";
    let sites = [
        site("a.test", &["path: /public/, root: /srv"]),
        site("b.test", &[&format!("{exact}, root: /srv")]),
        site("c.test", &[&format!("{exact}, return: {{ url: \"https://elsewhere.test\" }}")]),
        // These run it.
        site("d.test", &["path: /public/build/, root: /srv"]),
        site("e.test", &[&php("/public/", "/public/index.php")]),
        site("f.test", &[&format!("{exact}, fastcgi_pass: \"127.0.0.1:8003\"")]),
    ];
    let inventory = inventory(&sites.concat());
    let files = [("/srv/public/index.php", "<?php secret")];
    on_every_release(&inventory, &files, &[("fastcgi", "127.0.0.1:8003")], |served| {
        for (name, status) in [("a", 404), ("b", 200), ("c", 308), ("d", 200), ("e", 200), ("f", 200)] {
            let answer = served.curl(&format!("https://{name}.test/about"), "");
            assert_eq!(answer.status, status, "{name} on {}: {answer:?}", served.name());
            assert_eq!(answer.body.contains("<?php secret"), name == "b", "{name} on {}", served.name());
            assert_eq!(answer.body.contains("SCRIPT_NAME"), name >= "d", "{name} on {}", served.name());
        }
    });
    assert_eq!(found(&inventory, "LO05"), 3);
}

/// What HP15 and `try` go by, whatever else would take the path.
#[test]
fn a_slash_is_added_to_the_path_of_a_location_that_passes_requests_on() {
    let lines = [
        "path: /, return: { url: \"https://elsewhere.test\" }",
        "path: /app/, proxy_pass: \"http://127.0.0.1:8001\"",
        "path: /exact/, match: exact, proxy_pass: \"http://127.0.0.1:8001\"",
        "path: /files/, root: /srv",
        "path: /php/, fastcgi_pass: \"127.0.0.1:8003\", fallback: /php/index.php",
        "path: /both, return: { code: 302, url: \"https://elsewhere.test\" }",
        "path: /both/, proxy_pass: \"http://127.0.0.1:8001\"",
    ];
    let site = with("a.test", &lines).replace("a.test\n", "a.test\n    root: /srv\n");
    let inventory = inventory(&site);
    on_every_release(&inventory, &[("/srv/index.php", "<?php")], &[("fastcgi", "127.0.0.1:8003")], |served| {
        let paths = [("app", 301), ("exact", 301), ("files", 308), ("php", 308), ("both", 302), ("bot", 308)];
        for (path, status) in paths {
            let answer = served.curl(&format!("https://a.test/{path}"), "");
            assert_eq!(answer.status, status, "{path} on {}: {answer:?}", served.name());
        }
    });
}
