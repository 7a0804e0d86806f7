//! Symbolic links in the directory that is rendered to: nothing is written or removed through one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{BLOG, blog, files};
use crate::support::{Run, Sslscale};

/// The directories below `out` that lead to a file, relative to where it is.
fn directories() -> Vec<PathBuf> {
    let run = blog();
    run.run();
    let out = run.dir().join("out");
    let mut found: Vec<PathBuf> =
        files(&out).iter().flat_map(|file| file.ancestors().skip(1)).map(PathBuf::from).collect();
    found.retain(|path| path.starts_with(&out) && *path != out);
    found.sort();
    found.dedup();
    found.iter().map(|path| path.strip_prefix(run.dir()).unwrap().to_owned()).collect()
}

/// A rendered tree of which one directory was moved out and has a link in its place.
fn with_link(directory: &Path) -> (Sslscale, PathBuf) {
    let run = blog();
    run.run();
    let outside = run.dir().join("outside");
    fs::rename(run.dir().join(directory), &outside).unwrap();
    symlink(&outside, run.dir().join(directory)).unwrap();
    (run, outside)
}

/// Every file below a directory, with its content.
fn content(dir: &Path) -> Vec<(PathBuf, String)> {
    files(dir).into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

fn assert_refused(report: &Run, link: &Path) {
    let message = format!(
        "error: `{}` is a symbolic link; nothing is written or removed through it\n  help: put a directory in its \
         place, or give `-o` another directory\n",
        link.display()
    );
    assert_eq!((report.status, report.stderr.as_str()), (2, message.as_str()));
}

// The files outside were replaced by the rendered ones.
#[test]
fn nothing_is_written_through_a_link_in_any_part_of_a_path() {
    let directories = directories();
    assert_eq!(directories.len(), 16, "{directories:#?}");
    for link in directories {
        let (run, outside) = with_link(&link);
        files(&outside).iter().for_each(|file| fs::write(file, "not ours").unwrap());
        let before = content(&outside);
        for more in [&["--check"][..], &["--check", "--diff"], &[]] {
            assert_refused(&run.run_with(&[&["render", "inventory.yaml", "-o", "out"], more].concat()), &link);
        }
        assert_eq!(content(&outside), before, "{}", link.display());
        fs::remove_dir_all(&outside).unwrap();
        // A link that leads nowhere is one, too.
        assert_refused(&run.run(), &link);
    }
}

// A file outside with the content that a stale one had was removed.
#[test]
fn nothing_is_removed_through_a_link_in_any_part_of_a_path() {
    for link in directories().iter().filter(|link| link.starts_with("out/srv2")) {
        let (run, outside) = with_link(link);
        let before = content(&outside);
        let run = run.inventory(BLOG.replace("  - { name: srv2, address: 10.0.0.12 }\n", ""));
        assert_refused(&run.run(), link);
        assert_eq!(content(&outside), before, "{}", link.display());
    }
}

#[test]
fn nothing_is_removed_through_a_link_that_an_edited_manifest_names() {
    let run = blog().file("outside/precious.conf", "");
    run.run();
    symlink(run.dir().join("outside"), run.dir().join("out/lb1/away")).unwrap();
    let manifest = run.dir().join("out/manifest.json");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let line = format!(
        "\"files\": {{\n    \"lb1/away/precious.conf\": {{ \"sha256\": \"{empty}\", \"mode\": \"0644\", \
         \"owner\": \"root\", \"group\": \"root\" }},"
    );
    let edited = fs::read_to_string(&manifest).unwrap().replacen("\"files\": {", &line, 1);
    fs::write(&manifest, edited).unwrap();
    assert_refused(&run.run(), Path::new("out/lb1/away"));
    assert!(run.dir().join("outside/precious.conf").exists());
}

// Somebody may keep the tree elsewhere: the directory itself is named by the user.
#[test]
fn the_directory_itself_may_be_a_link() {
    let run = blog();
    fs::create_dir(run.dir().join("elsewhere")).unwrap();
    symlink("elsewhere", run.dir().join("out")).unwrap();
    assert_eq!(run.run().stderr, "out: 7 written, 0 unchanged, 0 removed\n");
    assert_eq!(run.run().stderr, "out: 0 written, 7 unchanged, 0 removed\n");
    assert!(run.dir().join("out").is_symlink());
}
