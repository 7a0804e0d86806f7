//! The JSON Schema (draft 2020-12) of the inventory, made from the table of keys. Editors complete and explain keys
//! with it. It accepts whatever `check` reads without an error, and refuses what a schema can know to be wrong.

mod exclusions;
mod numbers;
mod patterns;
mod scalars;

use serde_json::{Map, Value, json};

use super::form::{Form, MANY, Scalar};
use super::raw::SECTIONS;
use super::schema::{Key, Section};

/// The schema as a JSON document.
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The schema.
pub fn document() -> Value {
    let mut shared = Map::new();
    let mut root = json!({});
    for section in SECTIONS {
        let schema = object(section, &mut shared);
        match section.path {
            "" => root = schema,
            path => drop(shared.insert(name(path), schema)),
        }
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Inventory of sslscale");
    root["$defs"] = Value::Object(shared);
    root
}

/// A section's name below `$defs`.
fn name(path: &str) -> String {
    path.replace("[]", "")
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A section, whose values add what they share with others to `shared`.
fn object(section: &Section, shared: &mut Map<String, Value>) -> Value {
    let properties: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), property(section, key, shared))).collect();
    let required: Vec<&str> = section.keys.iter().filter(|key| key.is_required()).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": plain(section.doc),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let exclusions = exclusions::of(section.path);
    if !exclusions.is_empty() {
        schema["allOf"] = Value::Array(exclusions);
    }
    schema
}

/// A key with its description.
fn property(section: &Section, key: &Key, shared: &mut Map<String, Value>) -> Value {
    let mut schema = form(section, key, shared);
    let words = match key.form {
        Form::OneSection if key.takes == "section" => String::new(),
        _ => format!("\n\nTakes: {}", plain(key.takes)),
    };
    schema["description"] = format!("{}{words}", plain(key.doc)).into();
    if let Some(default) = default(key) {
        schema["default"] = default;
    }
    schema
}

/// Editors show descriptions as they are: backticks would stay.
fn plain(text: &str) -> String {
    text.trim().replace('`', "")
}

fn default(key: &Key) -> Option<Value> {
    let (text, Form::One(scalar) | Form::OneOrMany(scalar, _)) = (key.default()?, key.form) else { return None };
    let number = || text.parse::<u64>().ok().map(Value::from);
    match scalar {
        Scalar::Switch => Some((text == "true").into()),
        Scalar::Whole(..) | Scalar::NginxPort | Scalar::Choice(_) => Some(number().unwrap_or_else(|| text.into())),
        _ => Some(text.into()),
    }
}

fn form(section: &Section, key: &Key, shared: &mut Map<String, Value>) -> Value {
    let mut single = |scalar| scalars::of_key(scalar).unwrap_or_else(|| by_name(scalar, shared));
    match key.form {
        Form::OneSection => reference(&name(below(section, key, ""))),
        Form::Sections(least) => {
            let items = reference(&name(below(section, key, "[]")));
            list(items, least, MANY, false)
        }
        Form::One(scalar) => single(scalar),
        Form::OneOrMany(scalar, most) => {
            let one = single(scalar);
            let many = list(one.clone(), 1, most, is_unique(scalar));
            json!({ "if": { "type": "array" }, "then": many, "else": one })
        }
        Form::Many(scalar, least, most) => list(single(scalar), least, most, is_unique(scalar)),
    }
}

/// Whether no item of a list may be there twice. Numbers that are equal may be written differently: `1e3`, `1000`.
fn is_unique(scalar: Scalar) -> bool {
    use Scalar::{Address, Choice, LocalPath, ServerAddress, ServerSocket};
    matches!(scalar, Choice(_) | Address | LocalPath | ServerAddress | ServerSocket)
}

fn list(items: Value, least: usize, most: usize, unique: bool) -> Value {
    let mut schema = json!({ "type": "array", "items": items });
    if least > 0 {
        schema["minItems"] = least.into();
    }
    if most < MANY {
        schema["maxItems"] = most.into();
    }
    if unique {
        schema["uniqueItems"] = true.into();
    }
    schema
}

fn by_name(scalar: Scalar, shared: &mut Map<String, Value>) -> Value {
    let scalars::Shared { name, schema } = scalars::shared(scalar);
    let found = reference(&name);
    shared.insert(name, schema);
    found
}

/// The path of the section that a key leads to: below its own, or one that several sections have.
pub(super) fn below(section: &Section, key: &Key, list: &str) -> &'static str {
    let point = if section.path.is_empty() { "" } else { "." };
    let own = format!("{}{point}{}{list}", section.path, key.name);
    let last = |path: &str| path.rsplit('.').next() == Some(key.name);
    let found = SECTIONS.iter().find(|it| it.path == own).or_else(|| SECTIONS.iter().find(|it| last(it.path)));
    found.map_or("", |section| section.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_there_with_its_description() {
        let schema = document();
        let mut count = 0;
        for section in SECTIONS {
            let object = match section.path {
                "" => &schema,
                path => &schema["$defs"][name(path)],
            };
            let properties = object["properties"].as_object().unwrap();
            assert_eq!(properties.len(), section.keys.len(), "{}", section.path);
            for key in section.keys {
                let text = properties[key.name]["description"].as_str().unwrap();
                assert!(
                    text.starts_with(&plain(key.doc)) && !text.contains('`'),
                    "{}.{}: {text}",
                    section.path,
                    key.name
                );
                count += 1;
            }
            assert_eq!(object["additionalProperties"], false);
        }
        assert!(count > 120, "{count}");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::Object(entries) => {
                    found.extend(entries.get("$ref").and_then(Value::as_str));
                    entries.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let schema = document();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 80, "{}", found.len());
        for reference in found {
            let name = reference.strip_prefix("#/$defs/").unwrap();
            assert!(schema["$defs"][name].as_object().is_some_and(|it| !it.is_empty()), "{reference}");
        }
        assert!(schema["$defs"].get("any").is_none(), "a form has no schema");
    }

    // The words are for people and the form is for programs: both are in the table, side by side.
    #[test]
    fn the_words_of_a_key_and_its_form_say_the_same() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            let (words, quoted) = (key.takes, |name: &str| key.takes.contains(&format!("`{name}`")));
            let fits = match key.form {
                Form::OneSection => words.starts_with("section"),
                Form::Sections(_) | Form::Many(..) => words.starts_with("list"),
                Form::OneOrMany(..) => words.contains("list"),
                Form::One(Scalar::Whole(low, high)) => words.starts_with(&format!("{low} to {high}")),
                Form::One(Scalar::Duration(_) | Scalar::WholeSeconds(_)) => words.starts_with("duration"),
                Form::One(Scalar::Switch) => words.starts_with("true or false"),
                Form::One(Scalar::Choice(names)) => {
                    names.iter().all(|name| quoted(name) || name.parse::<u64>().is_ok() && words.contains(name))
                }
                Form::One(_) => !words.contains("list") && !words.contains("section"),
            };
            assert!(fits, "{}: {words}", key.name);
            assert_eq!(key.default().is_some(), default(key).is_some(), "{}", key.name);
        }
    }
}
