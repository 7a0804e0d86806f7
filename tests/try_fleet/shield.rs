//! Clients that a balancer refuses or that connect too often get no connection in a try-out, and others do.

use crate::beside;
use crate::run::Try;

const FLEET: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20, haproxy: { limit: { connections: 2 } } }
app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]
haproxy: { deny: [10.9.0.0/16], limit: { rate: 1r/m, burst: 1 } }
sites:
  - server_name: example.com
    ssl_certificate: /etc/ssl/a.crt
    ssl_certificate_key: /etc/ssl/a.key
    locations: [{ path: /, proxy_pass: \"http://127.0.0.1:8000\" }]
";

#[test]
fn refused_clients_get_no_connection_and_others_are_served() {
    let _beside = beside();
    let (code, requests) = Try::inventory(FLEET).requests();
    assert_eq!(code, Some(0), "{requests:#?}");
    let of = |balancer: &str, client: &str| {
        let all = requests.iter().filter(|it| it.balancer == balancer && it.client.to_string() == client);
        all.map(|it| it.status).collect::<Vec<_>>()
    };
    assert_eq!(of("lb1", "10.9.0.2"), [None, None]);
    assert_eq!(of("lb2", "10.9.0.2"), [None, None]);
    // The last is the one that connects too often.
    let [served @ .., last] = &of("lb1", "192.0.2.1")[..] else { panic!("{requests:#?}") };
    assert!(last.is_none() && served.len() > 3 && served.iter().all(Option::is_some), "{requests:#?}");
    assert!(of("lb1", "198.51.100.1").iter().all(Option::is_some), "{requests:#?}");
    let of_lb2 = of("lb2", "192.0.2.1");
    assert!(of_lb2.iter().any(Option::is_some) && of_lb2.last() == Some(&None), "{requests:#?}");
}
