//! Servers that are not app servers, behind haproxy of every release.

use super::{HOSTS, on_every_release, site};

/// nginx plays them: what each says is who it is, and which client the PROXY header names.
const SERVERS: &str = "
server { listen 127.0.0.1:9001 ssl proxy_protocol; ssl_certificate /etc/ssl/a.test.crt;
    ssl_certificate_key /etc/ssl/a.test.key; return 200 'mail $proxy_protocol_addr\\n'; }
server { listen 127.0.0.1:9002 proxy_protocol; return 200 'plain $proxy_protocol_addr\\n'; }
server { listen 127.0.0.1:9003 ssl; ssl_certificate /etc/ssl/a.test.crt;
    ssl_certificate_key /etc/ssl/a.test.key; return 200 'cover\\n'; }
";

/// A client without TLS that begins a request and is then silent for five seconds: is it still connected?
const SILENT: &str = "python3 - <<'END'
import socket
client = socket.create_connection(('10.0.0.10', 443))
client.sendall(b'GET / HTTP/1.1\\r\\nHost: a\\r\\n')
client.settimeout(5)
try:
    print('closed' if client.recv(100) == b'' else 'answered')
except TimeoutError:
    print('open')
END";

#[test]
fn connections_go_to_other_servers_by_name_and_by_not_being_tls() {
    let others = "other_pools:
  - { name: mail, server_name: [mail.test, \"*.mail.test\"], send_proxy: v2, check: tls, servers: [\"127.0.0.1:9001\"] }
  - { name: plain, takes: [not_tls], send_proxy: v1, timeout_tunnel: 1h, servers: [\"127.0.0.1:9002\"] }
  - { name: cover, takes: [unknown_names], servers: [\"127.0.0.1:9003\"] }
haproxy: { timeouts: { client: 2s, server: 2s } }
";
    let location = "    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n";
    let inventory = format!("{HOSTS}nginx: {{ http2: true }}\n{others}sites:\n{}", site("a.test", location));
    let file = ("/etc/nginx/conf.d/others.conf", SERVERS);
    on_every_release(&inventory, &[file], &[], |served| {
        let name = served.name();
        let mut got = |url: &str| {
            let answer = served.curl(url, "");
            (answer.status, answer.body.trim().to_owned())
        };
        let body = |text: &str| (200, text.to_owned());
        assert_eq!(got("https://a.test/").0, 308, "{name}");
        assert_eq!(got("https://mail.test/"), body("mail 10.0.0.10"), "{name}");
        assert_eq!(got("https://x.MAIL.test/"), body("mail 10.0.0.10"), "{name}");
        assert_eq!(got("http://a.test:443/"), body("plain 10.0.0.10"), "{name}");
        assert_eq!(got("https://nobody.test/"), body("cover"), "{name}");
        // Plain HTTP is redirected for these names, too.
        assert_eq!(got("http://mail.test/").0, 308, "{name}");
        // `timeout_tunnel` holds in the place of `client` and `server`, which are shorter.
        assert_eq!(served.run(SILENT).output.trim(), "open", "{name}");
    });
}
