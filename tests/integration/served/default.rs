//! A site for clients with no name or an unknown one, on every release.

use super::{HOSTS, Served, on_every_release, site};

/// The common name of the certificate and the status that a client gets: with this name in the handshake, if any, and this
/// host in the request.
fn got(served: &mut Served, name: &str, host: &str) -> (bool, u16) {
    let sni = if name.is_empty() { "-noservername".to_owned() } else { format!("-servername {name}") };
    let request = format!("printf 'GET / HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n'");
    let output = served
        .run(&format!("( ({request}; sleep 1) | openssl s_client -connect 10.0.0.10:443 {sni} -ign_eof 2>&1); true"))
        .output;
    let status = output.lines().find_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    (output.contains("-----BEGIN CERTIFICATE-----"), status.unwrap_or(0))
}

#[test]
fn clients_without_a_name_get_the_default_site() {
    // The files of the last app server are served.
    let second = "  - { name: other, app_servers: [srv0] }\n  - { name: web, app_servers: [srv1] }\n";
    let hosts = HOSTS.replace("{ name: srv1", "{ name: srv0, address: 10.0.0.12 }, { name: srv1");
    let answer = |pool: &str, code: u16, more: &str| {
        format!("    pool: {pool}\n{more}    locations: [ {{ path: /, return: {{ code: {code} }} }} ]\n")
    };
    for (default, unknown, other) in [(true, 200, 421), (false, 0, 421)] {
        let inventory = format!(
            "{hosts}tickets: per_host\nnginx: {{ http2: true }}\npools:\n{second}sites:\n{}{}{}",
            site("a.test", &answer("web", 404, "")),
            site("b.test", &answer("web", 200, &format!("    default: {default}\n"))),
            site("c.test", &answer("other", 410, "")),
        );
        on_every_release(&inventory, &[], &[], |served| {
            for (name, host, status) in [
                ("a.test", "a.test", 404),
                ("b.test", "b.test", 200),
                ("", "10.0.0.10", unknown),
                ("", "a.test", if default { 404 } else { 0 }),
                ("no.test", "no.test", unknown),
                ("b.test", "no.test", if default { 200 } else { 421 }),
                // A connection that is reused for a name of another pool.
                ("b.test", "c.test", other),
                ("", "c.test", if default { other } else { 0 }),
            ] {
                let found = got(served, name, host);
                assert_eq!(found, (status != 0, status), "{name:?}, {host} on {}", served.name());
            }
        });
    }
}
