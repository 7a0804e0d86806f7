//! The numbers of haproxy and nginx are told to those who may ask, and to nobody else.

use std::collections::BTreeSet;
use std::fs;

use super::{HOSTS, on_every_release, site};
use crate::support::{need, repository};

#[test]
fn those_who_may_ask_get_the_numbers_and_others_do_not() {
    let site = site("a.test", "    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n");
    let programs = "haproxy: { metrics: { allow: [10.0.0.12, \"fd00::/64\"] } }\n\
                    nginx: { metrics: { port: 8405, allow: [10.0.0.12, 127.0.0.1] } }";
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
        let told = |numbers: &str, program: &str| {
            for metric in metrics_of_docs(program) {
                assert!(numbers.contains(&format!("# TYPE {metric} ")), "{metric} on {name}: {numbers}");
            }
        };
        told(&numbers, "haproxy_");
        let numbers = ask("http://10.0.0.11:8405/stub_status", "10.0.0.12");
        assert!(numbers.starts_with("Active connections: "), "{name}: {numbers}");
        if need::programs(&["prometheus-nginx-exporter"]) {
            let exporter = "prometheus-nginx-exporter -nginx.scrape-uri http://127.0.0.1:8405/stub_status \
                            -web.listen-address 127.0.0.1:9113";
            let numbers = served.run(&format!(
                "{exporter} >/dev/null 2>&1 & for i in $(seq 300); do curl -sS http://127.0.0.1:9113/metrics 2>/dev/null && break; \
                 sleep 0.1; done; kill $!"
            ));
            told(&numbers.output, "nginx_");
        }
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

/// The metrics with this prefix that alerts and the dashboard of the documentation go by.
fn metrics_of_docs(prefix: &str) -> BTreeSet<String> {
    let read = |name: &str| fs::read_to_string(repository().join("docs/monitoring").join(name)).unwrap();
    let text = read("alerts.yml") + &read("grafana.json");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics: BTreeSet<String> = words.filter(|word| word.starts_with(prefix)).map(str::to_owned).collect();
    assert!(metrics.len() > 4, "{metrics:?}");
    metrics
}
