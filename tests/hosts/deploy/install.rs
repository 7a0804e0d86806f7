//! Hosts without their packages, and an apt that has them in a directory: `deploy --install`.

use super::{nothing_pending, run, to_stock};
use crate::fleet::Host;
use crate::served::{Shared, UP_TO_DATE};
use crate::ssh::pinned;

/// Makes packages of what is installed, with their own scripts and the files of the release, in a directory that apt
/// installs from. Nothing else is a source of apt then.
const REPOSITORY: &str = "
set -eu
rm -rf /srv/debs && mkdir -p /srv/debs && cd /srv/debs
for package; do
    tree=$package.tree
    mkdir -p $tree/DEBIAN
    # A list of the package's own files, parents first.
    while read -r path; do
        [ \"$path\" != /. ] || continue
        # Links at the top are those of a merged /usr.
        case $path in /*/*) [ ! -L \"$path\" ] ;; esac && [ -d \"$path\" ] && { mkdir -p \"$tree$path\"; continue; }
        [ -e \"$path\" ] || [ -L \"$path\" ] || continue
        mkdir -p \"$tree${path%/*}\" && cp -a \"$path\" \"$tree$path\"
    done <\"$(ls /var/lib/dpkg/info/$package.list /var/lib/dpkg/info/$package:amd64.list 2>/dev/null | head -n 1)\"
    dpkg-query -s $package | sed '/^Status:/d; /^Conffiles:/,/^[^ ]/{/^Conffiles:/d; /^ /d;}' >$tree/DEBIAN/control
    for script in preinst postinst prerm postrm conffiles triggers; do
        file=/var/lib/dpkg/info/$package.$script
        [ ! -e $file ] || cp -a $file $tree/DEBIAN/$script
    done
    dpkg-deb --root-owner-group -Znone -b $tree $package.deb >/dev/null
    { dpkg-deb -f $package.deb; echo \"Filename: ./$package.deb\"; echo \"Size: $(stat -c %s $package.deb)\"
      echo \"SHA256: $(sha256sum <$package.deb | cut -d ' ' -f 1)\"; echo; } >>Packages
    rm -rf $tree
done
mkdir -p /srv/sources && mv /etc/apt/sources.list /etc/apt/sources.list.d/* /srv/sources/ 2>/dev/null || true
echo 'deb [trusted=yes] file:/srv/debs ./' >/etc/apt/sources.list
";
const RESTORE: &str = "rm -f /etc/apt/sources.list; mv /srv/sources/* /etc/apt/sources.list.d/ 2>/dev/null; rm -rf /srv/debs /srv/sources; true";

fn prepare(host: &Host, program: &str, packages: &str) {
    host.run(&format!("set -- {packages}\n{REPOSITORY}"));
    host.run(&format!(
        "DEBIAN_FRONTEND=noninteractive dpkg --purge {packages} >/dev/null 2>&1; ! command -v {program}"
    ));
}

#[test]
fn packages_are_installed_and_the_fleet_serves() {
    let Some(served) = Shared::get() else { return };
    to_stock(&served);
    let inventory = pinned(&served) + "tickets: per_host\n";
    let nginx = ("nginx", "nginx nginx-common");
    let hosts = [("lb2", ("haproxy", "haproxy")), ("app1", nginx), ("app2", nginx)];
    for (name, (program, packages)) in hosts {
        prepare(served.host(name), program, packages);
    }
    let refused = run(&served, &inventory, &["deploy", "--yes"], 3);
    assert!(refused.contains("error: lb2: haproxy is not installed\n  help: `sslscale deploy --install "), "{refused}");
    let shown = run(&served, &inventory, &["deploy", "--dry-run", "--install"], 0);
    assert!(shown.starts_with("lb2: installs haproxy\n  apt-get -q update; "), "{shown}");
    assert!(!served.host("lb2").succeeds("command -v haproxy"));

    // A package that apt does not know, and a lock that it cannot get.
    let (app2, packages) = (served.host("app2"), "/srv/debs/Packages");
    app2.run(&format!("mv {packages} /srv/kept; : >{packages}"));
    let unknown = run(&served, &inventory, &["deploy", "--yes", "--install"], 3);
    app2.run(&format!("mv /srv/kept {packages}"));
    assert!(unknown.contains("error: app2: apt-get could not install nginx\n  | E: "), "{unknown}");
    assert!(unknown.contains("nothing was changed, but packages are installed on lb2, app1\n"), "{unknown}");
    for host in served.fleet.hosts() {
        host.run("! ls -d /etc/haproxy/sslscale* /etc/nginx/conf.d/sslscale* /var/lib/sslscale/releases 2>/dev/null");
    }

    let deployed = run(&served, &inventory, &["deploy", "--yes", "--install"], 0);
    assert!(deployed.contains("app2: installs nginx\n") && deployed.contains("app2 has nginx now ("), "{deployed}");
    assert!(deployed.contains(" is in use: 6 hosts changed\n"), "{deployed}");
    assert_eq!(run(&served, &inventory, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    nothing_pending(&served);
    for (name, ..) in hosts {
        served.host(name).run(RESTORE);
    }
}
