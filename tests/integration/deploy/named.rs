//! Files that another one names: whenever that is read, they are there, and belong to it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::support::Sslscale;
use crate::support::roots::{INVENTORY, fleet, run};

/// A site with this many names, which are in a file if there are more than twenty.
fn inventory(names: usize) -> String {
    let more: String = (1..names).map(|number| format!(", n{number}.example.com")).collect();
    let named = INVENTORY.replace("server_name: example.com", &format!("server_name: [example.com{more}]"));
    named + "haproxy: { unknown_names: reject }\n"
}

fn write(fleet: &Sslscale, names: usize) {
    fs::write(fleet.dir().join("inventory.yaml"), inventory(names)).unwrap();
}

/// The directory of haproxy on the balancer.
fn haproxy(fleet: &Sslscale) -> PathBuf {
    fleet.dir().join("roots/lb1/etc/haproxy")
}

/// The file of names that haproxy.cfg in this directory names, which has to be there and to be the one that was meant.
fn named(haproxy: &Path) -> String {
    let cfg = fs::read_to_string(haproxy.join("haproxy.cfg")).unwrap();
    let path = cfg.split_once("map_str(").unwrap().1.split_once(')').unwrap().0.to_owned();
    let name = path.trim_start_matches("/etc/haproxy/");
    let map = fs::read_to_string(haproxy.join(name)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let revision = name.trim_start_matches("sslscale-names-").trim_end_matches(".map");
    assert!(map.contains(&format!("# Revision {revision}\n")), "{path}: {map}");
    path
}

/// The files of names that are there.
fn all(fleet: &Sslscale) -> Vec<String> {
    let entries = fs::read_dir(haproxy(fleet)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name.contains("map")).map(|it| format!("/etc/haproxy/{it}")).collect();
    names.sort();
    names
}

#[test]
fn new_names_are_in_a_new_file_and_the_old_one_goes() {
    let Some(fleet) = fleet(&inventory(21)) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    let first = named(&haproxy(&fleet));
    assert_eq!(all(&fleet), [first.as_str()]);
    write(&fleet, 22);
    run(&fleet, &["deploy", "--yes"], 0);
    let second = named(&haproxy(&fleet));
    assert_ne!(first, second);
    assert_eq!(all(&fleet), [second.as_str()]);
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!((named(&haproxy(&fleet)), all(&fleet)), (first.clone(), vec![first]));
    // Few names are lines of haproxy.cfg.
    write(&fleet, 20);
    run(&fleet, &["deploy", "--yes"], 0);
    assert_eq!(all(&fleet), [""; 0]);
    // The rendered tree has only the new one, too.
    let render = || fleet.run_with(&["render", "inventory.yaml", "-o", "out"]).status;
    let maps = || {
        let entries = fs::read_dir(fleet.dir().join("out/lb1/etc/haproxy")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "map")).count()
    };
    for names in [21, 22] {
        write(&fleet, names);
        assert_eq!((render(), maps()), (0, 1));
    }
}

/// Puts programs before the host's own that count the files that scripts change. A script that is about to change one
/// whose number is in `stop` is killed, and what there is then of haproxy is kept in `seen`.
fn killers(dir: &Path) {
    let put = |name: &str, script: String| {
        fs::write(dir.join(name), script).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let dir = dir.display();
    for name in ["mv", "rm", "perl"] {
        let script = "#!/bin/sh\ncase \"$*\" in\n*/roots/lb1/etc/*)\n    number=$(($(cat DIR/count) + 1))\n    \
            echo $number >DIR/count\n    case $(cat DIR/stop) in\n    *\" $number \"*)\n        \
            cp -a DIR/../roots/lb1/etc/haproxy DIR/seen/$number\n        kill -9 0\n        ;;\n    esac\n    ;;\nesac\n\
            exec /bin/NAME \"$@\"\n";
        put(name, script.replace("DIR", &dir.to_string()).replace("NAME", name));
    }
    // Scripts look for programs in the places that every host has.
    let places = format!("s#^PATH=/usr/local/sbin:#PATH={dir}:/usr/local/sbin:#");
    put(
        "sh",
        format!("#!/bin/sh\n[ \"${{1-}}\" = -s ] || exec /bin/sh \"$@\"\nsed '{places}' | exec /bin/sh \"$@\"\n"),
    );
}

#[test]
fn wherever_a_change_is_killed_haproxy_finds_what_its_configuration_names() {
    let Some(fleet) = fleet(&inventory(21)) else { return };
    run(&fleet, &["deploy", "--yes"], 0);
    let (first, dir) = (named(&haproxy(&fleet)), fleet.dir().join("killers"));
    fs::create_dir(&dir).unwrap();
    killers(&dir);
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let go = |stop: &str, words: &[&str]| {
        let _ = fs::remove_dir_all(dir.join("seen"));
        fs::create_dir(dir.join("seen")).unwrap();
        fs::write(dir.join("count"), "0\n").unwrap();
        fs::write(dir.join("stop"), stop).unwrap();
        let mut command = Command::cargo_bin("sslscale").unwrap();
        command.args([words[0], "inventory.yaml", "--roots", "roots"]).args(&words[1..]).current_dir(fleet.dir());
        let status = command.env_clear().env("PATH", &path).output().unwrap().status.code();
        let seen = fs::read_dir(dir.join("seen")).unwrap();
        let seen: Vec<String> = seen.map(|it| named(&it.unwrap().path())).collect();
        (status, seen)
    };
    write(&fleet, 22);
    let mut met = BTreeSet::new();
    for stop in 1.. {
        // What undoes it is killed, too, and is then done again.
        for later in 1..=3 {
            let (status, seen) = go(&format!(" {stop} {} ", stop + later), &["deploy", "--yes", "--only", "lb1"]);
            met.extend(seen.iter().cloned());
            if seen.is_empty() {
                assert!(status == Some(0) && stop > 3, "{stop}: {status:?}");
                let second = named(&haproxy(&fleet));
                assert_eq!((all(&fleet), met), (vec![second.clone()], BTreeSet::from([first, second])));
                return;
            }
            assert_ne!(status, Some(0), "{stop}");
            named(&haproxy(&fleet));
            go("", &["unlock", "--yes"]);
            assert_eq!((named(&haproxy(&fleet)), all(&fleet)), (first.clone(), vec![first.clone()]), "{stop} {later}");
        }
    }
}
