use super::*;

fn read(line: &str) -> (Vec<String>, Option<&'static str>) {
    let file = File::read(line);
    let line = file.head.first();
    let words = line.iter().flat_map(|line| &line.words).map(|word| word.value.to_string()).collect();
    (words, line.and_then(|line| line.problem))
}

#[test]
fn words_are_what_haproxy_takes_them_for() {
    for (line, wanted) in [
        ("a b\tc", &["a", "b", "c"][..]),
        ("  a # b", &["a"]),
        ("a#b c", &["a"]),
        (r"a\ b\#c", &["a b#c"]),
        (r#"x"a b"'c #d'e f"#, &["xa bc #de", "f"]),
        (r#"a "" b"#, &["a", "", "b"]),
        (r#""a\$b\'c" '\n' \$ \1"#, &["a$b'c", r"\n", r"\$", r"\1"]),
        (r"a\tb\x41", &["a\tbA"]),
        ("\"${HOME} x\" $y", &["${HOME} x", "$y"]),
        ("a\r\n", &["a"]),
        (" \t # nothing\n", &[]),
    ] {
        assert_eq!(read(line), (wanted.iter().map(|it| (*it).to_owned()).collect(), None), "{line}");
    }
    for line in ["a \"b", "a 'b\n", r"a \x4"] {
        assert!(read(line).1.is_some(), "{line}");
    }
}

#[test]
fn sections_have_the_lines_up_to_the_next_one() {
    let text = "# head\n.if defined(X)\nglobal\n  maxconn 5 # five\n\n  backend b\nserver s 10.0.0.1:443\nlisten l\n";
    let file = File::read(text);
    let numbers = |section: &Section<'_>| section.lines.iter().map(|line| line.number).collect::<Vec<_>>();
    let found: Vec<_> = file.sections.iter().map(|it| (it.kind(), it.name(), it.begin.number, numbers(it))).collect();
    let wanted =
        [("global", None, 3, vec![4]), ("backend", Some("b"), 6, vec![7]), ("listen", Some("l"), 8, Vec::new())];
    assert_eq!(found, wanted);
    assert_eq!((file.head.len(), file.head[0].keyword()), (1, ".if"));
    assert_eq!(file.part(&file.sections[1].named("server").next().unwrap().span), "server s 10.0.0.1:443\n");
    assert_eq!(file.lines().count(), 6);
}

#[test]
fn a_word_is_where_it_is_written() {
    let file = File::read("global\n    a \"b c\"# d\n");
    let line = &file.sections[0].lines[0];
    let spans: Vec<_> = line.words.iter().map(|word| file.part(&word.span)).collect();
    assert_eq!((spans, line.words[1].line), (vec!["a", "\"b c\""], 2));
}

#[test]
fn what_haproxy_cannot_read_is_named() {
    let refused = |text: &str| File::read(text).refused;
    assert_eq!(refused("global\n a \"b\n c 'd\n"), Some((2, "quotes are not closed")));
    assert_eq!(refused("# \0\nglobal\n"), Some((1, "a NUL byte is in it")));
    let words = |count: usize| format!("a{}\n", " b".repeat(count - 1));
    assert_eq!((refused(&words(64)), refused(&words(65))), (None, Some((1, "it has more than 64 words"))));
    for (word, fine) in [
        ("$1", false),
        ("$", false),
        ("${A", false),
        ("${A-b", false),
        ("$A", true),
        ("${A}", true),
        ("${.A-b}", true),
        ("${A[*]}", true),
    ] {
        assert_eq!(refused(&format!("a \"{word}\"\n")).is_none(), fine, "{word}");
        assert_eq!(refused(&format!("a '{word}' {word}\n")), None, "{word}");
    }
    let words = |text| File::read(text).head[0].words.len();
    assert_eq!((words("a \r b\r\n"), words("a\r b"), words("\ra \r\n")), (2, 1, 1));
}
