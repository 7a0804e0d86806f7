//! `render --format json`: the document says what the directory of `-o` contains.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{BLOG, files};
use crate::support::{Sslscale, fleets, shipped};

/// Writes the files of a document below `dir`, as a tool that knows nothing else would.
fn write(document: &Value, dir: &Path) {
    for (host, described) in document["hosts"].as_object().unwrap() {
        for (path, file) in described["files"].as_object().unwrap() {
            let path = dir.join(host).join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, file["content"].as_str().unwrap()).unwrap();
            let mode = u32::from_str_radix(file["mode"].as_str().unwrap(), 8).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

/// The manifest that `-o` writes for the files and needs of a document.
fn manifest(document: &Value) -> Value {
    let mut listed = Map::new();
    for (host, described) in document["hosts"].as_object().unwrap() {
        for (path, file) in described["files"].as_object().unwrap() {
            let mut file = file.clone();
            file.as_object_mut().unwrap().remove("content");
            listed.insert(format!("{host}{path}"), file);
        }
    }
    json!({ "version": document["version"], "files": listed, "needs": document["needs"] })
}

/// Each file below a directory with its mode and bytes.
fn contents(dir: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let content = |path: &Path| {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        (path.strip_prefix(dir).unwrap().display().to_string(), mode, fs::read(path).unwrap())
    };
    files(dir).iter().map(|path| content(path)).collect()
}

#[test]
fn a_directory_written_from_the_document_is_the_one_that_is_rendered() {
    for (name, path) in shipped().into_iter().chain(fleets()) {
        let file = path.display().to_string();
        let run = Sslscale::new(&["render", &file, "--format", "json"]);
        let printed = run.run();
        assert_eq!((printed.status, printed.stderr.as_str()), (0, ""), "{name}");
        assert_eq!(run.run().stdout, printed.stdout, "{name}");
        let document: Value = serde_json::from_str(&printed.stdout).unwrap();
        write(&document, &run.dir().join("written"));
        assert_eq!(run.run_with(&["render", &file, "-o", "rendered"]).status, 0, "{name}");
        let rendered = run.dir().join("rendered");
        let listed = fs::read(rendered.join("manifest.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&listed).unwrap(), manifest(&document), "{name}");
        fs::remove_file(rendered.join("manifest.json")).unwrap();
        assert!(contents(&run.dir().join("written")) == contents(&rendered), "{name}");
    }
}

#[test]
fn chosen_hosts_alone_are_in_it_and_a_directory_is_another_thing() {
    let run = Sslscale::new(&["render", "inventory.yaml", "--format", "json", "--host", "srv2"]).inventory(BLOG);
    let document: Value = serde_json::from_str(&run.run().stdout).unwrap();
    assert_eq!(document["hosts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["srv2"]);
    assert_eq!(document["needs"][0]["hosts"], json!(["srv2"]));
    let both = run.run_with(&["render", "inventory.yaml", "--format", "json", "-o", "out"]);
    assert_eq!((both.status, both.stdout.as_str()), (2, ""));
    assert!(both.stderr.contains("help: ") && !run.dir().join("out").exists(), "{}", both.stderr);
}
