//! `check --fix`, `--unsafe-fixes` and `--diff` on real files: what is written, what is said,
//! what is left alone, and what is refused.

mod mutated;
mod refused;

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use crate::support::{Sslscale, pin};

/// A balancer that is not trusted, in an inventory with a style of its own.
const BROKEN: &str = "\
# Our fleet.
load_balancers:
  - { name: lb1, address: 10.0.0.10 }   # left
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
trusted_proxies:
      - '10.0.0.10/32'   # lb1
# The end.
haproxy: { balance: source }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

/// What `--fix` makes of it.
fn fixed() -> String {
    BROKEN.replace("   # lb1\n", "   # lb1\n      - 10.0.0.20/32\n")
}

const FIXED: &str = "inventory.yaml: fixed 1 finding (PX05)\n";
const OK: &str = "ok: 2 balancers, 2 app servers, 1 site";

/// A directory with the inventory and a command.
fn broken(arguments: &[&str]) -> Sslscale {
    Sslscale::new(arguments).inventory(BROKEN)
}

fn text(run: &Sslscale) -> String {
    fs::read_to_string(run.dir().join("inventory.yaml")).unwrap()
}

/// The names in the directory: a temporary file would be among them.
fn names(run: &Sslscale) -> Vec<String> {
    let entries = fs::read_dir(run.dir()).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_fixed_is_written_once_and_said() {
    let run = broken(&["check", "--fix", "inventory.yaml"]);
    let path = run.dir().join("inventory.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = run.run().without_skipped();
    assert_eq!((said.status, said.stdout), (0, format!("inventory.yaml: {OK}\n")));
    assert_eq!(said.stderr, FIXED);
    assert_eq!(text(&run), fixed());
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o640);
    assert_eq!(names(&run), ["inventory.yaml"]);
    // Nothing is left to fix, and what is right is not written again.
    let again = run.run();
    assert!(again.status == 0 && !again.stderr.contains("fixed"), "{}", again.all());
    assert_eq!(fs::metadata(&path).unwrap().ino(), metadata.ino());
}

#[test]
fn what_is_left_is_reported_and_decides_the_exit_code() {
    let wide = BROKEN.replace("'10.0.0.10/32'", "0.0.0.0/1") + "high_availability: { virtual_addresses: [] }\n";
    let run =
        Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(wide.replace("10.0.0.20 }", "192.0.2.20 }"));
    let said = run.run();
    assert!(said.stderr.starts_with(FIXED), "{}", said.all());
    // The report is on the text as it is now.
    let report = run.run_with(&["check", "--format", "json", "inventory.yaml"]);
    let fixing = Sslscale::new(&["check", "--fix", "--format", "json", "inventory.yaml"])
        .inventory(wide.replace("10.0.0.20 }", "192.0.2.20 }"))
        .run();
    assert_eq!((fixing.stdout, fixing.status), (report.stdout, report.status));
    assert_eq!(fixing.stderr, FIXED);
}

#[test]
fn a_diff_changes_nothing_and_is_what_patch_takes() {
    let run = broken(&["check", "--diff", "inventory.yaml"]);
    let said = run.run();
    assert_eq!((said.status, text(&run).as_str()), (1, BROKEN));
    assert_eq!(said.stderr, "inventory.yaml: would fix 1 finding (PX05)\n");
    let wanted = "\
--- a/inventory.yaml
+++ b/inventory.yaml
@@ -7,6 +7,7 @@
   - { name: srv2, address: 10.0.0.12 }
 trusted_proxies:
       - '10.0.0.10/32'   # lb1
+      - 10.0.0.20/32
 # The end.
 haproxy: { balance: source }
 sites:
";
    assert_eq!(said.stdout, wanted);
    assert_eq!(run.run_with(&["check", "--fix", "--diff", "inventory.yaml"]), said);
    assert_eq!(run.run_with(&["check", "--diff", "--exit-zero", "inventory.yaml"]).status, 0);
    // The same file is shown once, however often and by whatever name it is given.
    assert_eq!(run.run_with(&["check", "--diff", "inventory.yaml", "./inventory.yaml"]).stdout, wanted);
    run.run_with(&["check", "--fix", "inventory.yaml"]);
    let nothing = run.run();
    assert_eq!((nothing.status, nothing.stdout.as_str(), nothing.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_diff_says_what_would_be_left() {
    // With something to fix beside it and with nothing.
    let unknown = BROKEN.replace("root: /srv/example", "root: srv/example");
    let run = Sslscale::new(&["check", "--diff", "inventory.yaml"]).inventory(&unknown);
    let said = run.run();
    assert_eq!((said.status, said.stdout.as_str()), (1, ""));
    pin("fix-diff-left", &said.stderr);
    assert_eq!(run.run_with(&["check", "--diff", "--exit-zero", "inventory.yaml"]).status, 0);
    assert_eq!(text(&run), unknown);
    // What is no error fails where it is asked to.
    let run = Sslscale::new(&[]).inventory(fixed());
    assert_eq!(run.run_with(&["check", "--diff", "inventory.yaml"]).status, 0);
    let info = run.run_with(&["check", "--diff", "--fail-on", "info", "inventory.yaml"]);
    assert_eq!(info.status, run.run_with(&["check", "--fail-on", "info", "inventory.yaml"]).status);
}

#[test]
fn patch_makes_of_a_diff_what_fix_makes() {
    if !crate::support::need::programs(&["patch"]) {
        return;
    }
    let crlf = BROKEN.replace('\n', "\r\n");
    let open = BROKEN.trim_end().replace("trusted_proxies:\n      - '10.0.0.10/32'   # lb1\n", "")
        + "\ntrusted_proxies:\n- 10.0.0.10/32";
    for text in [BROKEN, &crlf, &format!("\u{feff}{BROKEN}"), &open] {
        let run = Sslscale::new(&["check", "--diff", "inventory.yaml"]).inventory(text);
        let diff = run.run().stdout;
        let mut patch = Command::new("patch");
        patch.args(["-p1", "--binary", "-s"]).current_dir(run.dir()).stdin(Stdio::piped());
        let mut patch = patch.spawn().unwrap();
        patch.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
        assert!(patch.wait().unwrap().success(), "{diff}");
        let patched = fs::read(run.dir().join("inventory.yaml")).unwrap();
        let fixing = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(text);
        fixing.run();
        assert_eq!(patched, fs::read(fixing.dir().join("inventory.yaml")).unwrap(), "{diff}");
        assert_ne!(patched, text.as_bytes());
    }
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let fix = |arguments: &[&str], input: &str| Sslscale::new(arguments).input(input).run().without_skipped();
    let said = fix(&["check", "--fix", "-"], BROKEN);
    assert_eq!((said.status, said.stdout), (0, fixed()));
    assert!(said.stderr.starts_with("<stdin>: fixed 1 finding (PX05)\n"), "{}", said.stderr);
    assert!(said.stderr.contains(&format!("<stdin>: {OK}")), "{}", said.stderr);
    // A pipeline gets back what it put in where there is nothing to fix, sound or not.
    let sound = fix(&["check", "--fix", "-"], &fixed());
    assert_eq!((sound.status, sound.stdout), (0, fixed()));
    assert!(!sound.stderr.contains("fixed"), "{}", sound.stderr);
    let wrong = fix(&["check", "--fix", "-"], "sites: [\n");
    assert_eq!((wrong.status, wrong.stdout.as_str()), (2, "sites: [\n"));
    assert!(wrong.stderr.starts_with("error[IN02]"), "{}", wrong.stderr);
    // For programs the report goes to standard error too.
    let json = fix(&["check", "--fix", "--format", "json", "-"], BROKEN);
    assert_eq!(json.stdout, fixed());
    assert!(json.stderr.contains("\n{\n  \"version\": "), "{}", json.stderr);
    let checked = fix(&["check", "-"], BROKEN);
    assert!(checked.stderr.contains("; 1 fixable with `--fix`"), "{}", checked.stderr);
    let diff = fix(&["check", "--diff", "-"], BROKEN);
    assert!(diff.status == 1 && diff.stdout.starts_with("--- a/<stdin>\n+++ b/<stdin>\n"), "{}", diff.all());
}

#[test]
fn what_is_no_text_is_not_echoed() {
    let said = Sslscale::new(&["check", "--fix", "-"]).input(b"sites: \xff\n").run();
    assert_eq!((said.status, said.stdout.as_str()), (2, ""));
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let run = Sslscale::new(&["check", "--fix", "link.yaml"]).file("real/fleet.yaml", BROKEN);
    symlink("real/fleet.yaml", run.dir().join("link.yaml")).unwrap();
    assert_eq!(run.run().status, 0);
    assert_eq!(fs::read_link(run.dir().join("link.yaml")).unwrap().to_str(), Some("real/fleet.yaml"));
    assert_eq!(fs::read_to_string(run.dir().join("real/fleet.yaml")).unwrap(), fixed());
    assert_eq!(fs::read_dir(run.dir().join("real")).unwrap().count(), 1);
}

#[test]
fn a_second_name_of_the_file_is_told_of() {
    let run = broken(&["check", "--fix", "inventory.yaml"]);
    fs::hard_link(run.dir().join("inventory.yaml"), run.dir().join("other.yaml")).unwrap();
    let said = run.run().without_skipped();
    assert_eq!(said.status, 0);
    pin("fix-hard-link", &said.all());
    assert_eq!(fs::read_to_string(run.dir().join("other.yaml")).unwrap(), BROKEN);
}

#[test]
fn a_name_that_is_no_text_is_the_file_that_is_fixed() {
    let run = broken(&[]);
    let name = std::ffi::OsStr::from_bytes(b"fl\xffeet.yaml");
    fs::rename(run.dir().join("inventory.yaml"), run.dir().join(name)).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("sslscale").unwrap();
    command.args(["check", "--fix"]).arg(name).current_dir(run.dir()).assert().success();
    assert_eq!(fs::read_to_string(run.dir().join(name)).unwrap(), fixed());
    assert_eq!(names(&run).len(), 1);
}

#[test]
fn an_inventory_that_is_given_twice_is_fixed_once() {
    let run = broken(&["check", "--fix", "inventory.yaml", "./inventory.yaml"]);
    let said = run.run().without_skipped();
    assert_eq!((said.status, said.stderr.as_str()), (0, FIXED));
    assert_eq!(text(&run), fixed());
}

#[test]
fn any_number_of_addresses_is_added_at_once() {
    let balancers: String =
        (0..250).map(|i| format!("  - {{ name: b{i}, address: [10.9.0.{i}, \"fd00::{i}\"] }}\n")).collect();
    let many = BROKEN.replace("app_servers:\n", &format!("{balancers}app_servers:\n"));
    let many = many.replace("10.0.0.12 }", "\"fd00:1::12\" }");
    let many = many
        .replace("10.0.0.10 }", "[10.0.0.10, \"fd00:1::1\"] }")
        .replace("10.0.0.20 }", "[10.0.0.20, \"fd00:1::2\"] }");
    let run = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(&many);
    let said = run.run();
    let first = said.stderr.lines().next().unwrap_or_default().to_owned();
    // Every balancer over both families, and those that stood there over one or both.
    assert_eq!(
        first,
        "inventory.yaml: fixed 503 findings (251 × PX05, 252 × PX06)",
        "{}",
        said.all().chars().take(2_000).collect::<String>()
    );
    assert_eq!((0..250).filter(|i| text(&run).contains(&format!("      - 10.9.0.{i}/32\n"))).count(), 250);
    let again = run.run().stderr;
    assert!(!again.contains("fixed") && !again.contains("PX0"), "{again}");
}

#[test]
fn what_an_alias_repeats_elsewhere_is_not_changed_unseen() {
    let shared = fixed().replace("{ balance: source }", "{ balance: source, redispatch: &off false }");
    let shared = shared + "nginx: { http2: *off }\n";
    let run = Sslscale::new(&["check", "--fix", "inventory.yaml"]).inventory(&shared);
    let said = run.run();
    assert!(said.stderr.contains("[HP07]"), "{}", said.all());
    assert_eq!(text(&run), shared);
    let json = run.run_with(&["check", "--format", "json", "inventory.yaml"]).stdout;
    assert!(json.contains("\"unsafe\"") && !json.contains("\"safe\""), "{json}");
    run.run_with(&["check", "--fix", "--unsafe-fixes", "inventory.yaml"]);
    assert_eq!(text(&run), shared.replace("&off false", "&off true"));
    // An anchor that nothing repeats is in nobody's way.
    let alone = shared.replace("*off", "false");
    let run = Sslscale::new(&["check", "--fix", "--unsafe-fixes", "inventory.yaml"]).inventory(&alone);
    run.run();
    assert_eq!(text(&run), alone.replace("&off false", "&off true"));
}
