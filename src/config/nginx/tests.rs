use proptest::prelude::*;

use super::*;

fn words(text: &str) -> Vec<String> {
    let file = File::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    file.statements.iter().flat_map(|it| &it.words).map(|word| word.value.to_string()).collect()
}

#[test]
fn words_are_what_nginx_takes_them_for() {
    for (text, wanted) in [
        ("a b;c\td;", &["a", "b", "c", "d"][..]),
        ("a#b # c;\n;", &["a#b"]),
        ("a b} c;", &["a", "b}", "c"]),
        ("root /srv/${host}/a;", &["root", "/srv/${host}/a"]),
        ("a $b{c;}", &["a", "$b"]),
        ("a ${{;", &["a", "${{"]),
        (r#"a "b;{}#c" 'd"e';"#, &["a", "b;{}#c", "d\"e"]),
        (r#"a b"c d";"#, &["a", "b\"c", "d\""]),
        (r#"a "b\"c\n\q" \;;"#, &["a", "b\"c\n\\q", r"\;"]),
        (r"a b\ c;", &["a", r"b\ c"]),
        ("if ($a = \"b\") { c; }", &["if", "($a", "=", "b", ")"]),
        ("a \"\";", &["a", ""]),
        ("é ü;", &["é", "ü"]),
    ] {
        assert_eq!(words(text), wanted, "{text}");
    }
}

#[test]
fn what_nginx_does_not_read_is_an_error_at_its_line() {
    for (text, line) in [
        ("a", 1),
        ("a;\nb\n", 3),
        ("a;\n;", 2),
        ("{ a; }", 1),
        ("a {\n b;\n", 3),
        ("a;\n}\n", 2),
        ("a { b }", 1),
        ("a \"b\nc", 2),
        ("a \"b\"c;", 1),
        ("a 'b'}", 1),
        ("a_by_lua_block { {", 1),
    ] {
        assert_eq!(File::read(text).unwrap_err().line, line, "{text}");
    }
    // What comes before it was read.
    let (file, error) = File::read_until_error("a;\nb {\n  c;\n  ;\n}\nd;\n");
    let names: Vec<_> = file.statements.iter().map(Statement::name).collect();
    assert_eq!((names, file.statements[1].statements().len(), error.unwrap().line), (vec!["a", "b"], 1, 4));
}

#[test]
fn statements_know_their_places() {
    let text = "# one\na b; # two\nserver {\n    listen 443\n        ssl;\n    # three\n}\n# four\n";
    let file = File::read(text).unwrap();
    let server = &file.statements[1];
    assert_eq!(file.part(&file.statements[0].lead), "# one\n");
    assert_eq!(file.part(&server.lead), " # two\n");
    assert_eq!((server.line(), server.last_line, file.part(&server.words[0].span)), (3, 3, "server"));
    let listen = server.named("listen").next().unwrap();
    assert_eq!((listen.line(), listen.last_line), (4, 5));
    assert_eq!(file.part(&listen.span), "listen 443\n        ssl;");
    assert_eq!(server.values("listen").collect::<Vec<_>>(), ["443", "ssl"]);
    assert_eq!(file.part(&server.block.as_ref().unwrap().rest), "\n    # three\n");
    assert_eq!(file.part(&file.rest), "\n# four\n");
    let mut seen = Vec::new();
    file.visit(|around, it| seen.push((around.len(), it.name().to_owned())));
    assert_eq!(seen, [(0, "a".to_owned()), (0, "server".to_owned()), (1, "listen".to_owned())]);
}

#[test]
fn a_program_in_lua_is_no_configuration() {
    let text = "content_by_lua_block { -- a }\n local x = { \"}\", '}' } [[ } ]] --[=[ } ]=] é }\nb;";
    let file = File::read(text).unwrap();
    let names: Vec<_> = file.statements.iter().map(Statement::name).collect();
    assert_eq!(names, ["content_by_lua_block", "b"]);
    assert!(file.part(&file.statements[0].block.as_ref().unwrap().rest).ends_with(" é "));
}

#[test]
fn blocks_may_be_nested_deeper_than_a_stack() {
    let deep = 200_000;
    let text = "a {".repeat(deep) + &"}".repeat(deep);
    let file = File::read(&text).unwrap();
    let mut deepest = 0;
    file.visit(|around, _| deepest = deepest.max(around.len()));
    assert_eq!(deepest, deep - 1);
    drop(file);
    drop(File::read_until_error(&"a {".repeat(deep)));
}

/// The text, put together from what was read.
fn again(file: &File<'_>) -> String {
    fn all(file: &File<'_>, statements: &[Statement<'_>], text: &mut String) {
        for it in statements {
            *text += file.part(&it.lead);
            let words = it.words.last().map_or(it.span.start, |word| word.span.end);
            *text += file.part(&(it.span.start..words));
            let Some(block) = &it.block else {
                *text += file.part(&(words..it.span.end));
                continue;
            };
            let first = block.statements.first().map_or(block.rest.start, |first| first.lead.start);
            *text += file.part(&(words..first));
            all(file, &block.statements, text);
            *text += file.part(&block.rest);
            *text += file.part(&(block.rest.end..it.span.end));
        }
    }
    let mut text = String::new();
    all(file, &file.statements, &mut text);
    text + file.part(&file.rest)
}

proptest! {
    #[test]
    fn no_byte_is_lost(parts in prop::collection::vec(
        prop::sample::select(vec![
            "a", "b ", " ", "\n", ";", ";\n", "{", "}", "}\n", "\"", "'", "\\", "#", "$", "${", "é", "\t", "x y;\n", "s {\n", "\r\n",
        ]), 0..40)
    ) {
        let text: String = parts.concat();
        if let (file, None) = File::read_until_error(&text) {
            prop_assert_eq!(again(&file), &*text);
        }
    }
}

#[test]
fn what_does_not_fit_into_nginxs_buffer_is_refused() {
    let line = |text: &str| File::read(text).err().map(|error| error.line);
    let x = |count: usize| "x".repeat(count);
    assert_eq!(line(&format!("\na {} b;", x(4094))), None);
    assert_eq!(line(&format!("\na {} b;", x(4095))), Some(2));
    assert_eq!(line(&format!("\na {};", x(4095))), None);
    assert_eq!(line(&format!("\na {};", x(4096))), Some(2));
    assert_eq!(line(&format!("\na\n'{}\n' b;", x(4095))), Some(3));
    assert_eq!(line(&format!("\na '{}';", x(4094))), None);
    assert_eq!(line(&format!("\na '{}' b;", x(4093))), None);
    assert_eq!(line(&format!("\na '{}' b;", x(4094))), Some(2));
    assert_eq!(line(&format!("\na '{}';", x(4095))), Some(2));
    assert_eq!(line(&format!("#{}\na;", x(4094))), None);
    assert_eq!(line(&format!("#{}\na;", x(4095))), Some(1));
}
