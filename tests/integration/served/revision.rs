//! The revision that nginx runs is told to its own host alone, whatever a PROXY header says, on every release.

use sslscale::inventory::types::REVISION_NAME;
use sslscale::render::NGINX_CONF;

use super::{on_every_release, script, site};

/// Addresses of the host itself, of the trusted balancer, and of somebody else.
const ADDRESSES: [&str; 5] = [
    "10.0.0.99/32 dev lo",
    "fd00::11/128 dev lo nodad",
    "fd00::10/128 dev lo nodad",
    "fd00::99/128 dev lo nodad",
    "10.0.0.12/32 dev lo",
];

fn inventory() -> String {
    // A wildcard takes no name that is written out.
    let redirect = "    locations: [ { path: /, return: { url: \"https://a.test\" } } ]\n";
    let all = site("all", redirect).replace("server_name: all", "server_name: \"*.sslscale.invalid\"");
    let sites = site("a.test", "    root: /srv\n") + &all;
    format!(
        "load_balancers: [ {{ name: lb1, address: [10.0.0.10, \"fd00::10\"] }} ]\n\
         app_servers: [ {{ name: srv1, address: [10.0.0.11, \"fd00::11\"] }} ]\n\
         trusted_proxies: [10.0.0.10, 127.0.0.1, \"fd00::10\"]\nnginx: {{ http2: true }}\nsites:\n{sites}"
    )
}

#[test]
fn only_the_host_itself_learns_its_revision() {
    let others = |name: &str, host: &str, from: [&str; 2]| {
        // What they claim to be changes nothing.
        ["192.0.2.7", "127.0.0.1", "10.0.0.11", "::1", "fd00::11", "::ffff:10.0.0.11"]
            .map(|claimed| format!("{} {} {claimed} {name} {host} /", from[0], from[1]))
    };
    on_every_release(&inventory(), &[], &[], |served| {
        for address in ADDRESSES {
            assert_eq!(served.run(&format!("ip address add {address}")).status, 0, "{address}");
        }
        let text = std::fs::read_to_string(served.tree.path().join(&NGINX_CONF[1..])).unwrap();
        let revision = text.lines().find_map(|line| line.strip_prefix("# Revision ")).unwrap();
        let mut ask = |questions: &[String]| {
            let words: String = questions.iter().map(|it| format!(" '{it}'")).collect();
            let outcome = served.run(&format!("python3 {}{words}", script("revision.py")));
            assert_eq!(outcome.status, 0, "{}: {}", served.name(), outcome.output);
            outcome.output.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        // Over the loopback device and its own address, of each family, whatever it claims.
        for to in ["127.0.0.1", "10.0.0.11", "::1", "fd00::11"] {
            let answers = ask(&others(REVISION_NAME, REVISION_NAME, ["-", to]));
            for answer in answers {
                let words: Vec<&str> = answer.split(' ').collect();
                assert!(
                    matches!(words[..], ["200", told, pid] if told == revision && pid.parse::<u32>().is_ok()),
                    "{to}: {answer}"
                );
            }
        }
        for from in [
            ["10.0.0.10", "10.0.0.11"],
            ["10.0.0.99", "10.0.0.11"],
            ["fd00::10", "fd00::11"],
            ["fd00::99", "fd00::11"],
            ["127.0.0.2", "127.0.0.1"],
            ["10.0.0.12", "10.0.0.11"],
        ] {
            // By the name in the handshake or in the request.
            let questions =
                [others(REVISION_NAME, REVISION_NAME, from), others("a.test", REVISION_NAME, from)].concat();
            let answers = ask(&questions);
            assert_eq!(answers.len(), questions.len());
            for (answer, question) in answers.iter().zip(questions) {
                assert!(answer.starts_with("404 ") && !answer.contains(revision), "{question}: {answer}");
            }
        }
        // Sites are what they are, also the one whose wildcard would take the name.
        let own = |rest: &str| format!("- 10.0.0.11 192.0.2.7 {rest}");
        let answers = ask(&[
            own("x.sslscale.invalid x.sslscale.invalid /"),
            own(&format!("{REVISION_NAME} {REVISION_NAME} /x")),
            own("a.test a.test /x"),
        ]);
        assert!(
            answers[0].starts_with("308 ") && answers[1].starts_with("404 ") && answers[2].starts_with("404 "),
            "{answers:?}"
        );
    });
}
