//! Rotations of ticket keys over ssh, with nginx and systemd as they are in the field.

use std::path::Path;
use std::process::{Command, Output};

use crate::returning::Returning;
use crate::served::{SITE, Served, Shared, entry, figure};

const STALE: &str = "touch /etc/nginx/conf.d/half-written.conf";

/// Runs `sslscale tickets` over ssh.
fn tickets(served: &Served, inventory: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
    command.arg("tickets").args(words).arg(inventory).arg("--hosts-file").arg(served.hosts_file());
    command.output().unwrap()
}

/// The exit code of a run, which `shown` explains.
fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// All three keys of each app server, as their checksums.
fn rings(served: &Served, names: &[&str]) -> Vec<String> {
    let sums = "cd /etc/sslscale/tickets && sha256sum current.key previous.key next.key";
    names.iter().map(|name| served.host(name).run(sums)).collect()
}

/// Serves with a new ring that `sync` has made.
fn begin(served: &Served) -> std::path::PathBuf {
    let yaml = served.serve(&served.inventory(""));
    served.on_apps("rm -r /etc/sslscale");
    let output = tickets(served, &yaml, &["sync"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    yaml
}

/// How many of `times` returning handshakes are resumed through both balancers.
fn resumed(served: &Served, times: usize) -> usize {
    let authority = served.authority_file();
    let network = served.fleet.network();
    let clients = served.balancers().map(|balancer| Returning {
        to: entry(balancer),
        name: SITE.to_owned(),
        authority: authority.display().to_string(),
        version: "1.3".to_owned(),
        times,
        agent: "returning".to_owned(),
    });
    let clients: Vec<Returning> = clients.collect();
    let run = move || {
        network.join();
        clients.iter().map(Returning::run).sum()
    };
    std::thread::spawn(run).join().unwrap()
}

#[test]
fn the_live_ring_survives_whatever_the_link_to_it_looks_like() {
    let Some(served) = Shared::get() else { return };
    let yaml = begin(&served);
    let apps = ["app1", "app2", "app3"];
    let spellings = [
        "ln -sfnT \"$(readlink -f tickets)\" tickets",
        "ln -sfnT \"$(readlink tickets)/\" tickets",
        "ln -sfnT \"$(readlink -f tickets)/\" tickets",
    ];
    for (app, spelling) in served.apps().zip(spellings) {
        app.run(&format!("cd /etc/sslscale && {spelling}"));
        figure(&format!("{}: {}", app.name, app.run("readlink /etc/sslscale/tickets")));
    }
    let before = rings(&served, &apps);
    assert!(before.iter().all(|ring| *ring == before[0]), "{before:#?}");

    // A run that refuses changes nothing.
    served.on_apps(STALE);
    let output = tickets(&served, &yaml, &["rotate"]);
    figure(&format!("refused: exit {}", code(&output)));
    assert_ne!(code(&output), 0, "{}", shown(&output));
    assert_eq!(rings(&served, &apps), before, "{}", shown(&output));

    served.on_apps("rm /etc/nginx/conf.d/half-written.conf; systemctl reload nginx");
    let output = tickets(&served, &yaml, &["rotate"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let after = rings(&served, &apps);
    assert!(after.iter().all(|ring| *ring == after[0] && *ring != before[0]), "{after:#?}");
    assert_eq!(resumed(&served, 20), 40);
}

#[test]
fn a_dead_app_server_is_left_out_and_catches_up() {
    let Some(served) = Shared::get() else { return };
    let yaml = begin(&served);
    let others = ["app1", "app2"];
    let before = rings(&served, &["app1", "app2", "app3"]);
    let cut = served.fleet.cut("app3");
    served.wait_for_server("app3", "DOWN");

    let output = tickets(&served, &yaml, &["rotate"]);
    assert_eq!((code(&output), rings(&served, &others)), (3, before[..2].to_vec()), "{}", shown(&output));
    let output = tickets(&served, &yaml, &["rotate", "--without", "app3"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let after = rings(&served, &others);
    assert!(after[0] == after[1] && after[0] != before[0], "{after:#?}");
    let during = resumed(&served, 20);
    assert_eq!(during, 40);

    drop(cut);
    served.wait_for_server("app3", "UP");
    // One rotation was missed: each can read the other's tickets.
    assert_eq!(rings(&served, &["app3"]), before[2..].to_vec());
    let behind = resumed(&served, 20);
    assert_eq!(behind, 40);
    let status = tickets(&served, &yaml, &["status"]);
    assert_ne!(code(&status), 0, "{}", shown(&status));

    let output = tickets(&served, &yaml, &["sync"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    assert_eq!(rings(&served, &["app1", "app2", "app3"]), vec![after[0].clone(); 3], "{}", shown(&output));
    let status = tickets(&served, &yaml, &["status"]);
    assert_eq!(code(&status), 0, "{}", shown(&status));
    let caught_up = resumed(&served, 20);
    figure(&format!("resumed of 40: app3 dead {during}, behind {behind}, in step {caught_up}"));
    assert_eq!(caught_up, 40);
}
