//! A deploy that is killed, and how a fleet goes on from there.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{Deployed, Replaced, signal};
use crate::fleet::Host;
use crate::served::figure;
use crate::ssh::Operator;

/// A moment of a deploy: the host, the program that runs there then, and its arguments as a pattern of the shell.
type Moment = (&'static str, &'static str, &'static str);

/// In the order in which a deploy comes to them.
const MOMENTS: [(&str, Moment); 12] = [
    ("a host has been taken", ("app1", "sync", "*/.undo.sh*")),
    ("a release is being stored", ("lb2", "perl", "*/releases/.*")),
    ("a program checks the release", ("lb1", "unshare", "*")),
    ("the backup is being made", ("app1", "sync", "-f */backup/*")),
    ("an undo has been promised", ("app1", "systemd-run", "*")),
    ("a file is about to be replaced", ("app1", "sync", "/etc/*/.sslscale.*")),
    ("the confirmation is being written", ("app1", "sync", "*/confirmed.*")),
    ("files of the second app server have been replaced", ("app2", "sync", "-f /var/lib/sslscale")),
    ("a balancer is about to be reloaded", ("lb1", "systemctl", "reload haproxy")),
    ("one balancer has changed", ("lb2", "sync", "-f */backup/*")),
    ("the last host is being confirmed", ("lb2", "sync", "*/confirmed.*")),
    ("the end is being written", ("app2", "date", "+%s")),
];

/// Those of a short run: nothing is used yet, files wait for their confirmation, and some hosts have changed.
const SHORT: [usize; 4] = [2, 5, 8, 10];

/// How people go on.
#[derive(Clone, Copy, Debug)]
enum Way {
    Resume,
    Rollback,
    Unlock,
}

/// Stops a program of a host at its first run with these arguments, until [`Held::go`].
pub struct Held<'h> {
    host: &'h Host,
    _program: Replaced<'h>,
}

impl<'h> Held<'h> {
    pub fn new(host: &'h Host, program: &'static str, arguments: &str) -> Self {
        let pattern = arguments.replace(' ', "\\ ");
        let script = format!(
            "case \"$*\" in {pattern})\n    ! mkdir /run/held 2>/dev/null || until [ -e /run/held/go ]; do sleep 0.1; done ;;\n\
             esac\nexec \"$real\" \"$@\""
        );
        Self { host, _program: Replaced::new(host, program, &script) }
    }

    pub fn wait(&self) {
        self.host.until("the program is held", || self.host.succeeds("test -d /run/held"));
    }

    pub fn go(&self) {
        self.host.run("touch /run/held/go");
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // What was held looks for a file.
        let _ = self.host.output("touch /run/held/go; sleep 0.5; rm -rf /run/held", b"");
    }
}

impl Deployed {
    /// Kills a deploy of the second inventory at a moment.
    fn kill_at(&self, (host, program, arguments): Moment) {
        let held = Held::new(self.host(host), program, arguments);
        let mut deploy = Operator::new(&self.served, &self.second).command(&["deploy", "--yes"]);
        let mut deploy = deploy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        held.wait();
        signal(&self.served, "KILL");
        deploy.wait().unwrap();
        held.go();
    }

    /// Goes on from there, and ends with the files of the first inventory.
    fn recover(&self, way: Way) {
        match way {
            Way::Resume => {
                self.run(&self.second, &["deploy", "--yes", "--resume"], 0);
                self.has(&self.second);
                self.run(&self.second, &["rollback", "--yes"], 0);
            }
            Way::Rollback => drop(self.run(&self.second, &["rollback", "--yes", "--resume"], 0)),
            Way::Unlock => {
                self.run(&self.second, &["unlock", "--yes"], 0);
                self.run(&self.first, &["deploy", "--yes"], 0);
            }
        }
        self.has(&self.first);
        self.is_as_before();
    }
}

#[test]
fn whenever_it_is_killed_the_fleet_goes_on_and_goes_back() {
    let Some(fleet) = Deployed::new() else { return };
    // All of them take a quarter of an hour.
    let all = std::env::var_os("SSLSCALE_SOAK").is_some();
    let ways = [Way::Resume, Way::Rollback, Way::Unlock];
    for (at, (what, moment)) in MOMENTS.into_iter().enumerate().filter(|(at, _)| all || SHORT.contains(at)) {
        for way in if all { &ways[..] } else { &ways[at / 3 % 3..=at / 3 % 3] } {
            let started = std::time::Instant::now();
            fleet.kill_at(moment);
            fleet.recover(*way);
            figure(&format!("{what}, {way:?}: {:.0} s", started.elapsed().as_secs_f64()));
        }
    }
}

#[test]
fn a_deploy_that_is_killed_leaves_hosts_that_put_themselves_back() {
    let Some(fleet) = Deployed::new() else { return };
    let mut deploy = Operator::new(&fleet.served, &fleet.second).command(&["deploy", "--yes"]).spawn().unwrap();
    let app1 = fleet.host("app1");
    app1.until("a change waits for its confirmation", || app1.succeeds("test -e /var/lib/sslscale/pending"));
    signal(&fleet.served, "KILL");
    deploy.wait().unwrap();
    // Nobody else may change the hosts now.
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 3);
    assert!(text.contains("has this host, and was last active"), "{text}");
    let text = fleet.run(&fleet.first, &["unlock", "--yes"], 0);
    assert!(text.contains("6 hosts given back\n") && text.contains("  help: changes that were not"), "{text}");
    fleet.is_as_before();
    fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    fleet.has(&fleet.second);
}

/// The interrupt ended the look at a connection, which counted as lost from then on: its host stayed locked.
#[test]
fn an_interrupt_gives_every_host_back_whenever_it_comes() {
    let Some(fleet) = Deployed::new() else { return };
    let before = fleet.host("app1").run("basename $(readlink /var/lib/sslscale/current)").trim().to_owned();
    // The first app server, all of them, the first balancer, the last one: then every host is looked at.
    for (changed, pause) in [(1, 0), (4, 0), (5, 0), (5, 40), (6, 0), (6, 40)] {
        let mut deploy = Operator::new(&fleet.served, &fleet.second).command(&["deploy", "--yes"]);
        let mut deploy = deploy.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut count, mut text) = (0, String::new());
        for line in BufReader::new(deploy.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            count += usize::from(line.contains(" uses the release"));
            text += &format!("{line}\n");
            if count == changed && line.contains(" uses the release") {
                std::thread::sleep(std::time::Duration::from_millis(pause));
                signal(&fleet.served, "INT");
            }
        }
        let status = deploy.wait().unwrap();
        let locked = fleet.run(&fleet.first, &["unlock", "--yes"], 0);
        assert_eq!(locked, "no host is locked\n", "after {changed} hosts, {pause} ms: {status}\n{text}");
        // It may have come to its end.
        let back = format!("`sslscale rollback --to {before} ");
        assert!(status.code() == Some(0) || text.contains(&back), "{status}: {text}");
        fleet.run(&fleet.first, &["rollback", "--yes", "--to", &before], 0);
        fleet.has(&fleet.first);
    }
}
