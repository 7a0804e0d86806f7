//! Files that are no inventory, text that is no YAML, YAML that is no inventory: what the
//! program says to each, pinned whole, and that it says so in bounded time and memory.

mod bounds;
mod codes;
pub mod keys;
mod lists;
pub mod mutations;
mod nodes;
mod sites;
mod upstreams;

use std::process::Command;

use crate::support::{Sslscale, pin};

const BLOG: &str = include_str!("../../inventories/blog.yaml");

fn check(text: impl AsRef<[u8]>) -> String {
    Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run().all()
}

fn pin_all(name: &str, cases: &[(&str, &[u8])]) {
    let shown: Vec<String> = cases.iter().map(|(title, text)| format!("### {title}\n{}", check(text))).collect();
    pin(name, &shown.join("\n"));
}

#[test]
fn files_that_are_no_text() {
    let run = Sslscale::new(&[]).file("dir/inventory.yaml", BLOG).file("escape\u{1b}[31m.yaml", "a: 1");
    Command::new("mkfifo").arg("fifo").current_dir(run.dir()).status().unwrap();
    let paths =
        ["missing.yaml", "dir", "dir/inventory.yaml/x", "fifo", "/dev/zero", "/dev/null", "escape\u{1b}[31m.yaml"];
    let shown = paths.map(|path| run.run_with(&["check", path]).all());
    pin("bad-files", &shown.join("\n"));
    let render = run.run_with(&["render", "dir"]);
    assert_eq!((render.status, render.stdout.as_str()), (2, ""));
}

#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(BLOG);
    let path = run.dir().join("inventory.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        return; // Root may read anything.
    }
    let run = run.run();
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    let first = "error[IN01]: the inventory `inventory.yaml` cannot be read: it could not be read: Permission denied";
    assert!(run.stderr.starts_with(first), "{}", run.stderr);
}

#[test]
fn bytes_that_are_no_text() {
    let utf16: Vec<u8> = "\u{feff}a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    pin_all(
        "bad-bytes",
        &[
            ("UTF-16", &utf16),
            ("UTF-16 without a byte order mark", &utf16[2..]),
            ("binary", b"\x7fELF\x02\x01\x01\0\0\0"),
            ("NUL", b"load_balancers: []\nsites: \"a\0b\"\n"),
            ("Latin-1", b"load_balancers: []\n# caf\xe9 au lait\n"),
            ("cut off inside a character", b"sites: []\n# \xe2\x82"),
            ("terminal escape", b"sites: \x1b[31mred\n"),
            ("terminal escape in one character", "sites: [] # \u{9b}31m\n".as_bytes()),
        ],
    );
}

#[test]
fn text_that_is_no_yaml() {
    pin_all(
        "bad-yaml",
        &[
            ("tab as indentation", b"sites:\n\t- root: /srv\n"),
            ("tab behind spaces", b"sites:\n  - root: /srv\n \t  pool: web\n"),
            ("too little indentation", b"sites:\n  - root: /srv\n   pool: web\n"),
            ("too much indentation", b"sites: []\n  pools: []\n"),
            ("two colons", b"sites: a: b\n"),
            ("no colon", b"sites: []\npools\n"),
            ("no space behind the colon", b"sites:[]\n"),
            ("open bracket", b"sites: [\n"),
            ("wrong bracket", b"sites: [ { root: /srv ]\n"),
            ("stray bracket", b"sites: ]\n"),
            ("no comma", b"sites: [{ root: /srv pool: web }]\n"),
            ("two commas", b"sites: [a,,b]\n"),
            ("open quote", b"sites: \"a\npools: []\n"),
            ("text behind a quote", b"sites: 'a' b\n"),
            ("no such escape", b"haproxy: { log: \"C:\\dev\" }\n"),
            ("reserved character", b"sites: @a\n"),
            ("backtick", b"sites: `a`\n"),
            ("asterisk", b"sites: [{ server_name: *.example.com }]\n"),
            ("list beside a mapping", b"- a\nsites: []\n"),
            ("list on the line of its key", b"sites: - a\n"),
            ("undefined alias", b"sites: *nobody\n"),
            ("alias of itself", b"sites: &a [*a]\n"),
            ("merge of a text", b"<<: text\nsites: []\n"),
            ("two documents", b"sites: []\n---\nsites: []\n"),
            ("text behind the end", b"sites: []\n...\nsites: []\n"),
            ("undeclared tag", b"sites: !e!x []\n"),
            ("number tag on a word", b"haproxy: { port: !!int https }\n"),
            ("binary tag on text", b"haproxy: { log: !!binary '*' }\n"),
        ],
    );
}

#[test]
fn yaml_that_is_no_inventory() {
    pin_all(
        "bad-shapes",
        &[
            ("empty", b""),
            ("only comments", b"# one\n# two\n"),
            ("a byte order mark alone", "\u{feff}".as_bytes()),
            ("null", b"null\n"),
            ("scalar", b"hello\n"),
            ("list", b"- a\n- b\n"),
            ("sections of the wrong type", b"load_balancers: { name: lb1 }\napp_servers: [srv1, [srv2]]\nsites: ~\nhaproxy: [443]\n"),
            ("keys that are no words", b"? [a]\n: 1\n? { b: c }\n: 2\n1: x\nnull: y\n\"\": z\nload_balancers: []\napp_servers: []\nsites: []\n"),
            (
                "duplicates at every level",
                b"load_balancers:\n  - name: lb1\n    name: lb2\n    address: 10.0.0.10\n    haproxy:\n      timeouts: { connect: 1s, connect: 2s }\nsites: []\napp_servers: []\n\"sites\": []\n",
            ),
            ("values left out", b"load_balancers:\n  - name:\n    address: 10.0.0.10\n  - \napp_servers:\nsites: []\n"),
        ],
    );
}

#[test]
fn different_mistakes_are_reported_together_in_the_order_of_the_file() {
    let broken = BLOG
        .replace("load_balancers:", "load-balancers:")
        .replace("name: srv1", "nme: srv1")
        .replace("10.0.0.12", "10.0.0.0/24")
        .replace("ssl.crt", "../ssl.crt")
        .replace("path: /", "path: \"/$uri\"")
        + "haproxy: { timeouts: { connect: 5 }, balance: round-robin, zebra: 1 }\nnginx: { port: 0443, http2: on }\n";
    pin("bad-together", &check(&broken));
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(&broken);
    let places = |text: &str| -> Vec<String> {
        text.lines().filter_map(|l| l.trim_start().strip_prefix("--> ")).map(str::to_owned).collect()
    };
    let json: serde_json::Value =
        serde_json::from_str(&run.run_with(&["check", "--format", "json", "inventory.yaml"]).stdout).unwrap();
    assert_eq!(json["version"], 2);
    let findings = json["inventories"][0]["findings"].as_array().unwrap();
    let same: Vec<String> = findings
        .iter()
        .map(|f| format!("inventory.yaml:{}:{}", f["location"]["line"], f["location"]["column"]))
        .collect();
    assert_eq!(places(&run.run().stderr), same);
    let ordered: Vec<u64> = findings.iter().map(|f| f["location"]["byte_start"].as_u64().unwrap()).collect();
    assert!(ordered.is_sorted() && ordered.len() > 9, "{ordered:?}");
}

#[test]
fn marks_and_line_ends_of_other_systems_are_accepted_and_places_stay_right() {
    let broken = BLOG.replace("10.0.0.12", "10.0.0.300");
    let place = |text: &str| {
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text);
        let line = run.run().stderr.lines().nth(1).unwrap().to_owned();
        let json = run.run_with(&["check", "--format", "json", "inventory.yaml"]).stdout;
        (line, json.contains("\"line\": 5,") && json.contains("\"column\": 28,"))
    };
    let expected = (" --> inventory.yaml:5:28".to_owned(), true);
    for (mark, end) in
        [("", "\n"), ("\u{feff}", "\n"), ("", "\r\n"), ("\u{feff}", "\r\n"), ("", "\r"), ("\u{feff}", "\r")]
    {
        let convert = |text: &str| format!("{mark}{}", text.replace('\n', end));
        assert_eq!(place(&convert(&broken)), expected, "{mark:?} {end:?}");
        let sound = Sslscale::new(&["render", "inventory.yaml"]).inventory(convert(BLOG)).run();
        assert_eq!(sound, Sslscale::new(&["render", "inventory.yaml"]).inventory(BLOG).run(), "{mark:?} {end:?}");
    }
    let first = check(format!("\u{feff}{}", BLOG.replace("load_balancers", "load_balancer")));
    assert!(first.contains(" --> inventory.yaml:1:1\n"), "{first}");
}

#[test]
fn plain_yaml_conveniences_work_and_point_at_what_was_written() {
    let merged = BLOG.replace(
        "  - { name: srv2, address: 10.0.0.12 }",
        "  - &srv { name: srv2, address: 10.0.0.12, nginx: &own { http2: false } }\n  - { <<: *srv, name: srv3, address: 10.0.0.13 }\n  - { name: !!str srv4, address: 10.0.0.14, nginx: *own }",
    );
    assert!(check(&merged).contains("4 app servers"), "{}", check(&merged));
    let document = check(format!("%YAML 1.2\n---\n{BLOG}...\n"));
    assert!(document.starts_with("exit code: 0"), "{document}");
    // One mistake that 2,000 hosts repeat by an alias is one mistake.
    let hosts: String = (0..2_000)
        .map(|i| format!("  - {{ name: h{i}, address: 10.1.{}.{}, nginx: *own }}\n", i / 250, i % 250))
        .collect();
    let many = BLOG.replace("10.0.0.12 }\n", &format!("10.0.0.12, nginx: &own {{ http2: maybe }} }}\n{hosts}"));
    let found = check(&many);
    assert!(found.contains("\ninventory.yaml: 1 error;"), "{}", &found[..2_000.min(found.len())]);
    assert!(check(many.replace("maybe", "true")).starts_with("exit code: 0"));
}
