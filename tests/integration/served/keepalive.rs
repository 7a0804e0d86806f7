//! Clients connect again after `keepalive_time`, where nginx has it.

use super::{HOSTS, on_every_release, site};

#[test]
fn clients_connect_again_after_keepalive_time() {
    let inventory = format!(
        "{HOSTS}nginx: {{ keepalive_time: 1s }}\nsites:\n{}",
        site("a.test", "    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8001\" } ]\n")
    );
    on_every_release(&inventory, &[], &[("http", "127.0.0.1:8001")], |served| {
        for version in ["--http1.1", "--http2"] {
            // The second request comes after two seconds, and is the last of its connection.
            let urls = "'https://a.test/?wait=2' https://a.test/ https://a.test/";
            let out = "-o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} '";
            let curl = format!("curl -q -sk --max-time 60 --connect-to ::10.0.0.10: {version} {out} {urls}");
            let connects = served.run(&curl).output;
            let wanted = if served.release.nginx() < (1, 19, 10) { "1 0 0" } else { "1 0 1" };
            assert_eq!(connects.trim(), wanted, "{version} on {}", served.name());
        }
    });
}
