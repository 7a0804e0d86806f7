//! The snippets for CI and the hook for pre-commit: what stands in them is run, on inventories
//! that pass and that fail, and what they leave behind is what the service reads.

use std::collections::BTreeMap;
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

/// Says how it was called, and puts the sslscale of the path where it should install one.
const CARGO: &str = "#!/bin/sh
echo cargo \"$@\"
while [ $# -gt 0 ]; do
    [ \"$1\" != --root ] || { mkdir -p \"$2/bin\" && ln -s \"$(command -v sslscale)\" \"$2/bin/\"; }
    shift
done
";

/// A checkout with the inventory, and a path with sslscale and a `cargo` that downloads and builds nothing.
fn checkout(inventory: &str) -> Sslscale {
    let run = Sslscale::new(&[]).inventory(inventory).file(".bin/cargo", CARGO);
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

/// A step of the action, as GitHub runs it: with the action's inputs in its environment, in bash.
fn action_step(run: &Sslscale, step: &Value, inputs: &BTreeMap<String, String>) -> Output {
    let path = fs::read_to_string(run.dir().join(".path")).unwrap_or_default().trim_end().replace('\n', ":");
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
    command.current_dir(run.dir()).env_clear().env("RUNNER_TEMP", run.dir().join(".temp"));
    let rest = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:{}:{rest}", run.dir().join(".bin").display()));
    command.env("GITHUB_PATH", run.dir().join(".path"));
    for (name, value) in step["env"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let known = inputs.iter().find(|(input, _)| value == format!("${{{{ {input} }}}}"));
        command.env(name, known.unwrap_or_else(|| panic!("{value}")).1);
    }
    command.output().unwrap()
}

/// What the action gets: the inputs that a job sets, the defaults of the others, and its own folder.
fn inputs(action: &Value, with: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let with = with.as_object().unwrap();
    assert!(with.keys().all(|name| action["inputs"].get(name).is_some()), "{with:?}");
    let inputs = action["inputs"].as_object().unwrap().iter();
    let inputs = inputs.map(|(name, it)| (format!("inputs.{name}"), text(with.get(name).unwrap_or(&it["default"]))));
    inputs.chain([("github.action_path".to_owned(), repository().display().to_string())]).collect()
}

/// What a composite step does with an expression in its script is an injection.
#[test]
fn the_scripts_of_the_action_have_no_expressions() {
    for step in snippet("action.yml")["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
}

#[test]
fn the_github_job_annotates_uploads_and_fails_for_errors() {
    let job = &snippet("docs/ci/github.yml")["jobs"]["check"];
    let steps = job["steps"].as_array().unwrap();
    let uses = |end: &str| steps.iter().position(|s| s["uses"].as_str().is_some_and(|u| u.contains(end))).unwrap();
    let (used, upload) = (uses("/sslscale@"), uses("/upload-sarif@"));
    // The action fails for errors, and its report is uploaded all the same.
    assert!(used < upload);
    assert_eq!(steps[upload]["if"], "always()");
    let file = steps[upload]["with"]["sarif_file"].as_str().unwrap();
    let action = snippet("action.yml");
    let inputs = inputs(&action, &steps[used]["with"]);
    let [install, report, check] = action["runs"]["steps"].as_array().unwrap().as_slice() else { panic!("{action}") };
    for (inventory, wanted) in [(BLOG.to_owned(), 0), (broken(), 1)] {
        let run = checkout(&inventory);
        let built = action_step(&run, install, &inputs);
        assert_eq!(built.status.code(), Some(0), "{}", String::from_utf8_lossy(&built.stderr));
        let called = String::from_utf8(built.stdout).unwrap();
        let from = format!("install --quiet --locked --path {}", repository().display());
        assert!(called.contains(&from), "{called}");
        assert_eq!(action_step(&run, report, &inputs).status.code(), Some(0));
        let log = fs::read_to_string(run.dir().join(file)).unwrap();
        let results = sarif::valid(&log, &sarif::schema())["runs"][0]["results"].clone();
        let errors = results.as_array().unwrap().iter().filter(|r| r["level"] == "error").count();
        assert_eq!(errors, wanted);
        let done = action_step(&run, check, &inputs);
        assert_eq!(done.status.code(), i32::try_from(wanted).ok());
        let annotations = github::read(&String::from_utf8(done.stdout).unwrap());
        assert_eq!(annotations.iter().filter(|a| a.command == "error").count(), wanted);
        assert!(annotations.iter().all(|a| a.property("file") == Some("inventory.yaml")));
    }
}

#[test]
fn the_action_takes_a_package_with_the_right_checksum_alone() {
    let action = snippet("action.yml");
    let install = &action["runs"]["steps"][0];
    let run = checkout(BLOG);
    let done = shell(
        run.dir(),
        "mkdir -p pack/sslscale-0-linux-x86_64/bin; cp .bin/sslscale pack/sslscale-0-linux-x86_64/bin/; \
         tar -C pack -czf package.tar.gz sslscale-0-linux-x86_64; sha256sum package.tar.gz; rm .bin/cargo .bin/sslscale",
    );
    let sum = String::from_utf8(done.stdout).unwrap().split(' ').next().unwrap().to_owned();
    for (sha256, wanted) in [("", Some(1)), (&*"0".repeat(64), Some(1)), (&*sum, Some(0))] {
        let with = serde_json::json!({ "package": "package.tar.gz", "sha256": sha256 });
        let inputs = inputs(&action, &with);
        let done = action_step(&run, install, &inputs);
        assert_eq!(done.status.code(), wanted, "{sha256}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let check = &action["runs"]["steps"][2];
    assert_eq!(action_step(&run, check, &inputs(&action, &serde_json::json!({}))).status.code(), Some(0));
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

/// Nothing is on crates.io: what a name alone installs there is somebody else's.
#[test]
fn nothing_is_installed_from_crates_io() {
    for file in ["docs/ci/github.yml", "docs/ci/gitlab.yml", ".pre-commit-hooks.yaml", "action.yml", "README.md"] {
        let text = fs::read_to_string(repository().join(file)).unwrap();
        for (_, rest) in text.match_indices("cargo install").map(|(at, it)| text[at..].split_at(it.len())) {
            let line = rest.lines().next().unwrap();
            assert!(line.contains("--path ") || line.contains("--git "), "{file}: cargo install{line}");
        }
    }
}

#[test]
fn the_pre_commit_hooks_stop_a_commit_of_a_broken_inventory() {
    if need::programs(&["pre-commit", "git"]) {
        hook_stops_a_commit("sslscale-check");
        hook_stops_a_commit("sslscale-check-built");
    }
}

fn hook_stops_a_commit(id: &str) {
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
    let (status, said) = sh(&format!(
        "printf '.bin\\n.home\\n.hooks\\n' >.gitignore; git init -q; \
         printf 'repos:\\n- repo: %s\\n  rev: %s\\n  hooks: [{{id: {id}}}]\\n' \
             \"$PWD/.hooks\" \"$(git -C .hooks rev-parse HEAD)\" >.pre-commit-config.yaml; \
         git add . && pre-commit install"
    ));
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
