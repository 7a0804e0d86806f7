//! Inventories with one or two random mistakes, or with changes that are none.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Random numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % limit.max(1)
    }

    pub fn of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

/// What is before a text that is written without quotes.
const BARE: char = '\u{1}';

/// Values that are written in the inventories, by path and key.
pub type Known = BTreeMap<String, BTreeMap<String, Vec<Value>>>;

/// Adds the values of an inventory.
pub fn learn(known: &mut Known, path: &str, value: &Value) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let values = known.entry(path.to_owned()).or_default().entry(key.clone()).or_default();
                if values.len() < 40 && !values.contains(value) {
                    values.push(value.clone());
                }
                learn(known, &format!("{path}.{key}"), value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| learn(known, &format!("{path}[]"), item)),
        _ => {}
    }
}

/// The inventory as flow-style YAML.
pub fn written(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let all: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", json!(key), written(value))).collect();
            format!("{{ {} }}", all.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.starts_with(BARE) => text[1..].to_owned(),
        other => other.to_string(),
    }
}

/// The places of all values, each as JSON pointer and as path.
fn places(value: &Value, pointer: &str, path: &str, found: &mut Vec<(String, String)>) {
    found.push((pointer.to_owned(), path.to_owned()));
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{pointer}/{escaped}"), &format!("{path}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{pointer}/{index}"), &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// Changes one place.
pub fn mutate(root: &mut Value, known: &Known, random: &mut Random) {
    let mut all = Vec::new();
    places(root, "", "", &mut all);
    let (pointer, path) = random.of(&all).clone();
    let Some(value) = root.pointer_mut(&pointer) else { return };
    match value {
        Value::Object(entries) if random.below(8) > 0 => entry(entries, known.get(&path), random),
        Value::Array(items) if random.below(4) > 0 => item(items, random),
        Value::String(text) if random.below(3) > 0 => *value = text_like(text, random),
        Value::Number(number) if random.below(3) > 0 => *value = number_like(number.as_f64().unwrap(), random),
        other => *other = replacement(&path, other, known, random),
    }
}

/// Changes an entry of a section.
fn entry(entries: &mut Map<String, Value>, known: Option<&BTreeMap<String, Vec<Value>>>, random: &mut Random) {
    let keys: Vec<String> = entries.keys().cloned().collect();
    let other = |random: &mut Random| known.and_then(|known| known.iter().nth(random.below(known.len())));
    match random.below(6) {
        0 | 1 if !keys.is_empty() => drop(entries.remove(random.of(&keys))),
        2 if !keys.is_empty() => {
            let key = random.of(&keys);
            let value = entries.remove(key).unwrap();
            entries.insert(edited(key, random), value);
        }
        3 => drop(entries.insert((*random.of(&["x", "listen", "upstreams", ""])).to_owned(), json!("a"))),
        _ => {
            let Some((key, values)) = other(random) else { return };
            entries.insert(key.clone(), random.of(values).clone());
        }
    }
}

fn item(items: &mut Vec<Value>, random: &mut Random) {
    match random.below(5) {
        0 => items.clear(),
        1 if !items.is_empty() => drop(items.remove(random.below(items.len()))),
        2 if !items.is_empty() => items.push(items[random.below(items.len())].clone()),
        3 => items.push((*random.of(&[json!("a"), json!(1), json!(null), json!({}), json!([])])).clone()),
        4 if items.len() == 1 => items.extend((0..300).map(|number| json!(format!("a{number}")))),
        _ => {}
    }
}

fn replacement(path: &str, value: &Value, known: &Known, random: &mut Random) -> Value {
    const OTHER: [&str; 24] = [
        "null", "true", "True", "false", "off", "yes", "0", "-1", "1.5", "1e3", "0443", "+443", "0x1bb", "2.10",
        "1_000", "~", ".5", "/", "/a", "a", "*", "[]", "{}", "22:22",
    ];
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    match random.below(6) {
        0 => json!([value]),
        1 => value.get(0).cloned().unwrap_or_else(|| json!({ "a": value })),
        2 | 3 => match known.get(section).and_then(|known| known.get(key)) {
            Some(values) => random.of(values).clone(),
            None => json!("a"),
        },
        _ => {
            let text = random.of(&OTHER);
            // In brackets a star would be an alias.
            if *text == "*" { json!("*") } else { json!(format!("{BARE}{text}")) }
        }
    }
}

/// A text with another character, or a duration or a number near a bound.
fn text_like(text: &str, random: &mut Random) -> Value {
    const UNITS: [&str; 8] = ["ms", "s", "m", "h", "d", "", "w", "k"];
    match random.below(5) {
        0 => {
            let number = number_near(random);
            json!(format!("{number}{}", random.of(&UNITS)))
        }
        1 if text.parse::<u64>().is_ok() => json!(format!("{BARE}{text}")),
        1 => {
            json!(format!("{text}{}", random.of(&[".", "/", ":80", "\n", " ", "é", "%", "/..", ":0", "?a", "\"", "s"])))
        }
        _ => json!(edited(text, random)),
    }
}

fn edited(text: &str, random: &mut Random) -> String {
    const OTHERS: &str = "a09Z-_./:,@%*[]~+=? $;#";
    let mut chars: Vec<char> = text.chars().collect();
    let others: Vec<char> = OTHERS.chars().collect();
    let at = random.below(chars.len());
    match random.below(4) {
        _ if chars.is_empty() => chars.push(*random.of(&others)),
        0 => drop(chars.remove(at)),
        1 => chars.insert(at, *random.of(&others)),
        2 => chars[at] = *random.of(&others),
        _ => chars.insert(at, chars[at]),
    }
    chars.into_iter().collect()
}

/// Bounds of the table of keys, and the numbers before and after them.
fn number_near(random: &mut Random) -> u64 {
    const BOUNDS: [u64; 24] = [
        0,
        1,
        24,
        60,
        75,
        80,
        100,
        256,
        200,
        301,
        308,
        365,
        599,
        1_000,
        1_024,
        3_600,
        3_650,
        8_443,
        65_535,
        500_000,
        1_048_576,
        2_073_600,
        3_600_000,
        1 << 40,
    ];
    (random.of(&BOUNDS) + 1).saturating_sub(random.below(3) as u64)
}

fn number_like(number: f64, random: &mut Random) -> Value {
    match random.below(5) {
        0 => json!(number.to_string()),
        1 => json!(format!("{BARE}0{number}")),
        2 => json!(number + 1.0),
        _ => json!(number_near(random)),
    }
}
