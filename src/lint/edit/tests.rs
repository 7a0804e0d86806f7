//! Each edit in every style that the same text can have: the result reads as meant and holds
//! everything else byte for byte.

use super::*;
use crate::inventory::document::Document;
use crate::inventory::node::parse;

/// What an edit makes of a text; the result is YAML.
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
        assert_eq!(edited(text, |source, root| append_item(source, root.key("a"), "y")).as_deref(), wanted, "{text}");
    }
}

#[test]
fn a_scalar_keeps_its_quotes() {
    let cases = [
        ("a: x # why\n", "y:z", Some("a: \"y:z\" # why\n")),
        ("a: x # why\n", "y", Some("a: y # why\n")),
        ("a: 'x'\n", "y", Some("a: 'y'\n")),
        ("a: \"é\"", "y", Some("a: \"y\"")),
        ("{a: x}", "y", Some("{a: y}")),
        ("b: &b x\na: *b\n", "y", Some("b: &b y\na: *b\n")),
        ("a: |\n  x\n", "y", None),
        ("a: x\n  x\n", "y", None),
        ("a: 'x\n  x'\n", "y", None),
        ("a: [x]\n", "y", None),
        ("b: x\n", "y", None),
    ];
    for (text, new, wanted) in cases {
        assert_eq!(edited(text, |s, root| replace_scalar(s, root.key("a"), new)).as_deref(), wanted, "{text}");
    }
}

#[test]
fn an_entry_goes_with_its_line_or_with_one_comma() {
    let cases = [
        // Block style.
        ("a: 1\nb: 2 # why\nc: 3\n", Some("a: 1\nc: 3\n")),
        ("a: 1\n# over b\nb: 'é'\n", Some("a: 1\n# over b\n")),
        ("a: 1\nb: 2", Some("a: 1\n")),
        ("a: 1\r\nb: 2\r\nc: 3\r\n", Some("a: 1\r\nc: 3\r\n")),
        ("a: 1\rb: 2\rc: 3\r", Some("a: 1\rc: 3\r")),
        ("\u{feff}b: 2\na: 1\n", Some("\u{feff}a: 1\n")),
        ("a: 1\nb: \"x\n  y\"\nc: 3\n", Some("a: 1\nc: 3\n")),
        // Inside brackets.
        ("{ a: 1, b: 2, c: 3 }\n", Some("{ a: 1, c: 3 }\n")),
        ("{ a: 1, b: 2 } # why\n", Some("{ a: 1 } # why\n")),
        ("{b: 2,a: 1}", Some("{a: 1}")),
        ("{\n  a: 1,\n  b: 2, # why\n  c: 3\n}\n", Some("{\n  a: 1,\n  c: 3\n}\n")),
        ("{\n  a: 1,\n  b: 2\n}\n", Some("{\n  a: 1,\n}\n")),
        ("{ a: 1, # over b\n  b: 2 }\n", Some("{ a: 1, # over b\n   }\n")),
        ("{ b: 2, # of b\n  a: 1 }\n", Some("{  # of b\n  a: 1 }\n")),
        ("{ a: 1\n, b: 2\n, c: 3 }\n", None),
        ("{ a: 1,\n  b: 2\n, c: 3 }\n", None),
        // Nothing to remove, or nothing left.
        ("b: 2\n", None),
        ("a: 1\nb: [2]\n", None),
        ("a: 1\nb:\nc: 3\n", None),
        ("a: 1\nb:\n  x: 1\n", None),
        ("a: &a 1\nb: *a\n", None),
        ("x: 1\n", None),
    ];
    for (text, wanted) in cases {
        assert_eq!(edited(text, |source, root| remove_entry(source, root, "b")).as_deref(), wanted, "{text}");
    }
}

#[test]
fn an_entry_of_an_item_leaves_the_dash() {
    let cases = [
        ("- b: 2\n  a: 1\n", Some("- a: 1\n")),
        ("x:\n  -   b: 2 # why\n      a: 1\n", None),
        ("- a: 1\n  b: 2\n- c: 3\n", Some("- a: 1\n- c: 3\n")),
        ("- { a: 1, b: 2 }\n", Some("- { a: 1 }\n")),
        ("- b: 2\n  # over a\n  a: 1\n", None),
        ("- b: 2\n- a: 1\n", None),
        ("- &x { b: 1, c: 2 }\n- { <<: *x, a: 1 }\n", Some("- &x { c: 2 }\n- { <<: *x, a: 1 }\n")),
    ];
    for (text, wanted) in cases {
        assert_eq!(edited(text, |source, root| remove_entry(source, root.item(0), "b")).as_deref(), wanted, "{text}");
    }
    // What is merged in stands elsewhere, for others as well.
    let merged = "- &x { b: 1, c: 2 }\n- { <<: *x, a: 1 }\n";
    assert_eq!(edited(merged, |source, root| remove_entry(source, root.item(1), "b")), None);
}

#[test]
fn an_item_goes_with_its_line_or_with_one_comma() {
    let cases = [
        ("- x\n- y # why\n- z\n", 1, Some("- x\n- z\n")),
        ("- x\n- y", 1, Some("- x\n")),
        ("- x\r\n- y\r\n", 0, Some("- y\r\n")),
        ("[x, y, z]\n", 0, Some("[y, z]\n")),
        ("[x, y, z]\n", 2, Some("[x, y]\n")),
        ("[\n  x,\n  'é',\n]\n", 1, Some("[\n  x,\n]\n")),
        ("[x]\n", 0, None),
        ("- x\n- [y]\n", 1, None),
        ("- x\n- y\n", 2, None),
        ("- &x x\n- *x\n", 1, None),
        ("x\n", 0, None),
    ];
    for (text, index, wanted) in cases {
        assert_eq!(edited(text, |source, root| remove_item(source, root, index)).as_deref(), wanted, "{text}");
    }
}
