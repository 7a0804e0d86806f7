//! A fleet without PROXY headers, and inventories that cannot be one.

use super::BLOG;
use crate::support::{Sslscale, pin};

#[test]
fn without_a_proxy_header_no_file_names_one() {
    let second = "  - { name: lb2, address: 10.0.0.20, haproxy: { port: 8443 } }\napp_servers:";
    let more = "haproxy: { proxy_protocol: \"off\", check: { type: http } }\nnginx: { log_format: json }\n";
    let inventory = BLOG.replace("app_servers:", second) + more;
    let run = Sslscale::new(&["render", "inventory.yaml"]).inventory(&inventory).run();
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    for word in ["send-proxy", "proxy_protocol", "real_ip_", "PROXY header"] {
        assert!(!run.stdout.contains(word), "{word}: {}", run.stdout);
    }
    let is_pinned = |file: &&str| file.contains("/haproxy.cfg on ") || file.contains("/sslscale.conf on srv1");
    let files: Vec<&str> = run.stdout.split("==> ").filter(is_pinned).collect();
    assert_eq!(files.len(), 3);
    pin("render-without-proxy-header", &files.concat());
    let checked = |text: String| Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run().stderr;
    let mixed = checked(inventory.replace("port: 8443", "proxy_protocol: v2"));
    let unused = checked(format!("{BLOG}haproxy: {{ proxy_protocol: \"off\" }}\ntrusted_proxies: [10.0.0.10]\n"));
    let hidden = checked(format!("{BLOG}haproxy: {{ proxy_protocol: off }}\n"));
    pin("check-without-proxy-header", &[mixed, unused, hidden].join("\n---\n"));
}
