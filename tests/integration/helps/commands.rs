//! Commands in messages can be pasted: one about a fleet has the inventory.

use std::fs;
use std::path::Path;

use sslscale::cli::WITH_INVENTORY;

use crate::support::repository;

/// What describes commands instead of proposing one: the pages of rules, the help, the manual.
const DESCRIBE: [&str; 4] = ["src/lint/", "src/cli", "src/manual/", "src/inventory/raw"];

/// The commands in a text of source code that a user cannot run as they are: those without a value that is put in, a
/// word to replace, or a file.
fn bare(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    // A string that goes on in the next line.
    let code = code.collect::<Vec<_>>().join("\n").replace("\\\n", "");
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let proposed = code.split("`sslscale ").skip(1).filter_map(|rest| rest.split_once('`')).map(|(words, _)| words);
    let needs = |words: &&str| {
        ["check"]
            .iter()
            .chain(WITH_INVENTORY)
            .any(|command| words.strip_prefix(command).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
    };
    let has_file = |words: &str| {
        words.contains('{')
            || words.contains(".yaml")
            || words.split(' ').any(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase()))
    };
    proposed.filter(needs).filter(|words| !has_file(words)).map(str::to_owned).collect()
}

fn below(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
        if DESCRIBE.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        if path.is_dir() {
            below(&path, found);
        } else if name.ends_with(".rs") {
            found.extend(bare(&fs::read_to_string(&path).unwrap()).into_iter().map(|words| format!("{name}: {words}")));
        }
    }
}

#[test]
fn a_proposed_command_has_its_inventory() {
    assert_eq!(bare("say(\"run `sslscale deploy`\")"), ["deploy"]);
    assert_eq!(bare("\"run `sslscale certs roll --yes`; `sslscale plan --out FILE`\""), ["certs roll --yes"]);
    assert_eq!(bare("\"`sslscale deploy {file}`, `sslscale schema`, `sslscale status a.yaml`\""), [""; 0]);
    let mut found = Vec::new();
    below(&repository().join("src"), &mut found);
    assert_eq!(found, [""; 0]);
}
