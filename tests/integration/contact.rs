//! Commands that look at an inventory contact no host, though the inventory says how hosts are reached.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Sslscale, roots};

#[test]
fn only_commands_about_hosts_contact_them() {
    let ssh = "ssh: { user: root, proxy_jump: jump }\n";
    let source =
        "    ssl_certificate_source: srv1:/etc/ssl/live.crt\n    ssl_certificate_key_source: srv1:/etc/ssl/live.key\n";
    let run = Sslscale::new(&[]).inventory(roots::inventory(source) + ssh);
    // The only ssh that there is.
    let programs = run.dir().join("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["ssh", "ssh-keygen", "ssh-keyscan", "scp", "sftp"] {
        let script = format!("#!/bin/sh\necho {name} >>'{}/contacted'\nexit 255\n", run.dir().display());
        fs::write(programs.join(name), script).unwrap();
        fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let contacts = |words: &[&str]| {
        let _ = fs::remove_file(run.dir().join("contacted"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
        command.args(words).current_dir(run.dir()).env_clear().env("PATH", &path).env("HOME", run.dir());
        command.output().unwrap();
        run.dir().join("contacted").exists()
    };
    for words in [
        &["check", "inventory.yaml"][..],
        &["check", "--format", "json", "inventory.yaml"],
        &["check", "--diff", "inventory.yaml"],
        &["check", "--fix", "inventory.yaml"],
        &["render", "inventory.yaml"],
        &["render", "-o", "out", "inventory.yaml"],
        &["rules"],
        &["schema"],
        &["show", "inventory.yaml"],
        &["render", "--format", "json", "inventory.yaml"],
        &["init", "--example", "blog", "other.yaml"],
        &["completions", "bash"],
        &["man", "deploy"],
        &["__complete", "3", "--", "sslscale", "plan", "inventory.yaml", ""],
        &["explain", "AD09"],
    ] {
        assert!(!contacts(words), "{words:?}");
    }
    for words in
        [&["check", "--hosts", "inventory.yaml"][..], &["plan", "inventory.yaml"], &["status", "inventory.yaml"]]
    {
        assert!(contacts(words), "{words:?}");
    }
}
