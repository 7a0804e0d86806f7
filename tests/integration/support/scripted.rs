//! Hosts that are shell scripts of the tests: they read what sslscale sends, and answer with fixed texts.

use std::path::Path;

use serde_json::{Map, Value, json};

/// Reads what was sent into `$text`. `answer` sends its argument as the output of a whole script that ended with 0.
const PRELUDE: &str = "\
text=$(cat)
answer() { printf '\\nsslscale-begin\\n%s\\n\\nsslscale-end 0\\n' \"$1\"; }
";

/// The words that lead to a host that is this script, after [`PRELUDE`]. It has its own name in `$0`.
pub fn host(name: &str, script: &str, arguments: &[&str]) -> Value {
    let script = format!("{PRELUDE}{script}");
    json!([&["sh", "-c", &script, name], arguments].concat())
}

/// The words that lead to a directory that stands for a host, which also tells what only a running host does: these
/// lines, such as `facts`, after its files.
pub fn root(name: &str, dir: &Path, lines: &[&str]) -> Value {
    const RUN: &str = "\
text=$(cat)
lines=
case $text in *'show_facts() {'*) lines=$2 ;; esac
out=$(printf '%s\\n' \"$text\" | sed \"s|^root=\\$|root=$1|\" | sh -s | sed \"s|^end\\$|${lines}end|\")
printf '%s\\n' \"$out\"
";
    let lines: String = lines.iter().map(|line| format!("{line}\\n")).collect();
    json!(["sh", "-c", RUN, name, dir, lines])
}

/// The text of a hosts file.
pub fn hosts_file<'n>(hosts: impl IntoIterator<Item = (&'n str, Value)>) -> String {
    let hosts: Map<String, Value> = hosts.into_iter().map(|(name, words)| (name.to_owned(), words)).collect();
    Value::Object(hosts).to_string()
}
