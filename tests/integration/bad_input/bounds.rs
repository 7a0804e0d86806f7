//! Documents made to take the machine: each gets a short answer within little memory.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sslscale::source::MAX_BYTES;

use super::BLOG;
use crate::support::{Run, Sslscale};

/// Runs `check` with no more address space than this, in megabytes.
fn within(run: &Sslscale, megabytes: usize, path: &str) -> Run {
    let script = format!("ulimit -v {} && exec \"$0\" check \"$1\"", megabytes << 10);
    let mut command = Command::new("bash");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_sslscale"), path]).current_dir(run.dir());
    let started = Instant::now();
    let output = command.env_clear().stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run =
        Run { stdout: text(output.stdout), stderr: text(output.stderr), status: output.status.code().unwrap_or(-1) };
    // Unoptimized, on a busy machine: the bound tells seconds from hours.
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
    run
}

#[test]
fn a_huge_file_is_refused_unread() {
    let run = Sslscale::new(&[]).inventory("");
    let file = std::fs::File::options().write(true).open(run.dir().join("inventory.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    let refused = within(&run, 64, "inventory.yaml");
    assert_eq!(refused.status, 2, "{}", refused.all());
    let first = "error[IN01]: the inventory `inventory.yaml` cannot be read: it is larger than 16 MB\n";
    assert!(refused.stderr.starts_with(first), "{}", refused.stderr);
    let endless = Command::new("bash")
        .args(["-c", "ulimit -v 131072 && exec \"$0\" check - < /dev/zero", env!("CARGO_BIN_EXE_sslscale")])
        .output()
        .unwrap();
    assert_eq!(endless.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&endless.stderr).contains("it is larger than 16 MB"));
}

#[test]
fn the_largest_inventory_takes_bounded_memory() {
    let mut hosts = String::new();
    let mut i = 0;
    while hosts.len() < usize::try_from(MAX_BYTES).unwrap() - 1_000 {
        writeln!(hosts, "  - {{ name: h{i}, address: 10.{}.{}.{} }}", 1 + (i >> 16), (i >> 8) & 255, i & 255).unwrap();
        i += 1;
    }
    let run = Sslscale::new(&[]).inventory(BLOG.replace("app_servers:\n", &format!("app_servers:\n{hosts}")));
    let sound = within(&run, 512, "inventory.yaml");
    assert_eq!(sound.status, 0, "{}", &sound.stderr[..1_000.min(sound.stderr.len())]);
    assert!(sound.stdout.contains(&format!("{} app servers", i + 2)), "{}", sound.stdout);
}

#[test]
fn bombs_and_towers_get_a_short_answer() {
    let layer = |name: char, of: &str| format!("{name}: &{name} [{}]\n", [of; 10].join(","));
    let bomb: String = "abcdefghi"
        .chars()
        .zip(["x", "*a", "*b", "*c", "*d", "*e", "*f", "*g", "*h"])
        .map(|(n, of)| layer(n, of))
        .collect();
    let merges = format!("a: &a {{ k: v }}\nb:\n{}", "  - { <<: [*a, *a, *a, *a] }\n".repeat(20_000));
    let strings = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(10_000));
    let blocks: String = (0..1_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let anchors: String = (0..100_000).map(|i| format!("- &a{i} x\n")).collect();
    let cases = [
        ("aliases of aliases", bomb),
        ("merges", merges),
        ("a long text repeated", strings),
        ("anchors", anchors),
        ("brackets", "[".repeat(100_000)),
        ("braces", "{a: ".repeat(100_000)),
        ("lists in lists", "- ".repeat(100_000)),
        ("keys of keys", "? ".repeat(100_000)),
        ("mappings in mappings", blocks),
        ("closed brackets", format!("{}{}", "[".repeat(40), "]".repeat(40))),
        ("values", format!("sites: [{}]", "1,".repeat(4_000_001))),
        ("one line", "a".repeat(1 << 20)),
        ("one key", format!("{}: 1\n", "a".repeat(900))),
        ("one quoted line", format!("sites: \"{}", "a".repeat(1 << 20))),
    ];
    for (name, text) in cases {
        let run = within(&Sslscale::new(&[]).inventory(text), 512, "inventory.yaml");
        assert!(run.status == 2 || run.status == 1, "{name}: {}", run.all());
        assert!(run.stderr.starts_with("error["), "{name}: {}", run.stderr);
        let longest = run.stderr.lines().map(|line| line.chars().count()).max();
        assert!(run.stderr.len() < 4_000 && longest < Some(250), "{name}: {longest:?}: {}", run.stderr);
    }
}

#[test]
fn ten_thousand_mistakes_are_all_reported_whether_on_one_line_or_on_many() {
    for separator in ["\n", ""] {
        let hosts: String = (0..10_000).map(|i| format!(" {{ name: h{i}, address: x{i} }},{separator}")).collect();
        let hosts = format!("app_servers: [{hosts}{{ name: last, address: 10.9.9.9 }}]\nx:\n");
        let text = BLOG.replace("app_servers:\n", &hosts);
        let before = &text[..text.find("x9999").unwrap()];
        let column = before.len() - before.rfind('\n').unwrap();
        let last = format!("--> inventory.yaml:{}:{column}\n", before.lines().count());
        let run = Sslscale::new(&[]).inventory(text);
        let found = within(&run, 256, "inventory.yaml");
        assert_eq!(found.status, 1);
        assert!(found.stderr.contains("\ninventory.yaml: 10001 errors;"), "{separator:?}");
        assert_eq!(found.stderr.matches("error[AD10]").count(), 10_000);
        assert!(found.stderr.contains(&last), "{separator:?}: {last}");
        assert!(found.stderr.len() < 6_000_000, "{}", found.stderr.len());
    }
}
