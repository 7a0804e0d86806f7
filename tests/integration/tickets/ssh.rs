//! The commands of a hosts file over a real `ssh` and `sshd`, which hands the words of a command to a login
//! shell.

use std::fs;

use super::HOSTS;
use super::fleet::Fleet;

// `ssh` joins the words of a command with spaces, and the login shell splits them again: parts of the
// script ran in it, and the command failed.
#[test]
fn ssh_is_a_command_of_a_hosts_file() {
    let Some(mut fleet) = Fleet::new() else { return };
    let none = fleet.tickets("status");
    assert!(
        none.status == 1 && none.stderr.contains("srv1, srv2, srv3: there are no session ticket keys\n"),
        "{}",
        none.all()
    );
    let synced = fleet.tickets("sync");
    assert!(
        synced.status == 0 && synced.stdout.starts_with("installed new keys: srv1, srv2, srv3 (current "),
        "{}",
        synced.all()
    );
    let first = fleet.ring("srv1");
    for round in 0..3 {
        let before = fleet.ring("srv1");
        let rotated = fleet.early();
        assert_eq!(rotated.status, 0, "{round}: {}", rotated.all());
        let after = fleet.ring("srv1");
        assert_eq!((&after[0], &after[1]), (&before[2], &before[0]));
        HOSTS.iter().for_each(|host| assert_eq!(fleet.ring(host), after, "{host}"));
    }
    fleet.install();
    let status = fleet.tickets("status");
    assert!(status.status == 0 && status.stdout.ends_with("3 app servers have the same keys\n"), "{}", status.all());
    // A host whose key is another one: all that is known of it is what `ssh` writes.
    let known = fs::read_to_string(fleet.dir().join("known_hosts")).unwrap();
    fs::write(fleet.dir().join("known_hosts"), known.lines().take(2).map(|l| format!("{l}\n")).collect::<String>())
        .unwrap();
    let before = fleet.ring("srv1");
    let lost = fleet.tickets("rotate");
    assert_eq!(lost.status, 3, "{}", lost.all());
    let line = "error: srv3: the keys could not be read: the connection to the host was lost (exit code 255)\n  | ";
    assert!(lost.stderr.starts_with(line) && lost.stderr.contains("nothing was changed"), "{}", lost.all());
    assert!(fleet.ring("srv1") == before && before != first);
    // And one whose sshd is gone.
    let mut server = fleet.servers.remove(1);
    server.kill().unwrap();
    server.wait().unwrap();
    let lost = fleet.tickets("rotate");
    assert!(lost.status == 3 && lost.stderr.contains("error: srv2: the keys could not be read: "), "{}", lost.all());
    assert_eq!(fleet.ring("srv1"), before);
}
