//! Values that are refused together with what to put in their place: the fix leaves the rest of
//! the text alone, is accepted, and leaves nothing to fix.

use sslscale::lint::{Settings, fix, lint};
use sslscale::source::Source;

const BLOG: &str = include_str!("../../../inventories/blog.yaml");
const TWO: &str = include_str!("../../../inventories/two-balancers.yaml");

/// The text after `--fix`, or `--unsafe-fixes`.
fn fixed(text: &str, unsafe_too: bool) -> String {
    let (source, settings) = (Source::new("inventory.yaml", text), Settings::default());
    let fixed = fix(&source, lint(&source, &settings), &settings, unsafe_too);
    fixed.source.text().to_owned()
}

/// Whether it is a fleet, good or bad: a fix may well uncover what a rule says to it.
fn is_accepted(text: &str) -> bool {
    lint(&Source::new("inventory.yaml", text), &Settings::default()).inventory.is_some()
}

/// What stands there, what takes its place, and whether nobody has to look at it.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("10.0.0.11", "10.0.0.11/24", "10.0.0.11", false),
    ("10.0.0.11", "10.0.0.11/32", "10.0.0.11", true),
    ("10.0.0.11", "10.0.0.11:443", "10.0.0.11", false),
    ("10.0.0.11", "'10.0.0.11/24'", "'10.0.0.11'", false),
    ("10.0.0.11", "[10.0.0.11, 'fd00:0:0:1:0:0:0:11:443']", "[10.0.0.11, 'fd00:0:0:1:0:0:0:11']", false),
    ("10.0.0.11", "[10.0.0.11, '[fd00::11]']", "[10.0.0.11, 'fd00::11']", true),
    ("10.0.0.11", "[10.0.0.11, 'fd00::11:443']", "[10.0.0.11, 'fd00::11']", false),
    ("name: srv1", "nmae: srv1", "name: srv1", false),
    ("srv1", "no", "\"no\"", true),
    ("srv1", "007", "\"007\"", true),
    ("srv1", "2024-01-01", "\"2024-01-01\"", true),
    ("example.com", "example.com.", "example.com", true),
    ("example.com", "https://example.com/", "example.com", false),
    ("example.com", "example.com:443", "example.com", false),
    ("\"unix:/run/app/app.sock\"", "/run/app/app.sock", "\"unix:/run/app/app.sock\"", true),
    ("\"unix:/run/app/app.sock\"", "http://127.0.0.1:3031", "\"127.0.0.1:3031\"", false),
    ("\"unix:/run/app/app.sock\"", "127.0.0.1:03031", "\"127.0.0.1:3031\"", false),
    ("\"unix:/run/app/app.sock\"", "localhost:3031", "\"127.0.0.1:3031\"", false),
    ("\"unix:/run/app/app.sock\"", "'fd00:0:0:1:0:0:0:20:3031'", "'[fd00:0:0:1:0:0:0:20]:3031'", true),
    ("\"unix:/run/app/app.sock\"", "fd00::20:3031", "\"[fd00::20]:3031\"", false),
    (
        "uwsgi_pass: \"unix:/run/app/app.sock\"",
        "proxy_pass: 127.0.0.1:80",
        "proxy_pass: \"http://127.0.0.1:80\"",
        false,
    ),
    ("sites:", "nginx: { http2: on }\nsites:", "nginx: { http2: true }\nsites:", true),
    ("sites:", "nginx: { http2: 'No' }\nsites:", "nginx: { http2: 'false' }\nsites:", true),
    ("sites:", "nginx: { http2: ture }\nsites:", "nginx: { http2: true }\nsites:", false),
    ("sites:", "haproxy: { balance: LeastConn }\nsites:", "haproxy: { balance: leastconn }\nsites:", true),
    ("sites:", "haproxy: { maxconn: 1_000 } # so\nsites:", "haproxy: { maxconn: 1000 } # so\nsites:", true),
    ("sites:", "haproxy:\n  maxconn: 4,000\nsites:", "haproxy:\n  maxconn: 4000\nsites:", false),
    ("sites:", "nginx: { port: 0443, version: 1.20 }\nsites:", "nginx: { port: 443, version: \"1.20\" }\nsites:", true),
    ("sites:", "trusted_proxies: 10.0.0.10/32 # so\nsites:", "trusted_proxies: [10.0.0.10/32] # so\nsites:", true),
    ("sites:", "trusted_proxies: [10.0.0.0/255.255.255.0]\nsites:", "trusted_proxies: [10.0.0.0/24]\nsites:", true),
    ("sites:", "trusted_proxies: [10.0.0.10/24]\nsites:", "trusted_proxies: [10.0.0.10/32]\nsites:", true),
    ("sites:", "trusted_proxies: [10.0.0.9/24]\nsites:", "trusted_proxies: [10.0.0.0/24]\nsites:", false),
];

#[test]
fn what_is_refused_with_something_in_its_place_is_fixed() {
    let mut wrong = Vec::new();
    for (old, new, right, safe) in CASES {
        assert!(BLOG.contains(old), "{old}");
        let [broken, right] = [new, right].map(|new| BLOG.replacen(old, new, 1));
        let done = fixed(&broken, !safe);
        // What nobody has looked at may not be changed unseen.
        let unseen = if *safe { broken.clone() } else { fixed(&broken, false) };
        let changed = done == right && unseen == broken && fixed(&done, true) == done;
        if !changed || !is_accepted(&done) {
            wrong.push(format!("{new} became\n{done}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn several_words_without_brackets_are_a_list() {
    let pool = |members: &str| {
        BLOG.replace("sites:", &format!("pools:\n  - name: web\n    app_servers: {members} # both\nsites:"))
    };
    assert_eq!(fixed(&pool("srv1, srv2"), false), pool("[srv1, srv2]"));
}

#[test]
fn the_nearest_name_is_taken_where_only_one_is_near() {
    let pool = |site: &str, members: &str| {
        let pools = format!("pools: [{{ name: web, app_servers: {members} }}]\nsites:\n  - pool: {site}\n    ");
        BLOG.replace("sites:\n  - ", &pools)
    };
    assert_eq!(fixed(&pool("wbe", "[srv1, srv2]"), true), pool("web", "[srv1, srv2]"));
    assert_eq!(fixed(&pool("wbe", "[srv1, srv2]"), false), pool("wbe", "[srv1, srv2]"));
    assert_eq!(fixed(&pool("web", "[srv1, srv3]"), true), pool("web", "[srv1, srv3]"));
}

#[test]
fn host_bits_of_a_balancer_are_kept_and_no_neighbour_is_trusted_unseen() {
    let with = |list: &str| TWO.replace("[10.0.0.10/32, 10.0.0.20/32]", list);
    for (list, wanted) in [
        ("[10.0.0.10/24]", "[10.0.0.10/32, 10.0.0.20/32]"),
        ("[10.0.0.10/24, 10.0.0.20/32]", "[10.0.0.10/32, 10.0.0.20/32]"),
        ("[10.0.0.10/24, 10.0.0.20/24]", "[10.0.0.10/32, 10.0.0.20/32]"),
        ("[10.0.0.10/28, 10.0.0.16/28]", "[10.0.0.10/32, 10.0.0.16/28]"),
        ("[10.0.0.12/24]", "[10.0.0.12/24]"),
    ] {
        assert_eq!(fixed(&with(list), false), with(wanted), "{list}");
    }
}

#[test]
fn a_misspelt_key_beside_the_right_one_is_left_alone() {
    for text in [BLOG.replace("name: srv1,", "name: srv1, nmae: srv9,"), BLOG.replace("name: srv1,", "nam: a, nme: b,")]
    {
        assert_eq!(fixed(&text, true), text);
    }
}

#[test]
fn a_tag_leaves_nothing_to_guess_and_an_alias_nothing_to_repeat() {
    let found = |text: &str| {
        let linted = lint(&Source::new("inventory.yaml", text), &Settings::default());
        linted.findings.iter().filter(|finding| finding.code.id == "AD01").count()
    };
    let port = |written: &str| format!("{BLOG}nginx: {{ port: {written} }}\n");
    assert_eq!(
        ["0443", "&a 0443", "!!str 0443", "!!str &a 0443", "'0443'"].map(|it| found(&port(it))),
        [1, 1, 0, 0, 0]
    );
    assert_eq!(found(&format!("{BLOG}nginx: {{ port: &a 0443 }}\nhaproxy: {{ port: *a }}\n")), 1);
    // A refusal of the same value says all there is to say.
    assert_eq!(found(&format!("{BLOG}nginx: {{ http2: on, port: 1_000 }}\n")), 0);
}
