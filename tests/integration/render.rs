//! `render` into a directory: what it writes, what it leaves alone, what it removes.

mod document;
mod links;
mod log_formats;
mod proxy_header;
mod revision;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::{Sslscale, pin, repository};

const BLOG: &str = include_str!("../../inventories/blog.yaml");
const CONF: &str = "out/srv1/etc/nginx/conf.d/sslscale.conf";

fn blog() -> Sslscale {
    Sslscale::new(&["render", "inventory.yaml", "-o", "out"]).inventory(BLOG)
}

/// Every file below a directory, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap()) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

#[test]
fn the_tree_has_the_bytes_that_standard_output_shows_and_a_manifest() {
    let run = blog();
    let report = run.run();
    assert_eq!((report.status, report.stderr.as_str()), (0, "out: 7 written, 0 unchanged, 0 removed\n"));
    let names: Vec<String> =
        files(run.dir()).iter().map(|p| p.strip_prefix(run.dir()).unwrap().display().to_string()).collect();
    let expected = [
        "inventory.yaml",
        "out/lb1/etc/haproxy/haproxy.cfg",
        "out/lb1/etc/haproxy/sslscale-state.pl",
        "out/lb1/etc/systemd/system/haproxy.service.d/sslscale.conf",
        "out/manifest.json",
        CONF,
        "out/srv1/etc/nginx/modules-enabled/90-sslscale.conf",
        "out/srv2/etc/nginx/conf.d/sslscale.conf",
        "out/srv2/etc/nginx/modules-enabled/90-sslscale.conf",
    ];
    assert_eq!(names, expected);
    let shown = run.run_with(&["render", "inventory.yaml", "--host", "srv1"]).stdout;
    let conf = fs::read_to_string(run.dir().join(CONF)).unwrap();
    let first = format!("==> /etc/nginx/conf.d/sslscale.conf on srv1 <==\n{conf}\n==> ");
    assert!(shown.starts_with(&first), "{shown}");
    pin("manifest-blog", &fs::read_to_string(run.dir().join("out/manifest.json")).unwrap());
    assert_eq!(fs::metadata(run.dir().join(CONF)).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn unchanged_files_are_not_touched_and_changed_ones_are_replaced_by_a_rename() {
    let run = blog();
    run.run();
    let identity = |path: &str| fs::metadata(run.dir().join(path)).map(|m| (m.ino(), m.mtime_nsec())).unwrap();
    let before = identity(CONF);
    assert_eq!(run.run().stderr, "out: 0 written, 7 unchanged, 0 removed\n");
    assert_eq!(identity(CONF), before);
    fs::write(run.dir().join(CONF), "by hand").unwrap();
    let edited = identity(CONF);
    assert_eq!(run.run().stderr, "out: 1 written, 6 unchanged, 0 removed\n");
    assert_ne!(identity(CONF).0, edited.0, "the file was written in place, where a reader could see half of it");
    assert!(files(run.dir()).iter().all(|p| !p.file_name().unwrap().to_str().unwrap().starts_with('.')));
}

#[test]
fn a_changed_mode_and_a_symbolic_link_are_put_right() {
    let run = blog();
    run.run();
    let path = run.dir().join(CONF);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(run.run().stderr, "out: 1 written, 6 unchanged, 0 removed\n");
    fs::rename(&path, run.dir().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(run.dir().join("elsewhere"), &path).unwrap();
    assert_eq!(run.run().stderr, "out: 1 written, 6 unchanged, 0 removed\n");
    assert!(path.symlink_metadata().unwrap().is_file());
}

#[test]
fn stale_files_of_ours_go_and_nobody_elses_do() {
    let run = blog();
    run.run();
    let foreign = run.dir().join("out/srv2/etc/nginx/conf.d/mine.conf");
    fs::write(&foreign, "mine").unwrap();
    fs::write(run.dir().join("out/notes.txt"), "mine").unwrap();
    let smaller = BLOG.replace("  - { name: srv2, address: 10.0.0.12 }\n", "");
    let run = run.inventory(&smaller);
    let report = run.run();
    let removed = "\n  removed srv2/etc/nginx/conf.d/sslscale.conf\n  \
                   removed srv2/etc/nginx/modules-enabled/90-sslscale.conf\n";
    assert!(report.stderr.ends_with(removed), "{}", report.stderr);
    assert!(foreign.exists() && run.dir().join("out/notes.txt").exists());
    assert!(!run.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf").exists());
}

#[test]
fn a_stale_file_that_somebody_edited_is_left_and_named() {
    let run = blog();
    run.run();
    fs::write(run.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf"), "edited").unwrap();
    let run = run.inventory(BLOG.replace("  - { name: srv2, address: 10.0.0.12 }\n", ""));
    let report = run.run();
    assert!(report.stderr.contains("kept srv2/etc/nginx/conf.d/sslscale.conf: no longer rendered, but edited"));
    assert!(run.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf").exists());
}

#[test]
fn one_host_can_be_rendered_alone() {
    let run = blog();
    run.run();
    let manifest = fs::read(run.dir().join("out/manifest.json")).unwrap();
    fs::write(run.dir().join(CONF), "old").unwrap();
    fs::write(run.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf"), "old").unwrap();
    let report = run.run_with(&["render", "inventory.yaml", "-o", "out", "--host", "srv1"]);
    assert_eq!(report.stderr, "out: 1 written, 1 unchanged, 0 removed\n");
    assert_eq!(fs::read(run.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf")).unwrap(), b"old");
    assert_eq!(fs::read(run.dir().join("out/manifest.json")).unwrap(), manifest);
    let unknown = run.run_with(&["render", "inventory.yaml", "--host", "srv3"]);
    assert_eq!(unknown.status, 2);
    assert_eq!(
        unknown.stderr,
        "error: the inventory has no host `srv3`\n  help: hosts of the inventory: lb1, srv1, srv2\n"
    );
}

#[test]
fn check_and_diff_change_nothing_and_tell() {
    let run = blog();
    let check = ["render", "inventory.yaml", "-o", "out", "--check"];
    let missing = run.run_with(&check);
    assert_eq!((missing.status, missing.stdout.lines().count()), (1, 7), "{}", missing.stdout);
    assert!(!run.dir().join("out").exists());
    run.run();
    let clean = run.run_with(&check);
    assert_eq!((clean.status, clean.stderr.as_str()), (0, "out: up to date\n"));
    let run = run.inventory(BLOG.replace("10.0.0.10 }", "10.0.0.10, haproxy: { maxconn: 9000 } }"));
    let before = files(run.dir());
    let stale = run.run_with(&check);
    assert_eq!(stale.status, 1);
    assert!(stale.stdout.contains("out of date: out/lb1/etc/haproxy/haproxy.cfg\n"), "{}", stale.stdout);
    let diff = run.run_with(&["render", "inventory.yaml", "-o", "out", "--diff"]);
    assert_eq!(diff.status, 1);
    pin("render-diff", &diff.stdout);
    assert_eq!(files(run.dir()), before);
}

#[test]
fn an_inventory_with_an_error_writes_nothing() {
    let run = blog().inventory(BLOG.replace("10.0.0.11", "10.0.0.300"));
    assert_eq!(run.run().status, 1);
    assert!(!run.dir().join("out").exists());
    assert_eq!(run.inventory("a: [").run().status, 2);
}

#[test]
fn the_users_templates_replace_ours_file_by_file() {
    let run =
        blog().file("mine/haproxy-service.conf.tera", "[Service]\nLimitNOFILE={{ nofile }}\n# mine {{ revision }}\n");
    let run_it = |run: &Sslscale| run.run_with(&["render", "inventory.yaml", "--templates", "mine", "--host", "lb1"]);
    let out = run_it(&run);
    assert!(out.stdout.contains("LimitNOFILE=18432\n# mine "), "{}", out.all());
    assert!(out.stdout.contains("frontend https-in"));
    let broken = run_it(&blog().file("mine/haproxy.cfg.tera", "{{ nonsense }}"));
    assert_eq!(broken.status, 2);
    assert!(broken.stderr.contains("haproxy.cfg.tera") && broken.stderr.contains("nonsense"), "{}", broken.stderr);
    assert!(broken.stderr.contains("\n  help: "), "{}", broken.stderr);
}

// An error of the operating system and no help.
#[test]
fn templates_that_cannot_be_used_are_errors_with_a_help() {
    let run = blog().file("file", "").file("strange/haproxy.conf.tera", "x").file("latin/nginx.conf.tera", b"\xe4");
    fs::create_dir_all(run.dir().join("nested/nginx.conf.tera")).unwrap();
    let refused = |directory| {
        let report = run.run_with(&["render", "inventory.yaml", "--templates", directory]);
        assert!(report.status == 2 && !report.stderr.contains("os error"), "{}", report.all());
        format!("# {directory}\n{}", report.all())
    };
    pin("render-templates-refused", &["none", "file", "strange", "latin", "nested"].map(refused).join("\n"));
}

// "could not create `out`: File exists" did not say what to do.
#[test]
fn a_file_in_place_of_the_directory_is_an_error_with_a_help() {
    let run = blog().file("file", "a file");
    std::os::unix::fs::symlink("gone", run.dir().join("link")).unwrap();
    let refused = |words: &[&str]| {
        let report = run.run_with(&[&["render", "inventory.yaml", "-o"], words].concat());
        assert!(report.status == 2 && !report.stderr.contains("os error"), "{}", report.all());
        format!("# {}\n{}", words.join(" "), report.all())
    };
    let cases = [&["file"][..], &["file/x"], &["file/x/y"], &["link"], &["file", "--host=srv1"], &["file", "--check"]];
    pin("render-output-refused", &cases.map(refused).join("\n"));
    assert_eq!(fs::read(run.dir().join("file")).unwrap(), b"a file");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let run = |line: &str| {
        let binary = env!("CARGO_BIN_EXE_sslscale");
        let script = format!("set -o pipefail; {}", line.replace("sslscale", binary));
        let status = std::process::Command::new("bash").args(["-c", &script]).current_dir(repository()).status();
        status.unwrap().code()
    };
    assert_eq!(run("sslscale render inventories/blog.yaml | true"), Some(0));
    // What was found is told all the same.
    assert_eq!(run("sslscale check README.md 2>&1 | true"), Some(2));
    assert_eq!(run("echo 'sites: 1' | sslscale check --format json - | true"), Some(1));
}

#[test]
fn a_directory_that_is_there_stays_what_it_is() {
    // Empty, with a mode of its own, as a mount point or a shared directory is.
    let run = blog();
    let out = run.dir().join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o2770)).unwrap();
    let before = fs::metadata(&out).unwrap();
    assert_eq!(run.run().status, 0);
    let after = fs::metadata(&out).unwrap();
    assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
    // The current directory cannot be moved over.
    let here = run.run_with(&["render", "inventory.yaml", "-o", "."]);
    assert_eq!((here.status, here.stderr.as_str()), (0, ".: 7 written, 0 unchanged, 0 removed\n"));
}

/// What holds a certificate and its key is as secret as the key.
#[test]
fn one_file_for_both_is_needed_as_a_key() {
    let one = BLOG.replace("/etc/ssl/example/ssl.key", "/etc/ssl/example/ssl.crt");
    assert_ne!(one, BLOG);
    let run = Sslscale::new(&["render", "inventory.yaml", "-o", "out"]).inventory(&one);
    assert_eq!(run.run().status, 0);
    let manifest = fs::read(run.dir().join("out/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let file = &manifest["needs"][1]["files"]["/etc/ssl/example/ssl.crt"];
    assert_eq!((&file["kind"], &file["mode"]), (&"key".into(), &"0600".into()), "{manifest}");
}

/// nginx rejects a log and a certificate in a directory that is not there, and a missing chroot ends haproxy
/// after `haproxy -c` has accepted it.
#[test]
fn directories_that_hosts_need_are_listed_host_by_host() {
    let inventory = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }, { name: lb2, address: 10.0.0.20 }]
http: { acme_challenge: { app_server: srv1, root: /var/www/acme } }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12, nginx: { access_log: /data/logs/access.log } }
  - { name: srv3, address: 10.0.0.13, nginx: { access_log: 'syslog:server=10.0.0.5:514' } }
  - { name: srv4, address: 10.0.0.14, nginx: { log_format: stock } }
  - { name: srv5, address: 10.0.0.15, nginx: { access_log: 'off' } }
sites:
  - { server_name: a.com, root: /srv/a, ssl_certificate: /etc/tls/a.crt, ssl_certificate_key: /etc/keys/a.key }
  - { server_name: b.com, root: /srv/b, ssl_certificate: /etc/tls/b.crt, ssl_certificate_key: /etc/keys/b.key }
";
    let run = Sslscale::new(&["render", "inventory.yaml", "-o", "out"]).inventory(inventory);
    let rendered = run.run();
    assert_eq!(rendered.status, 0, "{}", rendered.all());
    let manifest = fs::read(run.dir().join("out/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let group = |needs: &serde_json::Value| {
        let hosts = needs["hosts"].as_array().unwrap().iter().map(|host| host.as_str().unwrap());
        let directories = needs["directories"].as_object().unwrap().iter();
        let directory = |(path, it): (&String, &serde_json::Value)| format!("{} {path}", it["kind"].as_str().unwrap());
        (hosts.collect::<Vec<_>>().join(" "), directories.map(directory).collect::<Vec<_>>().join(", "))
    };
    let sites = "certificates /etc/keys, certificates /etc/tls, document_root /srv/a, document_root /srv/b";
    let mut groups: Vec<(String, String)> = manifest["needs"].as_array().unwrap().iter().map(group).collect();
    groups.sort();
    let expected = [
        ("lb1 lb2", "runtime /run/haproxy, chroot /var/lib/haproxy".to_owned()),
        ("srv1", format!("{sites}, access_log /var/log/nginx, acme_root /var/www/acme")),
        ("srv2", format!("access_log /data/logs, {sites}")),
        ("srv3 srv4 srv5", sites.to_owned()),
    ];
    assert_eq!(groups, expected.map(|(hosts, directories)| (hosts.to_owned(), directories)));
    // A host that is written alone ends up as if all had been written.
    let before = fs::read(run.dir().join("out/manifest.json")).unwrap();
    for host in ["lb2", "srv4"] {
        assert_eq!(run.run_with(&["render", "inventory.yaml", "-o", "out", "--host", host]).status, 0);
        assert_eq!(fs::read(run.dir().join("out/manifest.json")).unwrap(), before, "{host}");
    }
}

#[test]
fn a_manifest_of_somebody_else_stops_everything() {
    let file = r#""srv1/x":{"sha256":"0","mode":"0644","owner":"root","group":"root"}"#;
    let need = r#""/x":{"kind":"key","mode":"0600","owner":"root","group":"root"}"#;
    // sslscale writes no path twice.
    let twice = format!(r#"{{"version":1,"files":{{{file},{file}}}}}"#);
    let needs = format!(r#"{{"version":1,"files":{{}},"needs":[{{"hosts":["srv1"],"files":{{{need},{need}}}}}]}}"#);
    for theirs in ["{\"name\":\"my web app\"}", "", "{\"version\": 99, \"files\": {}}", &twice, &needs] {
        let run = blog().file("out/manifest.json", theirs);
        for more in [None, Some("--check"), Some("--host=srv1")] {
            let words: Vec<&str> = ["render", "inventory.yaml", "-o", "out"].into_iter().chain(more).collect();
            let report = run.run_with(&words);
            assert_eq!(report.status, 2, "{more:?}");
            assert!(report.stderr.contains("`out/manifest.json` is not a manifest of sslscale"), "{}", report.stderr);
        }
        assert_eq!(fs::read_to_string(run.dir().join("out/manifest.json")).unwrap(), theirs);
        assert_eq!(files(&run.dir().join("out")).len(), 1);
    }
}

#[test]
fn two_runs_do_not_write_at_once() {
    let run = blog();
    run.run();
    let held = fs::File::open(run.dir().join("out")).unwrap();
    let _lock = nix::fcntl::Flock::lock(held, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    let report = run.run();
    assert_eq!(
        (report.status, report.stderr.as_str()),
        (2, "error: another run is writing to `out`\n  help: wait for it, then run again\n")
    );
}

#[test]
fn what_a_killed_run_left_is_gone_after_the_next() {
    let run = blog();
    run.run();
    // A run that died between writing and renaming, and one that died before its one rename.
    let left = run.dir().join("out/srv1/etc/nginx/conf.d/.sslscale.conf.sslscale-new");
    fs::write(&left, "half").unwrap();
    fs::write(run.dir().join(CONF), "old").unwrap();
    assert_eq!(run.run().status, 0);
    assert!(!left.exists());
    let staged = run.dir().join(".fresh.sslscale-abc123");
    fs::create_dir(&staged).unwrap();
    fs::write(staged.join("half"), "half").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::open(&staged).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(run.run_with(&["render", "inventory.yaml", "-o", "fresh"]).status, 0);
    assert!(!staged.exists());
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_replaced_and_not_waited_for() {
    let run = blog();
    run.run();
    let path = run.dir().join(CONF);
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(run.run().stderr, "out: 1 written, 6 unchanged, 0 removed\n");
    assert!(path.symlink_metadata().unwrap().is_file());
}

#[test]
fn a_first_run_that_is_killed_leaves_all_or_nothing() {
    let apps: String =
        (0..2_000).map(|n| format!("  - {{ name: srv{n}, address: 10.{}.{}.1 }}\n", 1 + n / 250, n % 250)).collect();
    let run = blog().inventory(
        BLOG.replace("  - { name: srv1, address: 10.0.0.11 }\n  - { name: srv2, address: 10.0.0.12 }\n", &apps),
    );
    let mut killed = 0;
    for after in [0_u64, 5, 10, 20, 40, 80] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sslscale"))
            .args(["render", "inventory.yaml", "-o", "tree"])
            .current_dir(run.dir())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(after));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let tree = run.dir().join("tree");
        if tree.exists() {
            let check = run.run_with(&["render", "inventory.yaml", "-o", "tree", "--check"]);
            assert_eq!(check.status, 0, "{}", check.stdout);
            fs::remove_dir_all(tree).unwrap();
        }
    }
    assert!(killed > 0, "no run was killed in time");
}

#[test]
fn a_site_answers_for_every_path_itself() {
    // nginx would serve the page of its own package for what no location takes.
    let conf = |inventory: String| {
        let all = blog().inventory(inventory).run_with(&["render", "inventory.yaml", "--host", "srv1"]).stdout;
        // Behind the sites is the server that tells the revision.
        all.split_once("# Tells this host").unwrap().0.to_owned()
    };
    let api = BLOG.replace("path: /,", "path: /api/,");
    let nothing = conf(api.replace("    root: /opt/example/current/app\n", ""));
    assert!(nothing.contains("location / {\n        return 404;\n    }\n"), "{nothing}");
    let files = conf(api);
    assert!(files.contains("location / {\n        location ~ /\\.(?!well-known(?:/|$)) {\n"), "{files}");
    let all = conf(BLOG.to_owned());
    assert_eq!(all.matches("location /").count(), 1, "{all}");
}
