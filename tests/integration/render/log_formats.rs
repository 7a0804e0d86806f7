//! What logs of both programs have to tell one connection by, and to whom ids are sent.

use crate::support::{Run, Sslscale};

const FLEET: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10, haproxy: { proxy_protocol: v1 } }
  - { name: lb2, address: 10.0.0.20 }
  - { name: lb3, address: 10.0.0.30 }
app_servers:
  - { name: untold, address: 10.0.0.11 }
  - { name: old, address: 10.0.0.12, nginx: { version: 1.23.1, log_format: json } }
  - { name: new, address: 10.0.0.13, nginx: { version: 1.23.2, log_format: json } }
  - { name: newer, address: 10.0.0.14, nginx: { version: 1.26.3 } }
haproxy: { proxy_protocol: v2, check: { type: http } }
sites:
  - { server_name: a.test, root: /srv/a, ssl_certificate: /etc/ssl/a.crt, ssl_certificate_key: /etc/ssl/a.key }
";

fn rendered(inventory: &str, file: (&str, &str)) -> Run {
    let run = Sslscale::new(&["render", "inventory.yaml"]).inventory(inventory).file(file.0, file.1).run();
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run
}

/// The file of a host.
fn file<'r>(run: &'r Run, path: &str, host: &str) -> &'r str {
    let head = format!("{path} on ");
    let is_its = |text: &&str| text.starts_with(&head) && text.lines().next().unwrap().contains(host);
    run.stdout.split("==> ").find(is_its).unwrap_or_else(|| panic!("no {path} on {host}"))
}

#[test]
fn ids_are_sent_to_app_servers_that_know_them_and_no_others() {
    let run = rendered(FLEET, ("unused", ""));
    let told = |balancer: &str| -> Vec<String> {
        let lines = file(&run, "/etc/haproxy/haproxy.cfg", balancer).lines().map(str::trim);
        let servers = lines.filter(|line| line.starts_with("server ") && line.contains(" unique-id"));
        servers.map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(told("lb1"), [""; 0]);
    // In the backend for checks over HTTP and in the one behind it.
    assert_eq!(told("lb2"), ["new", "newer", "new", "newer"]);
    let formats = |balancer: &str| {
        let text = file(&run, "/etc/haproxy/haproxy.cfg", balancer);
        (text.contains(&format!("unique-id-format {balancer}-%")), text.contains(" %ID\""), text.contains("%hr"))
    };
    assert_eq!(formats("lb1"), (false, false, false));
    // Each has its own name in its ids.
    assert_eq!((formats("lb2"), formats("lb3")), ((true, true, false), (true, true, false)));
    let fields = |app: &str| {
        let text = file(&run, "/etc/nginx/conf.d/sslscale.conf", app);
        (text.contains("$proxy_protocol_port"), text.contains("$proxy_protocol_tlv_unique_id"))
    };
    assert_eq!(["untold", "old"].map(fields), [(true, false); 2]);
    assert_eq!(["new", "newer"].map(fields), [(true, true); 2]);
}

#[test]
fn a_log_format_of_ones_own_stays() {
    let own = FLEET.replace("type: http }", "type: http }, unknown_names: reject, include: { defaults: [own.cfg] }");
    for (text, is_ours) in [("log-format \"%ci %ID %hr\"\n", false), ("option dontlog-normal\n", true)] {
        let run = rendered(&own, ("own.cfg", text));
        let cfg = file(&run, "/etc/haproxy/haproxy.cfg", "lb2");
        let frontend = cfg.split("frontend https-in").nth(1).unwrap();
        assert_eq!(frontend.contains("log-format"), is_ours, "{text}");
        // It can have all of it.
        assert!(frontend.contains("unique-id-format lb2-") && frontend.contains("content capture req.ssl_sni"));
    }
}
