//! Ctrl-C during a deploy over SSH, as a terminal sends it: to every process of the foreground group. The `ssh` is a
//! stand-in that runs what it is sent below a directory, and can be held after a script of the test's choice.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::blocked::until;
use super::shell;
use crate::signalled::program;
use crate::support::need;

const HOSTS: [&str; 5] = ["lb1", "srv1", "srv2", "srv3", "srv4"];

/// With a number that is in a file of every host.
fn inventory(number: u16) -> String {
    let apps = ["11", "12", "13", "14"].map(|it| format!("  - {{ name: srv{}, address: 10.0.0.{it} }}\n", &it[1..]));
    format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers:\n{}sites:\n  - server_name: example.com\n    \
         root: /srv/{number}\n    ssl_certificate: /etc/ssl/ssl.crt\n    ssl_certificate_key: /etc/ssl/ssl.key\n\
         tickets: per_host\nhaproxy: {{ maxconn: {number} }}\n",
        apps.concat()
    )
}

/// Every script goes to the host whose address is given. On a host with a file `hold.HOST`, one that has the words in it
/// waits with what it has done until the file `go` is there. Connections go to ports of this machine, which the file
/// `ports` has.
const SSH: &str = r#"#!/bin/sh
case " $* " in *' -M '* | *' -O '*) exit 0 ;; esac
while [ "$1" != -- ]; do shift; done
dir=@DIR@
host=$(awk -v address="$2" '$2 == address { print $1 }' "$dir/ports")
text= count=0
while [ $count -lt 9 ] && IFS= read -r line; do
    text="$text$line
" count=$((count + 1))
    case $line in *'perl -e '*) tunnel=yes ;; esac
    if [ -n "$tunnel" ]; then
        while IFS= read -r line && [ "$line" != 'exit 0' ]; do text="$text$line
"; done
        IFS= read -r line
        # An address of its own is the host's.
        own=$(awk -v host="$host" '$1 == host { print $3 }' "$dir/ports")
        { printf '%s}\n' "$text" | sed -E "s/' 127\.0\.0\.1 [0-9]+ /' 127.0.0.1 $own /"; } >"$dir/tunnel.$$"
        while read -r name address port; do
            sed -i -E "s/' $address [0-9]+ /' 127.0.0.1 $port /" "$dir/tunnel.$$"
        done <"$dir/ports"
        exec sh "$dir/tunnel.$$"
    fi
done
text=$text$(cat)
out=$(printf '%s\n' "$text" | sed "1,9s|^root=\$|root=$dir/roots/$host|" | sh -s; echo x)
hold=$(cat "$dir/hold.$host" 2>/dev/null)
case $text in
*"${hold:-no such words}"*)
    : >"$dir/held.$host"
    while [ ! -e "$dir/go" ]; do sleep 0.05; done
    ;;
esac
printf '%s' "${out%x}"
"#;

struct Remote(TempDir);

/// How a command ended, and all that it wrote.
struct Ended {
    status: i32,
    text: String,
}

impl Remote {
    /// Hosts that have a release, and an inventory with another one. `None` for a user who is not root.
    fn deployed() -> Option<Self> {
        let remote = need::root().then(|| Self(tempfile::tempdir().unwrap()))?;
        HOSTS.iter().for_each(|host| fs::create_dir_all(remote.dir().join("roots").join(host)).unwrap());
        let port = |host: &&str| super::web::answering(&remote.dir().join("roots").join(host));
        let ports = HOSTS.iter().zip(10..).map(|(host, it)| format!("{host} 10.0.0.{it} {}\n", port(host)));
        fs::write(remote.dir().join("ports"), ports.collect::<String>()).unwrap();
        fs::create_dir(remote.dir().join("programs")).unwrap();
        let ssh = remote.dir().join("programs/ssh");
        fs::write(&ssh, SSH.replace("@DIR@", remote.dir().to_str().unwrap())).unwrap();
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(remote.dir().join("inventory.yaml"), inventory(8443)).unwrap();
        let first = remote.run(&["deploy", "inventory.yaml", "--yes"]);
        assert_eq!(first.status, 0, "{}", first.text);
        fs::write(remote.dir().join("inventory.yaml"), inventory(9443)).unwrap();
        Some(remote)
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    /// Starts a command in a process group, as a shell with a terminal does.
    fn start(&self, words: &[&str]) -> Child {
        let said = File::create(self.dir().join("said")).unwrap();
        let path = format!("{}:{}", self.dir().join("programs").display(), std::env::var("PATH").unwrap());
        let mut command: Command = program();
        command.args(words).current_dir(self.dir()).env("PATH", path).env("USER", "ops").process_group(0);
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir().join("said")).unwrap()
    }

    fn end(&self, mut child: Child) -> Ended {
        Ended { status: shell(child.wait().unwrap()), text: self.said() }
    }

    fn run(&self, words: &[&str]) -> Ended {
        self.end(self.start(words))
    }

    /// Interrupts a command when `hosts` have done what has these words.
    fn interrupted(&self, words: &[&str], script: &str, hosts: &[&str]) -> Ended {
        hosts.iter().for_each(|host| fs::write(self.dir().join(format!("hold.{host}")), script).unwrap());
        let mut child = self.start(words);
        let held = |host: &&str| self.dir().join(format!("held.{host}")).exists();
        until(&format!("{hosts:?} are held after `{script}`"), || {
            assert!(child.try_wait().unwrap().is_none(), "{script}: {}", self.said());
            hosts.iter().all(held)
        });
        killpg(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        until("the signal is seen", || self.said().contains("interrupted: ") || child.try_wait().unwrap().is_some());
        fs::write(self.dir().join("go"), "").unwrap();
        self.end(child)
    }

    /// The hosts that have the second release.
    fn changed(&self) -> Vec<&str> {
        let has = |host: &&str| {
            let file = if *host == "lb1" { "etc/haproxy/haproxy.cfg" } else { "etc/nginx/conf.d/sslscale.conf" };
            fs::read_to_string(self.dir().join("roots").join(host).join(file)).unwrap().contains("9443")
        };
        HOSTS.into_iter().filter(has).collect()
    }

    /// Hosts that a deploy has.
    fn locked(&self) -> Vec<&str> {
        let lease = |host: &&str| self.dir().join("roots").join(host).join("var/lib/sslscale/lease").exists();
        HOSTS.into_iter().filter(lease).collect()
    }
}

impl Ended {
    /// The commands in the last help, as words.
    fn commands(&self) -> Vec<Vec<&str>> {
        let help = self.text.lines().rfind(|line| line.starts_with("  help: ")).unwrap_or_default();
        help.split('`').skip(1).step_by(2).map(|command| command.split(' ').skip(1).collect()).collect()
    }
}

const APPLY: &str = "# Makes a host use a release that is stored there";
const FIRST: &str = "the fleet is mixed: srv1 is on the new release; lb1, srv2, srv3, srv4 are as before\n";
const DEPLOY: &[&str] = &["deploy", "inventory.yaml", "--yes"];

// The interrupt ended what asks a host between two scripts, so that hosts were in an unknown state and stayed locked.
#[test]
fn hosts_that_are_being_changed_are_finished_and_the_commands_in_the_help_work() {
    for (command, after) in [(0, &HOSTS[..]), (1, &[])] {
        let Some(remote) = Remote::deployed() else { return };
        let done = remote.interrupted(DEPLOY, APPLY, &["srv2", "srv3", "srv4"]);
        assert_eq!(done.status, 5, "{}", done.text);
        assert_eq!(remote.changed(), ["srv1", "srv2", "srv3", "srv4"], "{}", done.text);
        let mixed = "the fleet is mixed: srv1, srv2, srv3, srv4 are on the new release; lb1 is as before\n";
        assert!(done.text.contains(mixed) && !done.text.contains("error: "), "{}", done.text);
        assert_eq!(remote.locked(), [""; 0], "{}", done.text);
        // The history has the release, though no deploy of it has ended.
        let history = remote.run(&["history", "inventory.yaml"]);
        assert!(history.text.lines().last().unwrap().contains("not ended"), "{}", history.text);
        let printed = &done.commands()[command];
        let again = remote.run(&[printed, &["--yes"][..]].concat());
        assert_eq!((again.status, remote.changed()), (0, after.to_vec()), "{printed:?}: {}", again.text);
    }
}

#[test]
fn whenever_it_comes_the_state_of_the_fleet_is_told() {
    let all = HOSTS.as_slice();
    for (script, hosts, status, changed, says) in [
        ("# Shows what a host has, and changes nothing.", &["srv3"][..], 130, &[][..], "nothing was changed\n"),
        ("# Takes a host for one deploy", &["srv3"], 130, &[], "nothing was changed\n"),
        ("# Puts on a host what undoes a change", &["srv3"], 130, &[], "nothing was changed\n"),
        ("# Stores a release", &["srv3"], 130, &[], "nothing was changed\n"),
        ("# Lets a program check a release", &["srv3"], 130, &[], "nothing was changed\n"),
        (APPLY, &["srv1"], 5, &["srv1"], FIRST),
        ("# Lets a host keep a change", &["srv1"], 5, &["srv1"], FIRST),
        // No host is left to change: the deploy is completed.
        (APPLY, &["lb1"], 0, all, "is in use: 5 hosts changed\n"),
        ("# Ends a deploy on a host", &["srv3"], 0, all, "is in use: 5 hosts changed\n"),
    ] {
        let Some(remote) = Remote::deployed() else { return };
        let done = remote.interrupted(DEPLOY, script, hosts);
        let seen = format!("{script}: {}", done.text);
        assert_eq!((done.status, &*remote.changed()), (status, changed), "{seen}");
        assert!(done.text.contains(says) && !done.text.contains("error: "), "{seen}");
        assert_eq!(remote.locked(), [""; 0], "{seen}");
    }
}
