//! An inventory as an editor reads it: scalars without quotes are numbers, booleans and texts as in YAML 1.2.

use serde_json::{Map, Number, Value};
use sslscale::inventory::node::{Node, Value as Kind, parse};
use sslscale::source::Source;

/// The inventory as JSON, if it is YAML.
pub fn json(source: &Source) -> Option<Value> {
    parse(source).ok().map(|root| value(&root, source))
}

fn value(node: &Node, source: &Source) -> Value {
    match &node.value {
        Kind::Null => Value::Null,
        Kind::Text(text) => Value::String(text.to_string()),
        Kind::Plain => {
            let written = source.slice(node.span);
            match written.starts_with(['"', '\'']) {
                true => Value::String(node.text(source).unwrap().to_owned()),
                false => plain(written),
            }
        }
        Kind::List(items) => items.iter().map(|item| value(item, source)).collect(),
        Kind::Map(entries) => {
            let name = |key: &Node| key.text(source).unwrap_or("null").to_owned();
            let all: Map<String, Value> = entries.iter().map(|(key, it)| (name(key), value(it, source))).collect();
            Value::Object(all)
        }
    }
}

/// A scalar without quotes, by the core schema of YAML 1.2.
pub fn plain(text: &str) -> Value {
    let float = || text.parse::<f64>().ok().filter(|_| is_float(text)).and_then(Number::from_f64).map(Value::Number);
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "null" | "Null" | "NULL" | "~" | "" => Value::Null,
        _ => integer(text).or_else(float).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<Value> {
    let based = |prefix: &str, base| u64::from_str_radix(text.strip_prefix(prefix)?, base).ok().map(Value::from);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return based("0x", 16).or_else(|| based("0o", 8));
    }
    let number = text.trim_start_matches('+');
    let small = number.parse::<i64>().map(Value::from).or_else(|_| number.parse::<u64>().map(Value::from)).ok();
    small.or_else(|| number.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number))
}

fn is_float(text: &str) -> bool {
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    text.chars().all(known) && text.contains(|c: char| c.is_ascii_digit())
}

#[test]
fn scalars_are_resolved_as_in_yaml_1_2() {
    let texts = ["0443", "no", "1.30", "0x10", "22:22", "1e3", "1_000", "10.0.0.1", "-5", "+5", "2.6.1", "True", ".5"];
    let values: Vec<String> = texts.iter().map(|text| plain(text).to_string()).collect();
    let wanted = [
        "443",
        "\"no\"",
        "1.3",
        "16",
        "\"22:22\"",
        "1000.0",
        "\"1_000\"",
        "\"10.0.0.1\"",
        "-5",
        "5",
        "\"2.6.1\"",
        "true",
        "0.5",
    ];
    assert_eq!(values, wanted);
}
