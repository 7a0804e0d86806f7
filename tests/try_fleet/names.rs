//! Names and pools: every connection reaches the pool that nginx would have chosen, and a
//! connection that a browser reuses for another pool's name comes back to the right one.

use crate::alone;
use crate::browser::Browser;
use crate::run::Try;

/// Two pools with wildcard certificates that cover each other's names.
const COALESCED: &str = r#"
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: one, address: 10.0.0.11 }
  - { name: two, address: 10.0.0.12 }
pools:
  - { name: first, app_servers: [one] }
  - { name: second, app_servers: [two] }
sites:
  - server_name: "*.example.com"
    pool: first
    root: /srv/first
    ssl_certificate: /etc/ssl/example/wildcard.crt
    ssl_certificate_key: /etc/ssl/example/wildcard.key
  - server_name: b.example.com
    pool: second
    root: /srv/second
    ssl_certificate: /etc/ssl/example/b.crt
    ssl_certificate_key: /etc/ssl/example/b.key
"#;

#[test]
fn a_browser_that_reuses_a_connection_is_sent_to_the_right_pool() {
    let _alone = alone();
    let kept = Try::inventory(COALESCED).keep();
    for (host, root) in [("one", "first"), ("two", "second")] {
        let script = format!(
            "mkdir -p /srv/{root} && echo 'pool {root}' > /srv/{root}/index.html && echo 'window.pool = \"{root}\"' > /srv/{root}/pool.js"
        );
        assert!(kept.inside(host, &["sh", "-c", &script]).status.success());
    }
    let hosts = [("a.example.com", "10.0.0.10"), ("b.example.com", "10.0.0.10")];
    let mut browser = Browser::start(&kept, &hosts, &[]);
    assert_eq!(browser.open("https://a.example.com/"), "pool first");
    let script = "new Promise((done) => { const it = document.createElement('script'); \
        it.onload = () => done(window.pool); it.onerror = () => done('error'); \
        it.src = 'https://b.example.com/pool.js'; document.head.append(it); })";
    assert_eq!(browser.evaluate(script), "second");
    for host in ["one", "two"] {
        eprintln!(
            "{host}: {}",
            String::from_utf8_lossy(&kept.inside(host, &["cat", "/var/log/nginx/access.log"]).stdout)
        );
    }
}
