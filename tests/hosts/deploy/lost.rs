//! A deploy that stops in the middle, and a host that does: the host puts itself back.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::killed::Held;
use super::{Deployed, files, signal, told};
use crate::ssh::Operator;

#[test]
fn a_host_without_a_confirmation_puts_itself_back() {
    let Some(fleet) = Deployed::new() else { return };
    let app1 = fleet.host("app1");
    let held = Held::new(app1, "systemd-run", "*");
    let mut deploy = Operator::new(&fleet.served, &fleet.second).command(&["deploy", "--yes"]);
    let deploy = deploy.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    held.wait();
    signal(&fleet.served, "STOP");
    held.go();
    app1.until("the new files are there", || files(app1) != fleet.before[2]);
    let timer = "systemctl list-timers --all --plain --no-legend 'sslscale-undo-*' | grep -o 'sslscale-undo-[0-9a-f]*' | head -n 1";
    let unit = app1.run(timer);
    assert!(unit.starts_with("sslscale-undo-"), "{unit}");
    if std::env::var_os("SSLSCALE_SOAK").is_some() {
        // Most of the time that the host waits.
        std::thread::sleep(Duration::from_secs(90));
    } else {
        // What the timer does when it ends.
        app1.run(&format!("systemctl start {unit}.service"));
    }
    app1.until("the host has put itself back", || app1.succeeds("ls /var/lib/sslscale/undone.*"));
    assert_eq!(files(app1), fleet.before[2]);
    signal(&fleet.served, "CONT");
    // `nsenter` stops with the program that it waits for.
    kill(Pid::from_raw(deploy.id().try_into().unwrap()), Signal::SIGCONT).unwrap();
    let output = deploy.wait_with_output().unwrap();
    let text = super::shown(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert_eq!(
        told(&text),
        [
            "error: app1: the confirmation came too late, the host has put back what it had",
            "rolled back: app1 is as before"
        ],
        "{text}"
    );
    drop(held);
    fleet.is_as_before();
    fleet.has(&fleet.first);
}

#[test]
fn a_host_that_loses_power_comes_back_as_it_was() {
    let Some(fleet) = Deployed::new() else { return };
    let app1 = fleet.host("app1");
    app1.run("systemctl enable --quiet nginx");
    // All files have been replaced, and nothing has been reloaded.
    let held = Held::new(app1, "sync", "-f /var/lib/sslscale");
    let mut deploy = Operator::new(&fleet.served, &fleet.second).command(&["deploy", "--yes"]);
    let deploy = deploy.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    held.wait();
    assert_ne!(files(app1), fleet.before[2]);
    fleet.served.fleet.power_off("app1");
    std::fs::remove_file(fleet.served.fleet.path("app1/root/usr/local/sbin/sync")).unwrap();
    let output = deploy.wait_with_output().unwrap();
    let text = super::shown(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(
        text.contains("the fleet is mixed: app2, app3, app4, lb1, lb2 are as before; app1 is in an unknown state\n"),
        "{text}"
    );
    fleet.served.fleet.power_on("app1");
    drop(held);
    assert_eq!(files(app1), fleet.before[2]);
    assert!(!app1.succeeds("test -e /var/lib/sslscale/pending"));
    let moment = |unit: &str, property: &str| -> u64 {
        app1.run(&format!("systemctl show -P {property} {unit}")).parse().unwrap()
    };
    let undone = moment("sslscale-undo", "InactiveEnterTimestampMonotonic");
    assert!(undone > 0 && undone <= moment("nginx", "ExecMainStartTimestampMonotonic"));
    app1.run("systemctl disable --quiet nginx; systemctl start app");
    fleet.served.wait_for_server("app1", "UP");
    fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    fleet.has(&fleet.second);
    fleet.run(&fleet.second, &["rollback", "--yes"], 0);
    fleet.is_as_before();
}
