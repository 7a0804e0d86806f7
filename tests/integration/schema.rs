//! `sslscale schema`: it is a JSON Schema, it says the same as `check` wherever a schema can say it, and a real editor's
//! language server completes and checks inventories with it.

mod agreement;
mod editor;
pub mod mutations;
mod server;
pub mod yaml;

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use sslscale::inventory::json_schema;
use sslscale::source::Source;

use crate::support::{Sslscale, fleets, pin, repository, shipped};

/// The schema that the program prints, ready for use.
fn validator() -> Validator {
    jsonschema::validator_for(&json_schema::document()).unwrap()
}

/// Inventories of the repository that `check` reads without an error, by name.
pub fn inventories() -> Vec<(String, String)> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => below(&entry, found),
                false => found.push(entry),
            }
        }
    }
    let mut files: Vec<PathBuf> = shipped().into_iter().chain(fleets()).map(|(_, path)| path).collect();
    below(&repository().join("src/lint/examples"), &mut files);
    files.push(repository().join("tests/fixtures/every-key.yaml"));
    files.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    files.sort();
    let read = files.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    read.filter(|(_, text)| sslscale::inventory::check(&Source::new("t", text)).inventory.is_some()).collect()
}

#[test]
fn the_schema_is_one() {
    let schema = json_schema::document();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    if let Err(error) = jsonschema::meta::validate(&schema) {
        panic!("{error} at {}", error.instance_path());
    }
    let mut wrong = schema;
    wrong["properties"]["sites"]["minItems"] = json!("one");
    assert!(jsonschema::meta::validate(&wrong).is_err(), "the control");
}

#[test]
fn it_is_printed_or_written_to_a_file() {
    let run = Sslscale::new(&["schema"]);
    let printed = run.run();
    assert_eq!((printed.status, printed.stderr.as_str()), (0, ""));
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), json_schema::document());
    let written = run.run_with(&["schema", "-o", "schema.json"]);
    assert_eq!((written.status, written.stdout.as_str(), written.stderr.as_str()), (0, "", ""));
    assert_eq!(fs::read_to_string(run.dir().join("schema.json")).unwrap(), printed.stdout);
    assert_eq!(run.run_with(&["schema", "-o", "."]).status, 2);
    pin("schema", &printed.stdout);
}

#[test]
fn inventories_that_check_reads_are_valid() {
    let validator = validator();
    let all = inventories();
    assert!(all.len() > 150, "{}", all.len());
    for (name, text) in &all {
        let value = yaml::json(&Source::new("t", text)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}
