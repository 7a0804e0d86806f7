//! The numbers of haproxy and nginx are told to those who may ask, and to nobody else.

use super::{HOSTS, on_every_release, site};

#[test]
fn those_who_may_ask_get_the_numbers_and_others_do_not() {
    let site = site("a.test", "    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n");
    let programs = "haproxy: { metrics: { allow: [10.0.0.12, \"fd00::/64\"] } }\n\
                    nginx: { metrics: { port: 8405, allow: [10.0.0.12] } }";
    let inventory = format!("{HOSTS}{programs}\nsites:\n{site}");
    on_every_release(&inventory, &[], &[], |served| {
        let name = served.name();
        assert_eq!(served.run("ip address add 10.0.0.12/32 dev lo").status, 0);
        let mut ask = |url: &str, from: &str| served.run(&format!("curl -sS --interface {from} '{url}'")).output;
        let numbers = ask("http://10.0.0.10:8404/metrics", "10.0.0.12");
        // Prometheus' text format, with our pools and app servers in it.
        assert!(numbers.contains("# TYPE haproxy_server_status gauge\n"), "{name}: {numbers}");
        let server = "haproxy_server_status{proxy=\"https-servers\",server=\"srv1\"";
        assert!(numbers.contains(server), "{name}: {numbers}");
        let numbers = ask("http://10.0.0.11:8405/stub_status", "10.0.0.12");
        assert!(numbers.starts_with("Active connections: "), "{name}: {numbers}");
        for from in ["10.0.0.10", "10.0.0.11"] {
            let answer = served.curl("http://10.0.0.10:8404/metrics", &format!("--interface {from}"));
            assert_ne!(answer.exit, 0, "{from} on {name}: {answer:?}");
            let answer = served.curl("http://10.0.0.11:8405/stub_status", &format!("--interface {from}"));
            assert_eq!((answer.exit, answer.status), (0, 403), "{from} on {name}");
        }
        // Nothing else is there.
        for url in ["http://10.0.0.10:8404/", "http://10.0.0.11:8405/"] {
            let answer = served.curl(url, "--interface 10.0.0.12");
            assert_eq!((answer.exit, answer.status), (0, 404), "{url} on {name}");
        }
    });
}
