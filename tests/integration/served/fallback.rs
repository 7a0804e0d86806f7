//! PHP sites and single-page apps: files are served, scripts run and are never shown, and everything
//! else is for the fallback.

use super::{HOSTS, on_every_release, site};

const APPS: [(&str, &str); 1] = [("fastcgi", "127.0.0.1:8003")];

/// A WordPress site, and a single-page app with an old script in its directory.
fn inventory() -> String {
    let blog = "    root: /srv/blog\n    locations:\n      \
        - { path: /, fastcgi_pass: \"127.0.0.1:8003\", fallback: /index.php }\n      \
        - { path: /uploads/, root: /srv/blog }\n";
    let app = "    root: /srv/app\n    locations:\n      - { path: /, root: /srv/app, fallback: /index.html }\n      \
        - { path: /api/, fastcgi_pass: \"127.0.0.1:8003\", fallback: /api/index.php }\n";
    let plain = "    root: /srv/app\n    locations:\n      - { path: /api/, fastcgi_pass: \"127.0.0.1:8003\" }\n";
    format!(
        "{HOSTS}nginx: {{ http2: true }}\nsites:\n{}{}{}",
        site("blog.test", blog),
        site("app.test", app),
        site("plain.test", plain)
    )
}

const FILES: [(&str, &str); 14] = [
    ("/srv/blog/index.php", "<?php secret"),
    ("/srv/blog/wp-login.php", "<?php secret"),
    ("/srv/blog/wp-admin/index.php", "<?php secret"),
    ("/srv/blog/style.css", "a style"),
    ("/srv/blog/OLD.PHP", "<?php secret"),
    ("/srv/blog/old.php5", "<?php secret"),
    ("/srv/blog/.env", "secret"),
    ("/srv/blog/uploads/evil.php", "<?php secret"),
    ("/srv/blog/uploads/evil.jpg", "a picture"),
    ("/srv/app/index.html", "the app"),
    ("/srv/app/docs/index.html", "the docs"),
    ("/srv/app/main.js", "a script"),
    ("/srv/app/old.php", "<?php secret"),
    ("/srv/app/api/index.php", "<?php secret"),
];

/// What answers: a file, a script with what it is told, or nothing.
enum Wanted {
    File(&'static str),
    Script([&'static str; 3]),
    Status(u16),
}
use Wanted::{File, Script, Status};

/// SCRIPT_NAME, PATH_INFO and QUERY_STRING.
const INDEX: [&str; 3] = ["/index.php", "", ""];

const CASES: &[(&str, Wanted)] = &[
    ("blog.test/", Script(INDEX)),
    ("blog.test/2024/hello-world/", Script(INDEX)),
    ("blog.test/2024/hello-world/?a=b&c=%20", Script(["/index.php", "", "a=b&c=%20"])),
    ("blog.test/no.css", Script(INDEX)),
    ("blog.test/caf%C3%A9/", Script(INDEX)),
    ("blog.test/style.css", File("a style")),
    ("blog.test/wp-login.php?x=1", Script(["/wp-login.php", "", "x=1"])),
    ("blog.test/wp-admin/", Script(["/wp-admin/index.php", "", ""])),
    ("blog.test/wp-admin", Status(301)),
    ("blog.test/index.php/apps/files", Script(["/index.php", "/apps/files", ""])),
    ("blog.test/no.php", Status(404)),
    ("blog.test/style.css/x.php", Status(404)),
    ("blog.test/uploads/evil.jpg/x.php", Status(404)),
    ("blog.test/OLD.PHP", Status(404)),
    ("blog.test/old.php5", Status(404)),
    ("blog.test/.env", Status(404)),
    ("blog.test/uploads/evil.php", Status(404)),
    ("blog.test/uploads/evil.php/x", Status(404)),
    ("blog.test/uploads/evil.jpg", File("a picture")),
    ("app.test/", File("the app")),
    ("app.test/users/7?tab=1", File("the app")),
    ("app.test/docs/", File("the docs")),
    ("app.test/main.js", File("a script")),
    ("app.test/old.php", Status(404)),
    ("app.test/.git/config", Status(404)),
    ("app.test/api/v1/users?x=1", Script(["/api/index.php", "", "x=1"])),
    ("plain.test/old.php", Status(404)),
    ("plain.test/main.js", File("a script")),
];

#[test]
fn files_are_served_scripts_run_and_the_rest_is_for_the_fallback() {
    on_every_release(&inventory(), &FILES, &APPS, |served| {
        let mut wrong = Vec::new();
        for (url, wanted) in CASES {
            for version in ["--http1.1", "--http2"] {
                let answer = served.curl(&format!("https://{url}"), version);
                let right = match wanted {
                    Status(status) => answer.status == *status && !answer.body.contains("secret"),
                    File(text) => answer.status == 200 && answer.body == *text,
                    Script([name, info, query]) => {
                        let root = if url.starts_with("blog") { "/srv/blog" } else { "/srv/app" };
                        let said = |variable: &str| answer.variable(variable).unwrap_or_default();
                        answer.status == 200
                            && said("SCRIPT_NAME") == *name
                            && said("SCRIPT_FILENAME") == format!("{root}{name}")
                            && said("PATH_INFO") == *info
                            && said("QUERY_STRING") == *query
                            && format!("{}{}", url.split('/').next().unwrap(), said("REQUEST_URI")) == *url
                    }
                };
                if !right {
                    wrong.push(format!("{url} {version}: {answer:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {} wrong\n{}", served.name(), wrong.len(), wrong.join("\n"));
    });
}
