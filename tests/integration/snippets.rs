//! The user's own nginx and haproxy text: read beside the inventory, rendered, shown to the real programs, deployed.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::{Run, Sslscale, need, roots};

const FLEET: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

/// The fleet with one file for the site.
fn site(name: &str) -> String {
    format!("{FLEET}    include: [{name}]\n")
}

fn haproxy(key: &str) -> String {
    format!("{FLEET}haproxy:\n  include: {{ {key}: [own.cfg] }}\n")
}

/// Code and place of each finding: the file, its line and column.
fn places(run: &Run) -> Vec<(String, String, u64, u64)> {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.all()));
    let findings = document["inventories"][0]["findings"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let place = |finding: &Value| {
        let at = &finding["location"];
        let number = |key: &str| at[key].as_u64().unwrap();
        (word(&finding["code"]), word(&at["file"]), number("line"), number("column"))
    };
    // Notes of other rules are about the fleet.
    let counts = |it: &&Value| it["severity"] != "info" || it["code"] == "SE06";
    findings.iter().filter(counts).map(place).filter(|it| it.0 != "CP06").collect()
}

fn check(inventory: &str, file: (&str, &[u8]), more: &[&str]) -> Vec<(String, String, u64, u64)> {
    let run = Sslscale::new(&[]).inventory(inventory).file(file.0, file.1);
    places(&run.run_with(&[&["check", "--format", "json", "inventory.yaml"], more].concat()))
}

#[test]
fn what_cannot_become_a_part_of_a_file_is_refused_at_its_place() {
    let own = |line, column| vec![("IN13".to_owned(), "own.conf".to_owned(), line, column)];
    let nginx: [(&[u8], _); 8] = [
        (b"gzip on;\n}\n", own(2, 1)),
        (b"gzip on;\nif ($a) {\n", own(3, 1)),
        (b"gzip on\n", own(2, 1)),
        (b"add_header a 'b;\n", own(2, 1)),
        (b"gzip on;\n\xff\n", own(2, 1)),
        (b"gzip on;\nte\0xt;\n", own(2, 3)),
        (b"gzip on; # \x1b[0m\n", own(1, 12)),
        (b"\xef\xbb\xbfgzip on;\n", own(1, 1)),
    ];
    for (text, wanted) in nginx {
        let text_shown = String::from_utf8_lossy(text);
        assert_eq!(check(&site("own.conf"), ("own.conf", text), &[]), wanted, "{text_shown:?}");
    }
    for (key, text, line) in [
        ("global", "nbthread 2\ndefaults x\n", 2),
        ("defaults", "\nbackend x\n", 2),
        ("sections", "nbthread 2\nbackend x\n", 1),
        ("global", "description \"x\n", 1),
        ("global", ".if feature(OPENSSL)\nnbthread 2\n", 1),
        ("global", "nbthread 2\n.endif\n", 2),
    ] {
        let found = check(&haproxy(key), ("own.cfg", text.as_bytes()), &[]);
        assert_eq!(found, [("IN13".to_owned(), "own.cfg".to_owned(), line, 1)], "{text:?}");
    }
}

#[test]
fn a_path_leads_to_a_file_beside_the_inventory() {
    let run = Sslscale::new(&["check", "fleet/inventory.yaml", "--format", "json"]);
    let run =
        run.file("own.conf", "gzip on;\n").file("fleet/sub/own.conf", "gzip on;\n").file("large", vec![b' '; 1 << 21]);
    fs::create_dir(run.dir().join("fleet/directory")).unwrap();
    symlink("sub/own.conf", run.dir().join("fleet/link.conf")).unwrap();
    symlink("nowhere", run.dir().join("fleet/dangling")).unwrap();
    let absolute = run.dir().join("own.conf").display().to_string();
    for (path, code) in [
        ("sub/own.conf", None),
        ("./sub/own.conf", None),
        ("../own.conf", None),
        (&absolute, None),
        ("link.conf", None),
        ("dangling", Some("IN13")),
        ("directory", Some("IN13")),
        ("missing.conf", Some("IN13")),
        ("../large", Some("IN13")),
        ("/dev/zero", Some("IN13")),
        ("''", Some("IN06")),
        ("'a b.conf'", Some("IN05")),
        ("'a\"b.conf'", Some("IN05")),
        ("'a;b.conf'", Some("IN05")),
    ] {
        fs::write(run.dir().join("fleet/inventory.yaml"), site(path)).unwrap();
        let found: Vec<String> = places(&run.run()).into_iter().map(|it| it.0).collect();
        assert_eq!(found, code.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{path}");
    }
}

/// A site, a location, and each place of haproxy.
const EVERYWHERE: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12, nginx: { include: [] } }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    include: [site.conf]
    locations:
      - { path: /, root: /srv, include: [location.conf, site.conf] }
nginx:
  include: [http.conf]
haproxy:
  include: { global: [global.cfg], defaults: [defaults.cfg], sections: [sections.cfg] }
";

fn everywhere() -> Sslscale {
    Sslscale::new(&[])
        .inventory(EVERYWHERE)
        .file("http.conf", "map $uri $own {\n    default 1;\n}")
        .file("site.conf", "gzip on;\ngzip_types text/css;\n")
        .file("location.conf", "expires 1h;\n")
        .file("global.cfg", "nbthread 2")
        .file("defaults.cfg", "timeout tunnel 1h\n")
        .file("sections.cfg", "frontend own\n    bind 127.0.0.1:8404\n    mode http\n    stats enable\n")
}

#[test]
fn every_file_is_rendered_where_it_is_named() {
    let run = everywhere();
    let rendered = run.run_with(&["render", "inventory.yaml", "-o", "tree"]);
    assert_eq!(rendered.status, 0, "{}", rendered.all());
    let text = |path: &str| fs::read_to_string(run.dir().join("tree").join(path)).unwrap();
    let haproxy = text("lb1/etc/haproxy/haproxy.cfg");
    let position = |part: &str| haproxy.find(part).unwrap_or_else(|| panic!("{part} in {haproxy}"));
    let order = [
        "global",
        "# `global.cfg` begins\nnbthread 2\n    # `global.cfg` ends\n\ndefaults",
        "timeout tunnel 1h\n    #",
        "frontend https-in",
        "\nfrontend own\n",
    ];
    assert!(order.map(position).is_sorted(), "{haproxy}");
    let nginx = text("srv1/etc/nginx/conf.d/sslscale.conf");
    let included: Vec<&str> = nginx.lines().filter(|it| it.contains("sslscale-include-")).map(str::trim).collect();
    let names: Vec<&str> = included.iter().map(|line| line.rsplit("# ").next().unwrap()).collect();
    assert_eq!(names, ["http.conf", "site.conf", "location.conf", "site.conf"]);
    for (line, wanted) in
        included.iter().zip(["map $uri $own {\n    default 1;\n}\n", "gzip on;\ngzip_types text/css;\n"])
    {
        let path = line.split([' ', ';']).nth(1).unwrap();
        assert_eq!(text(&format!("srv1{path}")), wanted);
    }
    // An app server with a list of its own does not have the fleet's.
    assert!(!text("srv2/etc/nginx/conf.d/sslscale.conf").contains("# http.conf"));
    let files = fs::read_dir(run.dir().join("tree/srv1/etc/nginx")).unwrap().count();
    assert_eq!(files, 5, "three files, conf.d and modules-enabled");
    // The tree is out of date when a file has changed.
    let unchanged = run.run_with(&["render", "inventory.yaml", "-o", "tree", "--check"]);
    fs::write(run.dir().join("site.conf"), "gzip off;\n").unwrap();
    let changed = run.run_with(&["render", "inventory.yaml", "-o", "tree", "--check"]);
    assert_eq!((unchanged.status, changed.status), (0, 1), "{}{}", unchanged.all(), changed.all());
}

#[test]
fn what_programs_say_of_a_file_is_at_its_line() {
    if !need::programs(&["haproxy", "nginx", "unshare"]) {
        return;
    }
    let run = everywhere();
    let said =
        |run: &Sslscale| places(&run.run_with(&["check", "--with-binaries", "--format", "json", "inventory.yaml"]));
    assert_eq!(said(&run), []);
    for (file, text, line, code) in [
        ("http.conf", "map $uri $own {\n    default 1;\n}\nno_such_directive;\n", 4, "RP02"),
        ("location.conf", "\n\nexpires never;\n", 3, "RP02"),
        ("global.cfg", "nbthread 2\n# `defaults.cfg` begins\nno-such-keyword\n", 3, "RP01"),
        ("defaults.cfg", "timeout tunnel 1h\ntimeout tunnnel 1h\n", 2, "RP01"),
        ("sections.cfg", "frontend own\n    bind 127.0.0.1:8404\n    mode htp\n", 3, "RP01"),
    ] {
        let run = everywhere().file(file, text);
        let found: Vec<_> = said(&run).into_iter().map(|(code, file, line, _)| (code, file, line)).collect();
        assert!(found.contains(&(code.to_owned(), file.to_owned(), line)), "{file}: {found:?}");
    }
}

#[test]
fn every_format_names_the_file_and_the_line() {
    let run = Sslscale::new(&[]).inventory(site("own/brace.conf")).file("own/brace.conf", "gzip on;\n}\n");
    for (format, place) in [
        ("human", "own/brace.conf:2:1"),
        ("github", "file=own/brace.conf,line=2"),
        ("gitlab", "\"path\": \"own/brace.conf\""),
        ("junit", "own/brace.conf:2:1"),
        ("sarif", "\"uri\":\"own/brace.conf\"}"),
    ] {
        let run = run.run_with(&["check", "--format", format, "inventory.yaml"]);
        assert!(run.all().contains(place), "{format}: {}", run.all());
    }
}

#[test]
fn a_comment_at_the_name_of_a_file_ignores_what_is_found_in_it() {
    let text = format!("{FLEET}    include: [own.conf] # sslscale: ignore[SN01] it is a test\n");
    assert_eq!(check(&text, ("own.conf", b"listen 8443 ssl;\n"), &[]), []);
    let found = check(&site("own.conf"), ("own.conf", b"listen 8443 ssl;\n"), &[]);
    assert_eq!(found, [("SN01".to_owned(), "own.conf".to_owned(), 1, 1)]);
}

#[test]
fn a_deploy_brings_files_and_removes_those_that_are_replaced() {
    let Some(run) = roots::fleet(&roots::inventory("    include: [own.conf]\n")) else { return };
    let run = run.file("own.conf", "gzip on;\n");
    let names = |run: &Sslscale| -> Vec<String> {
        let entries = fs::read_dir(run.dir().join("roots/srv1/etc/nginx")).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("sslscale-include-")).collect()
    };
    roots::run(&run, &["deploy", "--yes"], 0);
    let before = names(&run);
    let run = run.file("own.conf", "gzip off;\n");
    roots::run(&run, &["deploy", "--yes"], 0);
    let after = names(&run);
    assert_eq!((before.len(), after.len()), (1, 1), "{before:?} {after:?}");
    assert_ne!(before, after);
}

/// Where the text is, the text, and the codes of what is found in it.
const COVERED: &[(&str, &str, &[&str])] = &[
    ("site", "listen 8443 ssl;", &["SN01"]),
    ("site", "listen 127.0.0.1:8081;", &[]),
    ("site", "listen [::1]:8081 ssl;", &[]),
    ("site", "listen 127.0.0.1:443 ssl;", &["SN01"]),
    ("site", "listen 127.0.0.1:8081 ssl proxy_protocol;", &["SN01"]),
    ("site", "listen 127.0.0.1;", &[]),
    ("site", "listen localhost:8081;", &["SN01"]),
    ("site", "listen 10.0.0.11:8081 ssl;", &["SN01"]),
    ("certified", "listen 127.0.0.1:8081;", &["SN01"]),
    ("certified", "listen 127.0.0.1:8081 ssl;", &[]),
    ("http", "server { listen 443 ssl; }", &["SN01"]),
    ("http", "server { listen 127.0.0.1:8081; }", &[]),
    ("sections", "frontend own\n    bind :443\n", &["SN01"]),
    ("sections", "frontend own\n    bind 127.0.0.1:8404\n    mode http\n", &[]),
    ("site", "set_real_ip_from 0.0.0.0/0;", &["SN02"]),
    ("location", "real_ip_header X-Forwarded-For;", &["SN02"]),
    ("http", "real_ip_recursive on;", &["SN02"]),
    ("defaults", "default-server send-proxy\n", &["SN02"]),
    ("site", "ssl_protocols TLSv1;", &["SN03"]),
    ("site", "large_client_header_buffers 4 8k;", &["SN03"]),
    ("site", "proxy_read_timeout 5m;", &["SN03"]),
    ("site", "grpc_read_timeout 5m;", &[]),
    ("location", "proxy_read_timeout 5m;", &["SN03"]),
    ("http", "proxy_read_timeout 5m;", &[]),
    ("site", "proxy_buffer_size 64k;", &["SN03"]),
    ("location", "proxy_buffer_size 64k;\nproxy_buffers 8 32k;", &[]),
    ("http", "ssl_ciphers ALL;", &["SN03"]),
    ("site", "ssl_conf_command CipherString DEFAULT@SECLEVEL=0;", &["SN03"]),
    ("site", "ssl_session_ticket_key /etc/nginx/own.key;", &["SN03"]),
    ("http", "ssl_session_tickets on;", &["SN03"]),
    ("site", "ssl_buffer_size 4k;", &[]),
    ("http", "server { listen 127.0.0.1:8081 ssl; ssl_protocols TLSv1.2; }", &[]),
    ("global", "maxconn 10\n", &["SN03"]),
    ("defaults", "mode http\n", &["SN03"]),
    ("defaults", "timeout tunnel 1h\n", &[]),
    ("location", "proxy_set_header X-A b;", &["SN04"]),
    ("site", "proxy_set_header X-A b;", &[]),
    ("site", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", &["SN04"]),
    ("site", "location /own/ { proxy_set_header X-A b; proxy_pass http://127.0.0.1:8001; }", &["SN04"]),
    ("uwsgi", "include uwsgi_params;", &["SN04"]),
    ("uwsgi", "uwsgi_param REMOTE_ADDR $http_x_real_ip;", &["SN04"]),
    ("location", "include uwsgi_params;", &[]),
    ("location", "include proxy_params;", &["SE06"]),
    ("location", "add_header X-A b;", &["SE04"]),
    ("site", "add_header X-A b;", &[]),
    ("global", "stats socket ipv4@127.0.0.1:9999 level admin\n", &["SN05"]),
    ("global", "lua-load /etc/haproxy/own.lua\n", &["SE06"]),
    ("site", "ssl_client_certificate /etc/ssl/ca.crt;\nssl_verify_client on;", &["SN03", "SN03", "TL16"]),
    ("site", "ssl_verify_client off;", &["SN03"]),
    ("http", "ssl_client_certificate /etc/ssl/ca.crt;\nssl_verify_client on;", &["SN03", "SN03", "TL16"]),
    ("http", "ssl_client_certificate /etc/ssl/ca.crt;\nssl_verify_client optional;", &["SN03", "SN03"]),
    ("http", "server { listen 127.0.0.1:8081 ssl; ssl_verify_client on; }", &[]),
];

/// Two sites of one pool. The first has HSTS and a location for each of two protocols.
fn covered(place: &str) -> String {
    let own = |at: &str| if at == place { "include: [own.conf]" } else { "" };
    let haproxy = match place {
        "global" | "defaults" | "sections" => format!("include: {{ {place}: [own.conf] }}"),
        _ => String::new(),
    };
    let certified = match place {
        "certified" => "include: [own.conf]\n    client_certificates: { ssl_client_certificate: /etc/ssl/ca.crt }",
        _ => own("site"),
    };
    format!(
        "{FLEET}    hsts: {{ max_age: 365d }}\n    {certified}\n    locations:\n      \
         - {{ path: /, proxy_pass: \"http://127.0.0.1:8000\", {} }}\n      \
         - {{ path: /u/, uwsgi_pass: \"127.0.0.1:9000\", {} }}\n  \
         - server_name: other.example.net\n    root: /srv/other\n    ssl_certificate: /etc/ssl/other/ssl.crt\n    \
         ssl_certificate_key: /etc/ssl/other/ssl.key\nnginx: {{ {} }}\nhaproxy: {{ {haproxy} }}\n",
        own("location"),
        own("uwsgi"),
        own("http")
    )
}

// A balancer and an app server on one host: haproxy and nginx take ports from each other.
#[test]
fn ports_of_the_other_program_on_the_host_are_taken() {
    let inventory = |address: &str, http: &str, sections: &str| {
        format!(
            "load_balancers: [ {{ name: lb1, address: 10.0.0.10 }} ]\napp_servers:\n  \
             - {{ name: srv1, address: {address}, nginx: {{ port: 8443, metrics: {{ port: 9113, allow: [10.0.0.9] }} }} }}\n\
             nginx: {{ {http} }}\nhaproxy: {{ include: {{ {sections} }} }}\nhttp: {{}}\nsites:\n  - server_name: example.com\n    \
             root: /srv/example\n    ssl_certificate: /etc/ssl/example/ssl.crt\n    \
             ssl_certificate_key: /etc/ssl/example/ssl.key\n"
        )
    };
    let (own, sections) = ("include: [own.conf]", "sections: [own.conf]");
    for (http, sections, text, taken) in [
        (own, "", "server { listen 80; }", true),
        (own, "", "server { listen 127.0.0.1:443 ssl; }", true),
        (own, "", "server { listen 8081; }", false),
        ("", sections, "frontend own\n    bind :8443\n", true),
        ("", sections, "listen own\n    bind 10.0.0.10:9100-9120\n", true),
        ("", sections, "frontend own\n    bind :8444\n", false),
    ] {
        for (address, taken) in [("10.0.0.10", taken), ("10.0.0.11", false)] {
            let found = check(&inventory(address, http, sections), ("own.conf", text.as_bytes()), &[]);
            let found = found.iter().any(|it| it.0 == "SN01");
            assert_eq!(found, taken, "{address}: {text}");
        }
    }
}

#[test]
fn every_line_that_undoes_something_has_a_rule_and_those_beside_it_have_none() {
    let mut wrong = Vec::new();
    for (place, text, codes) in COVERED {
        let found = check(&covered(place), ("own.conf", text.as_bytes()), &[]);
        let found: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
        if found != *codes {
            wrong.push(format!("{place}: {text}: {found:?}, not {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
