//! Those who may ask get the numbers of haproxy and nginx in a try-out.

use crate::beside;
use crate::run::Try;

const FLEET: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
haproxy: { metrics: { allow: [10.9.0.0/16] } }
nginx: { metrics: { port: 9113, allow: [10.9.0.0/16] } }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn numbers_are_for_those_who_may_ask() {
    let _beside = beside();
    let (code, requests) = Try::inventory(FLEET).requests();
    assert_eq!(code, Some(0), "{requests:#?}");
    let of_metrics = requests.iter().filter(|it| it.site.starts_with("http://") && it.path.starts_with("/metrics"));
    let asked: Vec<(String, Option<u16>)> = of_metrics.map(|it| (it.client.to_string(), it.status)).collect();
    assert_eq!(asked, [("192.0.2.1".to_owned(), None), ("10.9.0.2".to_owned(), Some(200))]);
    let of_nginx = requests.iter().filter(|it| it.path == "/stub_status");
    let asked: Vec<(&str, Option<u16>)> = of_nginx.map(|it| (it.balancer.as_str(), it.status)).collect();
    assert_eq!(asked, [("srv1", Some(403)), ("srv1", Some(200)), ("srv2", Some(403)), ("srv2", Some(200))]);
}
