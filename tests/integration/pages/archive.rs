//! The commands of pages that install sslscale from an archive, and its completions for one user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::docs::page;
use crate::support::{Sslscale, need};

const NAME: &str = "sslscale-0.1.0-linux-x86_64";

/// The commands of a page between markers such as `<!-- packages tar -->`.
fn commands(name: &str, marker: &str) -> String {
    let text = page(name);
    let (_, rest) = text.split_once(&format!("<!-- {marker} -->")).unwrap();
    let (block, _) = rest.split_once(&format!("<!-- /{marker} -->")).unwrap();
    block.lines().filter(|line| !line.is_empty() && !line.starts_with("```")).map(|line| format!("{line}\n")).collect()
}

/// Runs them as a user whose home is this directory, with the program in the path.
fn run(home: &Path, script: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_sslscale")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let done = shell.args(["-euc", script]).current_dir(home).env("HOME", home).env("PATH", path).output().unwrap();
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
}

/// A home with an archive, which has the directories of those that `.ci/packages/build` makes.
fn home_with_archive() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join(NAME);
    fs::create_dir_all(root.join("bin")).unwrap();
    // The real one has a hundred megabytes here.
    let program = format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_sslscale"));
    fs::write(root.join("bin/sslscale"), program).unwrap();
    fs::set_permissions(root.join("bin/sslscale"), fs::Permissions::from_mode(0o755)).unwrap();
    let build = page(".ci/packages/build");
    for (shell, path) in [
        ("bash", "bash-completion/completions/sslscale"),
        ("fish", "fish/vendor_completions.d/sslscale.fish"),
        ("zsh", "zsh/site-functions/_sslscale"),
    ] {
        assert!(build.contains(&format!("completions {shell} >\"$1/{path}\"")), "{shell}");
        let path = root.join("share").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, Sslscale::new(&["completions", shell]).run().stdout).unwrap();
    }
    let pages = root.join("share/man");
    assert_eq!(Sslscale::new(&["man", "-o", pages.to_str().unwrap()]).run().status, 0);
    run(home.path(), &format!("tar -czf {NAME}.tar.gz {NAME} && rm -r {NAME}"));
    home
}

#[test]
fn an_archive_is_installed_for_every_user() {
    if !need::programs(&["tar", "gzip"]) {
        return;
    }
    let home = home_with_archive();
    let local = home.path().join("local");
    fs::create_dir(&local).unwrap();
    let script = commands("docs/install.md", "packages tar");
    assert!(script.ends_with(" /usr/local/\n"), "{script}");
    run(home.path(), &script.replace("/usr/local/", &format!("{}/", local.display())));
    let version = Command::new(local.join("bin/sslscale")).arg("--version").output().unwrap();
    assert!(version.status.success());
    for file in [
        "man/man1/sslscale-deploy.1",
        "bash-completion/completions/sslscale",
        "fish/vendor_completions.d/sslscale.fish",
        "zsh/site-functions/_sslscale",
    ] {
        assert!(local.join("share").join(file).is_file(), "{file}");
    }
}

#[test]
fn an_archive_is_installed_for_one_user() {
    if !need::programs(&["tar", "gzip"]) {
        return;
    }
    let home = home_with_archive();
    run(home.path(), &commands("docs/install.md", "packages home"));
    assert!(home.path().join(".local/bin/sslscale").is_file());
    assert!(home.path().join(".local/share/man/man1/sslscale-deploy.1").is_file());
    let script = fs::read_to_string(home.path().join(".local/share/bash-completion/completions/sslscale")).unwrap();
    assert_eq!(script, Sslscale::new(&["completions", "bash"]).run().stdout);
}

// In a home without these directories, the shell could not write the files.
#[test]
fn completions_are_written_into_an_empty_home() {
    for (shell, path) in [
        ("bash", ".local/share/bash-completion/completions/sslscale"),
        ("fish", ".config/fish/completions/sslscale.fish"),
        ("zsh", ".local/share/zsh/site-functions/_sslscale"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let script = commands("docs/guide.md", &format!("completions {shell}"));
        run(home.path(), &script);
        let wanted = Sslscale::new(&["completions", shell]).run().stdout;
        assert_eq!(fs::read_to_string(home.path().join(path)).unwrap(), wanted, "{shell}");
        // Nor does it matter that they are there.
        run(home.path(), &script);
    }
}

// The manual page's examples are for the same.
#[test]
fn completions_of_the_manual_are_written_into_an_empty_home() {
    let source = Sslscale::new(&["man", "completions"]).run().stdout;
    let makes = ["bash\\-completion/completions", "fish/completions"]
        .map(|folder| source.lines().any(|line| line.starts_with("mkdir \\-p ") && line.ends_with(folder)));
    assert_eq!(makes, [true, true], "{source}");
}
