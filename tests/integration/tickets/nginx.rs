//! What nginx on a host would load: `status` reports a host whose nginx does not use the ring, and a rotation
//! puts no file into effect that nginx has not loaded yet.

use std::time::{Duration, Instant};

use super::fleet::{CONF, Fleet};
use crate::support::ports;

// `status` was green on hosts whose nginx loads no key.
#[test]
fn status_knows_what_nginx_loads() {
    let Some(fleet) = Fleet::new() else { return };
    assert_eq!(fleet.tickets("sync").status, 0);
    let unused = "nginx does not use the keys: no `ssl_session_ticket_key` names a file in /etc/sslscale/tickets";
    assert_eq!([0, 1, 2].map(|host| fleet.problems(host)), [[unused]; 3]);
    fleet.install();
    let status = fleet.tickets("status");
    assert_eq!(status.status, 0, "{}", status.all());
    // The files are there, and nginx has not loaded them.
    fleet.sh(1, &format!("touch /{CONF}"));
    let changed = "changed since nginx loaded its configuration: /etc/nginx/conf.d/sslscale.conf";
    assert_eq!(fleet.problems(1), [changed]);
    fleet.reload(1);
    assert_eq!(fleet.tickets("status").status, 0);
    // Keys in another order, for one of two servers, and for none.
    for edit in [
        "s/current.key/x.key/;s/previous.key/current.key/;s/x.key/previous.key/",
        "0,/ssl_session_ticket_key/{/ssl_session_ticket_key/d}",
        "0,/next.key/{/ssl_session_ticket_key/d}",
    ] {
        fleet.sh(2, &format!("cp /{CONF} /run/kept && sed -i '{edit}' /{CONF}"));
        fleet.reload(2);
        let problems = fleet.problems(2);
        assert!(problems.len() == 1 && problems[0].starts_with("nginx "), "{edit}: {problems:?}");
        assert_eq!((fleet.tickets("status").status, fleet.problems(0)), (1, vec![]));
        fleet.sh(2, &format!("cp /run/kept /{CONF}"));
        fleet.reload(2);
    }
    fleet.sh(2, &format!("rm /{CONF}"));
    fleet.reload(2);
    assert_eq!(fleet.problems(2), [unused]);
    fleet.sh(2, &format!("cp /run/kept /{CONF}; echo 'no_such_thing on;' >/etc/nginx/conf.d/zz.conf"));
    assert_eq!(fleet.problems(2), ["nginx rejects its configuration"]);
    fleet.sh(2, "rm /etc/nginx/conf.d/zz.conf");
    fleet.reload(2);
    assert_eq!(fleet.tickets("status").status, 0);
    fleet.sh(2, "nginx -s stop; while [ -e /run/nginx.pid ]; do sleep 0.02; done");
    assert_eq!(fleet.problems(2), ["nginx is not running, so nothing uses the keys"]);
}

/// Whether the nginx of a host has a listener on the port.
fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

// A rotation put everything into effect that lay in conf.d, finished or not.
#[test]
fn a_rotation_puts_no_other_change_into_effect() {
    let Some(fleet) = Fleet::new() else { return };
    assert_eq!(fleet.tickets("sync").status, 0);
    fleet.install();
    let before = fleet.ring("srv2");
    let port = ports::free();
    let file = "/etc/nginx/conf.d/zz site.conf";
    let refused = |what: &str| {
        fleet.rotated(30);
        let (others, kept) = (fleet.ring("srv1"), fleet.ring("srv2"));
        let rotated = fleet.tickets("rotate");
        assert_eq!(rotated.status, 5, "{what}: {}", rotated.all());
        assert!(rotated.stderr.contains("error: srv2: not changed: files changed after "), "{what}: {}", rotated.all());
        assert!(rotated.stderr.contains(file), "{what}: {}", rotated.all());
        assert!(fleet.ring("srv2") == kept && fleet.ring("srv1") != others, "{what}");
        assert!(!fleet.problems(1).is_empty(), "{what}");
        // Nor does what completes it.
        assert_eq!(fleet.tickets("sync").status, 3, "{what}");
        assert_eq!(fleet.ring("srv2"), kept, "{what}");
    };
    let completed = |what: &str| {
        fleet.reload(1);
        let synced = fleet.tickets("sync");
        assert!(
            synced.status == 0 && synced.stdout.starts_with("completed the last rotation: srv2 "),
            "{what}: {}",
            synced.all()
        );
        assert_eq!((fleet.ring("srv2"), fleet.tickets("status").status), (fleet.ring("srv1"), 0), "{what}");
    };
    // It is moved there with an old time, as package managers do.
    let added = format!(
        "echo 'server {{ listen 127.0.0.1:{port}; }}' >/run/new; touch -d 2020-01-01 /run/new; mv /run/new '{file}'"
    );
    fleet.sh(1, &added);
    refused("added");
    assert!(!listens(port));
    completed("added");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !listens(port) {
        assert!(Instant::now() < deadline, "the control: a reload makes it listen");
    }
    fleet.sh(1, &format!("echo '#' >>'{file}'"));
    refused("changed");
    completed("changed");
    fleet.sh(1, &format!("mv '{file}' '{file}.off'"));
    refused("removed");
    assert!(listens(port));
    completed("removed");
    // An editor that was opened and closed changes the directory, and no file.
    fleet.sh(1, "touch /etc/nginx/conf.d/.zz.swp; rm /etc/nginx/conf.d/.zz.swp");
    fleet.rotated(30);
    let rotated = fleet.tickets("rotate");
    assert_eq!(rotated.status, 0, "{}", rotated.all());
    // What nginx rejects stops the run on the first host, before anything is changed.
    fleet.rotated(30);
    let kept = fleet.ring("srv1");
    fleet.sh(0, "echo 'no_such_thing on;' >/etc/nginx/conf.d/zz.conf");
    let rejected = fleet.tickets("rotate");
    assert!(rejected.status == 3 && rejected.stderr.contains("no_such_thing"), "{}", rejected.all());
    assert!(fleet.ring("srv1") == kept && fleet.ring("srv2") == kept && kept != before);
}
