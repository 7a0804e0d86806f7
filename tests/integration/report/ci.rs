//! The snippets for CI and the hook for pre-commit: what stands in them is run, on inventories
//! that pass and that fail, and what they leave behind is what the service reads.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::{BLOG, github, gitlab, junit, sarif};
use crate::support::{Sslscale, need, repository};

fn snippet(path: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// A checkout with the inventory, and a path with sslscale and a `cargo` that only says how it
/// was called: nothing is downloaded.
fn checkout(inventory: &str) -> Sslscale {
    let run = Sslscale::new(&[]).inventory(inventory).file(".bin/cargo", "#!/bin/sh\necho cargo \"$@\"\n");
    fs::set_permissions(run.dir().join(".bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sslscale"), run.dir().join(".bin/sslscale")).unwrap();
    run
}

/// A line as a job runs it.
fn shell(dir: &Path, line: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(dir).env_clear();
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", dir.join(".bin").display()));
    command.output().unwrap()
}

fn broken() -> String {
    BLOG.replace("10.0.0.12", "10.0.0.11")
}

#[test]
fn the_github_job_annotates_uploads_and_fails_for_errors() {
    let job = &snippet("docs/ci/github.yml")["jobs"]["check"];
    let steps = job["steps"].as_array().unwrap();
    let upload = steps.iter().position(|s| s["uses"].as_str().is_some_and(|u| u.contains("/upload-sarif@"))).unwrap();
    let file = steps[upload]["with"]["sarif_file"].as_str().unwrap();
    for (inventory, wanted) in [(BLOG.to_owned(), 0), (broken(), 1)] {
        let run = checkout(&inventory);
        let mut statuses = Vec::new();
        let mut output = String::new();
        for (index, step) in steps.iter().enumerate() {
            // A job ends with the first step that fails: the report must be uploaded by then.
            if index == upload {
                let log = fs::read_to_string(run.dir().join(file)).unwrap();
                let results = sarif::valid(&log, &sarif::schema())["runs"][0]["results"].clone();
                let errors = results.as_array().unwrap().iter().filter(|r| r["level"] == "error").count();
                assert_eq!(errors, wanted);
            }
            if let Some(line) = step["run"].as_str() {
                assert!(statuses.iter().all(|status| *status == Some(0)), "{line} is never run");
                let done = shell(run.dir(), line);
                statuses.push(done.status.code());
                output = String::from_utf8(done.stdout).unwrap();
            }
        }
        assert_eq!(statuses, [Some(0), Some(0), i32::try_from(wanted).ok()]);
        let annotations = github::read(&output);
        assert_eq!(annotations.iter().filter(|a| a.command == "error").count(), wanted);
        assert!(annotations.iter().all(|a| a.property("file") == Some("inventory.yaml")));
    }
}

#[test]
fn the_gitlab_job_leaves_both_reports_and_fails_for_errors() {
    let job = &snippet("docs/ci/gitlab.yml")["sslscale"];
    let reports = &job["artifacts"]["reports"];
    // Without it a failed job, which is the one with findings, keeps no reports.
    assert_eq!(job["artifacts"]["when"], "always");
    for (inventory, wanted) in [(BLOG.to_owned(), 0), (broken(), 1)] {
        let run = checkout(&inventory);
        let lines = [words(&job["before_script"]), words(&job["script"])].concat();
        let done = shell(run.dir(), &lines.join("\n"));
        assert_eq!(done.status.code(), Some(wanted), "{}", String::from_utf8_lossy(&done.stderr));
        let read = |key: &str| fs::read_to_string(run.dir().join(reports[key].as_str().unwrap())).unwrap();
        let issues = gitlab::valid(&read("codequality"));
        assert_eq!(issues.iter().any(|issue| issue["severity"] == "blocker"), wanted == 1, "{issues:?}");
        let xml = read("junit");
        let document = junit::valid(&xml);
        assert_eq!(document.root_element().attribute("failures"), Some(&*wanted.to_string()));
    }
}

#[test]
fn the_snippets_install_the_same_program_and_name_no_other() {
    let github = fs::read_to_string(repository().join("docs/ci/github.yml")).unwrap();
    let gitlab = fs::read_to_string(repository().join("docs/ci/gitlab.yml")).unwrap();
    let hooks = fs::read_to_string(repository().join(".pre-commit-hooks.yaml")).unwrap();
    for text in [github, gitlab, hooks] {
        assert!(text.contains(&format!("cargo install --locked {}", env!("CARGO_PKG_NAME"))));
    }
}

#[test]
fn the_pre_commit_hook_stops_a_commit_of_a_broken_inventory() {
    if !need::programs(&["pre-commit", "git"]) {
        return;
    }
    let run = checkout(&broken()).file("fleets/inventory-eu.yaml", BLOG).file("inventories/us.yml", BLOG);
    let run = run.file("other.yaml", "no: inventory\n").file("inventories/production/hosts.yml", "all: {}\n");
    let hooks = fs::read_to_string(repository().join(".pre-commit-hooks.yaml")).unwrap();
    let run = run.file(".hooks/.pre-commit-hooks.yaml", hooks);
    let git = "export HOME=$PWD/.home GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.example \
               GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.example PRE_COMMIT_HOME=$PWD/.home/pre-commit; mkdir -p .home";
    let sh = |line: &str| {
        let done = shell(run.dir(), &format!("{git}\n{line}"));
        let text = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8(text).unwrap())
    };
    let (status, said) = sh("cd .hooks && git init -q && git add . && git commit -qm hooks");
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = sh("printf '.bin\\n.home\\n.hooks\\n' >.gitignore; git init -q; \
         printf 'repos:\\n- repo: %s\\n  rev: %s\\n  hooks: [{id: sslscale-check}]\\n' \
             \"$PWD/.hooks\" \"$(git -C .hooks rev-parse HEAD)\" >.pre-commit-config.yaml; \
         git add . && pre-commit install");
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = sh("git commit -qm broken");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("inventory.yaml: 1 error") && said.contains("fleets/inventory-eu.yaml: ok"), "{said}");
    assert!(said.contains("inventories/us.yml: ok"), "{said}");
    // What other programs call an inventory lies deeper.
    assert!(!said.contains("other.yaml") && !said.contains("production"), "{said}");
    fs::write(run.dir().join("inventory.yaml"), BLOG).unwrap();
    let (status, said) = sh("git add . && git commit -qm sound");
    assert_eq!(status, Some(0), "{said}");
}
