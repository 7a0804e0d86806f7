//! Every command that prints or changes something, with what it is to leave.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

/// A fleet of two app servers.
pub const INVENTORY: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites: [{ server_name: example.com, root: /srv, ssl_certificate: /etc/ssl/a.crt, ssl_certificate_key: /etc/ssl/a.key }]
";

/// What a case writes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prints {
    Nothing,
    /// What the command is there for.
    Result,
    /// A report of what was changed.
    Report,
}

/// One run of the program.
pub struct Case {
    pub arguments: &'static [&'static str],
    pub input: Option<String>,
    pub status: i32,
    pub prints: Prints,
    /// The files that are there before.
    files: Vec<(&'static str, String)>,
    /// Roots of app servers that are there before.
    roots: Option<std::path::PathBuf>,
}

impl Case {
    fn new(arguments: &'static [&'static str], status: i32, prints: Prints) -> Self {
        let files = vec![("inventory.yaml", INVENTORY.to_owned())];
        Self { arguments, input: None, status, prints, files, roots: None }
    }

    fn file(mut self, name: &'static str, text: String) -> Self {
        self.files.retain(|(known, _)| *known != name);
        self.files.push((name, text));
        self
    }

    pub fn name(&self) -> String {
        self.arguments.join(" ")
    }

    /// A directory with what is there before.
    pub fn directory(&self) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in &self.files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            if name.ends_with(".key") {
                private(&path);
            }
        }
        if let Some(roots) = &self.roots {
            let copied = Command::new("cp").arg("-a").arg(roots).arg(dir.path().join("roots")).status().unwrap();
            assert!(copied.success());
        }
        dir
    }

    /// What is there after: of key rings how they moved, of everything else the bytes.
    pub fn state(&self, dir: &Path) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        below(dir, "", &mut state);
        let Some(roots) = &self.roots else { return state };
        let before = ring(roots, "srv1");
        state.retain(|path, _| !path.starts_with("roots/"));
        for host in ["srv1", "srv2"] {
            let after = ring(&dir.join("roots"), host);
            let moved = before.iter().map(|key| after.iter().position(|it| it == key)).collect::<Vec<_>>();
            let same = after == ring(&dir.join("roots"), "srv1");
            state.insert(host.to_owned(), format!("{moved:?}, the same as srv1: {same}, keys: {}", after.len()));
        }
        state
    }

    /// Output without what is drawn at random and without times, whose unit may change between two runs.
    pub fn scrubbed(&self, text: &str) -> String {
        if self.roots.is_none() {
            return text.to_owned();
        }
        let hexadecimal = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let time =
            |word: &str| word.bytes().all(|byte| byte.is_ascii_digit()) || ["s", "min", "h", "d"].contains(&word);
        words.filter(|word| !hexadecimal(word) && !time(word)).collect()
    }
}

fn below(dir: &Path, prefix: &str, state: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            below(&entry.path(), &format!("{name}/"), state);
        } else if metadata.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            state.insert(name, format!("{:o} {text}", metadata.mode()));
        }
    }
}

/// The three keys of a host, as far as they are there.
pub fn ring(roots: &Path, host: &str) -> Vec<Vec<u8>> {
    let names = ["current.key", "previous.key", "next.key"].iter();
    names.filter_map(|name| fs::read(roots.join(host).join("etc/sslscale/tickets").join(name)).ok()).collect()
}

pub fn check() -> Vec<Case> {
    use Prints::{Nothing, Result};
    let broken = || INVENTORY.replace("10.0.0.12", "10.0.0.11");
    // An octal number to some readers (AD01), with a safe fix.
    let fixable = || format!("nginx: {{ port: 0443 }}\n{INVENTORY}");
    let case =
        |arguments, status, prints, text: String| Case::new(arguments, status, prints).file("inventory.yaml", text);
    let mut fixed_stdin = Case::new(&["check", "--fix", "-"], 0, Result);
    fixed_stdin.input = Some(fixable());
    vec![
        case(&["check", "inventory.yaml"], 0, Result, INVENTORY.to_owned()),
        case(&["check", "inventory.yaml"], 1, Nothing, broken()),
        case(&["check", "--explain", "inventory.yaml"], 1, Nothing, broken()),
        case(&["check", "gone.yaml"], 2, Nothing, broken()),
        case(&["check", "--format", "json", "inventory.yaml"], 1, Result, broken()),
        case(&["check", "--format", "sarif", "inventory.yaml"], 1, Result, broken()),
        case(&["check", "--format", "github", "inventory.yaml"], 1, Result, broken()),
        case(&["check", "--format", "gitlab", "inventory.yaml"], 1, Result, broken()),
        case(&["check", "--format", "junit", "inventory.yaml"], 1, Result, broken()),
        case(&["check", "--format", "json", "-o", "report", "inventory.yaml"], 1, Nothing, broken()),
        case(&["check", "--diff", "inventory.yaml"], 1, Result, fixable()),
        case(&["check", "--fix", "inventory.yaml"], 0, Prints::Report, fixable()),
        case(&["check", "--fix", "--format", "json", "inventory.yaml"], 0, Prints::Report, fixable()),
        fixed_stdin,
    ]
}

pub fn pages() -> Vec<Case> {
    let pages: [&[&str]; 13] = [
        &["explain", "AD01"],
        &["explain", "--format", "json", "AD01"],
        &["rules"],
        &["rules", "--format", "json"],
        &["schema"],
        &["init", "--list"],
        &["init", "--example", "blog", "-"],
        &["completions", "zsh"],
        &["man", "deploy"],
        &["--help"],
        &["check", "--help"],
        &["tickets", "rotate", "--help"],
        &["--version"],
    ];
    let mut cases: Vec<Case> = pages.into_iter().map(|page| Case::new(page, 0, Prints::Result)).collect();
    cases.push(Case::new(&["render"], 2, Prints::Nothing));
    cases
}

pub fn render() -> Vec<Case> {
    use Prints::{Nothing, Result};
    let old = |case: Case| case.file("out/srv1/etc/nginx/conf.d/sslscale.conf", "old\n".to_owned());
    vec![
        Case::new(&["render", "inventory.yaml"], 0, Result),
        Case::new(&["render", "--format", "json", "inventory.yaml"], 0, Result),
        Case::new(&["show", "inventory.yaml"], 0, Result),
        Case::new(&["show", "--format", "json", "inventory.yaml"], 0, Result),
        Case::new(&["render", "-o", "out", "inventory.yaml"], 0, Nothing),
        old(Case::new(&["render", "-o", "out", "inventory.yaml"], 0, Nothing)),
        old(Case::new(&["render", "-o", "out", "--check", "inventory.yaml"], 1, Result)),
        old(Case::new(&["render", "-o", "out", "--diff", "inventory.yaml"], 1, Result)),
        Case::new(&["render", "-o", "out", "inventory.yaml"], 1, Nothing)
            .file("inventory.yaml", INVENTORY.replace("10.0.0.12", "10.0.0.11")),
    ]
}

/// Roots of app servers that share a ring.
pub fn rotated() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("inventory.yaml"), INVENTORY).unwrap();
    ["lb1", "srv1", "srv2"].iter().for_each(|host| fs::create_dir_all(dir.path().join("roots").join(host)).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
    command.args(["tickets", "sync", "inventory.yaml", "--roots", "roots"]).current_dir(dir.path());
    assert!(command.output().unwrap().status.success());
    dir
}

/// Roots of a fleet that has an older certificate than the one beside the inventory. `None` for a user who cannot
/// give files to root.
pub fn renewed() -> Option<TempDir> {
    const DAY: u64 = 24 * 60 * 60;
    let dir = crate::support::need::root().then(rotated)?;
    fs::write(dir.path().join("inventory.yaml"), sourced()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(dir.path().join("a.key"), key.serialize_pem()).unwrap();
    private(&dir.path().join("a.key"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for days in [2, 1] {
        let mut params = rcgen::CertificateParams::new(["example.com".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now - days * DAY);
        params.not_after = params.not_before + Duration::from_secs(90 * DAY);
        fs::write(dir.path().join("a.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        if days == 2 {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
            command.args(["deploy", "inventory.yaml", "--roots", "roots", "--yes"]).current_dir(dir.path());
            assert!(command.output().unwrap().status.success());
        }
    }
    Some(dir)
}

fn private(key: &Path) {
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
}

fn sourced() -> String {
    INVENTORY.replace(" }]\n", ", ssl_certificate_source: a.crt, ssl_certificate_key_source: a.key }]\n").replacen(
        "10.0.0.10, ssl_certificate_source: a.crt, ssl_certificate_key_source: a.key",
        "10.0.0.10",
        1,
    )
}

pub fn renewals(prepared: &TempDir) -> Vec<Case> {
    let arguments: [&[&str]; 2] = [
        // One host: several report in any order.
        &["certs", "roll", "inventory.yaml", "--roots", "roots", "--without", "lb1", "--without", "srv2"],
        &[
            "certs",
            "roll",
            "inventory.yaml",
            "--roots",
            "roots",
            "--without",
            "lb1",
            "--without",
            "srv2",
            "--format",
            "json",
        ],
    ];
    let case = |arguments| {
        let mut case = Case::new(arguments, 0, Prints::Report).file("inventory.yaml", sourced());
        for name in ["a.crt", "a.key"] {
            case = case.file(name, fs::read_to_string(prepared.path().join(name)).unwrap());
        }
        case.roots = Some(prepared.path().join("roots"));
        case
    };
    arguments.into_iter().map(case).collect()
}

pub fn hosts(prepared: &TempDir) -> Vec<Case> {
    let arguments: [(&[&str], i32, Prints); 14] = [
        (&["check", "--hosts", "inventory.yaml", "--roots", "roots"], 0, Prints::Result),
        (&["check", "--hosts", "inventory.yaml", "--roots", "roots", "--format", "json"], 0, Prints::Result),
        (&["plan", "inventory.yaml", "--roots", "roots"], 0, Prints::Result),
        (&["plan", "inventory.yaml", "--roots", "roots", "--format", "json"], 0, Prints::Result),
        (&["deploy", "inventory.yaml", "--roots", "roots", "--yes", "--only", "srv1"], 0, Prints::Result),
        (
            &["deploy", "inventory.yaml", "--roots", "roots", "--yes", "--only", "srv1", "--format", "json"],
            0,
            Prints::Report,
        ),
        (&["history", "inventory.yaml", "--roots", "roots"], 0, Prints::Result),
        (&["unlock", "inventory.yaml", "--roots", "roots"], 0, Prints::Result),
        (&["status", "inventory.yaml", "--roots", "roots"], 1, Prints::Result),
        (&["status", "inventory.yaml", "--roots", "roots", "--format", "json"], 1, Prints::Result),
        (&["tickets", "status", "inventory.yaml", "--roots", "roots"], 0, Prints::Result),
        (&["tickets", "rotate", "inventory.yaml", "--roots", "roots"], 0, Prints::Report),
        (&["tickets", "rotate", "inventory.yaml", "--roots", "roots", "--format", "json"], 0, Prints::Report),
        (&["tickets", "sync", "inventory.yaml", "--roots", "roots"], 0, Prints::Report),
    ];
    let case = |(arguments, status, prints)| {
        let mut case = Case::new(arguments, status, prints);
        case.roots = Some(prepared.path().join("roots"));
        case
    };
    arguments.into_iter().map(case).collect()
}
