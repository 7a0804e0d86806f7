//! Clients that return through `balance roundrobin` resume their TLS sessions: three
//! implementations of TLS, counted by themselves and by nginx's log. Beside each fleet that
//! shares its ticket keys stands one whose app servers have their own, as nginx does it when it
//! is told nothing: there every next server is one that cannot read the ticket.

mod chromium;
pub mod log;
mod openssl;
mod rustls;

use std::fmt::Write as _;
use std::thread;
use std::time::Instant;

use crate::beside;
use crate::docs::generated;
use crate::returning::Returning;
use crate::run::{Kept, Try};

/// How often each client returns where sessions are resumed.
const RETURNS: usize = 1_000;
/// How often where they are not: every handshake is a full one, and nothing rare is to be found.
const RETURNS_PER_HOST: usize = 250;

/// Runs a client of this kind, and tells how many of its handshakes it says were resumed.
type Client = fn(&Try, &Kept, &Returning) -> usize;

/// The browser comes last: nginx is told to treat it differently.
const CLIENTS: [(&str, Client); 3] = [("OpenSSL", openssl::run), ("rustls", rustls::run), ("Chromium", chromium::run)];

/// The blog's fleet with as many app servers.
fn inventory(servers: usize, tickets: &str) -> String {
    let mut yaml =
        format!("tickets: {tickets}\nload_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\napp_servers:\n");
    for n in 1..=servers {
        let _ = writeln!(yaml, "  - {{ name: srv{n}, address: 10.0.0.1{n} }}");
    }
    yaml.push_str(
        "nginx: { log_format: json }\nsites:\n  - server_name: example.com\n    root: /opt/example/current/app\n    \
         ssl_certificate: /etc/ssl/example/ssl.crt\n    ssl_certificate_key: /etc/ssl/example/ssl.key\n    \
         locations:\n      - { path: /, uwsgi_pass: \"unix:/run/app/app.sock\" }\n",
    );
    yaml
}

/// What became of one client's returns.
#[derive(Debug)]
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
fn counted(servers: usize, tickets: &str, times: usize) -> Vec<Counted> {
    let try_out = Try::inventory(&inventory(servers, tickets));
    let kept = try_out.keep();
    let mut all = Vec::new();
    for (client, run) in CLIENTS {
        for version in ["1.2", "1.3"] {
            let (to, name) = ("10.0.0.10:443".to_owned(), "example.com".to_owned());
            let (authority, agent) = ("/run/sslscale-ca.pem".to_owned(), format!("{client}-{version}"));
            let returning = Returning { to, name, authority, version: version.to_owned(), times, agent };
            let started = Instant::now();
            let resumed = run(&try_out, &kept, &returning);
            let took = started.elapsed();
            eprintln!("{client} {version} {servers} {tickets}: {resumed} of {times} resumed, {took:.1?}");
            // The first connection is no return.
            let connections = log::connections(&kept, &returning.agent, version, times + 1);
            let logged = connections.into_iter().filter(|resumed| *resumed).count();
            all.push(Counted { client, version, returning: times, resumed, logged });
        }
    }
    all
}

#[test]
fn returning_clients_resume_on_every_app_server() {
    let _beside = beside();
    let mut table = "| client | TLS | app servers | resumed, `tickets: shared` | resumed, `tickets: per_host` |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for servers in [2, 4] {
        let (shared, per_host) = thread::scope(|scope| {
            let per_host = scope.spawn(|| counted(servers, "per_host", RETURNS_PER_HOST));
            (counted(servers, "shared", RETURNS), per_host.join().unwrap())
        });
        for counted in shared.iter().chain(&per_host) {
            assert_eq!(counted.logged, counted.resumed, "{counted:?}");
        }
        for (shared, per_host) in shared.iter().zip(&per_host) {
            assert!(shared.resumed * 1_000 >= shared.returning * 999, "{shared:?}");
            assert_eq!(per_host.resumed, 0, "{per_host:?}");
            let Counted { client, version, returning, resumed, .. } = shared;
            let of_host = per_host.returning;
            let _ = writeln!(table, "| {client} | {version} | {servers} | {resumed} of {returning} | 0 of {of_host} |");
        }
    }
    generated("docs/tickets.md", "resumption", &table);
}
