//! Hosts that are shell scripts of the tests: they read what sslscale sends, and answer with fixed texts.

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

/// The text of a hosts file.
pub fn hosts_file<'n>(hosts: impl IntoIterator<Item = (&'n str, Value)>) -> String {
    let hosts: Map<String, Value> = hosts.into_iter().map(|(name, words)| (name.to_owned(), words)).collect();
    Value::Object(hosts).to_string()
}
