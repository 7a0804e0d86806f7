//! What is before the balancers tells clients' addresses in PROXY headers, and nobody else does.

use super::{HOSTS, on_every_release, script, site};

#[test]
fn a_header_is_believed_from_what_is_before_the_balancers_alone() {
    let site = site(
        "a.test",
        "    allow: [203.0.113.0/24]\n    locations: [ { path: /, return: { url: \"https://b.test/\" } } ]\n",
    );
    let haproxy = "haproxy: { accept_proxy_from: [10.0.0.12, 10.0.0.10] }";
    let inventory = format!("{HOSTS}nginx: {{ http2: true }}\n{haproxy}\nsites:\n{site}");
    on_every_release(&inventory, &[], &[], |served| {
        let name = served.name();
        assert_eq!(served.run("ip address add 10.0.0.12/32 dev lo").status, 0);
        // The site answers clients of one network: nginx has to know the client's own address.
        let ask = script("ask.py");
        let asked = "203.0.113.7 a.test /\n192.0.2.7 a.test /\n";
        let status = served.run(&format!("printf '{asked}' | python3 {ask} 10.0.0.10:443 10.0.0.12")).output;
        assert_eq!(status.split_whitespace().collect::<Vec<_>>(), ["308", "403"], "{name}");
        // Others are themselves, and so is the balancer, although it is listed; neither is believed.
        for from in ["10.0.0.10", "10.0.0.11"] {
            let answer = served.curl("https://a.test/", &format!("--interface {from}"));
            assert_eq!((answer.exit, answer.status), (0, 403), "{from} on {name}");
            let answer = served.curl("http://a.test/", &format!("--interface {from}"));
            assert_eq!((answer.exit, answer.status), (0, 308), "{from} on {name}");
            let forged = served.curl("https://a.test/", &format!("--interface {from} --haproxy-protocol"));
            assert_ne!(forged.exit, 0, "{from} on {name}: {forged:?}");
        }
        let plain = served.curl("http://a.test/", "--interface 10.0.0.12 --haproxy-protocol");
        assert_eq!((plain.exit, plain.status), (0, 308), "{name}");
        // Without a header from where one has to come.
        for url in ["https://a.test/", "http://a.test/"] {
            let answer = served.curl(url, "--interface 10.0.0.12");
            assert_ne!(answer.exit, 0, "{url} on {name}: {answer:?}");
        }
    });
}
