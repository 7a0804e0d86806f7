//! Appends an item in every style that a list can have: the result is the expected text, and
//! everything else stays the same byte for byte.

use super::*;
use crate::inventory::document::Document;
use crate::inventory::node::parse;

/// The text after an edit, which is still YAML.
fn edited(text: &str, edit: impl Fn(&Source, Cursor<'_>) -> Option<Edit>) -> Option<String> {
    let source = Source::new("t", text);
    let document = Document::new(parse(&source).unwrap());
    let edit = edit(&source, document.cursor(&source))?;
    let mut text = text.to_owned();
    text.replace_range(edit.span.range(), &edit.text);
    parse(&Source::new("t", text.as_str())).unwrap_or_else(|error| panic!("{}:\n{text}", error.message));
    Some(text)
}

#[test]
fn an_item_is_appended_in_the_style_of_the_list() {
    let cases = [
        ("a: [x]\n", Some("a: [x, y]\n")),
        ("a: [ x, z ] # why\n", Some("a: [ x, z, y ] # why\n")),
        ("a: [x,\n  z,\n]\n", Some("a: [x,\n  z, y,\n]\n")),
        ("a:\n  - x\n  - z # why\nb: 1\n", Some("a:\n  - x\n  - z # why\n  - y\nb: 1\n")),
        ("a:\n- x", Some("a:\n- x\n- y")),
        ("a:\r\n  - x\r\nb: 1\r\n", Some("a:\r\n  - x\r\n  - y\r\nb: 1\r\n")),
        ("\u{feff}b: 1\r\na:\r\n  - 'é'", Some("\u{feff}b: 1\r\na:\r\n  - 'é'\r\n  - y")),
        ("a:\r  - x\rb: 1\r", Some("a:\r  - x\r  - y\rb: 1\r")),
        ("a: x\n", None),
        ("a: []\n", None),
        ("a: [{ x: 1 }]\n", None),
        ("b: 1\n", None),
    ];
    for (text, wanted) in cases {
        let edit = |source: &Source, root: Cursor<'_>| append_items(source, root.key("a"), &["y".to_owned()]);
        assert_eq!(edited(text, edit).as_deref(), wanted, "{text}");
    }
}
