//! A hundred thousand findings: reports are written finding by finding, in little memory.

use std::fmt::Write;
use std::fs::File;
use std::process::Command;

use super::BLOG;
use crate::support::Sslscale;

const FINDINGS: usize = 100_000;
/// Of address space, in KiB. A log in SARIF once took 1.4 GB.
const LIMIT: usize = 200 * 1024;

#[test]
fn every_report_is_written_in_200_mib() {
    let mut inventory = format!("{BLOG}trusted_proxies:\n");
    (0..FINDINGS).for_each(|_| inventory.push_str("  - 10.0.0.300\n"));
    let run = Sslscale::new(&[]).inventory(inventory);
    let mut wrong = String::new();
    for (format, once) in [
        ("json", "\"code\": \"IN06\""),
        ("sarif", "\"ruleId\":\"IN06\""),
        ("github", "::error "),
        ("gitlab", "\"check_name\": \"IN06 "),
        ("junit", "error[IN06]"),
    ] {
        let report = run.dir().join("report");
        let line = format!("ulimit -v {LIMIT}; exec \"$0\" check --format {format} inventory.yaml");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_sslscale")]).current_dir(run.dir());
        let status = shell.stdout(File::create(&report).unwrap()).status().unwrap();
        let found = std::fs::read_to_string(&report).unwrap().matches(once).count();
        if (status.code(), found) != (Some(1), FINDINGS) {
            writeln!(wrong, "{format}: {status}, {found} findings").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
