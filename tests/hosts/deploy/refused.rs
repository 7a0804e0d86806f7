//! What keeps a deploy from changing anything. Each case has its exit code and its whole message, and leaves files as
//! they were and nothing that waits.

use super::{Deployed, Replaced, told, user_with_sudo};
use crate::fleet::Host;
use crate::ssh::host_key;

/// How to go on when app2 cannot be reached.
const WITHOUT: &str = "  help: to go on without app2: `sslscale deploy /run/hosts/operator/inventory.yaml --without app2`; \
                       until the next deploy it serves what it has now, if it serves";

const ROOM: &str = "  help: make room on the host: `df -h` there shows which file system is full";

impl Deployed {
    /// Nothing is changed, and these lines say why.
    fn refuses(&self, inventory: &str, words: &[&str], lines: &[&str]) {
        let text = self.run(inventory, &[&["deploy", "--yes"], words].concat(), 3);
        assert_eq!(told(&text), [lines, &["nothing was changed"]].concat(), "{text}");
        self.is_as_before();
    }

    /// No file is changed by a run that finds the host like this.
    fn refuses_where(&self, host: &Host, prepare: &str, restore: &str, lines: &[&str]) {
        host.run(prepare);
        let text = self.run(&self.second, &["deploy", "--yes"], 3);
        host.run(restore);
        assert_eq!(told(&text), [lines, &["nothing was changed"]].concat(), "{text}");
        self.is_as_before();
    }
}

/// What to do when a program refuses files.
const CORRECT: &str =
    "  help: correct what is named above: in the inventory or its templates if that is rendered, else on the host";

#[test]
fn what_the_programs_refuse() {
    let Some(fleet) = Deployed::new() else { return };
    let lb2 = fleet.host("lb2");
    fleet.refuses_where(
        lb2,
        "mv /var/lib/haproxy /var/lib/haproxy.away",
        "mv /var/lib/haproxy.away /var/lib/haproxy",
        &[
            "error: lb2: haproxy refuses the files",
            "  | the directory `/var/lib/haproxy` of `chroot` does not exist",
            CORRECT,
        ],
    );
    let nowhere = fleet.second.replace("maxconn: 7000", "log: /run/nowhere");
    let text = fleet.run(&nowhere, &["deploy", "--yes"], 3);
    assert!(text.contains("the socket `/run/nowhere` of `log` does not exist: nothing would be logged"), "{text}");
    fleet.is_as_before();
    lb2.run("systemd-run --quiet --collect --unit=busy perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 8443, Listen => 5) or die; sleep 600'");
    lb2.until("the port is taken", || {
        lb2.succeeds("perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"127.0.0.1:8443\") or exit 1'")
    });
    let taken = fleet.second.replace("maxconn: 7000", "port: 8443");
    let text = fleet.run(&taken, &["deploy", "--yes"], 3);
    assert!(text.contains("error[DP05]: `perl` listens on port 8443 of `lb2`, which haproxy needs\n"), "{text}");
    fleet.is_as_before();
    // The check of the files sees it, too.
    fleet.refuses(
        &format!("{taken}lint: {{ allow: [DP05] }}\n"),
        &[],
        &[
            "error: lb2: haproxy refuses the files",
            "  | port 8443 on 0.0.0.0 cannot be used: Address already in use",
            CORRECT,
        ],
    );
    lb2.run("systemctl stop busy");
    let app2 = fleet.host("app2");
    app2.run("cp -p /etc/ssl/example/ssl.key /etc/ssl/example/ssl.key.away; echo broken >/etc/ssl/example/ssl.key");
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 3);
    app2.run("mv /etc/ssl/example/ssl.key.away /etc/ssl/example/ssl.key");
    fleet.is_as_before();
    let lines = told(&text);
    assert_eq!(lines[0], "error: app2: nginx refuses the files", "{text}");
    assert!(lines[1].contains("cannot load certificate key \"/etc/ssl/example/ssl.key\""), "{text}");
}

#[test]
fn what_belongs_to_others() {
    let Some(fleet) = Deployed::new() else { return };
    let lb2 = fleet.host("lb2");
    // An edit by hand is shown in the plan, and agreed to. One that comes after that is not.
    for (host, program) in [("app2", "unshare"), ("lb1", "unshare"), ("app1", "unshare")] {
        let file = if host == "lb1" { "/etc/haproxy/haproxy.cfg" } else { "/etc/nginx/conf.d/sslscale.conf" };
        let host = fleet.host(host);
        host.run(&format!("cp -a {file} /run/kept"));
        let edit = format!("[ -e /run/edited ] || echo '# by hand' >>{file}\n: >/run/edited\nexec \"$real\" \"$@\"");
        let program = Replaced::new(host, program, &edit);
        let text = fleet.run(&fleet.second, &["deploy", "--yes"], 3);
        drop(program);
        assert_eq!(host.run(&format!("tail -n 1 {file}; rm -f /run/edited; mv /run/kept {file}")), "# by hand");
        let why = format!("error: {}: {file} has changed since this was planned", host.name);
        assert_eq!(told(&text), [why.as_str(), "nothing was changed"], "{text}");
        fleet.is_as_before();
    }
    fleet.refuses_where(
        lb2,
        "rm -rf /var/lib/sslscale/current; cp -a /etc/haproxy/haproxy.cfg /run/kept; echo '# mine' >/etc/haproxy/haproxy.cfg",
        "ln -s releases/$(ls /var/lib/sslscale/releases | grep -v 000000000000) /var/lib/sslscale/current; mv /run/kept /etc/haproxy/haproxy.cfg",
        &[
            "error: lb2: `/etc/haproxy/haproxy.cfg` is neither sslscale's nor as the package has it",
            "  help: look at what differs, which a plan shows; `sslscale deploy --adopt /run/hosts/operator/inventory.yaml` replaces it",
        ],
    );
}

#[test]
fn what_a_host_lacks() {
    let Some(fleet) = Deployed::new() else { return };
    let app2 = fleet.host("app2");
    // As `apt-get remove nginx` leaves it.
    fleet.refuses_where(
        app2,
        "cp -a /var/lib/dpkg/status /run/kept; sed -i '/^Package: nginx$/,/^$/s/^Status: .*/Status: deinstall ok config-files/' /var/lib/dpkg/status",
        "mv /run/kept /var/lib/dpkg/status",
        &["error: app2: nginx is not installed", "  help: `sslscale deploy --install /run/hosts/operator/inventory.yaml` installs it; or on the host: `apt-get install nginx`"],
    );
    for (program, path, help) in [
        (
            "perl",
            "/usr/bin/perl",
            "  help: `sslscale deploy --install /run/hosts/operator/inventory.yaml` installs it; or on the host: `apt-get install perl-base`",
        ),
        ("systemd-run", "/usr/bin/systemd-run", "  help: a host needs systemd as its init"),
    ] {
        let why = format!("error: app2: there is no `{program}`, which a deploy needs");
        fleet.refuses_where(app2, &format!("mv {path} {path}.away"), &format!("mv {path}.away {path}"), &[&why, help]);
    }
}

#[test]
fn what_cannot_be_written() {
    let Some(fleet) = Deployed::new() else { return };
    let app2 = fleet.host("app2");
    // There is room for what says whose turn it is, and not for the files.
    app2.run("mount -t tmpfs -o size=24k,mode=0700 tmpfs /var/lib/sslscale");
    let plan = fleet.run(&fleet.second, &["plan"], 0);
    let risk =
        " kB are left at `/var/lib/sslscale`, and a deploy may need more; `df -h` on the host shows what is full\n";
    assert_eq!(plan.matches(risk).count(), 1, "{plan}");
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 3);
    app2.run("umount /var/lib/sslscale");
    let lines = told(&text);
    let [first, whys @ .., last] = &lines[..] else { panic!("{text}") };
    assert_eq!((*first, *last), ("error: app2: the files could not be stored", "nothing was changed"), "{text}");
    let [why, help] = whys else { panic!("{text}") };
    // The path is that of the file system that is full.
    assert!(why.starts_with("  | /var/lib/sslscale/") && why.contains("No space left on device"), "{text}");
    assert_eq!(*help, ROOM);
    fleet.is_as_before();
    fleet.refuses_where(
        app2,
        "mount -t tmpfs -o size=16k,mode=0700 tmpfs /var/lib/sslscale; cat /dev/zero >/var/lib/sslscale/full 2>/dev/null; true",
        "umount /var/lib/sslscale",
        &["error: app2: /var/lib/sslscale cannot be written: No space left on device", ROOM, WITHOUT],
    );
    fleet.refuses_where(
        app2,
        "mount --bind /etc /etc && mount -o remount,bind,ro /etc",
        "umount /etc",
        &["error: app2: /etc/nginx/conf.d cannot be written"],
    );
}

#[test]
fn who_cannot_be_reached() {
    let Some(fleet) = Deployed::new() else { return };
    {
        let _cut = fleet.served.fleet.cut("app2");
        let text = fleet.run(&fleet.second, &["deploy", "--yes"], 3);
        assert_eq!(
            told(&text),
            [
                "error: app2: nothing answers",
                "  | ssh: connect to host 10.0.0.12 port 22: Connection timed out",
                "  help: check that the host is up and sshd listens: `ssh -i /run/hosts/login root@10.0.0.12 true`",
                WITHOUT,
                "nothing was changed",
            ],
            "{text}"
        );
    }
    fleet.is_as_before();
    let keys = [host_key(&fleet.served, "app2"), host_key(&fleet.served, "app1")];
    let wrong = fleet.second.replace(&keys[0], &keys[1]);
    let mut print = fleet.served.fleet.command("ssh-keygen");
    let print = print.args(["-l", "-f", "/run/hosts/app2.key.pub"]).output().unwrap();
    let print = String::from_utf8(print.stdout).unwrap();
    fleet.refuses(
        &wrong,
        &[],
        &[
            "error: app2: its host key is not in `host_keys`",
            &format!("  | {}.", print.split(' ').nth(1).unwrap()),
            "  help: find out why before anything else; if the host is new, put its key into `ssh.host_keys`",
            WITHOUT,
        ],
    );
    user_with_sudo(&fleet.served);
    let app2 = fleet.host("app2");
    app2.run("rm /etc/sudoers.d/deploy");
    fleet.refuses(
        &fleet.second.replace("user: root", "user: deploy"),
        &[],
        &[
            "error: app2: sudo asks for a password",
            "  | sudo: a password is required",
            "  help: let the user run commands as root without a password, so that this works: \
             `ssh -i /run/hosts/login deploy@10.0.0.12 sudo -n true`",
            WITHOUT,
        ],
    );
}
