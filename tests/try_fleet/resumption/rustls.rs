//! rustls: this very test binary is the client, started once more inside the clients' host.

use crate::returning::Returning;
use crate::run::{Kept, Try};

const WORDS: &str = "SSLSCALE_RETURNING";

/// How many returning handshakes were resumed, in rustls' own words.
pub fn run(_: &Try, kept: &Kept, returning: &Returning) -> usize {
    let binary = format!("/.machine{}", std::env::current_exe().unwrap().display());
    let test = "resumption::rustls::the_client_of_another_test";
    let mut command = kept.command("clients", &[&binary, "--exact", test, "--ignored", "--nocapture"]);
    let done = command.env(WORDS, returning.words().join(" ")).output().unwrap();
    let output = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{output}{}", String::from_utf8_lossy(&done.stderr));
    let resumed = output.lines().find_map(|line| line.split_once("resumed: ")).unwrap_or_else(|| panic!("{output}"));
    resumed.1.trim().parse().unwrap()
}

#[test]
#[ignore = "the client that another test starts"]
#[allow(clippy::print_stdout, reason = "its answer")]
fn the_client_of_another_test() {
    // Nobody asks for anything where all ignored tests are run.
    let Ok(words) = std::env::var(WORDS) else { return };
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    println!("\nresumed: {}", Returning::parse(&words).run());
}
