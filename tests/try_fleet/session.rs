//! The session in the README is a real one: the commands are run and their output is compared.

use std::path::Path;
use std::process::Command;

use crate::alone;
use crate::generated::generated;

/// The README's machine has not got the certificate of the example either.
const LINES: [&str; 4] = [
    "sslscale check inventories/blog.yaml",
    "sslscale render inventories/blog.yaml --host lb1 | grep -A 99 ^backend",
    "sslscale try inventories/blog.yaml",
    "sed 's/10.0.0.11 /10.0.0.300 /; s/pass: /passs: /' inventories/blog.yaml | sslscale check -",
];

#[test]
fn the_session_in_the_readme_is_a_real_one() {
    let _alone = alone();
    let binaries = Path::new(env!("CARGO_BIN_EXE_sslscale")).parent().unwrap();
    let mut session = String::from("```console\n");
    for line in LINES {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{{ {line}; }} 2>&1")]).current_dir(env!("CARGO_MANIFEST_DIR"));
        shell.env_clear().env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", binaries.display()));
        let output = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        // The inventory names no version: a newer nginx than the README's warns of forms that older ones need.
        let lines = output.lines().filter(|line| !(line.starts_with("note: ") && line.contains(": nginx: [warn] ")));
        let output = lines.collect::<Vec<_>>().join("\n");
        session.push_str(&format!("$ {line}\n{}\n", output.trim_end_matches('\n')));
    }
    session.push_str("```\n");
    generated("session", &session);
}
