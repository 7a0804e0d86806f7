//! Every block of code in README.md and docs/ is run or checked by a test: one that nothing looks at fails.

use std::fs;

use super::{commands, fragments};
use crate::docs::{page, pages};
use crate::support::Sslscale;

/// A fenced block of code.
pub struct Block {
    /// Page and line, for messages.
    pub place: String,
    pub page: String,
    /// The word after the fence, such as `yaml`.
    pub language: String,
    pub text: String,
    /// What the last comment before it opened: `session first`, say.
    generated: Option<String>,
}

/// Blocks that are neither commands nor inventories nor files of a known kind: page, language, the beginning, and why
/// nothing has to run them.
const OTHERS: [(&str, &str, &str, &str); 6] = [
    ("README.md", "text", "                            10.0.0.10", "a drawing"),
    ("docs/architecture.md", "text", "file ← source", "a drawing; `architecture.rs` compares the table of rooms"),
    ("docs/guide.md", "text", "$ sslscale init\n", "`init/terminal.rs` answers these questions"),
    ("docs/guide.md", "text", "192.0.2.1:50231 [", "a line of a log; `served/connections.rs` reads it"),
    ("docs/guide.md", "nginx", "error_log ", "`served/connections.rs` uses it"),
    ("docs/tickets.md", "text", "17 4 * * * root sslscale tickets rotate ", "its command is checked below"),
];

/// The blocks of a page.
pub fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut generated, mut open): (Option<String>, Option<Block>) = (None, None);
    for (line, number) in text.lines().zip(1..) {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => block.text.push_str(&format!("{line}\n")),
            (None, Some(language)) => {
                let (place, page) = (format!("{name}:{number}"), name.to_owned());
                let (language, generated) = (language.to_owned(), generated.clone());
                open = Some(Block { place, page, language, text: String::new(), generated });
            }
            (None, None) => {
                if let Some(comment) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                    generated = (!comment.starts_with('/')).then(|| comment.to_owned());
                }
            }
        }
    }
    assert!(open.is_none(), "{name}: a block does not end");
    found
}

/// The blocks of all pages. Those of the rules are left out: their pages are compared as a whole.
pub fn all() -> Vec<Block> {
    let names = pages().into_iter().map(|path| path.display().to_string());
    names.filter(|name| !name.starts_with("docs/rules/")).flat_map(|name| blocks(&name, &page(&name))).collect()
}

/// What is wrong with a block, or that nothing knows how to check it.
fn wrong(block: &Block) -> Option<String> {
    let Block { page, language, text, generated, .. } = block;
    if generated.as_ref().is_some_and(|name| name.starts_with("session ") && language == "console") {
        return None; // `sessions` runs it.
    }
    if OTHERS.iter().any(|(other, kind, begin, _)| page == other && language == kind && text.starts_with(begin)) {
        return None;
    }
    match language.as_str() {
        "yaml" => fragments::wrong(text),
        "json" => hosts_file(text),
        "sh" => commands::script(page, text),
        "console" => commands::console(page, text),
        "ini" => commands::unit(text),
        _ => Some("nothing runs or checks it".to_owned()),
    }
}

/// What is wrong with a hosts file: the program reads it, for its own inventory.
fn hosts_file(text: &str) -> Option<String> {
    let hosts: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(text) {
        Ok(hosts) => hosts,
        Err(error) => return Some(error.to_string()),
    };
    let inventory = fs::read_to_string("inventories/blog.yaml").unwrap();
    // A command that ends at once: the file is accepted if only the hosts do not answer.
    let run = Sslscale::new(&["tickets", "status", "inventory.yaml", "--hosts-file", "hosts.json"])
        .inventory(&inventory)
        .file("hosts.json", text.replace("\"ssh\"", "\"/bin/false\", \"ssh\""))
        .run();
    let answered = hosts.keys().all(|name| run.all().contains(&format!("`{name}`")) || run.all().contains(name));
    (run.status != 1 || !answered).then(|| run.all())
}

#[test]
fn every_block_is_run_or_checked() {
    let all = all();
    assert!(all.len() > 25, "{}", all.len());
    let wrong = all.iter().filter_map(|block| Some(format!("{} ({})\n{}", block.place, block.language, wrong(block)?)));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let used = |(other, kind, begin, _): &&(&str, &str, &str, &str)| {
        !all.iter().any(|it| it.page == *other && it.language == *kind && it.text.starts_with(begin))
    };
    assert_eq!(OTHERS.iter().filter(used).count(), 0, "an entry of OTHERS is of no use");
}

#[test]
fn a_block_that_is_wrong_is_found() {
    let wrong = |language: &str, text: &str| {
        let page = format!("```{language}\n{text}\n```\n");
        let [block] = &blocks("docs/guide.md", &page)[..] else { panic!("{page}") };
        wrong(block).is_some()
    };
    for (language, text) in [
        ("", "nothing"),
        ("text", "nothing"),
        ("toml", "a = 1"),
        ("yaml", "haproxy: { prot: 443 }"),
        ("yaml", "locations:\n  - { path: /, proxy_pas: \"http://127.0.0.1:80\" }"),
        ("yaml", "load_balancers: []"),
        ("yaml", "not a: key"),
        ("json", "{\"srv1\": \"ssh\"}"),
        ("json", "[]"),
        ("sh", "sslscale chek inventory.yaml"),
        ("sh", "true && sslscale check --fixx inventory.yaml | head"),
        ("sh", "sslscale check inventories/bolg.yaml"),
        ("sh", "nobody-knows this"),
        ("sh", "curl --haproxy-protokol http://127.0.0.1"),
        ("console", "$ sslscale deploy --jes fleet.yaml"),
        ("console", "$ sslscale rules\nsome output"),
        ("ini", "[Service]\nExecStart=/usr/local/bin/sslscale certs rol fleet.yaml"),
    ] {
        assert!(wrong(language, text), "{language}: {text}");
    }
    for (language, text) in [
        ("yaml", "haproxy: { port: 8443 }"),
        ("yaml", "root: /srv/app\nlocations:\n  - { path: /x/, root: /srv }"),
        ("sh", "sslscale check inventory.yaml --format json > report # why"),
        ("console", "$ sslscale deploy \\\n    fleet.yaml\n# sslscale status fleet.yaml"),
    ] {
        assert!(!wrong(language, text), "{language}: {text}");
    }
}
