//! Further addresses from which a balancer connects: every client is known behind all of them, and what is done to an
//! app server in haproxy is done to all of its servers there.

use super::{HOSTS, on_every_release, site};

#[test]
fn clients_are_known_from_every_address_and_one_server_is_drained_with_the_others() {
    let hosts = HOSTS.replace("address: 10.0.0.10 }", "address: 10.0.0.10, haproxy: { source: [10.0.0.12] } }");
    // To an address of its own, the host connects from that one.
    let hosts = hosts.replace("[10.0.0.10, 10.0.0.11]", "[10.0.0.10, 10.0.0.11, 10.0.0.12]");
    let inventory = format!(
        "{hosts}nginx: {{ http2: true }}\nsites:\n{}",
        site("a.test", "    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8001\" } ]\n")
    );
    on_every_release(&inventory, &[], &[("http", "127.0.0.1:8001")], |served| {
        served.run("ip address add 10.0.0.12/32 dev lo; ip address add 198.51.100.7/32 dev lo");
        for number in 0..4 {
            let answer = served.curl("https://a.test/", "--interface 198.51.100.7");
            let client = answer.variable("HTTP_X_REAL_IP");
            let context = format!("{number} on {}: {answer:?}", served.name());
            assert_eq!((answer.status, client.as_deref()), (200, Some("198.51.100.7")), "{context}");
        }
        // The programs have their root at `mnt`. The state of both servers, and whether there were connections.
        let ask = |command: &str| {
            format!(
                "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"mnt/run/haproxy/admin.sock\"); \
                 s.sendall(b\"{command}\\n\"); print(s.makefile().read())' | \
                 awk -F, '/,srv1[,:]/ {{ print $2, $18, ($8 > 0) }}'\n"
            )
        };
        let drained = ask("set server https-servers/srv1 state drain");
        let ready = ask("set server https-servers/srv1 state ready");
        let show = ask("show stat");
        let seen = served.run(&format!("{show}{drained}{show}{ready}{show}")).output;
        let lines: Vec<&str> = seen.lines().filter(|line| line.starts_with("srv1")).collect();
        let wanted =
            ["UP", "DRAIN", "UP"].map(|state| [format!("srv1 {state} 1"), format!("srv1:10.0.0.12 {state} 1")]);
        assert_eq!(lines, wanted.concat(), "{}: {seen}", served.name());
    });
}
