//! The programs' own check of a release changes nothing on a host, whatever the release removes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Deployed, nothing_pending, to_stock};
use crate::fleet::Host;

/// Every file of ours, and its owner and mode.
fn state(host: &Host) -> String {
    host.run(
        "find /etc/nginx /etc/haproxy /etc/ssl /etc/sslscale /etc/systemd/system /opt /var/log/nginx ! -type d ! -name '*.log' \
         -printf '%p %m %u ' -exec md5sum {} \\; | sort",
    )
}

/// The inventory with a certificate outside of `/etc`, and its key in a folder that is a link to another one.
fn with_folders(fleet: &Deployed) -> String {
    let pair = fleet.served.pair(-1);
    for (name, text) in [("more.crt", &pair.chain), ("more.key", &pair.key)] {
        let file = fleet.served.fleet.path(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let sources =
        "    ssl_certificate_source: /run/hosts/more.crt\n    ssl_certificate_key_source: /run/hosts/more.key\n";
    fleet
        .first
        .replace("/etc/ssl/example/ssl.crt", "/opt/tls/ssl.crt")
        .replace("/etc/ssl/example/ssl.key", "/etc/ssl/linked/ssl.key")
        .replacen("    locations:", &format!("{sources}    locations:"), 1)
}

#[test]
fn the_check_of_a_release_removes_nothing() {
    let Some(fleet) = Deployed::new() else { return };
    fleet.served.on_apps("mkdir -p /opt/tls /opt/real && ln -sfn /opt/real /etc/ssl/linked");
    let more = with_folders(&fleet);
    fleet.run(&more, &["deploy", "--yes"], 0);
    let states = || fleet.served.fleet.hosts().iter().map(state).collect::<Vec<_>>();
    // nginx of one host refuses every release; the others accept them.
    fleet.host("app2").run("echo 'broken;' >/etc/nginx/conf.d/broken.conf");
    let before = states();
    assert!(
        before[2].contains("/opt/tls/ssl.crt") && before[2].contains("/opt/real/ssl.key 600 root"),
        "{}",
        before[2]
    );
    for (inventory, words) in [
        (&more, &["rollback", "--yes", "--to", "000000000000"][..]),
        (&more, &["rollback", "--yes"]),
        (&fleet.first, &["deploy", "--yes"]),
        (&fleet.first, &["deploy", "--dry-run"]),
    ] {
        let text = fleet.run(inventory, words, 3);
        assert!(text.contains("app1 accepts the release") && text.contains("app2: nginx refuses the files"), "{text}");
        assert_eq!(states(), before, "{words:?}");
    }
    fleet.host("app2").run("rm /etc/nginx/conf.d/broken.conf");

    // Past the check they do change, and are no longer served.
    fleet.run(&more, &["rollback", "--yes", "--to", "000000000000"], 0);
    nothing_pending(&fleet.served);
    for app in fleet.served.apps() {
        let left = app.run("ls -A /opt/tls /opt/real /etc/nginx/conf.d; ss -Hltn 'sport = :443'");
        assert_eq!(left, "/etc/nginx/conf.d:\n\n/opt/real:\n\n/opt/tls:", "{}", app.name);
    }
    fleet.served.on_apps("rm -rf /opt/tls /opt/real /etc/ssl/linked");
    to_stock(&fleet.served);
}
