//! Whatever is on a host, and whatever becomes of a run: what is not a stale ring of ours stays as it is, and
//! a run that was overtaken changes nothing at all.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::key::Ring;
use super::{Install, Past, install, observe};
use crate::rollout::Outcome;
use crate::transport::Local;

/// What else is on a host: names below `/etc/sslscale`, and what a run may make of each.
const OTHERS: &[(&str, Kind, bool)] = &[
    ("tickets.d/ring.stale", Kind::Directory, true),
    ("tickets.d/ring.aaaaaaaa", Kind::Directory, true),
    ("tickets.d/ring.link", Kind::Link, false),
    ("tickets.d/ring.notes", Kind::File, false),
    ("tickets.d/other", Kind::Directory, false),
    (".tickets.1", Kind::Link, true),
    (".tickets.old", Kind::File, false),
    (".tickets.d", Kind::Directory, false),
    ("notes", Kind::File, false),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Directory,
    File,
    Link,
}

/// How the link to the live ring is spelled.
const SPELLINGS: usize = 6;

fn respell(base: &Path, spelling: usize) {
    let link = base.join("tickets");
    let target = fs::read_link(&link).unwrap();
    let text = |path: &Path| PathBuf::from(path);
    let new = match spelling {
        1 => text(Path::new(".")).join(&target),
        2 => target.join(""),
        3 => base.join(&target),
        4 => text(Path::new("tickets.d/..")).join(&target),
        5 => {
            symlink(&target, base.join("live")).unwrap();
            "live".into()
        }
        _ => target,
    };
    fs::remove_file(&link).unwrap();
    symlink(new, link).unwrap();
}

/// Every file below a directory with its content, and every link with its text.
fn contents(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap()) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.insert(path.clone(), "a directory".to_owned());
            found.extend(contents(&path));
        } else if kind.is_symlink() {
            found.insert(path.clone(), fs::read_link(&path).unwrap().display().to_string());
        } else {
            found.insert(path.clone(), format!("{:?}", fs::read(&path).unwrap()));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases::cases(40), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_removes_only_stale_rings_and_one_that_was_overtaken_nothing(
        spelling in 0..SPELLINGS,
        others in prop::collection::vec(any::<bool>(), OTHERS.len()),
        run in 0..3_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("srv1")).unwrap();
        fs::create_dir(dir.path().join("kept")).unwrap();
        fs::write(dir.path().join("kept/file"), "kept").unwrap();
        let host = Local::below(dir.path(), "srv1").unwrap();
        let (ring, next) = (Ring::generate().unwrap(), Ring::generate().unwrap());
        let whole = |keys| Install { advance: false, to: next.fingerprints(), keys, past: Past::default() };
        let first = Install { to: ring.fingerprints(), ..whole(ring.bytes()) };
        prop_assert_eq!(install(&host, &observe(&host).unwrap(), &first), Outcome::Done);
        let base = dir.path().join("srv1/etc/sslscale");
        respell(&base, spelling);
        for ((name, kind, _), _) in OTHERS.iter().zip(&others).filter(|(_, there)| **there) {
            let path = base.join(name);
            match kind {
                Kind::Directory => fs::create_dir(&path).and_then(|()| fs::write(path.join("current.key"), "x")),
                Kind::File => fs::write(&path, "x"),
                Kind::Link => symlink(dir.path().join("kept"), &path),
            }.unwrap();
        }
        let before = contents(dir.path());
        let live = fs::canonicalize(base.join("tickets")).unwrap();
        let mut seen = observe(&host).unwrap();
        prop_assert_eq!(seen.ring(), Some(ring.fingerprints()));
        // One that was overtaken, one whose keys do not arrive, and one that succeeds.
        let keys = if run == 1 { Zeroizing::new(next.bytes()[..239].to_vec()) } else { next.bytes() };
        if run == 0 {
            seen.prints = [None, None, None];
        }
        let outcome = install(&host, &seen, &whole(keys));
        let after = contents(dir.path());
        let stale = |path: &Path| {
            let below = |it: &&(&str, Kind, bool)| it.2 && path.starts_with(base.join(it.0));
            OTHERS.iter().any(|it| below(&it))
        };
        match (run, &outcome) {
            (0, Outcome::Overtaken(_)) => prop_assert_eq!(&after, &before),
            (1, Outcome::Untouched(_)) => {
                let kept = before.into_iter().filter(|(path, _)| after.contains_key(path) || !stale(path));
                prop_assert_eq!(kept.collect::<BTreeMap<_, _>>(), after);
            }
            (2, Outcome::Done) => {
                prop_assert_eq!(observe(&host).unwrap().ring(), Some(next.fingerprints()));
                for (path, content) in &before {
                    let changed = stale(path) || path.starts_with(&live) || *path == base.join("tickets");
                    prop_assert!(changed || after.get(path) == Some(content), "{}", path.display());
                }
                // Of rings, the new one alone is left.
                let rings = fs::read_dir(base.join("tickets.d")).unwrap().map(|entry| entry.unwrap());
                let rings = rings.filter(|entry| entry.file_type().unwrap().is_dir() && entry.file_name() != "other");
                prop_assert_eq!(rings.count(), 1);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
