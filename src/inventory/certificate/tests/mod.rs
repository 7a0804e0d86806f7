//! Inspection against a corpus that rcgen and the real `openssl` make when the tests run.
//! Paths are shown relative to the corpus, so that whole messages are compared.

mod blocks;
mod chains;
mod dates_and_names;
mod files;
mod keys;
mod nginx;
mod served;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

use super::{Certificate, PrivateKey, Problem, ProblemKind, Roots, Subject};

/// What a test compares: kind, subject and whole message.
type Found = (ProblemKind, Subject, String);

/// All errors of one site's sources at `now`: the certificate's, its names', then the key's.
fn inspect(certificate: &Path, key: Option<&Path>, server_names: &[&str], now: SystemTime) -> Vec<Problem> {
    let mut problems = Vec::new();
    let certificate = Certificate::read(certificate);
    match &certificate {
        Ok(certificate) => {
            problems.extend(certificate.date_problems(now, Some(0)));
            problems.extend(certificate.strength_problems());
            let names = server_names.iter().enumerate();
            problems.extend(names.filter_map(|(n, name)| certificate.name_problem(n, name)));
        }
        Err(problem) => problems.push(problem.clone()),
    }
    match (key.map(PrivateKey::read), certificate) {
        (Some(Err(problem)), _) => problems.push(problem),
        (Some(Ok(key)), Ok(certificate)) => problems.extend(certificate.key_problem(&key)),
        _ => {}
    }
    problems
}

/// A directory of certificates and keys, gone with the value.
struct Corpus(tempfile::TempDir);

impl Corpus {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text of the corpus")
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).expect("the corpus is writable");
    }

    /// Runs `openssl` in the corpus; the arguments are split at blanks.
    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .expect("these tests need openssl");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {stderr}");
    }

    /// `NAME.crt` for `example.com`, valid from now, and its PKCS#8 `NAME.key`.
    fn pair(&self, name: &str, algorithm: &str) {
        self.openssl(&format!("genpkey -out {name}.key -algorithm {algorithm}"));
        self.openssl(&format!(
            "req -x509 -new -key {name}.key -out {name}.crt -days 30 -subj /CN={name} \
             -addext subjectAltName=DNS:example.com"
        ));
    }

    fn inspect(&self, certificate: &str, key: &str) -> Vec<Found> {
        self.check(inspect(&self.path(certificate), Some(&self.path(key)), &["example.com"], SystemTime::now()))
    }

    /// Holds every problem to the style of messages and to silence about keys.
    fn check(&self, problems: Vec<Problem>) -> Vec<Found> {
        let secrets: Vec<String> = fs::read_dir(self.0.path())
            .expect("the corpus is readable")
            .map(|entry| entry.expect("an entry").path())
            // To read the FIFO of the corpus would be to wait for ever.
            .filter(|path| path.is_file())
            .filter_map(|path| fs::read_to_string(path).ok())
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.len() >= 16 && !line.contains("-----"))
            .collect();
        let shown = |text: &str| {
            assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
            assert!(text.starts_with(|c: char| c.is_lowercase() || c == '`'), "{text}");
            assert_eq!(text.matches('`').count() % 2, 0, "{text}");
            assert!(!secrets.iter().any(|secret| text.contains(secret.trim())), "{text}");
            text.replace(&format!("{}/", self.0.path().display()), "")
        };
        let found = problems.iter().map(|problem| {
            shown(&problem.help);
            (problem.kind, problem.subject, shown(&problem.message))
        });
        found.collect()
    }
}

/// A corpus with `a.crt` and `a.key`, RSA.
fn rsa() -> Corpus {
    let corpus = Corpus::new();
    corpus.pair("a", "RSA -pkeyopt rsa_keygen_bits:2048");
    corpus
}

/// The helps of a pair, with whole paths.
fn helps(certificate: &Path, key: &Path) -> Vec<String> {
    inspect(certificate, Some(key), &["example.com"], SystemTime::now())
        .into_iter()
        .map(|problem| problem.help)
        .collect()
}

fn not_pem(subject: Subject, message: &str) -> Found {
    (ProblemKind::NotPem, subject, message.to_owned())
}

fn unreadable(subject: Subject, message: &str) -> Found {
    (ProblemKind::Unreadable, subject, message.to_owned())
}

fn mismatch(message: &str) -> Found {
    (ProblemKind::KeyMismatch, Subject::Key, message.to_owned())
}
