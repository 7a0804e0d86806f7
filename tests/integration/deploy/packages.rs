//! Packages that hosts lack: what is shown, asked and reported. On hosts, apt is real.

use serde_json::{Value, json};

use super::INVENTORY;
use crate::support::{Run, Sslscale, scripted};

/// A host without its program. `$1` is what installing it ends with, and a line that apt wrote.
const HOST: &str = "\
case $text in
*'Installs packages with'*) answer \"$1\"; echo \"$2\" >&2 ;;
*) answer 'unit inactive not-found
end' ;;
esac
";

fn host(name: &str, result: &str, line: &str) -> Value {
    scripted::host(name, HOST, &[&format!("sslscale-result {result}"), line])
}

/// A hosts file in which only `srv2` is different.
fn hosts(srv2: Value) -> String {
    let done = |name| (name, host(name, "done", ""));
    scripted::hosts_file([done("lb1"), done("srv1"), ("srv2", srv2)])
}

fn fleet(srv2: Value) -> Sslscale {
    Sslscale::new(&[]).inventory(INVENTORY).file("hosts.json", hosts(srv2))
}

fn deploy(fleet: &Sslscale, words: &[&str], code: i32) -> Run {
    let run = fleet.run_with(&[&["deploy", "inventory.yaml", "--hosts-file", "hosts.json"], words].concat());
    assert_eq!(run.status, code, "{words:?}: {}", run.all());
    run
}

fn command(package: &str) -> String {
    format!(
        "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=60 \
         -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install -y --no-install-recommends {package}"
    )
}

#[test]
fn the_command_is_shown_before_anything_is_installed() {
    let fleet = fleet(host("srv2", "done", ""));
    let refused = deploy(&fleet, &["--yes"], 3);
    let help = "error: srv1, srv2: nginx is not installed\n  help: `sslscale deploy --install inventory.yaml \
                --hosts-file hosts.json` installs it; or on the host: `apt-get install nginx`\n";
    assert!(refused.stderr.contains(help) && refused.stderr.ends_with("nothing was changed\n"), "{}", refused.all());
    let shown = format!(
        "lb1: installs haproxy\n  {}\nsrv1, srv2: installs nginx\n  {}\n",
        command("haproxy"),
        command("nginx")
    );
    let dry = deploy(&fleet, &["--dry-run", "--install"], 0);
    assert_eq!(dry.stdout, shown);
    assert_eq!(dry.stderr, "nothing was changed; without these packages the files cannot be checked\n");
    // Nobody is there to be asked.
    let asked = deploy(&fleet, &["--install"], 2);
    assert_eq!(asked.stdout, shown);
    assert!(asked.stderr.starts_with("error: there is no terminal"), "{}", asked.all());
}

#[test]
fn a_package_that_cannot_be_installed_stops_before_any_change() {
    let why = "untouched: apt-get could not install nginx";
    let fleet = fleet(host("srv2", why, "E: Unable to locate package nginx"));
    let failed = deploy(&fleet, &["--yes", "--install"], 3);
    let error = "error: srv2: apt-get could not install nginx\n  | E: Unable to locate package nginx\n";
    assert!(failed.stderr.contains(error), "{}", failed.all());
    let end = "  help: correct it on the host, where the command above can be run by hand, and deploy again\n\
               nothing was changed, but packages are installed on lb1, srv1\n";
    assert!(failed.stderr.ends_with(end), "{}", failed.all());
    let json = deploy(&fleet, &["--yes", "--install", "--format", "json"], 3);
    let lines: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["event"] == "install"), "{}", json.stdout);
    let of_srv2: Vec<&Value> = lines.iter().filter(|line| line["host"] == "srv2").collect();
    assert_eq!(of_srv2[0]["command"], command("nginx"));
    assert_eq!((&of_srv2[0]["result"], &of_srv2[1]["result"]), (&Value::Null, &"untouched".into()));
    assert_eq!(of_srv2[1]["reason"], "apt-get could not install nginx\nE: Unable to locate package nginx");
}

#[test]
fn what_a_package_does_not_solve_is_reported_as_without_the_option() {
    // A host that is away.
    let fleet = fleet(json!(["false", "srv2"]));
    let refused = deploy(&fleet, &["--yes", "--install"], 3);
    assert!(refused.stderr.contains("error: srv1: nginx is not installed\n"), "{}", refused.all());
    assert!(!refused.stdout.contains("apt-get"), "{}", refused.all());
    // After it was installed, everything is looked at again: these hosts are still without it.
    std::fs::write(fleet.dir().join("hosts.json"), hosts(host("srv2", "done", ""))).unwrap();
    let again = deploy(&fleet, &["--yes", "--install"], 3);
    assert!(again.stderr.contains("lb1 has haproxy now ("), "{}", again.all());
    assert!(again.stderr.contains("error: srv1, srv2: nginx is not installed\n"), "{}", again.all());
}
