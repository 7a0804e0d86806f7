//! Rotations of ticket keys over ssh, with nginx and systemd as they are in the field.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::Load;
use crate::returning::Returning;
use crate::served::{APPS, SITE, Served, Shared, entry, figure};
use crate::ssh::{Operator, pinned};

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

/// A client for each balancer and version of TLS.
fn clients(served: &Served, versions: &[&str], times: usize) -> Vec<Returning> {
    let authority = served.authority_file().display().to_string();
    let client = |to: &str, version: &str| Returning {
        to: to.to_owned(),
        name: SITE.to_owned(),
        authority: authority.clone(),
        version: version.to_owned(),
        times,
        agent: "returning".to_owned(),
    };
    let entries = served.balancers().map(entry);
    entries
        .flat_map(|to| versions.iter().map(move |version| (to.clone(), *version)))
        .map(|(to, v)| client(&to, v))
        .collect()
}

/// How many of `times` returning handshakes are resumed through both balancers.
fn resumed(served: &Served, times: usize) -> usize {
    let (clients, network) = (clients(served, &["1.3"], times), served.fleet.network());
    let run = move || {
        network.join();
        clients.iter().map(Returning::run).sum()
    };
    std::thread::spawn(run).join().unwrap()
}

/// Clients that return all the time, while something is done: how many returning handshakes there were, and how many
/// were resumed.
fn returning(served: &Served, act: impl FnOnce()) -> [usize; 2] {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients = clients(served, &["1.2", "1.3"], 0).into_iter().map(|client| {
            let (network, stop) = (served.fleet.network(), &stop);
            scope.spawn(move || {
                network.join();
                client.run_until(stop)
            })
        });
        let clients: Vec<_> = clients.collect();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        stop.store(true, Ordering::Relaxed);
        let counts = clients.into_iter().map(|client| client.join().unwrap());
        let counts = counts.fold([0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        counts
    })
}

#[test]
fn clients_that_return_during_rotations_are_resumed_by_every_app_server() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    served.on_apps("rm -r /etc/sslscale");
    let operator = Operator::new(&served, &pinned(&served));
    let run = |words: &[&str]| {
        let output = operator.run(words);
        assert_eq!(code(&output), 0, "{}", shown(&output));
    };
    run(&["tickets", "sync"]);
    let load = Load::start(&served, &["lb1", "lb2"], 20);
    let rotations = || {
        for _ in 0..3 {
            // Each is a day after the one before.
            served.on_apps(
                "touch -d '25 hours ago' /etc/sslscale/tickets/current.key /etc/sslscale/tickets/previous.key",
            );
            let before = rings(&served, &APPS);
            run(&["tickets", "rotate"]);
            let after = rings(&served, &APPS);
            assert!(after.iter().all(|ring| *ring == after[0] && *ring != before[0]), "{after:#?}");
            std::thread::sleep(Duration::from_secs(1));
        }
    };
    let [returned, resumed] = returning(&served, rotations);
    let report = load.stop();
    figure(&format!("three rotations: {resumed} of {returned} returning handshakes resumed; new: {}", report.line()));
    assert!(returned > 100, "{returned}");
    assert_eq!((resumed, report.failed), (returned, 0), "{report:#?}");

    // The control: each app server gets its new key, and uses it, before the others know it.
    let naively = || {
        for app in served.apps() {
            app.run("cd /etc/sslscale/tickets && cp current.key previous.key && head -c 80 /dev/urandom >current.key && systemctl reload nginx");
            std::thread::sleep(Duration::from_secs(1));
        }
    };
    let [returned, resumed] = returning(&served, naively);
    figure(&format!("in the naive order: {resumed} of {returned} returning handshakes resumed"));
    assert!(resumed < returned, "{resumed} of {returned}");
}

#[test]
fn the_live_ring_survives_whatever_the_link_to_it_looks_like() {
    let Some(served) = Shared::get() else { return };
    let yaml = begin(&served);
    let spellings = [
        "ln -sfnT \"$(readlink -f tickets)\" tickets",
        "ln -sfnT \"$(readlink tickets)/\" tickets",
        "ln -sfnT \"$(readlink -f tickets)/\" tickets",
        "true",
    ];
    for (app, spelling) in served.apps().zip(spellings) {
        app.run(&format!("cd /etc/sslscale && {spelling}"));
        figure(&format!("{}: {}", app.name, app.run("readlink /etc/sslscale/tickets")));
    }
    let before = rings(&served, &APPS);
    assert!(before.iter().all(|ring| *ring == before[0]), "{before:#?}");

    // A run that refuses changes nothing.
    served.on_apps(STALE);
    let output = tickets(&served, &yaml, &["rotate"]);
    figure(&format!("refused: exit {}", code(&output)));
    assert_ne!(code(&output), 0, "{}", shown(&output));
    assert_eq!(rings(&served, &APPS), before, "{}", shown(&output));

    served.on_apps("rm /etc/nginx/conf.d/half-written.conf; systemctl reload nginx");
    let output = tickets(&served, &yaml, &["rotate"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let after = rings(&served, &APPS);
    assert!(after.iter().all(|ring| *ring == after[0] && *ring != before[0]), "{after:#?}");
    assert_eq!(resumed(&served, 20), 40);
}

#[test]
fn a_dead_app_server_is_left_out_and_catches_up() {
    let Some(served) = Shared::get() else { return };
    let yaml = begin(&served);
    let others = ["app1", "app2", "app4"];
    let before = rings(&served, &APPS);
    let cut = served.fleet.cut("app3");
    served.wait_for_server("app3", "DOWN");

    let output = tickets(&served, &yaml, &["rotate"]);
    assert_eq!((code(&output), rings(&served, &others)), (3, vec![before[0].clone(); 3]), "{}", shown(&output));
    let output = tickets(&served, &yaml, &["rotate", "--without", "app3"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    let after = rings(&served, &others);
    assert!(after.iter().all(|ring| *ring == after[0] && *ring != before[0]), "{after:#?}");
    let during = resumed(&served, 20);
    assert_eq!(during, 40);

    drop(cut);
    served.wait_for_server("app3", "UP");
    // One rotation was missed: each can read the other's tickets.
    assert_eq!(rings(&served, &["app3"]), before[2..3].to_vec());
    let behind = resumed(&served, 20);
    assert_eq!(behind, 40);
    let status = tickets(&served, &yaml, &["status"]);
    assert_ne!(code(&status), 0, "{}", shown(&status));
    // A deploy does what `sync` does, and a plan tells it.
    let changed = yaml.with_file_name("changed.yaml");
    std::fs::write(&changed, served.inventory("haproxy: { check: { type: http } }")).unwrap();
    let mut plan = Command::new(env!("CARGO_BIN_EXE_sslscale"));
    plan.args(["plan", "--adopt", "--no-diff"]).arg(&changed).arg("--hosts-file").arg(served.hosts_file());
    let plan = shown(&plan.output().unwrap());
    let told = "all app servers get one ticket ring again; now they have 2: app1, app2, app4 | app3\n";
    assert!(plan.contains(told), "{plan}");

    let output = tickets(&served, &yaml, &["sync"]);
    assert_eq!(code(&output), 0, "{}", shown(&output));
    assert_eq!(rings(&served, &APPS), vec![after[0].clone(); 4], "{}", shown(&output));
    let status = tickets(&served, &yaml, &["status"]);
    assert_eq!(code(&status), 0, "{}", shown(&status));
    let caught_up = resumed(&served, 20);
    figure(&format!("resumed of 40: app3 dead {during}, behind {behind}, in step {caught_up}"));
    assert_eq!(caught_up, 40);
}
