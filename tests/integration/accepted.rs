//! Accepted means valid: what `check` accepts, the real haproxy and nginx accept, without a
//! warning. Thousands of random inventories on this machine's programs, and some hundred on
//! those of every Debian release, each told its version.

mod going;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sslscale::inventory::model::NGINX_SNIPPETS;
use sslscale::inventory::{Inventory, check, raw::SECTIONS};
use sslscale::render::{DH_GROUP, HAPROXY_CFG, HAPROXY_MAPS, NGINX_CONF, Templates, render};
use sslscale::source::Source;
use sslscale::tree::Tree;

use crate::cases::{all_of, cases, first};
use crate::keys::{kind_of, pair};
use crate::support::generate::{Generated, Versions, snippets};
use crate::support::release::{HERE, Outcome, RELEASES, Release, Stock};
use crate::support::{fleets, shipped};

/// Accepted inventories that the machine's own programs are shown; mostly they are those of one of the releases.
const HERE_COUNT: u32 = 100;
/// Accepted inventories that the programs of each release are shown.
const RELEASE_COUNT: u32 = 60;
/// Enough of them for every key to be in one.
const EVERY_KEY: u32 = 500;

#[test]
fn every_key_of_the_schema_is_generated() {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    let mut seen = BTreeSet::new();
    for number in 0..EVERY_KEY {
        let yaml = Generated::new(number, versions).yaml();
        let words = yaml.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        seen.extend(words.filter_map(|word| word.strip_suffix(':')).map(str::to_owned));
    }
    for section in SECTIONS {
        for key in section.keys.iter().filter(|key| !key.name.ends_with("_source")) {
            assert!(seen.contains(key.name), "`{}` of `{}` is in none of {EVERY_KEY}", key.name, section.path);
        }
    }
}

#[test]
fn most_of_what_is_generated_is_accepted() {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    let count = cases(EVERY_KEY);
    let accepted = (0..count).filter(|number| accept(&Generated::new(*number, versions).yaml()).is_ok()).count();
    // About 70 % are accepted. Of 25, fewer than 65 % often are by chance, as soon as a key is added.
    let share = if all_of(EVERY_KEY, count) { 65 } else { 40 };
    let enough = accepted * 100 >= count as usize * share;
    assert!(enough, "`check` accepted only {accepted} of {count} generated inventories, less than {share} %");
}

#[test]
fn a_number_always_gives_the_same_inventory() {
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    assert_eq!(Generated::new(7, versions).yaml(), Generated::new(7, versions).yaml());
    assert_ne!(Generated::new(7, versions).yaml(), Generated::new(8, versions).yaml());
}

#[test]
fn what_is_accepted_is_valid_here() {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
    prove(HERE, cases(HERE_COUNT), workers);
}

#[test]
fn what_is_accepted_is_valid_on_every_release() {
    let count = cases(RELEASE_COUNT);
    for name in RELEASES {
        prove(name, count, 1);
    }
}

#[test]
fn shipped_inventories_are_valid_on_every_release() {
    for mut release in RELEASES.into_iter().chain([HERE]).filter_map(Release::open) {
        let judge = Judge::new(&release);
        let stocks = shipped().into_iter().map(|it| (it, &Stock::ALL[..]));
        // The fleets are more, and differ less: they share the stock files.
        let turns = fleets().into_iter().zip(Stock::ALL.chunks(1).cycle());
        for ((name, path), stocks) in stocks.chain(turns) {
            let yaml = told(&fs::read_to_string(path).unwrap(), judge.versions);
            let inventory = accept(&yaml).unwrap_or_else(|refused| panic!("{name}: {refused}"));
            for stock in stocks {
                let complaints = judge.complaints(&mut release, &inventory, *stock);
                assert!(complaints.is_empty(), "{name} on {} ({stock:?}):\n{}", release.name(), complaints.concat());
            }
        }
    }
}

/// Shows `count` accepted inventories to the programs of a release, on several threads.
fn prove(name: &str, count: u32, workers: usize) {
    let (start, count) = (Instant::now(), usize::try_from(count).unwrap());
    let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut release = Release::open(name)?;
        let judge = Judge::new(&release);
        let mut rejected = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            // A generator that is refused most of the time would go on for ever and prove nothing.
            if number >= 2 * count || rejected.len() >= 5 {
                return Some(rejected);
            }
            let number = number + first() as usize;
            let yaml = Generated::new(u32::try_from(number).unwrap(), judge.versions).yaml();
            let Some(inventory) = accept(&yaml).ok().filter(fits_one_root) else { continue };
            if accepted.fetch_add(1, Ordering::Relaxed) >= count {
                return Some(rejected);
            }
            let stock = Stock::ALL[number % Stock::ALL.len()];
            let complaints = judge.complaints(&mut release, &inventory, stock);
            if !complaints.is_empty() {
                rejected.push(judge.report(&mut release, number, stock, &complaints, rejected.is_empty()));
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    if results.iter().any(Option::is_none) {
        return;
    }
    let rejected: Vec<String> = results.into_iter().flatten().flatten().collect();
    let (accepted, generated) = (accepted.into_inner().min(count), next.into_inner());
    let (failed, time) = (rejected.len(), start.elapsed());
    // Not `println!`: the test runner swallows what a passing test prints that way.
    let _ = writeln!(std::io::stderr(), "{name}: {accepted} accepted of {generated}, {failed} rejected, {time:.0?}");
    assert!(rejected.is_empty(), "{} inventories were rejected on {name}:\n{}", rejected.len(), rejected.join("\n"));
    assert_eq!(accepted, count, "only {accepted} of {generated} were accepted by `check`");
}

/// What a release's programs are.
pub fn versions(release: &Release) -> Versions {
    Versions { haproxy: release.haproxy(), nginx: release.nginx() }
}

/// Whether the files of all app servers fit into one root, in which every program here runs: one app
/// server's file may be another one's directory.
fn fits_one_root(inventory: &Inventory) -> bool {
    let pairs = inventory.sites.iter().flat_map(|site| &site.certificates);
    let files: BTreeSet<&str> =
        pairs.flat_map(|pair| [pair.ssl_certificate.as_str(), pair.ssl_certificate_key.as_str()]).collect();
    files.iter().all(|file| {
        let below = format!("{file}/");
        files.range(below.as_str()..).next().is_none_or(|next| !next.starts_with(&below))
    })
}

/// The inventory, or what `check` says against it.
pub fn accept(yaml: &str) -> Result<Inventory, String> {
    let checked = check(&beside().with_text(yaml));
    let words = checked.diagnostics.iter().map(|d| format!("{} {}", d.code.id, d.message));
    checked.inventory.ok_or_else(|| words.collect::<Vec<_>>().join("\n"))
}

/// A source beside the files that generated inventories name.
fn beside() -> &'static Source {
    static BESIDE: OnceLock<Source> = OnceLock::new();
    BESIDE.get_or_init(|| {
        let folder = folder();
        fs::create_dir_all(&folder).unwrap();
        snippets::write(&folder);
        let path = folder.join("generated.yaml");
        fs::write(&path, "").unwrap();
        Source::read(&path).unwrap()
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated")
}

/// The inventory with the versions in it.
pub fn told(yaml: &str, versions: Versions) -> String {
    let mut text = yaml.to_owned();
    for (program, (major, minor, patch)) in [("haproxy", versions.haproxy), ("nginx", versions.nginx)] {
        let (section, line) = (format!("\n{program}:\n"), format!("  version: {major}.{minor}.{patch}\n"));
        text = match text.find(&section) {
            Some(at) => [&text[..at + section.len()], &line, &text[at + section.len()..]].concat(),
            None => [&text, &section, line.as_str()].concat(),
        };
    }
    text
}

/// Shows rendered trees to the programs of one release.
struct Judge {
    versions: Versions,
    templates: Templates,
    work: tempfile::TempDir,
}

impl Judge {
    fn new(release: &Release) -> Self {
        let work = scratch();
        let versions = Versions { haproxy: release.haproxy(), nginx: release.nginx() };
        Self { versions, templates: Templates::load(None).unwrap(), work }
    }

    /// What the programs have against the inventory's files, of which each is shown once.
    fn complaints(&self, release: &mut Release, inventory: &Inventory, stock: Stock) -> Vec<String> {
        let tree = render(inventory, &self.templates).unwrap();
        let distinct = |wanted: &str| {
            let entries = tree.hosts().flat_map(|(_, entries)| entries.iter()).filter(|entry| *entry.path == *wanted);
            entries.map(|entry| entry.content.bytes.as_slice()).collect::<BTreeSet<_>>()
        };
        self.complaints_about(release, (inventory, &tree), stock, (distinct(HAPROXY_CFG), distinct(NGINX_CONF)))
    }

    fn complaints_about(
        &self,
        release: &mut Release,
        (inventory, tree): (&Inventory, &Tree),
        stock: Stock,
        (haproxy, nginx): (BTreeSet<&[u8]>, BTreeSet<&[u8]>),
    ) -> Vec<String> {
        let distinct = |wanted: &str| {
            let entries = tree.hosts().flat_map(|(_, entries)| entries.iter()).filter(|entry| *entry.path == *wanted);
            entries.map(|entry| entry.content.bytes.as_slice()).collect::<BTreeSet<_>>()
        };
        let root = self.root(inventory);
        let all = tree.hosts().flat_map(|(_, entries)| entries.iter());
        let named = [HAPROXY_MAPS.as_slice(), &[NGINX_SNIPPETS]].concat();
        for entry in all.filter(|entry| named.iter().any(|it| entry.path.starts_with(it))) {
            put(&inside(root.path(), &entry.path), |path| fs::write(path, &entry.content.bytes));
        }
        for group in distinct(DH_GROUP) {
            put(&inside(root.path(), DH_GROUP), |path| fs::write(path, group));
        }
        let (mut haproxy, mut nginx) = (haproxy.into_iter(), nginx.into_iter());
        let mut complaints = Vec::new();
        // nginx has room for so many variables, and the user's own text has some: the guide says what to do.
        let own_text = tree.hosts().flat_map(|(_, all)| all.iter()).any(|entry| entry.path.starts_with(NGINX_SNIPPETS));
        let is_known = |line: &str| own_text && line.contains("[warn]") && line.contains(" optimal variables_hash, ");
        // One balancer's and one app server's files at a time: a tree has room for both.
        loop {
            let files = [(HAPROXY_CFG, haproxy.next()), (NGINX_CONF, nginx.next())];
            if files.iter().all(|(_, bytes)| bytes.is_none()) {
                break;
            }
            for (path, bytes) in files {
                let path = inside(root.path(), path);
                match bytes {
                    Some(bytes) => put(&path, |path| fs::write(path, bytes)),
                    None => drop(fs::remove_file(path)),
                }
            }
            let mut outcomes = release.check(stock, root.path());
            for outcome in &mut outcomes {
                let lines = outcome.output.lines().filter(|line| !is_known(line));
                outcome.output = lines.map(|line| format!("{line}\n")).collect();
            }
            complaints.extend(outcomes.iter().filter(|o| !o.accepted()).map(Outcome::to_string));
        }
        complaints
    }

    /// The certificate (`crt`) or key of a kind, made where it is missing. Programs do not compare names.
    fn made(&self, kind: &str, end: &str) -> PathBuf {
        let path = |end: &str| self.work.path().join(format!("{kind}.{end}"));
        if !path(end).exists() {
            let (chain, key) = pair(kind, &["example.com".to_owned()]);
            fs::write(path("crt"), chain).unwrap();
            fs::write(path("key"), key).unwrap();
        }
        path(end)
    }

    /// A root with all the certificates and keys that the inventory names, and the keys of tickets.
    fn root(&self, inventory: &Inventory) -> tempfile::TempDir {
        let root = tempfile::tempdir_in(self.work.path()).unwrap();
        for pair in inventory.sites.iter().flat_map(|site| &site.certificates) {
            let kind =
                pair.source.as_ref().and_then(|source| kind_of(source.certificate.local.as_deref()?)).unwrap_or("p256");
            for (path, end) in [(&pair.ssl_certificate, "crt"), (&pair.ssl_certificate_key, "key")] {
                let path = inside(root.path(), path.as_str());
                let from = self.made(kind, end);
                if path.symlink_metadata().is_err() {
                    put(&path, |path| fs::hard_link(&from, path));
                    continue;
                }
                // One site's certificate may be another's key: the file has both.
                let (mut all, more) = (fs::read(&path).unwrap(), fs::read(&from).unwrap());
                if !all.windows(more.len()).any(|part| part == more) {
                    all.extend(more);
                    fs::remove_file(&path).unwrap();
                    fs::write(&path, all).unwrap();
                }
            }
        }
        let sites: Vec<_> = inventory.sites.iter().collect();
        for authorities in sslscale::stand_ins::authorities(&sites) {
            let path = inside(root.path(), authorities.to_str().unwrap());
            if path.symlink_metadata().is_err() {
                let from = self.made("p256", "crt");
                put(&path, |path| fs::hard_link(&from, path));
            }
        }
        for list in sslscale::stand_ins::revoked(&sites) {
            let path = inside(root.path(), list.to_str().unwrap());
            let list = sslscale::stand_ins::Pairs::default().none_revoked().unwrap();
            put(&path, |path| fs::write(path, &list));
        }
        // nginx looks for names as it starts, and there is no DNS here.
        let names = sslscale::stand_ins::hosts(inventory).map(|(name, address)| format!("{address} {name}\n"));
        let names: String = std::iter::once("127.0.0.1 localhost\n".to_owned()).chain(names).collect();
        put(&inside(root.path(), "/etc/hosts"), |path| fs::write(path, &names));
        for (path, key) in sslscale::stand_ins::ring(inventory) {
            let path = inside(root.path(), path.to_str().unwrap());
            put(&path, |path| match (key.target(), key.as_directory()) {
                (Some(target), _) => std::os::unix::fs::symlink(target, path),
                (_, Some(_)) => fs::create_dir_all(path),
                _ => fs::write(path, &key.bytes),
            });
        }
        root
    }

    /// The inventory, or the smallest like it that is rejected, and the words of the programs.
    fn report(&self, release: &mut Release, number: usize, stock: Stock, words: &[String], shrink: bool) -> String {
        let generated = Generated::new(u32::try_from(number).unwrap(), self.versions);
        let release = std::cell::RefCell::new(release);
        let yaml = generated.smallest(if shrink { 60 } else { 0 }, |yaml| {
            accept(yaml)
                .is_ok_and(|inventory| !self.complaints(&mut release.borrow_mut(), &inventory, stock).is_empty())
        });
        let path = folder().join(format!("rejected-{number}.yaml"));
        fs::write(&path, &yaml).unwrap();
        let shown: String = yaml.chars().take(4_000).collect();
        format!("inventory {number} ({stock:?}), in {}:\n{}\n{shown}", path.display(), words.concat())
    }
}

/// A directory in memory where there is such a place: ext4 takes a hundred times as long to
/// make directories that were deleted a moment before.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn inside(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn put(path: &Path, make: impl Fn(&Path) -> std::io::Result<()>) {
    let made = make(path).or_else(|_| fs::create_dir_all(path.parent().unwrap()).and_then(|()| make(path)));
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
