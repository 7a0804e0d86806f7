//! Clients that return through `balance roundrobin` resume their TLS sessions: three
//! implementations of TLS, counted by themselves and by nginx's log. Beside each fleet that
//! shares its ticket keys stands one whose app servers have their own, as nginx does it when it
//! is told nothing: there every next server is one that cannot read the ticket.

mod log;
mod openssl;
mod rustls;

use std::fmt::Write as _;
use std::thread;

use crate::alone;
use crate::generated::generated;
use crate::returning::Returning;
use crate::run::{Kept, Try};

/// How often each client returns where sessions are resumed.
const RETURNS: usize = 1_000;
/// How often where they are not: every one is a full handshake, and there is nothing rare to find.
const RETURNS_PER_HOST: usize = 250;

/// Runs a client of this kind, and tells how many of its handshakes it says were resumed.
type Client = fn(&Try, &Kept, &Returning) -> usize;

const CLIENTS: [(&str, Client); 2] = [("OpenSSL", openssl::run), ("rustls", rustls::run)];

/// The blog's fleet with as many app servers.
pub fn inventory(servers: usize, tickets: &str) -> String {
    let mut yaml =
        format!("tickets: {tickets}\nload_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\napp_servers:\n");
    for n in 1..=servers {
        let _ = writeln!(yaml, "  - {{ name: srv{n}, address: 10.0.0.1{n} }}");
    }
    yaml.push_str(
        "nginx: { log_format: json }\nsites:\n  - server_name: example.com\n    root: /opt/example/current/app\n    \
         ssl_certificate: /etc/ssl/example/ssl.crt\n    ssl_certificate_key: /etc/ssl/example/ssl.key\n    \
         locations:\n      - { path: /, uwsgi_pass: \"unix:/tmp/app.sock\" }\n",
    );
    yaml
}

/// What became of one client's returns.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    client: &'static str,
    version: &'static str,
    returning: usize,
    /// By its own word.
    resumed: usize,
    /// By nginx's log.
    logged: usize,
}

/// All clients, one after the other: two at once would take each other's turns.
fn counted(servers: usize, tickets: &str, returning: usize) -> Vec<Counted> {
    let own = Try::inventory(&inventory(servers, tickets));
    let kept = own.keep();
    let mut all = Vec::new();
    for (client, run) in CLIENTS {
        for version in ["1.2", "1.3"] {
            let agent = format!("{client}-{version}");
            let (to, name) = ("10.0.0.10:443".to_owned(), "example.com".to_owned());
            let client_run = Returning { to, name, version: version.to_owned(), times: returning, agent };
            let resumed = run(&own, &kept, &client_run);
            let lines = log::lines(&kept, servers, &client_run.agent, returning + 1);
            let protocol = format!("TLSv{version}");
            assert!(lines.iter().all(|line| line["ssl_protocol"] == protocol.as_str()), "{lines:?}");
            let logged = lines.iter().filter(|line| line["ssl_session_reused"] == true).count();
            all.push(Counted { client, version, returning, resumed, logged });
        }
    }
    all
}

#[test]
fn returning_clients_resume_on_every_app_server() {
    let _alone = alone();
    let mut table = "| client | TLS | app servers | resumed, `tickets: shared` | resumed, `tickets: per_host` |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for servers in [2, 4] {
        let (shared, per_host) = thread::scope(|scope| {
            let per_host = scope.spawn(|| counted(servers, "per_host", RETURNS_PER_HOST));
            (counted(servers, "shared", RETURNS), per_host.join().unwrap())
        });
        for (shared, per_host) in shared.iter().zip(&per_host) {
            assert_eq!((shared.logged, per_host.logged), (shared.resumed, per_host.resumed), "{shared:?} {per_host:?}");
            assert!(shared.resumed * 1_000 >= shared.returning * 999, "{shared:?}");
            assert_eq!(per_host.resumed, 0, "{per_host:?}");
            let Counted { client, version, returning, resumed, .. } = shared;
            let own = per_host.returning;
            let _ = writeln!(table, "| {client} | {version} | {servers} | {resumed} of {returning} | 0 of {own} |");
        }
    }
    generated("resumption", &table);
}
